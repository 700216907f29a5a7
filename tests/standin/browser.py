"""The rules of the calls that come from browsers: analytics.js' envelope, and the catalogue's device-mode events.

`problems(message)` names everything that is wrong with one call, as validate.problems does for the relay's.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from standin.validate import amount, count, currency, shape_problems, shopify_id, text, token, truth

PATHS = {"/v1/t": "track", "/v1/p": "page", "/v1/i": "identify", "/v1/a": "alias", "/v1/g": "group"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
SECRET_PARAMETERS = {"key", "token", "email", "phone", "code", "hmac", "signature"}


def web_address(value):
    return text(value) or (None if re.match(r"https?://[^\s]+\Z", value) else "is no absolute address")


def secure_address(value):
    return text(value) or (None if re.match(r"https://[^\s]+\Z", value) else "is no https address")


def sent_from(value):
    return None if value == "segrelay storefront" else "is not segrelay storefront"


def position(value):
    return count(value) or (None if value >= 1 else "is below 1")


EVERY = {"sent_from": sent_from, "email": text}
PRODUCT = {
    "product_id": shopify_id, "shopify_product_id": shopify_id, "variant_id": shopify_id, "shopify_variant_id": shopify_id,
    "sku": text, "name": text, "variant": text, "brand": text, "category": text, "price": amount,
    "compare_at_price": amount, "currency": currency, "url": web_address, "image_url": secure_address,
}
PLACE = {"list_id": text, "list_name": text, "list_position": position, "position": position}
PROPERTIES = {
    "Product List Viewed": EVERY | {"list_id": text, "list_name": text, "currency": currency,
                                    "products": [PRODUCT | {"position": position}]},
    "Product Clicked": EVERY | PRODUCT | PLACE,
    "Product Viewed": EVERY | PRODUCT | PLACE,
    "Product Image Clicked": EVERY | PRODUCT,
    "Product Shared": EVERY | PRODUCT | {"share_via": text},
    "Products Searched": EVERY | {"query": text},
    "Cart Viewed": EVERY | {"cart_id": token, "currency": currency, "value": amount,
                            "products": [PRODUCT | {"position": position, "quantity": position}],
                            "products_truncated": truth, "products_count": count},
    "Registration Viewed": EVERY,
    "Registration Completed": EVERY,
    "Blog Viewed": EVERY,
}
NEEDED = {
    "Product List Viewed": ["list_id", "products", "currency"],
    "Product Clicked": ["product_id", "list_id", "position", "price", "currency"],
    "Product Viewed": ["product_id", "price", "currency"],
    "Product Image Clicked": ["product_id", "image_url"], "Product Shared": ["product_id", "share_via"],
    "Products Searched": ["query"],
}
TRAITS = {"email": text, "phone": text, "firstName": text, "lastName": text,
          "address": {"street": text, "city": text, "state": text, "postalCode": text, "country": text}}


def problems(path, message):
    """Everything wrong with one call that was posted to a path."""
    found = []
    kind = message.get("type")
    if PATHS.get(path) != kind:
        found.append(f"type: {kind} was posted to {path}")
    if not UUID.match(str(message.get("anonymousId", ""))):
        found.append("anonymousId: is no UUID")
    if not message.get("messageId"):
        found.append("messageId: missing")
    found += _context(message.get("context", {}))
    properties = message.get("properties", {})
    if kind == "identify":
        found += shape_problems(message.get("traits", {}), TRAITS, "traits")
    if kind == "page" and properties.get("sent_from") != "segrelay storefront":
        found.append("properties.sent_from: is not segrelay storefront")
    if kind == "track":
        found += _track(message["event"], properties)
    return found


def _track(event, properties):
    if event not in PROPERTIES:
        return [f"event: {event} is not in the catalogue"]
    found = shape_problems(properties, PROPERTIES[event], "properties")
    found += [f"properties.{name}: missing" for name in ["sent_from"] + NEEDED.get(event, [])
              if name not in properties]
    if len(properties.get("products", [])) > 20 and event == "Product List Viewed":
        found.append("properties.products: are more than 20")
    return [f"{event}: {wrong}" for wrong in found]


def _context(context):
    found = []
    if context.get("integration", {}).get("name") != "shopify_segrelay":
        found.append("context.integration: is not shopify_segrelay")
    if "consent" in context and not context["consent"].get("categoryPreferences"):
        found.append("context.consent: says nothing")
    page = context.get("page", {})
    for name in ("url", "referrer"):
        query = dict(parse_qsl(urlsplit(page.get(name, "")).query))
        if SECRET_PARAMETERS & set(query) or any("@" in value for value in query.values()):
            found.append(f"context.page.{name}: {page[name]} carries what opens or names")
    return found
