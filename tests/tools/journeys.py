"""Payloads of all that goes before and beside an order: carts, checkouts, payments, the catalogue,
and what is told of people. Shaped as Shopify's, with sums that add up.

    cart([MUG.times(3)])   checkout("shipping")   transaction(order(), status="failure")
    product(MUG)   tags_added(ALMA, "vip")   merge(ALMA, NILS)

A cart, a checkout and an order of the same number are one buyer's: they share their tokens.
"""

import dataclasses
import hashlib
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import shop as shops  # noqa: E402
from tools.amounts import Currencies, rounded  # noqa: E402
from tools.shop import (  # noqa: E402
    ALMA, AURORA, BROWSER_ID, MUG, SHIRT, address, gid, order_id_of, tokens_of)

CARTED = "2026-11-21T14:20:00.000Z"
STEPS = {"started": "2026-11-21T09:36:00-05:00", "contact": "2026-11-21T09:36:40-05:00",
         "address": "2026-11-21T09:37:30-05:00", "shipping": "2026-11-21T09:38:05-05:00",
         "completed": "2026-11-21T09:41:06-05:00"}
CATALOGUED = "2026-10-02T11:00:00-04:00"
# Made-up data of a card and its holder, as receipts have it: never to be seen outside.
CARD_NUMBER = "4242 4242 4242 4242"
RECEIPT_ID = "ch_3QaAlmaReceiptOnly"


# ---- carts ----

def cart(lines=(MUG, SHIRT), *, number=1001, shop=AURORA, at=CARTED, token=None, buyer=None,
         rate=1, discount=0, **overrides):
    """The payload of carts/*: a snapshot; `discount` is taken off each single item."""
    money = Currencies(shop.currency, buyer, rate)
    token = token or tokens_of(order_id_of(number))[0]
    return {
        "id": token, "token": token,
        "line_items": [_cart_line(line, Decimal(discount), money) for line in lines],
        "note": None, "updated_at": at, "created_at": CARTED,
    } | overrides


def _cart_line(line, discount, money):
    name = line.title + (f" - {line.variant_title}" if line.variant_title else "")
    price = Decimal(line.price)
    return {
        "id": line.variant_id, "properties": dict(line.properties) or None,
        "quantity": line.quantity, "variant_id": line.variant_id, "key": key_of(line),
        "discounted_price": money.text(price - discount), "discounts": [],
        "gift_card": line.gift_card, "grams": 250,
        "line_price": money.text((price - discount) * line.quantity),
        "original_line_price": money.text(price * line.quantity),
        "original_price": money.text(price), "price": money.text(price),
        "product_id": line.product_id, "sku": line.sku, "taxable": line.taxable, "title": name,
        "total_discount": money.text(discount * line.quantity), "vendor": line.vendor,
        "discounted_price_set": money.set(price - discount),
        "line_price_set": money.set((price - discount) * line.quantity),
        "original_line_price_set": money.set(price * line.quantity),
        "price_set": money.set(price), "total_discount_set": money.set(discount * line.quantity),
        "parent_relationship": None,
    }


def key_of(line):
    """Lines of one variant with other properties are other lines."""
    text = f"{line.variant_id}{line.properties}"
    return f"{line.variant_id}:{hashlib.md5(text.encode()).hexdigest()}"


# ---- checkouts ----

