"""One buyer's whole way, in arrival order and in many others: what is told does not depend on it.

Webhooks overtake each other and come again. Whatever the order, the same things are told, once
each, and say the same, but for what is written down in MAY_DIFFER.
"""

import os
import random
import subprocess

import pytest
from test_golden import NOW, SEGRELAY, SHOP
from standin import exact, validate
from tools.journeys import cart, checkout, transaction
from tools.shop import (
    LATER, MUG, SHIRT, Discount, body, cancelled, fulfilment, order, refund)

SHUFFLES = 240
CODE = [Discount(10, code="AUTUMN10")]
PLACED = order(discounts=CODE)
DELIVERED = "2026-11-22T20:30:00-05:00"

# As they come when all goes well.
JOURNEY = [
    ("carts/create", cart([MUG.times(1)])),
    ("carts/update", cart([MUG], at="2026-11-21T14:21:00.000Z")),
    ("carts/update", cart([MUG, SHIRT], at="2026-11-21T14:22:00.000Z")),
    ("carts/update", cart([MUG, SHIRT], at="2026-11-21T14:23:00.000Z", note="Ring twice")),
    ("checkouts/create", checkout("started", discounts=CODE)),
    ("checkouts/update", checkout("contact", discounts=CODE)),
    ("checkouts/update", checkout("address", discounts=CODE)),
    ("checkouts/update", checkout("shipping", discounts=CODE)),
    ("checkouts/update", checkout("completed", discounts=CODE)),
    ("orders/create", PLACED | {"financial_status": "pending"}),
    ("order_transactions/create", transaction(
        PLACED, status="failure", error_code="card_declined", message="The card was declined.")),
    ("order_transactions/create", transaction(PLACED, number=2)),
    ("orders/paid", PLACED),
    ("fulfillments/create", fulfilment(PLACED)),
    ("fulfillments/update", fulfilment(PLACED, shipment_status="delivered",
                                       created_at=LATER, at=DELIVERED)),
    ("refunds/create", refund(PLACED, {0: 1}, at="2026-11-22T21:00:00-05:00")),
    ("orders/cancelled", cancelled(PLACED, at="2026-11-22T21:30:00-05:00")),
]
# Every track call that this journey is told with, in the order of JOURNEY. Carts rest at the end.
TOLD = [
    "Checkout Started", "Checkout Step Completed", "Coupon Applied", "Checkout Step Completed",
    "Payment Info Entered", "Checkout Step Completed", "Coupon Applied", "Order Completed",
    "Payment Failure", "Fulfilment Update", "Fulfilment Update", "Order Refunded",
    "Order Cancelled", "Product Added", "Product Added",
]

# What a message says of the person when its own payload does not.
KNOWN = ["context.traits", "context.Google Analytics", "integrations"]
PERSON = ["userId", "anonymousId", "context.externalIds", *KNOWN]
# A checkout's step is told of the payload that showed it first: a later one, or the order.
SUMS = ["properties." + name for name in
        ("shipping", "tax", "total", "presentment_total", "shipping_method", "payment_method")]
BY_THE_ORDER = ["timestamp", "context.ip", "context.uip", "context.userAgent"] + [
    "properties." + name for name in ("order_id", "order_name", "affiliation", "products")]
# event → what may differ, why; nothing of another event may
MAY_DIFFER = {
    "Checkout Started": (
        ["userId", "context.externalIds", "properties.email", "properties.userId",
         "properties.value", *KNOWN, *SUMS],
        "told of the first payload seen, which may know the buyer; its time is created_at"),
    "Checkout Step Completed": (
        [*KNOWN, *SUMS, *BY_THE_ORDER], "told of the first payload that is so far"),
    "Payment Info Entered": (
        [*KNOWN, *SUMS, *BY_THE_ORDER], "told with the third step, so of what showed that"),
    "Coupon Applied": (
        ["timestamp", *KNOWN], "told with the step that the checkout was first seen at"),
    "Payment Failure": (
        [*PERSON, "properties.email", "properties.order_name", "properties.checkout_id",
         "properties.checkoutId"], "a transaction names the order's id alone"),
    "Order Refunded": (
        [*PERSON, "properties.email", "properties.order_name", "properties.affiliation",
         "properties.coupon", "properties.order_total", "properties.full_refund"],
        "a refund names the order's id alone"),
    "Fulfilment Update": (PERSON, "a fulfilment names the order's id, and an e-mail"),
}


