#!/usr/bin/env python3
"""Two invented shops and complete payloads of theirs, shaped as Shopify's and with sums that add up.

    order = order(lines=[MUG, SHIRT], discounts=[Discount(10, code="AUTUMN10")])
    refund(order, {0: 1})   fulfilment(order)   cancelled(order)   customer(ALMA)

    python3 tests/tools/shop.py orders/create > order.json
"""

import argparse
import dataclasses
import pathlib
import re
import sys
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from standin import exact  # noqa: E402
from tools.amounts import Currencies, rounded, shares  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Shop:
    domain: str
    secret: str
    currency: str
    taxes_included: bool
    tax: tuple  # title and rate
    gateway: str = "shopify_payments"


@dataclasses.dataclass(frozen=True)
class Person:
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str
    address: dict
    note: str = None
    state: str = "disabled"

    @property
    def name(self):
        return f"{self.first_name} {self.last_name}"


@dataclasses.dataclass(frozen=True)
class Line:
    title: str
    price: str
    quantity: int = 1
    variant_title: str = None
    sku: str = None
    product_id: int = None
    variant_id: int = None
    vendor: str = "Aurora"
    gift_card: bool = False
    requires_shipping: bool = True
    taxable: bool = True
    properties: tuple = ()  # pairs of name and value

    def times(self, quantity):
        return dataclasses.replace(self, quantity=quantity)


@dataclasses.dataclass(frozen=True)
class Discount:
    value: Decimal          # percent, or an amount of the shop's currency
    code: str = None        # of a discount_code
    title: str = None       # of the others
    type: str = "discount_code"
    fixed: bool = False
    shipping: bool = False  # off the shipping, not off the lines
    lines: tuple = ()       # indices of the lines that it is for; none means all


AURORA = Shop("aurora-outfitters.myshopify.com", "shpss_5e6c1f0a9b7d4e238c41aa90", "USD", False,
              ("State Tax", Decimal("0.0725")))
FJORD = Shop("fjord-and-fell.myshopify.com", "shpss_b81d27c6f3e04a5993d2c7e6", "EUR", True,
             ("VAT", Decimal("0.19")), "klarna")

ALMA = Person(
    7106345812043, "Alma", "Thorne", "alma.thorne@example.com", "+12025550143",
    {"address1": "48 Larkspur Lane", "address2": "Apt 3", "city": "Portland", "province": "Oregon",
     "province_code": "OR", "country": "United States", "country_code": "US", "zip": "97205"},
    note="Prefers parcels at the back door")
NILS = Person(
    7106345899981, "Nils", "Bergström", "nils.bergstroem@example.org", "+4930901820",
    {"address1": "Lindenufer 12", "address2": None, "city": "Berlin", "province": None,
     "province_code": None, "country": "Germany", "country_code": "DE", "zip": "13597"})

MUG = Line("Enamel Mug", "18.00", 2, "Forest Green", "MUG-FG", 8151225532541, 44287461556333)
SHIRT = Line("Merino Shirt", "89.50", 1, "M / Slate", "MER-M-SL", 8151225598077, 44287461720173)
LAMP = Line("Trail Lamp", "34.95", 1, None, "LAMP-1", 8151225630845, 44287461818477)

ORDERED = "2026-11-21T09:41:07-05:00"
LATER = "2026-11-22T16:05:30-05:00"
BROWSER_ID = "b7c1f7a0-6f0e-4f5c-9f3e-2f0f6d7a8c11"
MARKER = 7777777777777  # an order id to be replaced: see `copies`


def order_id_of(number):
    return 5778367000000 + number


def tokens_of(order_id):
    """An order's tokens, which its cart and its checkout have, too: the cart's and the checkout's."""
    return f"c1-{order_id}cart", f"chk{order_id}"


def gid(kind, number):
    return f"gid://shopify/{kind}/{number}"


# ---- people ----

def address(person):
    return {"first_name": person.first_name, "last_name": person.last_name, "name": person.name,
            "company": None, "phone": person.phone, "latitude": None, "longitude": None,
            **person.address}


