"""A subscriber's life (tools/subscriber.py) in arrival order and in many others: each thing is told once, and
no revenue twice.
"""

import os
import subprocess
from decimal import Decimal

import pytest
from test_golden import NOW, SEGRELAY, SHOP
from test_journey import KNOWN, PERSON, differences, shuffled_places, tracks
from standin import exact, validate
from tools.shop import ALMA, body
from tools.subscriber import LIFE, TOLD

SHUFFLES = 160
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
