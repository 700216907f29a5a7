"""The rules of a Segment call: the API's (its documentation), and the event catalogue's types.

`problems(message)` names everything that is wrong with one call, as `path: what is wrong`. Messages
are read with `exact.loads`, so numbers are decimals that remember their text.
"""

import datetime
import re
from decimal import Decimal

from standin import exact

MESSAGE_BYTES = 32000
UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z\Z")
DIGITS = re.compile(r"[0-9]{1,20}\Z")
PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
# What only a payment's details, its receipt or a secret link can have brought.
SECRET = re.compile("\u2022\u2022\u2022\u2022|receipt|credit_card|fingerprint|cvv_|avs_|cvc_check"
                    "|[?&]key=", re.IGNORECASE)
CARD = re.compile(r"(?<![0-9])([0-9]{13,19}|[0-9]{4}([ -])[0-9]{4}\2[0-9]{4}\2[0-9]{4})(?![0-9])")


# ---- types: each returns what is wrong, or None ----

def text(value):
    if not isinstance(value, str):
        return f"is no string but {type(value).__name__}"
    return None if value else "is empty: leave it out"


def shopify_id(value):
    return text(value) or (None if DIGITS.match(value) else "is no id in digits")


def token(value):
    return text(value) or (None if re.match(r"[!-~]{1,255}\Z", value) else "is no token")


def number(value):
    if not isinstance(value, exact.Number):
        return f"is no number but {type(value).__name__}"
    return None if PLAIN_NUMBER.match(value.text) else f"{value.text} is written with an exponent"


def amount(value):
    return number(value) or (None if value >= 0 else f"{value.text} is below zero")


def count(value):
    if number(value) or value != int(value) or value < 0:
        return "is no whole number"
    return None


def step(value):
    return None if count(value) is None and 1 <= value <= 3 else "is no step from 1 to 3"


def flag(value):
    return None if isinstance(value, bool) else "is neither true nor false"


def truth(value):
    return None if value is True else "is only sent when true"


def amount_text(value):
    return text(value) or (None if PLAIN_NUMBER.match(value) else "is no amount as a string")


def currency(value):
    return text(value) or (None if re.match(r"[A-Z]{3}\Z", value) else "is no ISO 4217 code")


def time(value):
    return text(value) or (None if TIME.match(value) else "is no UTC time with milliseconds")


def day(value):
    return text(value) or (None if re.match(r"\d{4}-\d{2}-\d{2}\Z", value) else "is no day")


def unit(value):
    return None if value in ("day", "week", "month", "year") else "is no unit of time"


def lower(value):
    return text(value) or (None if value == value.lower() else "is not in lower case")


def upper(value):
    return text(value) or (None if value == value.upper() else "is not in upper case")


def texts(value):
    if not isinstance(value, list) or not value:
        return "is no list with something in it"
    return next((wrong for wrong in map(text, value) if wrong), None)


# ---- shapes: property → type; a nested dict is an object, [dict] a list of objects ----

PRODUCT = {
    "product_id": shopify_id, "shopify_product_id": shopify_id,
    "variant_id": shopify_id, "shopify_variant_id": shopify_id,
    "sku": text, "name": text, "variant": text, "brand": text, "category": text,
    "price": amount, "compare_at_price": amount, "quantity": count, "discount": amount,
    "coupon": text, "position": count, "url": text, "image_url": text,
    "product_properties": [{"name": text, "value": text}], "gift_card": truth,
}

EVERY_EVENT = {"email": text, "sent_from": text}
PRODUCTS = {"products": [PRODUCT], "products_truncated": truth, "products_count": count}