def customer_within(person, shop, created):
    return {
        "id": person.id, "created_at": created, "updated_at": created,
        "first_name": person.first_name, "last_name": person.last_name, "state": person.state,
        "note": person.note, "verified_email": True, "multipass_identifier": None,
        "tax_exempt": False, "email": person.email, "phone": person.phone,
        "currency": shop.currency, "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", person.id),
        "default_address": {"id": person.id + 1, "customer_id": person.id, **address(person),
                            "country_name": person.address["country"], "default": True},
    }


def customer(person=ALMA, shop=AURORA, created="2026-11-20T08:15:00-05:00", **overrides):
    """The payload of customers/*."""
    payload = customer_within(person, shop, created)
    payload["addresses"] = [payload["default_address"]]
    return payload | overrides


# ---- an order's sums ----

def allocate(lines, shipping, discounts, currency):
    """What each discount takes off each line, and off the shipping: lists of (index, amount)."""
    left = [Decimal(line.price) * line.quantity for line in lines]
    line_parts = [[] for _ in lines]
    shipping_parts = []
    shipping_left = Decimal(shipping or 0)
    for index, discount in enumerate(discounts):
        if discount.shipping:
            part = Decimal(discount.value) if discount.fixed else \
                rounded(shipping_left * Decimal(discount.value) / 100, currency)
            shipping_parts.append((index, part))
            shipping_left -= part
            continue
        chosen = discount.lines or tuple(range(len(lines)))
        if discount.fixed:
            parts = shares(Decimal(discount.value), [left[at] for at in chosen], currency)
        else:
            parts = [rounded(left[at] * Decimal(discount.value) / 100, currency) for at in chosen]
        for at, part in zip(chosen, parts):
            line_parts[at].append((index, part))
            left[at] -= part
    return line_parts, shipping_parts


def taken(parts):
    return sum((amount for _, amount in parts), Decimal(0))


def tax_of(amount, shop, taxable):
    if not taxable:
        return Decimal(0)
    rate = shop.tax[1]
    return rounded(amount * rate / (1 + rate if shop.taxes_included else 1), shop.currency)


def tax_lines(amount, shop, money, sets=True):
    if amount == 0:
        return []
    price = money.both("price", amount) if sets else {"price": money.text(amount)}
    return [{"channel_liable": False, "title": shop.tax[0], "rate": shop.tax[1], **price}]


# ---- an order's parts ----

def _allocations(parts, money):
    return [{"discount_application_index": index, **money.both("amount", amount)}
            for index, amount in parts]


def _line(line, at, order_id, parts, tax, shop, money):
    number = order_id * 10 + at + 1
    name = line.title + (f" - {line.variant_title}" if line.variant_title else "")
    return {
        "id": number, "admin_graphql_api_id": gid("LineItem", number), "attributed_staffs": [],
        "current_quantity": line.quantity, "fulfillable_quantity": line.quantity,
        "fulfillment_service": "manual", "fulfillment_status": None, "gift_card": line.gift_card,
        "grams": 250, "name": name, **money.both("price", line.price),
        "product_exists": line.product_id is not None, "product_id": line.product_id,
        "properties": [{"name": name, "value": value} for name, value in line.properties],
        "quantity": line.quantity, "requires_shipping": line.requires_shipping,
        "sales_line_item_group_id": None, "sku": line.sku, "taxable": line.taxable,
        "title": line.title, **money.both("total_discount", 0), "variant_id": line.variant_id,
        "variant_inventory_management": "shopify" if line.variant_id else None,
        "variant_title": line.variant_title, "vendor": line.vendor,
        "tax_lines": tax_lines(tax, shop, money), "duties": [],
        "discount_allocations": _allocations(parts, money),
    }


def _shipping_line(title, price, order_id, parts, tax, shop, money):
    after = Decimal(price) - taken(parts)
    return {
        "id": order_id * 10, "carrier_identifier": None, "code": title,
        "current_discounted_price_set": money.set(after),
        # ignores discounts of the whole order, as Shopify's does
        **money.both("discounted_price", price), "is_removed": False, "phone": None,
        **money.both("price", price), "requested_fulfillment_service_id": None,
        "source": "shopify", "title": title, "tax_lines": tax_lines(tax, shop, money),
        "discount_allocations": _allocations(parts, money),
    }


