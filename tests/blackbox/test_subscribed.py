"""A subscriber's life through a running relay: signed as Shopify and ReCharge do, told once, in one profile."""

import random
from decimal import Decimal

import pytest
from tools import recharge, recharge_signing
from tools.recharge import NEW, OLD
from tools.shop import ALMA
from tools.subscriber import LIFE, TOLD

OPTIONS = ('recharge_currency = "USD"\n recharge_identity_wait = 1h\n recharge_secrets = {"%s", "%s"}'
           % recharge_signing.SECRETS)


def post(relay, topic, payload, **signing):
    if topic.startswith("recharge:"):
        return relay.post_recharge(topic.split(":", 1)[1], payload, **signing).status
    return relay.post(topic, payload).status


def events(segment, name):
    return [message for message in segment.unique() if message.get("event") == name]


@pytest.mark.threads
def test_in_order_with_a_crash_and_all_of_it_again(make_relay, segment):
    relay = make_relay(shop_options=OPTIONS)
    for at, (topic, payload) in enumerate(LIFE):
        assert post(relay, topic, payload, scheme="legacy" if at < 10 else "v1") == 200, topic
        if at == len(LIFE) // 2:
            relay.kill()
            relay.start()
    for topic, payload in LIFE:
        assert post(relay, topic, payload) == 200, topic
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    told = [message for message in segment.unique() if message.get("event") in TOLD]
    assert sorted(message["event"] for message in told) == sorted(TOLD)
    assert {message["userId"] for message in told} == {str(ALMA.id)}


def test_in_any_order(make_relay, segment):
    relay = make_relay(shop_options=OPTIONS)
    life = list(LIFE)
    random.Random(6).shuffle(life)
    for topic, payload in life:
        assert post(relay, topic, payload) == 200, topic
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    names = [message["event"] for message in segment.unique() if message.get("event") in TOLD]
    # the one change of a line is known as one only when the state before it came first
    assert sorted(names) in (sorted(TOLD), sorted([*TOLD[:5], *TOLD[6:]]))
    completed = events(segment, "Order Completed")
    assert len(completed) == 4
    assert all("revenue" not in message["properties"] for message in events(segment, "Order Processed"))
    assert sum(message["properties"]["revenue"] for message in completed) == \
        sum(Decimal(payload["subtotal_price"]) for topic, payload in LIFE if topic == "orders/create")


def test_a_subscriber_without_shopify_s_id_is_waited_for(make_relay, segment):
    """Over a restart, until a body names the id."""
    relay = make_relay(shop_options=OPTIONS)
    assert post(relay, "recharge:subscription/created", recharge.subscription(NEW)) == 200
    relay.restart()
    assert segment.unique() == []
    assert post(relay, "recharge:customer/created", recharge.customer(NEW)) == 200
    assert segment.wait_for(1, "Subscription Created")[0]["userId"] == str(ALMA.id)


def test_then_told_under_a_made_up_id_when_it_does_not_come(make_relay, segment):
    relay = make_relay(shop_options=OPTIONS.replace("1h", "500ms"))
    assert post(relay, "recharge:subscription/created", recharge.subscription(OLD)) == 200
    told = segment.wait_for(1, "Subscription Created")[0]
    assert "userId" not in told and told["anonymousId"]


@pytest.mark.parametrize("topic, payload", [
    ("subscription/created", recharge.charge(NEW)), ("charge/failed", recharge.subscription(NEW)),
    ("subscription/created", []), ("order/processed", {"order": {"id": "x"}})])
def test_a_body_that_its_topic_contradicts_is_set_aside(make_relay, topic, payload):
    relay = make_relay(shop_options=OPTIONS)
    assert post(relay, f"recharge:{topic}", payload) == 200
    assert relay.topic(f"recharge:{topic}")["dead"] == 1
    assert relay.said("delivery moved to dead letters")