ORDER = EVERY_EVENT | PRODUCTS | {
    "order_id": text, "order_name": text, "checkout_id": token, "checkoutId": token,
    "cart_id": token, "userId": text, "affiliation": text, "subtotal": amount, "revenue": amount,
    "shipping": amount, "tax": amount, "duties": amount, "tip": amount, "discount": amount,
    "total": amount, "currency": currency, "presentment_currency": currency,
    "presentment_total": amount_text, "coupon": text, "payment_method": text,
    "shipping_method": text, "source_name": text, "location_id": shopify_id,
    "purchase_count": count, "lifetime_revenue": amount,
}
CART_LINE = {name: kind for name, kind in PRODUCT.items() if name not in ("position", "coupon")}
CART = EVERY_EVENT | PRODUCTS | CART_LINE | {
    "cart_id": token, "currency": currency, "value": amount,
}
CHECKOUT = EVERY_EVENT | PRODUCTS | {
    "checkout_id": token, "checkoutId": token, "cart_id": token, "userId": text,
    "subtotal": amount, "revenue": amount, "shipping": amount, "tax": amount, "duties": amount,
    "discount": amount, "total": amount, "currency": currency, "presentment_currency": currency,
    "presentment_total": amount_text, "coupon": text, "payment_method": text,
    "shipping_method": text, "source_name": text, "location_id": shopify_id,
}
STEP = ORDER | {"step": step}  # of a checkout, or of the order that fills it in
CUSTOMER = EVERY_EVENT | {"customer_id": shopify_id, "verified_email": flag, "state": text}

SUBSCRIPTION = EVERY_EVENT | PRODUCTS | {
    "subscriptionId": shopify_id, "subscription_id": shopify_id, "status": lower,
    "order_interval_unit": unit, "order_interval_frequency": count,
    "charge_interval_frequency": count, "subscription_revenue": amount, "currency": currency,
    "next_charge_scheduled_at": day, "is_prepaid": flag,
}
SALE = EVERY_EVENT | PRODUCTS | {
    "charge_id": shopify_id, "subscription_ids": texts, "total": amount, "subtotal": amount,
    "shipping": amount, "tax": amount, "discount": amount, "currency": currency, "coupon": text,
    "affiliation": text, "payment_method": text,
}
FAILED = SALE | {"error_type": upper, "attempt": count}

PROPERTIES = {
    "Product Added": CART,
    "Product Removed": CART,
    "Checkout Started": CHECKOUT | {"value": amount},
    "Checkout Step Completed": STEP,
    "Payment Info Entered": STEP,
    "Coupon Applied": EVERY_EVENT | {
        "order_id": text, "order_name": text, "checkout_id": token, "checkoutId": token,
        "cart_id": token, "coupon_id": text, "coupon_name": text, "coupon": text,
        "discount": amount, "currency": currency,
    },
    "Payment Failure": EVERY_EVENT | {
        "order_id": text, "order_name": text, "checkout_id": token, "checkoutId": token,
        "cart_id": token, "transaction_id": shopify_id, "payment_method": text, "amount": amount, "value": amount,
        "currency": currency, "error_code": text, "error_message": text, "kind": text,
        "step": step,
    },
    "Order Updated": ORDER | {"cancel_reason": text},
    "Order Completed": ORDER,
    "POS Order Placed": ORDER,
    "Order Cancelled": ORDER | {"cancel_reason": text},
    "Order Refunded": EVERY_EVENT | PRODUCTS | {
        "order_id": text, "order_name": text, "refund_id": shopify_id, "affiliation": text,
        "total": amount, "revenue": amount, "tax": amount, "tip": amount, "shipping": amount,
        "currency": currency, "presentment_currency": currency, "presentment_total": amount_text,
        "coupon": text, "full_refund": flag, "order_total": amount,
    },
    "Thank you page": EVERY_EVENT | {
        "order_id": text, "order_name": text, "checkout_id": token, "checkoutId": token,
        "cart_id": token, "userId": text, "total": amount, "currency": currency,
        "presentment_currency": currency, "presentment_total": amount_text, "coupon": text,
    },
    "Fulfilment Update": EVERY_EVENT | PRODUCTS | {
        "order_id": text, "order_name": text, "fulfillment_id": shopify_id, "status": text,
        "shipment_status": text, "tracking_company": text, "tracking_numbers": texts,
        "tracking_urls": texts, "tracking_number": text, "tracking_url": text,
    },
    "Customer Created": CUSTOMER,
    "Customer Enabled": CUSTOMER,
    "Subscription Created": SUBSCRIPTION,
    "Subscription Updated": SUBSCRIPTION | {"update_type": lower},
    "Subscription Cancelled": SUBSCRIPTION | {
        "cancellation_reason": text, "cancellation_reason_comments": text, "cancelled_at": time},
    "Order Processed": SALE | {
        "order_id": text, "order_name": text, "shopify_order_id": shopify_id, "is_prepaid": flag},
    "Charge Failed": FAILED | {"is_payment_error": flag, "retry_date": day},
    "Charge Max Tries Reached": FAILED,
    "Payment Method Updated": EVERY_EVENT | {
        "customer_id": shopify_id, "has_valid_payment_method": flag, "payment_method": text,
        "reason_not_valid": text, "in_dunning": flag, "update_type": lower},
    "Customer Update": EVERY_EVENT | {
        "customer_id": shopify_id, "subscriptions_active": count, "subscriptions_total": count},
}
NEEDED = {
    "Product Added": ["cart_id", "quantity"], "Product Removed": ["cart_id", "quantity"],
    "Checkout Started": ["checkout_id"], "Checkout Step Completed": ["checkout_id", "step"],
    "Payment Info Entered": ["checkout_id", "step"], "Coupon Applied": ["coupon_id"],
    "Payment Failure": ["step"], "Order Updated": ["order_id"],
    "Thank you page": ["order_id", "checkout_id"],
    "Order Completed": ["order_id"], "POS Order Placed": ["order_id"],
    "Order Cancelled": ["order_id"], "Order Refunded": ["order_id", "refund_id"],
    "Fulfilment Update": ["order_id", "fulfillment_id"],
    "Customer Created": ["customer_id"], "Customer Enabled": ["customer_id"],
    "Subscription Created": ["subscriptionId", "subscription_id"],
    "Subscription Updated": ["subscriptionId", "subscription_id", "update_type"],
    "Subscription Cancelled": ["subscriptionId", "subscription_id"],
    "Order Processed": [], "Charge Failed": [], "Charge Max Tries Reached": ["charge_id"],
    "Payment Method Updated": [], "Customer Update": [],
}

