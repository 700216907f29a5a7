"""ReCharge's webhooks of the invented shops' subscribers, in both versions of its API, and those of
Shopify's own subscriptions. Shaped as their references have them, with sums that add up.

    subscription(OLD, MUG)   charge(NEW, [MUG, SHIRT], failed=2)   order(OLD, [MUG])
    customer(NEW, ALMA)   with_customer(subscription(NEW), customer(NEW))   contract()

Times are given in UTC; the old version writes them as clocks in New York show them.
"""

import datetime
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from standin import exact  # noqa: E402
from tools.amounts import rounded  # noqa: E402
from tools.shop import ALMA, AURORA, BROWSER_ID, MUG, gid, order_id_of  # noqa: E402

OLD, NEW = "2021-01", "2021-11"
VERSIONS = (OLD, NEW)
SUBSCRIBED = "2026-08-20T15:00:00Z"
# What opens the customer's portal, and what the processor said: never to be seen outside.
PORTAL_HASH = "61a8portalhash0fa1ma"
PROCESSOR_WORDS = "Your bank says no to Alma"


# ---- times and ids ----

def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _sunday(year, month, number):
    first = datetime.datetime(year, month, 1, tzinfo=datetime.timezone.utc)
    return first + datetime.timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))


def _new_york(time):
    began = _sunday(time.year, 3, 2) + datetime.timedelta(hours=7)
    ended = _sunday(time.year, 11, 1) + datetime.timedelta(hours=6)
    return time - datetime.timedelta(hours=4 if began <= time < ended else 5)


def time(version, text):
    """A time as the version writes it."""
    if text is None:
        return None
    if version == NEW:
        return moment(text).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return _new_york(moment(text)).strftime("%Y-%m-%dT%H:%M:%S")


def day(version, text):
    """A day as the version writes it."""
    return text and (text[:10] if version == NEW else text[:10] + "T00:00:00")


def account_id_of(person):
    return 61000000 + person.id % 1000000


def subscription_id_of(number):
    return 253600000 + number


def charge_id_of(number):
    return 580820000 + number


# ---- parts ----

def _shopify(version, name, value):
    """An id of Shopify's: `name` is product, variant, customer or order."""
    if version == NEW:
        return {f"external_{name}_id": {"ecommerce": str(value) if value else None}}
    return {f"shopify_{name}_id": value}


def _enum(version, text):
    return text.lower() if version == NEW else text.upper()


def _flag(version, value):
    return value if version == NEW else int(value)


def _number(version, value):
    return value if version == NEW or value is None else str(value)


def _address(version, person):
    country = {"country_code": person.address["country_code"]} if version == NEW else {
        "country": person.address["country"]}
    return {name: person.address[name] for name in
            ("address1", "address2", "city", "province", "zip")} | country | {
        "company": None, "first_name": person.first_name, "last_name": person.last_name,
        "phone": person.phone}


def _images(line):
    return {size: f"https://cdn.example.com/{line.sku}_{size}.jpg"
            for size in ("large", "medium", "original", "small")}


# ---- bodies ----

def subscription(version, line=MUG, number=1, *, person=ALMA, status="active", every=30,
                 unit="day", charge_every=None, next_charge="2026-12-20", created=SUBSCRIBED,
                 at=None, cancelled_at=None, reason=None, comments=None, **overrides):
    """The body of subscription/*."""
    body = {
        "id": subscription_id_of(number), "address_id": 69280001,
        "customer_id": account_id_of(person), "analytics_data": {"utm_params": [
            {"utm_source": "years-ago", "utm_campaign": "long-gone"}]},
        "cancellation_reason": reason, "cancellation_reason_comments": comments,
        "cancelled_at": time(version, cancelled_at),
        "charge_interval_frequency": _number(version, charge_every or every),
        "created_at": time(version, created), "expire_after_specific_number_of_charges": None,
        "has_queued_charges": _flag(version, status == "active"),
        "is_prepaid": (charge_every or every) != every, "is_skippable": True,
        "is_swappable": False, "max_retries_reached": _flag(version, False),
        "next_charge_scheduled_at": day(version, next_charge if status == "active" else None),
        "order_day_of_month": None, "order_day_of_week": None,
        "order_interval_frequency": _number(version, every),
        "order_interval_unit": unit, "presentment_currency": None,
        "price": line.price if version == NEW else exact.Number(str(float(line.price))),
        "product_title": line.title,
        "properties": [{"name": "charge_interval_frequency", "value": str(every)}],
        "quantity": line.quantity, **_shopify(version, "product", line.product_id),
        **_shopify(version, "variant", line.variant_id), "sku": line.sku, "sku_override": False,
        "status": _enum(version, status), "updated_at": time(version, at or created),
        "variant_title": line.variant_title or "",
    }
    if version == OLD:
        body |= {"email": person.email, "recharge_product_id": 1853649}
    return {"subscription": body | overrides}