def _application(discount):
    named = {"code": discount.code} if discount.type == "discount_code" \
        else {"title": discount.title, "description": discount.title}
    return {
        "target_type": "shipping_line" if discount.shipping else "line_item",
        "type": discount.type, "value": str(Decimal(discount.value)),
        "value_type": "fixed_amount" if discount.fixed else "percentage",
        "allocation_method": "across" if discount.fixed else "each",
        "target_selection": "entitled" if discount.lines else "all", **named,
    }


def discount_codes(discounts, line_parts, shipping_parts, money):
    """Shopify lists titles here, too, when the discount was no code."""
    parts = [part for line in line_parts for part in line] + shipping_parts
    return [{"code": discount.code or discount.title,
             "amount": money.text(sum((amount for at, amount in parts if at == index),
                                      Decimal(0))),
             "type": "shipping" if discount.shipping else
                     "fixed_amount" if discount.fixed else "percentage"}
            for index, discount in enumerate(discounts)]


# ---- an order ----

def order(number=1001, *, shop=AURORA, lines=(MUG, SHIRT), person=ALMA, discounts=(),
          shipping=("Standard", "7.50"), tip=0, duties=0, buyer=None, rate=1, created=ORDERED,
          id=None, browser_id=BROWSER_ID, **overrides):
    """The payload of orders/create; `overrides` replace top-level members."""
    id = id or order_id_of(number)
    cart_token, checkout_token = tokens_of(id)
    money = Currencies(shop.currency, buyer, rate)
    title, price = shipping or (None, None)
    line_parts, shipping_parts = allocate(lines, price, discounts, shop.currency)
    gross = [Decimal(line.price) * line.quantity for line in lines]
    net = [amount - taken(parts) for amount, parts in zip(gross, line_parts)]
    taxes = [tax_of(amount, shop, line.taxable) for amount, line in zip(net, lines)]
    freight = Decimal(price or 0) - taken(shipping_parts)
    freight_tax = tax_of(freight, shop, True)
    tax = sum(taxes) + freight_tax
    subtotal = sum(net)
    total = subtotal + freight + Decimal(tip) + Decimal(duties) + \
        (0 if shop.taxes_included else tax)
    discount = sum(map(taken, line_parts)) + taken(shipping_parts)
    duties_set = money.set(duties) if duties else None
    payload = {
        "id": id, "admin_graphql_api_id": gid("Order", id), "app_id": 580111,
        "browser_ip": "203.0.113.57", "buyer_accepts_marketing": True, "cancel_reason": None,
        "cancelled_at": None, "cart_token": cart_token, "checkout_token": checkout_token,
        "client_details": {
            "accept_language": "en-US", "browser_height": None, "browser_ip": "203.0.113.57",
            "browser_width": None, "session_hash": None,
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"},
        "closed_at": None, "confirmation_number": f"CNF{number}", "confirmed": True,
        "contact_email": person.email if person else None, "created_at": created,
        "currency": shop.currency, "current_shipping_price_set": money.set(freight),
        **money.both("current_subtotal_price", subtotal),
        "current_total_additional_fees_set": None, **money.both("current_total_discounts", discount),
        "current_total_duties_set": duties_set, **money.both("current_total_price", total),
        **money.both("current_total_tax", tax), "customer_locale": "en-US", "device_id": None,
        "discount_codes": discount_codes(discounts, line_parts, shipping_parts, money),
        "duties_included": False, "email": person.email if person else "",
        "estimated_taxes": False, "financial_status": "paid", "fulfillment_status": None,
        "landing_site": "/collections/mugs?utm_source=newsletter&utm_medium=email"
                        "&utm_campaign=autumn&variant=44287461556333",
        "landing_site_ref": None, "location_id": None,
        "merchant_business_entity_id": "MTAwMDAwMDAwMQ", "merchant_of_record_app_id": None,
        "name": f"#{number}", "note": None,
        "note_attributes": [{"name": "_segment_anonymous_id", "value": browser_id},
                            {"name": "google-clientID", "value": "1133557799.1763700000"}]
                           if browser_id else [],
        "number": number - 1000, "order_number": number,
        "order_status_url": f"https://{shop.domain}/90001/orders/{id}tok/authenticate?key=0f1e2d",
        "original_total_additional_fees_set": None, "original_total_duties_set": duties_set,
        "payment_gateway_names": [shop.gateway], "phone": None, "po_number": None,
        "presentment_currency": money.buyer, "processed_at": created, "reference": None,
        "referring_site": "https://www.google.com/", "source_identifier": None,
        "source_name": "web", "source_url": None, **money.both("subtotal_price", subtotal),
        "tags": "", "tax_exempt": False, "tax_lines": tax_lines(tax, shop, money),
        "taxes_included": shop.taxes_included, "test": False, "token": f"{id}tok",
        "total_cash_rounding_payment_adjustment_set": money.set(0),
        "total_cash_rounding_refund_adjustment_set": money.set(0),
        **money.both("total_discounts", discount), **money.both("total_line_items_price", sum(gross)),
        "total_outstanding": money.text(0), **money.both("total_price", total),
        "total_shipping_price_set": money.set(price or 0), **money.both("total_tax", tax),
        "total_tip_received": money.text(tip), "total_weight": 250 * sum(x.quantity for x in lines),
        "updated_at": created, "user_id": None,
        "billing_address": address(person) if person else None,
        "customer": customer_within(person, shop, "2026-11-20T08:15:00-05:00") if person else None,
        "discount_applications": [_application(discount) for discount in discounts],
        "fulfillments": [],
        "line_items": [_line(line, at, id, line_parts[at], taxes[at], shop, money)
                       for at, line in enumerate(lines)],
        "payment_terms": None, "refunds": [],
        "shipping_address": address(person) if person and shipping else None,
        "shipping_lines": [_shipping_line(title, price, id, shipping_parts, freight_tax, shop,
                                          money)] if shipping else [],
        "returns": [], "line_item_groups": [],
    }
    return payload | overrides


def cancelled(order, reason="customer", at=LATER):
    """The payload of orders/cancelled."""
    return order | {"cancel_reason": reason, "cancelled_at": at, "closed_at": at, "updated_at": at,
                    "financial_status": "refunded"}


def without(value, *keys):
    """The same without some keys, anywhere in the tree: what Shopify does with withheld data."""
    if isinstance(value, dict):
        return {key: without(member, *keys) for key, member in value.items() if key not in keys}
    if isinstance(value, list):
        return [without(item, *keys) for item in value]
    return value


PERSONAL = ("email", "contact_email", "phone", "first_name", "last_name", "name", "address1",
            "address2", "city", "zip", "latitude", "longitude")


def withheld(order):
    """An order as an app without access to protected customer data sees it."""
    people = {key: without(order[key], *PERSONAL)
              for key in ("customer", "billing_address", "shipping_address") if order.get(key)}
    kept = {key: value for key, value in order.items()
            if key not in ("email", "contact_email", "phone", "order_status_url")}
    return kept | people | {"browser_ip": None, "client_details": None}


# ---- what follows an order ----

def _line_within(line):
    return {key: value for key, value in line.items()
            if key not in ("attributed_staffs", "current_quantity", "sales_line_item_group_id")}


def fulfilment(order, quantities=None, number=1, at=LATER, status="success", shipment_status=None,
               tracking=("1Z827WK74630",), company="UPS", **overrides):
    """The payload of fulfillments/*: all lines, or {index: quantity}."""
    id = order["id"] * 10 + 4 + number
    quantities = quantities or {at: line["quantity"] for at, line in enumerate(order["line_items"])}
    lines = [_line_within(order["line_items"][at]) | {"quantity": quantity}
             for at, quantity in quantities.items()]
    urls = [f"https://www.ups.com/WebTracking?trackNums={number}" for number in tracking]
    return {
        "id": id, "order_id": order["id"], "status": status, "created_at": at, "service": "manual",
        "updated_at": at, "tracking_company": company, "shipment_status": shipment_status,
        "location_id": 90210100, "origin_address": None, "email": order.get("email"),
        "destination": order.get("shipping_address"), "line_items": lines,
        "tracking_number": tracking[0] if tracking else None, "tracking_numbers": list(tracking),
        "tracking_url": urls[0] if urls else None, "tracking_urls": urls, "receipt": {},
        "name": f"{order['name']}.{number}",
        "admin_graphql_api_id": gid("Fulfillment", id),
    } | overrides


def _refund_line(order, at, quantity, money):
    line = order["line_items"][at]
    price = Decimal(line["price"]) * line["quantity"]
    price -= sum(Decimal(part["amount"]) for part in line["discount_allocations"])
    tax = sum((Decimal(part["price"]) for part in line["tax_lines"]), Decimal(0))
    part = Decimal(quantity) / line["quantity"]
    subtotal, tax = rounded(price * part, money.shop), rounded(tax * part, money.shop)
    return {
        "id": line["id"] + 500, "quantity": quantity, "line_item_id": line["id"],
        "location_id": 90210100, "restock_type": "return",
        # two of the few amounts that Shopify sends as JSON numbers
        "subtotal": subtotal, "total_tax": tax,
        "subtotal_set": money.set(subtotal), "total_tax_set": money.set(tax),
        "line_item": _line_within(line),
    }


def _shipping_refund(order, id, amount, money):
    """Shipping given back stands in two places, since 2024-04."""
    line = order["shipping_lines"][0]
    return {
        "refund_shipping_lines": [{
            "id": id + 1, "shipping_line_id": line["id"],
            "subtotal_amount_set": money.set(amount), "shipping_line": line}],
        "order_adjustments": [{
            "id": id + 2, "order_id": order["id"], "refund_id": id,
            **money.both("amount", -amount), **money.both("tax_amount", 0),
            "kind": "shipping_refund", "reason": "Shipping refund"}],
    }


def refund(order, quantities=None, shipping=0, number=1, at=LATER, returned=None, buyer=None,
           rate=1, status="success", **overrides):
    """The payload of refunds/create: {index of a line: quantity}, shipping without tax given back.

    `returned` is the money paid back, in the buyer's currency; by default all that was refunded.
    """
    id = 929361000000 + order["id"] % 1000000 * 10 + number
    money = Currencies(order["currency"], buyer, rate)
    lines = [_refund_line(order, at, quantity, money)
             for at, quantity in (quantities or {}).items()]
    amounts = [line["subtotal"] for line in lines] + [Decimal(shipping)]
    if not order["taxes_included"]:
        amounts += [line["total_tax"] for line in lines]
    returned = sum(map(money.buyers, amounts)) if returned is None else Decimal(returned)
    transaction = {
        "id": id + 3, "order_id": order["id"], "kind": "refund",
        "gateway": order["payment_gateway_names"][0], "status": status, "message": None,
        "created_at": at, "test": False, "authorization": None, "location_id": None,
        "user_id": None, "parent_id": id - 7, "processed_at": at, "device_id": None,
        "error_code": None, "source_name": order["source_name"], "receipt": {},
        "amount": str(returned), "currency": money.buyer, "payment_id": f"{order['name']}.1",
        "total_unsettled_set": money.set(0, "currency"), "manual_payment_gateway": False,
        "amount_rounding": None, "admin_graphql_api_id": gid("OrderTransaction", id + 3),
    }
    payload = {
        "id": id, "order_id": order["id"], "created_at": at, "note": "Arrived damaged",
        "user_id": 548380009, "processed_at": at, "duties": [], "total_duties_set": money.set(0),
        "return": None, "restock": bool(lines), "refund_shipping_lines": [],
        "admin_graphql_api_id": gid("Refund", id), "order_adjustments": [],
        "refund_line_items": lines, "transactions": [transaction] if returned else [],
    }
    if shipping:
        payload |= _shipping_refund(order, id, Decimal(shipping), money)
    return payload | overrides


# ---- as bytes ----

def body(payload):
    """The bytes of a delivery: compact, "/" as "\\/", as in captures of real ones."""
    return exact.dumps(payload, escape_slashes=True).encode()


def copies(count, first=5900000000001, **options):
    """The bodies of many distinct orders, fast: one is made, its id is replaced."""
    template = body(order(id=MARKER, **options))
    marker = re.compile(str(MARKER).encode())
    for number in range(first, first + count):
        yield number, marker.sub(str(number).encode(), template)


def main():
    from tools import examples  # which needs this module
    parser = argparse.ArgumentParser(description="Prints a payload of an invented shop.")
    parser.add_argument("topic", help=", ".join(examples.TOPICS))
    parser.add_argument("--pretty", action="store_true", help="for people")
    options = parser.parse_args()
    if options.topic not in examples.TOPICS:
        parser.error(f"no payload for {options.topic}")
    payload = examples.TOPICS[options.topic]()
    print(exact.pretty(payload) if options.pretty else body(payload).decode())


if __name__ == "__main__":
    main()