def checkout(step="started", *, lines=(MUG, SHIRT), number=1001, shop=AURORA, person=ALMA,
             discounts=(), shipping=("Standard", "7.50"), buyer=None, rate=1, at=None,
             browser_id=BROWSER_ID, properties=list, compare_at=None, **overrides):
    """The payload of checkouts/*: at one of STEPS, or with all that came before it.

    Amounts are in the buyer's currency alone. `properties` says how lines hold theirs: list, dict
    or None; `compare_at` is the former price of each line.
    """
    reached = list(STEPS).index(step)
    there = dataclasses.replace(shop, currency=buyer or shop.currency)
    money = Currencies(there.currency)
    local = [dataclasses.replace(line, price=str(Currencies(shop.currency, buyer, rate)
                                                 .buyers(line.price))) for line in lines]
    title, price = shipping if shipping and reached >= 3 else (None, None)
    price = price and Currencies(shop.currency, buyer, rate).buyers(price)
    line_parts, shipping_parts = shops.allocate(local, price, discounts, there.currency)
    gross = [Decimal(line.price) * line.quantity for line in local]
    net = [amount - shops.taken(parts) for amount, parts in zip(gross, line_parts)]
    freight = Decimal(price or 0) - shops.taken(shipping_parts)
    taxed = shop.taxes_included or reached >= 2  # the address decides, where they are added
    taxes = [shops.tax_of(amount, there, line.taxable and taxed)
             for amount, line in zip(net, local)]
    freight_tax = shops.tax_of(freight, there, taxed)
    tax = sum(taxes) + freight_tax
    total = sum(net) + freight + (0 if shop.taxes_included else tax)
    cart_token, token = tokens_of(order_id_of(number))
    payload = {
        "token": token, "cart_token": cart_token,
        "email": person.email if person and reached >= 1 else None,
        "gateway": shop.gateway if reached >= 4 else None, "buyer_accepts_marketing": False,
        "created_at": STEPS["started"], "updated_at": at or STEPS[step],
        "landing_site": "/collections/mugs?utm_source=newsletter&utm_medium=email"
                        "&utm_campaign=autumn&variant=44287461556333",
        "note": None,
        "note_attributes": [{"name": "_segment_anonymous_id", "value": browser_id},
                            {"name": "google-clientID", "value": "1133557799.1763700000"}]
                           if browser_id else [],
        "referring_site": "https://www.google.com/",
        "shipping_lines": [_checkout_shipping(title, price, shipping_parts, discounts,
                                              freight_tax, there, money)] if title else [],
        "taxes_included": shop.taxes_included,
        "total_weight": 250 * sum(line.quantity for line in lines), "currency": shop.currency,
        "completed_at": (at or STEPS[step]) if reached >= 4 else None, "closed_at": None,
        "user_id": None, "location_id": None, "source_identifier": None, "source_url": None,
        "device_id": None, "phone": None, "customer_locale": "en-US",
        "line_items": [_checkout_line(line, line_parts[at], discounts, taxes[at], there, money,
                                      properties, compare_at) for at, line in enumerate(local)],
        "name": f"#{number + 39000000000000}", "source": None,
        "abandoned_checkout_url": f"https://{shop.domain}/90001/checkouts/ac/{token}"
                                  "/recover?key=5d41aa",
        "discount_codes": [code for code in
                           shops.discount_codes(discounts, line_parts, shipping_parts, money)
                           if any(code["code"] == discount.code for discount in discounts)],
        "tax_lines": shops.tax_lines(tax, there, money, sets=False), "source_name": "web",
        "presentment_currency": there.currency, "buyer_accepts_sms_marketing": False,
        "sms_marketing_phone": None,
        "total_discounts": money.text(sum(map(shops.taken, line_parts)) +
                                      shops.taken(shipping_parts)),
        "total_line_items_price": money.text(sum(gross)), "total_price": money.text(total),
        "total_tax": money.text(tax), "subtotal_price": money.text(sum(net)),
        "total_duties": None, "reservation_token": None,
        "shipping_address": address(person) if person and shipping and reached >= 2 else [],
    }
    if reached >= 4 and person:
        payload["billing_address"] = address(person)
    if reached >= 1 and person:
        payload["customer"] = shops.customer_within(person, shop, "2026-11-20T08:15:00-05:00")
    return payload | overrides


def _checkout_discounts(parts, discounts):
    return [{"id": None, "amount": str(amount), "description": discounts[index].code or
             discounts[index].title, "created_at": None,
             "application_type": discounts[index].type, "discount_class": "ORDER"}
            for index, amount in parts]


def _checkout_line(line, parts, discounts, tax, shop, money, properties, compare_at):
    held = {list: [{"name": name, "value": value} for name, value in line.properties],
            dict: dict(line.properties), None: None}[properties]
    price = money.text(line.price)
    return {
        "applied_discounts": [], "discount_allocations": _checkout_discounts(parts, discounts),
        "key": hashlib.md5(key_of(line).encode()).hexdigest(), "destination_location_id": None,
        "fulfillment_service": "manual", "gift_card": line.gift_card, "grams": 250,
        "origin_location_id": None,
        "presentment_title": line.title, "presentment_variant_title": line.variant_title or "",
        "product_id": line.product_id, "properties": held, "quantity": line.quantity,
        "requires_shipping": line.requires_shipping, "sku": line.sku,
        "tax_lines": shops.tax_lines(tax, shop, money, sets=False), "taxable": line.taxable,
        "title": line.title, "variant_id": line.variant_id, "variant_title": line.variant_title,
        "variant_price": price, "vendor": line.vendor, "user_id": None,
        "unit_price_measurement": {"measured_type": None, "quantity_value": None,
                                   "quantity_unit": None, "reference_value": None,
                                   "reference_unit": None},
        "rank": None, "compare_at_price": compare_at,
        "line_price": money.text(Decimal(line.price) * line.quantity), "price": price,
    }