def customer(version, person=ALMA, *, shopify_id=True, active=1, total=1, valid=True, reason=None,
             dunning=False, at=SUBSCRIBED, **overrides):
    """The body of customer/*."""
    body = {
        "id": account_id_of(person), "hash": PORTAL_HASH, "email": person.email,
        **_shopify(version, "customer", str(person.id) if shopify_id else None),
        "created_at": time(version, SUBSCRIBED), "updated_at": time(version, at),
        "first_name": person.first_name, "last_name": person.last_name, "phone": person.phone,
        "first_charge_processed_at": time(version, SUBSCRIBED), "tax_exempt": False,
        "analytics_data": {"utm_params": []}, "has_valid_payment_method": valid,
    }
    if version == NEW:
        body |= {"apply_credit_to_next_checkout_charge": False,
                 "has_payment_method_in_dunning": dunning,
                 "subscriptions_active_count": active, "subscriptions_total_count": total}
    else:
        billing = {f"billing_{name}": value for name, value in _address(version, person).items()}
        body |= billing | {
            "accepts_marketing": 1, "processor_type": "shopify_payments", "status": "ACTIVE",
            "reason_payment_method_not_valid": reason, "has_card_error_in_dunning": dunning,
            "number_active_subscriptions": active, "number_subscriptions": total}
    return {"customer": body | overrides}


def with_customer(body, included, nested=False):
    """A body with its customer (included_objects): beside the resource, or within it."""
    if not nested:
        return body | included
    (name, resource), = body.items()
    return {name: resource | {"include": included}}


def payment_methods():
    """What customer/payment_method_updated carries beside the customer, when included."""
    details = {"brand": "visa", "exp_month": 4, "exp_year": "2029", "last4": 4242}
    common = {"customer_id": account_id_of(ALMA), "processor_customer_token": "cus_AlmaOnly",
              "processor_payment_method_token": "pm_AlmaOnly"}
    return {"payment_methods": [
        {"id": 1, "default": False, "payment_type": "PAYPAL", "status": "invalid",
         "status_reason": "expired", "payment_details": None, **common},
        {"id": 2, "default": True, "payment_type": "CREDIT_CARD", "processor_name": "stripe",
         "status": "valid", "status_reason": None, "payment_details": details, **common}]}


def _sums(lines, shipping, discount):
    net = sum(Decimal(line.price) * line.quantity for line in lines) - Decimal(discount)
    tax = rounded(net * AURORA.tax[1], AURORA.currency)
    return net, tax, net + tax + Decimal(shipping)


def _line(version, line, number, onetime=False):
    properties = [{"name": "charge_interval_frequency", "value": "30"}]
    body = {
        "grams": 250, "images": _images(line), "original_price": line.price,
        "properties": properties, "quantity": line.quantity, "sku": line.sku, "tax_lines": [],
        "title": line.title, "variant_title": line.variant_title,
    }
    if version == OLD:
        return body | {
            "price": line.price, "shopify_product_id": str(line.product_id),
            "shopify_variant_id": line.variant_id, "vendor": line.vendor,
            "subscription_id": None if onetime else subscription_id_of(number)}
    return body | {
        "purchase_item_id": (990000 if onetime else 0) + subscription_id_of(number),
        "purchase_item_type": "onetime" if onetime else "subscription",
        "external_product_id": {"ecommerce": str(line.product_id)},
        "external_variant_id": {"ecommerce": str(line.variant_id)}, "handle": None,
        "taxable": True, "unit_price": line.price, "unit_price_includes_tax": False,
        "total_price": str(Decimal(line.price) * line.quantity)}