SUBSCRIPTIONS = ("Subscription Created", "Subscription Updated", "Subscription Cancelled")

TRAITS = {
    "email": text, "phone": text, "firstName": text, "lastName": text, "createdAt": time,
    "description": text,
    "address": {"street": text, "city": text, "state": text, "postalCode": text, "country": text},
    "customerLifetimeValue": amount, "purchaseCount": count, "marketingOptIn": text,
    "email_consent_state": text, "email_opt_in_level": text, "sms_consent_state": text,
    "sms_opt_in_level": text, "tags": text, "state": text, "verified_email": flag,
    "subscriptionsActive": count, "subscriptionsTotal": count,
}
GOOGLE = {"clientId": text, "sessionId": text, "geoid": text}
CONTEXT = {
    "library": {"name": text, "version": text}, "integration": {"name": text, "version": text},
    "ip": text, "uip": text, "userAgent": text, "locale": text,
    "page": {"url": text, "path": text, "search": text, "referrer": text, "title": text},
    "campaign": {"name": text, "source": text, "medium": text, "term": text, "content": text},
    "traits": TRAITS,
    "externalIds": [{"id": text, "type": text, "collection": text, "encoding": text}],
    "Google Analytics": GOOGLE,
    "consent": {"categoryPreferences": None},
}
CALL = {
    "type": text, "messageId": text, "userId": text, "anonymousId": text, "timestamp": time,
    "context": CONTEXT, "integrations": {"Google Analytics": GOOGLE},
}
CALLS = {
    "track": CALL | {"event": text, "properties": None},
    "identify": CALL | {"traits": None},
    "alias": CALL | {"previousId": text, "integrations": None},
}


# ---- the check ----

def problems(message, now=None, names=None):
    """Everything wrong with one call.

    `now` is the latest time that its timestamp may be; `names` the catalogue's name of each event
    that the configuration renamed.
    """
    if not isinstance(message, dict):
        return ["the message is no object"]
    found = _nothing_empty(message, "")
    kind = message.get("type")
    if kind not in CALLS:
        return found + [f"type: {kind!r} is none of {', '.join(CALLS)}"]
    found += _object(message, CALLS[kind], "")
    found += _envelope(message, now)
    found += _nothing_secret(message, "")
    if kind == "identify":
        found += _object(message.get("traits", {}), TRAITS, "traits")
        if "userId" not in message and not message.get("traits"):
            found.append("identify: says nothing of nobody")
    elif kind == "alias":
        found += _alias(message)
    else:
        found += _track(message, names or {})
    size = len(exact.dumps(message).encode())
    if size > MESSAGE_BYTES:
        found.append(f"the message has {size} bytes, over {MESSAGE_BYTES}")
    return found