def _checkout_shipping(title, price, parts, discounts, tax, shop, money):
    return {
        "code": title, "price": money.text(price), "original_shop_price": money.text(price),
        "source": "shopify", "title": title, "presentment_title": title, "phone": None,
        "tax_lines": shops.tax_lines(tax, shop, money, sets=False), "markup": "0.00",
        "carrier_identifier": None, "api_client_id": None,
        "requested_fulfillment_service_id": None, "applied_discounts": [],
        "discount_allocations": _checkout_discounts(parts, discounts),
        "delivery_option_group": {"token": "9f2c01ab", "type": "one_time_purchase"}, "id": None,
    }


# ---- payments ----

def transaction(order, kind="sale", status="success", *, error_code=None, message=None, number=1,
                at=None, amount=None, buyer=None, rate=1, gateway=None, **overrides):
    """The payload of order_transactions/create, with a card and a receipt that nobody may see.

    `amount` is in the buyer's currency; by default the order's total.
    """
    id = 6543000000000 + order["id"] % 1000000 * 10 + number
    money = Currencies(order["currency"], buyer, rate)
    amount = money.buyers(order["total_price"]) if amount is None else Decimal(amount)
    at = at or order["processed_at"]
    owner = (order.get("customer") or {}).get("first_name") or "Nobody"
    return {
        "id": id, "order_id": order["id"], "kind": kind,
        "gateway": gateway or order["payment_gateway_names"][0], "status": status,
        "message": message, "created_at": at, "test": False, "authorization": f"pi_{id}",
        "location_id": None, "user_id": None, "parent_id": None, "processed_at": at,
        "device_id": None, "error_code": error_code, "source_name": order["source_name"],
        "payment_details": {
            "credit_card_bin": "424242", "avs_result_code": "Y", "cvv_result_code": "M",
            "credit_card_number": "•••• •••• •••• 4242", "credit_card_company": "Visa",
            "buyer_action_info": None, "credit_card_name": f"{owner} Cardholder",
            "credit_card_wallet": "apple_pay", "credit_card_expiration_month": 11,
            "credit_card_expiration_year": 2031, "payment_method_name": "visa"},
        "receipt": {
            "id": RECEIPT_ID, "object": "charge",
            "billing_details": {"name": f"{owner} Cardholder", "email": "receipt@example.com",
                                "address": {"line1": "1 Receipt Row", "postal_code": "00417"}},
            "payment_method_details": {"card": {
                "number": CARD_NUMBER, "last4": "4242", "fingerprint": "fpAlmaOnly",
                "checks": {"cvc_check": "pass"}}}},
        "amount": str(rounded(amount, money.buyer)), "currency": money.buyer,
        "payment_id": f"{order['name']}.{number}",
        "total_unsettled_set": money.set(0, "currency"), "manual_payment_gateway": False,
        "amount_rounding": None, "admin_graphql_api_id": gid("OrderTransaction", id),
    } | overrides


def order_edited(order, at=shops.LATER, **overrides):
    """The payload of orders/edited: ids and deltas alone."""
    line = order["line_items"][0]["id"]
    return {"order_edit": {
        "id": order["id"] + 70000, "app_id": None, "created_at": at, "committed_at": at,
        "notify_customer": False, "order_id": order["id"], "staff_note": "", "user_id": None,
        "line_items": {"additions": [], "removals": [{"id": line, "delta": 1}]},
        "discounts": {"line_item": {"additions": [], "removals": []}},
        "shipping_lines": {"additions": [], "removals": []},
    } | overrides}


# ---- the catalogue ----

