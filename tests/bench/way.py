"""A mixed load for the benchmarks: one template for each webhook of a buyer's way.

The load replaces the markers in them: of numbers by a number, of tokens by what looks as random as
Shopify's tokens.
"""

import dataclasses
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tools import shop as shops  # noqa: E402
from tools.journeys import cart, checkout  # noqa: E402
from tools.shop import (  # noqa: E402
    ALMA, LAMP, LATER, MARKER, MUG, SHIRT, customer, fulfilment, order, refund)

TOKEN = "7070707070707070"  # 16 digits of hex
CART, CHECKOUT = f"hWN{TOKEN}", f"c{TOKEN}"


def payloads():
    """(topic, payload) of all, in order."""
    person = dataclasses.replace(ALMA, id=MARKER, email=f"buyer.{MARKER}@example.com")
    who = {"person": person, "browser_id": f"b{TOKEN}"}
    placed = order(id=MARKER, cart_token=CART, checkout_token=CHECKOUT, **who)
    tokens = {"token": CHECKOUT, "cart_token": CART}
    return [
        ("carts/create", cart([MUG], token=CART)),
        ("carts/update", cart([MUG, SHIRT, LAMP], token=CART, at="2026-11-21T14:21:00.000Z")),
        ("checkouts/create", checkout("started", **who) | tokens),
        ("checkouts/update", checkout("shipping", **who) | tokens),
        ("orders/create", placed),
        ("fulfillments/create", fulfilment(placed)),
        ("refunds/create", refund(placed, {0: 1}, id=MARKER)),
        ("customers/update", customer(person, updated_at=LATER)),
    ]


def write(directory, topics=None):
    """Writes the templates; what `load` takes for them."""
    words = []
    for topic, payload in payloads():
        if topics is None or topic in topics:
            path = directory / f"{topic.replace('/', '__')}.json"
            path.write_bytes(shops.body(payload))
            words.append(f"{topic}={path}")
    return ",".join(words)