def shape_problems(value, shape, path):
    """What is wrong with an object by a shape as those above."""
    return _nothing_empty(value, path) + _object(value, shape, path)


def _envelope(message, now):
    found = []
    if "userId" not in message and "anonymousId" not in message:
        found.append("neither userId nor anonymousId")
    if not UUID5.match(str(message.get("messageId", ""))):
        found.append("messageId: is no UUID of version 5")
    if "timestamp" not in message:
        found.append("timestamp: missing")
    elif now and str(message["timestamp"]) > now:
        found.append(f"timestamp: {message['timestamp']} lies after {now}")
    if "direct" in message.get("context", {}):
        found.append("context.direct: would record the relay's own address")
    if "consent" in message.get("context", {}):
        found += _consent(message["context"]["consent"])
    if message.get("context", {}).get("library", {}).get("name") != "segrelay":
        found.append("context.library: is not segrelay")
    return found


def _consent(consent):
    """What was chosen, by category; an empty object would refuse all."""
    chosen = consent.get("categoryPreferences")
    if not isinstance(chosen, dict) or not chosen:
        return ["context.consent.categoryPreferences: names no category"]
    return [f"context.consent.categoryPreferences.{name}: is neither true nor false"
            for name, value in chosen.items() if not isinstance(value, bool)]


def _alias(message):
    """Two ids that differ; for some integrations only, or for all that take it."""
    found = [f"{name}: missing" for name in ("userId", "previousId") if name not in message]
    if message.get("userId") == message.get("previousId"):
        found.append("previousId: is the userId")
    if UUID5.match(str(message.get("previousId", ""))):
        found.append("previousId: is a made-up id")
    integrations = message.get("integrations", {"All": False, "any": True})
    if not isinstance(integrations, dict) or integrations.get("All") is not False:
        return found + ["integrations.All: is not false"]
    named = [value for name, value in integrations.items() if name != "All"]
    if not named or any(value is not True for value in named):
        found.append("integrations: names none, or one that is not true")
    return found


def _track(message, names):
    event = message.get("event")
    event = names.get(event, event)
    properties = message.get("properties")
    if event not in PROPERTIES:
        return [f"event: {event!r} is not in the catalogue"]
    if not isinstance(properties, dict):
        return ["properties: is no object"]
    shape = PROPERTIES[event]
    found = _object(properties, shape, "properties")
    found += [f"properties.{name}: missing" for name in NEEDED[event] if name not in properties]
    if properties.get("sent_from") != "segrelay":
        found.append("properties.sent_from: is not segrelay")
    if properties.get("userId", message.get("userId")) != message.get("userId"):
        found.append("properties.userId: is not the message's")
    if "checkoutId" in shape and properties.get("checkout_id") != properties.get("checkoutId"):
        found.append("properties.checkoutId: is not checkout_id")
    return found + _rules_of(event, properties)


def _rules_of(event, properties):
    """What one event's properties must be to each other."""
    found = []
    if event in ("Checkout Started", "Checkout Step Completed", "Payment Info Entered"):
        found += _sums_of_checkout(properties)
    if event == "Checkout Started" and properties.get("value") != properties.get("total"):
        found.append("properties.value: is not the total")
    if event in ("Payment Info Entered", "Payment Failure") and properties.get("step") != 3:
        found.append("properties.step: is not 3")
    if event == "Payment Failure" and properties.get("value") != properties.get("amount"):
        found.append("properties.value: is not the amount")
    if event == "Payment Failure" and not ({"order_id", "transaction_id"} <= set(properties)
                                           or {"checkout_id", "error_code"} <= set(properties)):
        found.append("properties: neither of a transaction nor of a checkout")
    if event == "Coupon Applied" and not {"order_id", "checkout_id"} & set(properties):
        found.append("properties: neither order_id nor checkout_id")
    if event in ("Product Added", "Product Removed"):
        found += _sums_of_cart(properties)
    if event in SUBSCRIPTIONS:
        found += _sums_of_subscription(properties)
    if "currency" not in properties and set(properties) & {"total", "value", "amount", "price"}:
        found.append("properties.currency: missing: Segment would take US dollars")
    return found


