"""Buyers of their own, each with a different way through the shop: what a mixed load is made of.

    for topic, payload in buyer(17, random.Random(1)).webhooks: …

The n-th buyer shares no person, browser, cart, checkout, order or id with any other.
"""

import dataclasses
import datetime
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.journeys import cart, checkout, redact, transaction  # noqa: E402
from tools.shop import (  # noqa: E402
    ALMA, LAMP, LATER, MUG, SHIRT, Discount, Person, cancelled, customer, fulfilment, order, refund)

LINES = (MUG, SHIRT, LAMP)
BEGAN = datetime.datetime(2026, 11, 21, 14, 20)


@dataclasses.dataclass(frozen=True)
class Buyer:
    number: int
    person: Person
    browser_id: str
    webhooks: list  # (topic, payload), in order
    is_forgotten: bool = False


def person_of(number):
    return dataclasses.replace(
        ALMA, id=7300000000000 + 10 * number, first_name=f"Buyer{number}x",
        last_name=f"Of{number}x", email=f"buyer.{number}x@example.com",
        phone=f"+1999{number:07}")


def browser_of(number):
    return f"00000000-aaaa-4bbb-8ccc-{number:012}"


def _time(second):
    return (BEGAN + datetime.timedelta(seconds=second)).isoformat(timespec="milliseconds") + "Z"


def _carts(number, random, shrinks):
    """Snapshots of a cart that changes a line at a time, and only grows unless it `shrinks`."""
    held = {}
    for second in range(random.randint(1, 5)):
        line = random.choice(LINES)
        change = -1 if shrinks and held.get(line) and random.random() < 0.4 else \
            random.randint(1, 3)
        held[line] = held.get(line, 0) + change
        lines = [line.times(quantity) for line, quantity in held.items() if quantity]
        yield ("carts/update" if second else "carts/create",
               cart(lines, number=number, at=_time(second)))


def _checkouts(number, random, **options):
    steps = ["started", "contact", "address", "shipping", "completed"]
    for at, step in enumerate(steps[:random.randint(1, len(steps))]):
        yield ("checkouts/update" if at else "checkouts/create",
               checkout(step, number=number, **options))


def _order(number, random, **options):
    """An order and what may follow it, each now and then."""
    placed = order(number, **options)
    yield "orders/create", placed
    if random.random() < 0.5:
        yield "order_transactions/create", transaction(
            placed, status="failure", error_code="card_declined")
    if random.random() < 0.5:
        yield "orders/paid", placed
    if random.random() < 0.6:
        yield "fulfillments/create", fulfilment(placed)
        if random.random() < 0.5:
            yield "fulfillments/update", fulfilment(
                placed, shipment_status="in_transit", created_at=LATER,
                at="2026-11-22T17:00:00-05:00")
    if random.random() < 0.5:
        yield "refunds/create", refund(placed, {0: 1})
    if random.random() < 0.2:
        yield "orders/cancelled", cancelled(placed)


def buyer(number, random, forgotten=0.04):
    """The n-th buyer; a share of them asks to be forgotten."""
    person, browser_id = person_of(number), browser_of(number)
    lines = random.sample(LINES, random.randint(1, len(LINES)))
    options = {"person": person, "browser_id": browser_id, "lines": lines,
               "discounts": [Discount(10, code="AUTUMN10")] if random.random() < 0.3 else []}
    is_forgotten = random.random() < forgotten
    buys = is_forgotten or random.random() < 0.6
    webhooks = []
    if random.random() < 0.7:
        webhooks += _carts(number, random, shrinks=not buys)
    if random.random() < 0.6:
        webhooks += _checkouts(number, random, **options)
    if buys:
        webhooks += _order(number, random, **options)
    if is_forgotten or random.random() < 0.5:
        webhooks.append(("customers/update", customer(person, updated_at=LATER)))
    if is_forgotten:
        webhooks.append(("customers/redact", redact(person, orders=(number,))))
    return Buyer(number, person, browser_id, webhooks, is_forgotten)