def _sale(version, lines, numbers, person, shipping, code, discount, onetimes, attributes):
    """What a charge and an order have in common."""
    net, tax, total = _sums(lines, shipping, discount)
    title, rate = AURORA.tax
    shipping_line = {"code": "Economy", "price": str(shipping), "source": "shopify",
                     "title": "Economy"}
    money = {
        "subtotal_price": str(net), "total_price": str(total),
        "total_discounts": str(discount), "total_line_items_price": str(net + Decimal(discount)),
        "total_refunds": "0.00" if version == NEW else None, "total_tax": str(tax)}
    shared = {
        "address_id": 69280001, "billing_address": _address(version, person),
        "shipping_address": _address(version, person), "note": None, **money,
        "shipping_lines": [shipping_line],
        "tags": "Subscription, Subscription Recurring Order",
        "line_items": [_line(version, line, number, at in onetimes)
                       for at, (line, number) in enumerate(zip(lines, numbers))]}
    browser = [{"name": "_segment_anonymous_id", "value": attributes}] if attributes else []
    if version == NEW:
        discounts = [{"id": 77, "code": code, "value": exact.Number(str(discount)),
                      "value_type": "fixed_amount"}] if code else []
        return shared | {
            "currency": AURORA.currency, "discounts": discounts, "order_attributes": browser,
            "customer": {"id": account_id_of(person), "email": person.email, "hash": PORTAL_HASH,
                         **_shopify(version, "customer", person.id)},
            "taxable": True, "tax_lines": [{"price": str(tax), "rate": str(rate), "title": title}]}
    return shared | {
        "customer_id": account_id_of(person), "email": person.email,
        "first_name": person.first_name, "last_name": person.last_name,
        "note_attributes": browser,
        "discount_codes": [{"code": code, "amount": str(discount), "type": "fixed_amount"}]
                          if code else []}


def charge(version, lines=(MUG,), number=1, *, numbers=None, person=ALMA, failed=0, closed=False,
           error="CARD_DECLINED", scheduled="2026-11-20", at="2026-11-21T05:10:19Z",
           retry="2026-11-24", shipping="4.90", code=None, discount="0.00", onetimes=(),
           browser_id=None, shopify_order=None, **overrides):
    """The body of charge/*: paid, or `failed` so many times; `closed` after the last try."""
    body = {
        "id": charge_id_of(number), "analytics_data": {"utm_params": []},
        "client_details": {"browser_ip": "198.51.100.7", "user_agent": "Mozilla/5.0 (years ago)"},
        **_sale(version, lines, numbers or range(1, len(lines) + 1), person, shipping, code,
                discount, onetimes, browser_id),
        "created_at": time(version, SUBSCRIBED), "updated_at": time(version, at),
        "processed_at": None if failed else time(version, at),
        "scheduled_at": day(version, scheduled), "type": _enum(version, "recurring"),
        "status": _enum(version, "error" if failed else "success"),
        **_shopify(version, "order", shopify_order)}
    if version == NEW:
        body |= {"payment_processor": AURORA.gateway, "taxes_included": False}
    else:
        body |= {"processor_name": AURORA.gateway, "customer_hash": PORTAL_HASH,
                 "tax_lines": exact.Number(body["total_tax"]),
                 "total_tax": exact.Number(body["total_tax"])}
    if failed:
        body |= {"error": f"None\r\n [Nov 21, 12:10AM] {PROCESSOR_WORDS}",
                 "error_type": "CLOSED_MAX_RETRIES_REACHED" if closed else error}
        body |= {"charge_attempts": failed, "last_charge_attempt": time(version, at),
                 "retry_date": retry + "T05:00:00+00:00"} if version == NEW else {
            "number_times_tried": failed, "last_charge_attempt_date": time(version, at),
            "retry_date": day(version, retry)}
    return {"charge": body | overrides}