def _sums_of_checkout(properties):
    if "total" not in properties or "revenue" not in properties:
        return []
    parts = sum(Decimal(properties.get(name, 0)) for name in
                ("revenue", "shipping", "tax", "tip", "duties"))
    if parts != properties["total"]:
        return [f"properties.total: is {properties['total']}, its parts make {parts}"]
    return []


def _sums_of_cart(properties):
    """`value` is that of the products, which are the cart after the change."""
    if "products_truncated" in properties or "value" not in properties:
        return []
    value = sum(product["price"] * product["quantity"] - product.get("discount", 0)
                for product in properties.get("products", [])
                if "price" in product and "quantity" in product)
    if value != properties["value"]:
        return [f"properties.value: is {properties['value']}, the products make {value}"]
    return []


def _sums_of_subscription(properties):
    """Both ids are one; its revenue is price times quantity of its product."""
    if properties.get("subscriptionId") != properties.get("subscription_id"):
        return ["properties.subscription_id: is not subscriptionId"]
    if "subscription_revenue" not in properties or not properties.get("products"):
        return []
    product = properties["products"][0]
    if "price" not in product or "quantity" not in product:
        return []  # one of them could not be read
    value = product["price"] * product["quantity"]
    if value != properties["subscription_revenue"]:
        return [f"properties.subscription_revenue: is {properties['subscription_revenue']}, "
                f"the product makes {value}"]
    return []


def _object(value, shape, path):
    """Each member by its type; members that the catalogue does not name are wrong."""
    if not isinstance(value, dict):
        return [f"{path}: is no object"]
    found = []
    for name, member in value.items():
        where = f"{path}.{name}" if path else name
        if name not in shape:
            found.append(f"{where}: is not in the catalogue")
        elif isinstance(shape[name], dict):
            found += _object(member, shape[name], where)
        elif isinstance(shape[name], list):
            found += _list(member, shape[name][0], where)
        elif shape[name] and shape[name](member):
            found.append(f"{where}: {shape[name](member)}")
    return found


def _list(value, shape, path):
    if not isinstance(value, list):
        return [f"{path}: is no list"]
    return [wrong for index, item in enumerate(value)
            for wrong in _object(item, shape, f"{path}[{index}]")]


def _nothing_empty(value, path):
    """Unknown is left out: no null, "", [], {} anywhere (but traits of whom nothing is known)."""
    if value is None or value == "" or value == [] or (value == {} and path != "traits"):
        return [f"{path}: is {value!r}: leave it out"]
    found = []
    if isinstance(value, dict):
        for name, member in value.items():
            found += _nothing_empty(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _nothing_empty(item, f"{path}[{index}]")
    return found


def _nothing_secret(value, path):
    """No part of a card, a receipt, or a link that opens something, whatever it is called."""
    if isinstance(value, dict):
        return [wrong for name, member in value.items()
                for wrong in _secret(name, f"{path}.{name}") +
                _nothing_secret(member, f"{path}.{name}" if path else name)]
    if isinstance(value, list):
        return [wrong for index, item in enumerate(value)
                for wrong in _nothing_secret(item, f"{path}[{index}]")]
    return _secret(value, path) if isinstance(value, str) else []


def _secret(value, path):
    if SECRET.search(value):
        return [f"{path}: tells of a payment or opens something"]
    is_id = re.search(r"(_id|_ids|[iI]d|numbers?|urls?|order_name)(\[[0-9]+\])?\Z", path)
    if not is_id and any(_is_card_number(found.group()) for found in CARD.finditer(value)):
        return [f"{path}: looks like the number of a card"]
    return []


def _is_card_number(value):
    """By the check digit of ISO/IEC 7812."""
    digits = [int(digit) for digit in value if digit.isdigit()][::-1]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[1::2]]
    return value[0] in "3456" and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def now_text(ahead_seconds=0):
    """The time as Segment writes it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    now += datetime.timedelta(seconds=ahead_seconds)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
