"""Both versions of ReCharge's API tell the same: the same names, and the same values."""

import os
import subprocess

import pytest
from test_golden import NOW, SEGRELAY, SHOP
from standin import exact, validate
from tools.recharge import NEW, OLD, charge, customer, order, subscription, with_customer
from tools.shop import LAMP, MUG, SHIRT, body

CANCELLED = {"status": "cancelled", "cancelled_at": "2026-11-22T10:19:18Z",
             "at": "2026-11-22T10:19:18Z", "reason": "Too much coffee"}
SUMMER = {"created": "2026-07-04T03:30:00Z", "next_charge": "2026-12-01"}


def subscribed(version, *words, **options):
    return with_customer(subscription(version, *words, **options), customer(version))


# event → the webhooks that tell it, by the version
WEBHOOKS = {
    "Subscription Created": lambda v: [
        ("subscription/created", subscribed(v)),
        ("subscription/created", subscribed(v, SHIRT, 2, unit="month", every=2, **SUMMER)),
        ("subscription/created", subscribed(v, LAMP, 3, every=30, charge_every=90))],
    "Subscription Updated": lambda v: [
        ("subscription/created", subscribed(v)),
        ("subscription/updated", subscribed(v, MUG.times(3), at="2026-11-21T18:22:10Z")),
        ("subscription/paused", subscribed(v, MUG.times(3), at="2026-11-21T18:23:10Z"))],
    "Subscription Cancelled": lambda v: [("subscription/cancelled", subscribed(v, **CANCELLED))],
    "Order Processed": lambda v: [
        ("customer/created", customer(v)),
        ("order/processed", order(v, [MUG, SHIRT], code="SAVE5", discount="5.00")),
        ("order/processed", order(v, [LAMP], 2, prepaid=True))],
    "Charge Failed": lambda v: [
        ("customer/created", customer(v)),
        ("charge/failed", charge(v, [MUG, SHIRT], failed=1, code="SAVE5", discount="5.00")),
        ("charge/failed", charge(v, failed=2, error="INVALID_DISCOUNT"))],
    "Charge Max Tries Reached": lambda v: [
        ("customer/created", customer(v)),
        ("charge/max_retries_reached", charge(v, failed=6, closed=True))],
    "Payment Method Updated": lambda v: [
        ("customer/payment_method_updated", customer(v, valid=False, dunning=True))],
    "Customer Update": lambda v: [("customer/updated", customer(v, active=2, total=3))],
}
# What one of them does not say; everything else is the same.
ONLY_OLD = {"brand", "payment_method", "address"}  # payment_method: of a customer alone
ONLY_NEW = {"order_name"}


def told(tmp_path, version, event):
    words = []
    for at, (topic, payload) in enumerate(WEBHOOKS[event](version)):
        path = tmp_path / f"{version}.{at}.json"
        path.write_bytes(body(payload))
        words.append(f"recharge:{topic}={path}")
    config = os.path.join(os.path.dirname(__file__), "segrelay.conf")
    done = subprocess.run([SEGRELAY, "map", "--config", config, "--now", NOW, "--shop", SHOP, *words],
                          capture_output=True, text=True, timeout=60, check=True)
    return [exact.loads(line) for line in done.stdout.split("\n")[:-1]]


def without(value, names):
    if isinstance(value, dict):
        return {name: without(member, names) for name, member in value.items() if name not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def names_in(value):
    if isinstance(value, dict):
        return set(value) | {name for member in value.values() for name in names_in(member)}
    return {name for item in value for name in names_in(item)} if isinstance(value, list) else set()


@pytest.mark.parametrize("event", sorted(WEBHOOKS))
def test_both_versions_tell_the_same(tmp_path, event):
    old, new = told(tmp_path, OLD, event), told(tmp_path, NEW, event)
    assert event in {call.get("event") for call in old}
    kept = ONLY_OLD - ({"payment_method"} if "payment_method" in names_in(new) else set())
    assert without(old, kept) == without(new, ONLY_NEW)
    assert names_in(new) - names_in(old) <= ONLY_NEW
    assert [wrong for call in old + new for wrong in validate.problems(call, NOW)] == []


def test_each_subscription_event_is_here():
    assert set(WEBHOOKS) <= set(validate.PROPERTIES)
    assert len(WEBHOOKS) == 8