def order(version, lines=(MUG,), number=1, *, numbers=None, person=ALMA, shopify_number=2001,
          at="2026-11-20T05:07:33Z", kind="recurring", status="success", shipping="4.90", code=None,
          discount="0.00", onetimes=(), browser_id=BROWSER_ID, prepaid=False, shopify_id=True,
          **overrides):
    """The body of order/*: it is Shopify's order of `shopify_number`."""
    shopify_order = order_id_of(shopify_number) if shopify_id else None
    body = {
        "id": 534910000 + number,
        **_sale(version, lines, numbers or range(1, len(lines) + 1), person, shipping, code,
                discount, onetimes, browser_id),
        "created_at": time(version, at), "updated_at": time(version, at),
        "processed_at": time(version, at), "scheduled_at": day(version, at),
        "is_prepaid": _flag(version, prepaid), "error": None, "type": _enum(version, kind),
        "status": _enum(version, status), **_shopify(version, "order", shopify_order)}
    if version == NEW:
        body |= {
            "charge": {"id": charge_id_of(number), "status": "success",
                       "payment_processor_name": AURORA.gateway},
            "external_cart_token": None,
            "external_order_name": {"ecommerce": f"#{shopify_number}" if shopify_id else None},
            "external_order_number": {"ecommerce": str(shopify_number) if shopify_id else None}}
    else:
        body |= {
            "charge_id": charge_id_of(number), "charge_status": "SUCCESS",
            "payment_processor": AURORA.gateway, "currency": AURORA.currency,
            "hash": PORTAL_HASH, "shopify_customer_id": str(person.id),
            "shopify_order_number": shopify_number if shopify_id else None,
            "customer": {"email": person.email, "first_name": person.first_name}}
        body["shopify_order_id"] = str(shopify_order) if shopify_id else None
    return {"order": body | overrides}


# ---- Shopify's own ----

def contract(number=1, *, person=ALMA, status="active", every=4, unit="week", charge_every=None,
             revision=1, origin=1001, **overrides):
    """The payload of subscription_contracts/*."""
    id = 4488765000 + number
    return {
        "admin_graphql_api_id": gid("SubscriptionContract", id), "id": id,
        "billing_policy": {"interval": unit, "interval_count": charge_every or every,
                           "min_cycles": None, "max_cycles": None},
        "currency_code": AURORA.currency, "customer_id": person.id,
        "admin_graphql_api_customer_id": gid("Customer", person.id),
        "delivery_policy": {"interval": unit, "interval_count": every}, "status": status,
        "admin_graphql_api_origin_order_id": gid("Order", order_id_of(origin)),
        "origin_order_id": order_id_of(origin), "revision_id": str(3080372000 + revision),
    } | overrides


def attempt(number=1, contract_number=1, *, shopify_number=None, error=None, **overrides):
    """The payload of subscription_billing_attempts/*."""
    id = 7263019000 + number
    order_id = order_id_of(shopify_number) if shopify_number else None
    contract_id = 4488765000 + contract_number
    return {
        "id": id, "admin_graphql_api_id": gid("SubscriptionBillingAttempt", id),
        "idempotency_key": f"9a453d81-d41d-403e-806f-{number:012}", "order_id": order_id,
        "admin_graphql_api_order_id": order_id and gid("Order", order_id),
        "subscription_contract_id": contract_id,
        "admin_graphql_api_subscription_contract_id": gid("SubscriptionContract", contract_id),
        "ready": True, "error_message": error and PROCESSOR_WORDS, "error_code": error,
    } | overrides


def payment_method(person=ALMA, **overrides):
    """The payload of customer_payment_methods/*."""
    token = f"{person.id:032x}"
    return {
        "admin_graphql_api_id": gid("CustomerPaymentMethod", token), "token": token,
        "customer_id": person.id, "admin_graphql_api_customer_id": gid("Customer", person.id),
        "instrument_type": "CustomerCreditCard",
        "payment_instrument": {"last_digits": "4242", "month": 8, "year": 2060,
                               "name": person.name, "brand": "Visa"},
        "resource_type": "Subscriptions"} | overrides
