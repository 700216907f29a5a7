"""A subscriber's life as Shopify and ReCharge tell it, in arrival order and in many others: a checkout,
three renewals, a charge that failed and was recovered, a new card, the last try, the cancellation.

Each thing is told once, and no revenue twice. One of ReCharge's webhooks comes in the old version of
its API where the other comes in the new one, as registrations of both may stand beside each other.
"""

import os
import subprocess
from decimal import Decimal

import pytest
from test_golden import NOW, SEGRELAY, SHOP
from test_journey import KNOWN, PERSON, differences, shuffled_places, tracks
from standin import exact, validate
from tools.journeys import checkout
from tools.recharge import NEW, OLD, charge, customer, order, subscription
from tools.shop import ALMA, MUG, SHIRT, body
from tools.shop import order as shopify_order

SHUFFLES = 160
FIRST = shopify_order(1001, lines=[MUG], created="2026-08-20T10:41:07-04:00",
                      tags="Subscription, Subscription First Order")
ENDED = {"status": "cancelled", "cancelled_at": "2026-11-22T10:19:18Z",
         "at": "2026-11-22T10:19:18Z", "reason": "Max number of charge attempts reached"}


def renewal(number, day, next_charge):
    """What both tell of one: Shopify's order, and ReCharge's charge, order and subscription."""
    at, version, other = f"{day}T05:07:33Z", *((OLD, NEW) if number % 2 else (NEW, OLD))
    placed = shopify_order(2000 + number, lines=[MUG], created=f"{day}T05:07:30+00:00",
                           tags="Subscription, Subscription Recurring Order")
    return [
        ("recharge:charge/paid", charge(version, number=number, scheduled=day, at=at,
                                        shopify_order=placed["id"])),
        ("orders/create", placed),
        ("orders/paid", placed),
        ("recharge:order/processed", order(other, number=number, shopify_number=2000 + number,
                                           at=at)),
        ("recharge:subscription/updated", subscription(version, next_charge=next_charge, at=at)),
    ]


def failure(number, tries, day, **options):
    return charge(NEW if tries % 2 else OLD, number=number, failed=tries, scheduled="2026-10-20",
                  at=f"{day}T05:10:19Z", **options)


LIFE = [
    ("checkouts/create", checkout("shipping", lines=[MUG])),
    ("checkouts/update", checkout("completed", lines=[MUG])),
    ("orders/create", FIRST),
    ("orders/paid", FIRST),
    ("recharge:subscription/created", subscription(NEW)),
    ("recharge:customer/created", customer(NEW, shopify_id=False)),
    ("recharge:charge/created", charge(NEW, number=90, at="2026-08-20T14:42:00Z")),
    ("recharge:order/created", order(OLD, number=90, shopify_number=1001, kind="checkout",
                                     at="2026-08-20T14:42:00Z")),
    *renewal(1, "2026-09-19", "2026-10-19"),
    ("recharge:charge/failed", failure(2, 1, "2026-10-19")),
    ("recharge:customer/payment_method_updated", customer(OLD, at="2026-10-19T18:00:00Z")),
    *renewal(2, "2026-10-20", "2026-11-19"),
    ("recharge:subscription/skipped", subscription(NEW, next_charge="2026-12-19",
                                                   at="2026-10-25T09:00:00Z")),
    ("recharge:subscription/unskipped", subscription(OLD, next_charge="2026-11-19",
                                                     at="2026-10-26T09:00:00Z")),
    *renewal(3, "2026-11-01", "2026-12-01"),
    ("recharge:subscription/updated", subscription(NEW, SHIRT, at="2026-11-02T09:00:00Z")),
    ("recharge:charge/failed", failure(4, 1, "2026-11-19")),
    ("recharge:charge/failed", failure(4, 2, "2026-11-20")),
    ("recharge:charge/max_retries_reached", failure(4, 3, "2026-11-22", closed=True)),
    ("recharge:subscription/cancelled", subscription(OLD, SHIRT, **ENDED)),
    ("recharge:subscription/updated", subscription(NEW, SHIRT, **ENDED)),
    ("recharge:customer/updated", customer(NEW, active=0, at="2026-11-22T10:20:00Z")),
]
# What ReCharge's webhooks tell, in the order of LIFE.
TOLD = [
    "Subscription Created", "Order Processed", "Charge Failed", "Payment Method Updated",
    "Order Processed", "Subscription Updated", "Subscription Updated", "Order Processed",
    "Subscription Updated", "Charge Failed", "Charge Failed", "Charge Max Tries Reached",
    "Subscription Cancelled", "Customer Update",
]
# The only thing that need not be told in another order than LIFE's: a change is known as one when the
# state before it came first (docs/events.md).
CHANGE = "2026-11-02T09:00:00.000Z"
# What ReCharge's bodies do not say themselves depends on what was known when they came.
MAY_DIFFER = {*PERSON, *KNOWN, "properties.email", "properties.order_name"}