def product(line=MUG, *, product_type="Drinkware", handle=None, at=CATALOGUED, variants=1,
            compare_at="24.00", images=2, **overrides):
    """The payload of products/*: of a line's product; its variant is the first."""
    id = line.product_id
    made = [{
        "admin_graphql_api_id": gid("ProductVariant", line.variant_id + at_), "barcode": None,
        "compare_at_price": compare_at, "created_at": CATALOGUED, "id": line.variant_id + at_,
        "inventory_policy": "deny", "position": at_ + 1, "price": line.price, "product_id": id,
        "sku": f"{line.sku}-{at_}" if at_ else line.sku, "taxable": line.taxable,
        "title": f"{line.variant_title or 'Default Title'}{f' {at_}' if at_ else ''}",
        "updated_at": at, "option1": line.variant_title or "Default Title", "option2": None,
        "option3": None, "image_id": None, "inventory_item_id": id + 900 + at_,
        "inventory_quantity": 12, "old_inventory_quantity": 13,
    } for at_ in range(variants)]
    handle = handle or line.title.lower().replace(" ", "-")
    pictures = [{
        "id": id + 5000 + at_, "alt": None, "position": at_ + 1, "product_id": id,
        "created_at": CATALOGUED, "updated_at": at,
        "admin_graphql_api_id": gid("ProductImage", id + 5000 + at_), "width": 1200,
        "height": 1200, "variant_ids": [],
        "src": f"https://cdn.shopify.com/s/files/1/0090/{handle}-{at_ + 1}.jpg?v=1763000000",
    } for at_ in range(images)]
    return {
        "admin_graphql_api_id": gid("Product", id), "body_html": f"<p>{line.title}</p>",
        "created_at": CATALOGUED, "handle": handle, "id": id, "product_type": product_type,
        "published_at": CATALOGUED, "template_suffix": None, "title": line.title,
        "updated_at": at, "vendor": line.vendor, "status": "active", "published_scope": "web",
        "tags": "autumn, outdoor", "variants": made,
        "options": [{"id": id + 7000, "product_id": id, "name": "Style", "position": 1,
                     "values": sorted({variant["option1"] for variant in made})}],
        "images": pictures, "image": pictures[0] if pictures else None, "media": [],
        "variant_gids": [{"admin_graphql_api_id": variant["admin_graphql_api_id"],
                          "updated_at": at} for variant in made],
        "has_variants_that_requires_components": False, "category": None,
    } | overrides


def product_deleted(line=MUG):
    return {"id": line.product_id}


# ---- people ----

def purchasing_summary(person=ALMA, orders=3, spent="391.20", shop=AURORA,
                       at="2026-11-21T14:41:12.000Z", **overrides):
    """The payload of customers/purchasing_summary: names in camelCase, ids as gid://."""
    return {
        "customerId": gid("Customer", person.id), "numberOfOrders": orders,
        "amountSpent": {"amount": spent, "currencyCode": shop.currency},
        "lastOrderId": gid("Order", order_id_of(1001)), "occurredAt": at,
    } | overrides


def tags_changed(person=ALMA, *tags, at="2026-11-22T08:00:00.000Z"):
    """The payload of customer.tags_added and customer.tags_removed: only the tags in question."""
    return {"customerId": gid("Customer", person.id), "tags": list(tags), "occurredAt": at}


def email_consent(person=ALMA, state="subscribed", level="single_opt_in",
                  at="2026-11-22T08:10:00-05:00"):
    return {"customer_id": person.id, "email_address": person.email,
            "email_marketing_consent": {"state": state, "opt_in_level": level,
                                        "consent_updated_at": at}}


def sms_consent(person=ALMA, state="subscribed", level="confirmed_opt_in",
                at="2026-11-22T08:11:00-05:00"):
    return {"id": person.id, "phone": person.phone,
            "sms_marketing_consent": {"state": state, "opt_in_level": level,
                                      "consent_updated_at": at,
                                      "consent_collected_from": "shopify"}}


def merge(kept, deleted, status="completed"):
    """The payload of customers/merge."""
    return {"admin_graphql_api_customer_kept_id": gid("Customer", kept),
            "admin_graphql_api_customer_deleted_id": gid("Customer", deleted),
            "admin_graphql_api_job_id": None, "status": status,
            "errors": [] if status == "completed" else [{
                "customer_ids": [kept], "field": "merge_in_progress",
                "message": "Another merge of this customer is going on."}]}


# ---- compliance ----

def redact(person=ALMA, shop=AURORA, orders=(1001,)):
    """The payload of customers/redact."""
    return {"shop_id": 90001, "shop_domain": shop.domain,
            "customer": {"id": person.id, "email": person.email, "phone": person.phone},
            "orders_to_redact": [order_id_of(number) for number in orders]}


def data_request(person=ALMA, shop=AURORA, orders=(1001,)):
    payload = redact(person, shop, orders)
    return {**{name: payload[name] for name in ("shop_id", "shop_domain", "customer")},
            "orders_requested": payload["orders_to_redact"], "data_request": {"id": 44017}}


def shop_redact(shop=AURORA):
    return {"shop_id": 90001, "shop_domain": shop.domain}


def uninstalled(shop=AURORA):
    """The payload of app/uninstalled: the shop itself."""
    return {"id": 90001, "name": "Aurora Outfitters", "email": "office@example.com",
            "domain": shop.domain, "myshopify_domain": shop.domain, "country_code": "US",
            "currency": shop.currency, "iana_timezone": "America/New_York",
            "plan_name": "basic", "taxes_included": shop.taxes_included}