@pytest.fixture(scope="module", name="run")
def fixture_run(tmp_path_factory):
    """Maps the journey's payloads at these places, in that order: the calls."""
    folder = tmp_path_factory.mktemp("journey")
    words = []
    for at, (topic, payload) in enumerate(JOURNEY):
        path = folder / f"{at}.json"
        path.write_bytes(body(payload))
        words.append(f"{topic}={path}")
    config = os.path.join(os.path.dirname(__file__), "segrelay.conf")
    command = [SEGRELAY, "map", "--config", config, "--now", NOW, "--shop", SHOP]

    def run(places):
        done = subprocess.run(command + [words[at] for at in places], capture_output=True,
                              text=True, timeout=60, check=True)
        return [exact.loads(line) for line in done.stdout.split("\n")[:-1]]

    return run


@pytest.fixture(scope="module", name="arrived")
def fixture_arrived(run):
    return run(range(len(JOURNEY)))


def tracks(calls):
    return {call["messageId"]: call for call in calls if call["type"] == "track"}


def parts_of(call):
    """Each member by its path; context and properties by their members."""
    parts = {}
    for name, value in call.items():
        if name in ("context", "properties"):
            parts |= {f"{name}.{inner}": member for inner, member in value.items()}
        else:
            parts[name] = value
    return parts


def differences(calls, arrived):
    """(event, path) of all that a track call says otherwise than in arrival order."""
    expected = tracks(arrived)
    found = set()
    for id, call in tracks(calls).items():
        one, other = parts_of(call), parts_of(expected[id])
        found |= {(call["event"], path) for path in {*one, *other}
                  if one.get(path) != other.get(path)}
    return found


ALLOWED = {(event, path) for event, (paths, _) in MAY_DIFFER.items() for path in paths}


def shuffled_places(seed, count):
    """So many places in a random order, a third of them twice; every other almost in order."""
    draw = random.Random(seed)
    places = list(range(count))
    places += draw.sample(places, len(places) // 3)
    if seed % 2:
        return sorted(places, key=lambda at: at + draw.uniform(0, 5))
    draw.shuffle(places)
    return places


def test_in_arrival_order(arrived):
    assert [call["event"] for call in arrived if call["type"] == "track"] == TOLD
    assert len(tracks(arrived)) == len(TOLD)


def test_the_cart_tells_its_last_lines(arrived):
    added = [call["properties"] for call in arrived if call.get("event") == "Product Added"]
    assert [(each["sku"], each["quantity"].text) for each in added] == [
        ("MUG-FG", "2"), ("MER-M-SL", "1")]
    assert {each["value"].text for each in added} == {"125.50"}


def test_one_order_and_one_checkout(arrived):
    properties = [call.get("properties", {}) for call in arrived]
    assert {each["order_id"] for each in properties if "order_id" in each} == {str(PLACED["id"])}
    assert {each["checkout_id"] for each in properties if "checkout_id" in each} == {
        PLACED["checkout_token"]}
    assert {each["cart_id"] for each in properties if "cart_id" in each} == {PLACED["cart_token"]}
    assert [each["step"].text for each in properties if "step" in each and "total" in each] == [
        "1", "2", "3", "3"]


def check(calls, arrived):
    """The same things told, saying the same; one alias before all that names the user."""
    expected, told = tracks(arrived), tracks(calls)
    assert sorted(expected[id]["event"] for id in set(expected) - set(told)) == []
    assert sorted(told[id]["event"] for id in set(told) - set(expected)) == []
    assert len({call["messageId"] for call in calls}) == len(calls)
    assert sorted(differences(calls, arrived) - ALLOWED) == []
    aliases = [call for call in calls if call["type"] == "alias"]
    assert [call["messageId"] for call in aliases] == [
        call["messageId"] for call in arrived if call["type"] == "alias"]
    users = [call["type"] for call in calls if "userId" in call]
    assert users[:2] == ["alias", "identify"]
    assert [wrong for call in calls for wrong in validate.problems(call, NOW)] == []


def test_in_any_order(run, arrived):
    found = set()
    for seed in range(SHUFFLES):
        places = shuffled_places(seed, len(JOURNEY))
        calls = run(places)
        try:
            check(calls, arrived)
        except AssertionError as error:
            words = ", ".join(f"{at}:{JOURNEY[at][0]}" for at in places)
            raise AssertionError(f"seed {seed}: {words}\n{error}") from error
        found |= differences(calls, arrived)
    assert sorted(ALLOWED - found) == [], "MAY_DIFFER allows what never differs"


@pytest.mark.parametrize("place", range(len(JOURNEY)), ids=lambda at: f"{at}:{JOURNEY[at][0]}")
def test_once_more_at_the_end(run, arrived, place):
    """What comes again says nothing new, and changes nothing of what is told."""
    assert tracks(run([*range(len(JOURNEY)), place])) == tracks(arrived)