@pytest.fixture(scope="module", name="folder")
def fixture_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("life")


@pytest.fixture(scope="module", name="run")
def fixture_run(folder):
    """Maps LIFE's payloads at these places, in that order: the calls."""
    words = []
    for at, (topic, payload) in enumerate(LIFE):
        path = folder / f"{at}.json"
        path.write_bytes(body(payload))
        words.append(f"{topic}={path}")

    def run(places, config=os.path.join(os.path.dirname(__file__), "segrelay.conf")):
        command = [SEGRELAY, "map", "--config", config, "--now", NOW, "--shop", SHOP]
        done = subprocess.run(command + [words[at] for at in places], capture_output=True,
                              text=True, timeout=60, check=True)
        return [exact.loads(line) for line in done.stdout.split("\n")[:-1]]

    return run


@pytest.fixture(scope="module", name="arrived")
def fixture_arrived(run):
    return run(range(len(LIFE)))


def is_of_recharge(call):
    return call.get("event") in TOLD


def test_in_arrival_order(arrived):
    assert [call["event"] for call in arrived if is_of_recharge(call)] == TOLD
    assert len([call for call in arrived if call.get("event") == "Order Completed"]) == 4


def test_all_in_one_profile(arrived):
    assert {call.get("userId") for call in arrived if is_of_recharge(call)} == {str(ALMA.id)}
    assert {call["properties"]["email"] for call in arrived if is_of_recharge(call)} == {ALMA.email}


def test_a_renewal_is_one_order_with_one_revenue(arrived):
    completed = [call["properties"] for call in arrived if call.get("event") == "Order Completed"]
    processed = [call["properties"] for call in arrived if call.get("event") == "Order Processed"]
    assert [each["order_id"] for each in processed] == [each["order_id"] for each in completed[1:]]
    assert all("total" in each for each in processed)
    assert money_of(arrived) == sum(Decimal(each["revenue"]) for each in completed)


def money_of(calls):
    """All that is told as revenue; checkouts' is not received yet."""
    return sum(Decimal(call["properties"].get("revenue", 0)) + Decimal(
        call["properties"].get("value", 0)) for call in calls
        if call["type"] == "track" and not call["event"].startswith(("Checkout", "Payment Info")))


def names(calls):
    """Of all that must be told."""
    return {id: call["event"] for id, call in tracks(calls).items()
            if call["event"] != "Subscription Updated" or call["timestamp"] != CHANGE}


def test_in_any_order(run, arrived):
    for seed in range(SHUFFLES):
        places = shuffled_places(seed, len(LIFE))
        calls = run(places)
        told = f"seed {seed}: " + ", ".join(f"{at}:{LIFE[at][0]}" for at in places)
        assert names(calls) == names(arrived), told
        assert set(tracks(calls)) <= set(tracks(arrived)), told
        assert len({call["messageId"] for call in calls}) == len(calls), told
        assert money_of(calls) == money_of(arrived), told
        assert {call.get("userId") for call in calls if is_of_recharge(call)} == {str(ALMA.id)}
        assert {path for event, path in differences(calls, arrived)
                if event in TOLD} <= MAY_DIFFER, told
        assert [wrong for call in calls for wrong in validate.problems(call, NOW)] == [], told


def test_a_cancellation_for_want_of_payment_is_one_in_any_order(run, folder):
    """With cancel_on_max_retries the last try tells it, or the subscription: whichever is first."""
    config = folder / "segrelay.conf"
    config.write_text(f"""destination "golden" {{
        write_key = "goldengoldengoldengoldengoldengo"
    }}
    shop "{SHOP}" {{
        secrets = {{"shpss_golden"}}
        recharge_currency = "USD"
        cancel_on_max_retries = yes
    }}""")
    for seed in range(SHUFFLES // 4):
        calls = run(shuffled_places(seed, len(LIFE)), str(config))
        events = [call.get("event") for call in calls]
        assert events.count("Subscription Cancelled") == 1, seed


@pytest.mark.parametrize("place", range(len(LIFE)), ids=lambda at: f"{at}:{LIFE[at][0]}")
def test_once_more_at_the_end(run, arrived, place):
    assert tracks(run([*range(len(LIFE)), place])) == tracks(arrived)
