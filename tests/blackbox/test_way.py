"""The whole way of a webhook to Segment, and what is told once."""

import pathlib
import re
import time

import pytest
from conftest import MAIN_KEY, OTHER_KEY
from standin.validate import now_text
from tools import shop as shops
from tools.recharge import attempt, contract
from tools.shop import ALMA, AURORA, FJORD, NILS, cancelled, customer, fulfilment, order, refund

pytestmark = pytest.mark.threads


def test_an_order_with_all_that_follows(make_relay, segment):
    relay = make_relay(in_order=True)
    placed = order(tags="autumn")
    for topic, payload in (("orders/create", placed), ("fulfillments/create", fulfilment(placed)),
                           ("refunds/create", refund(placed, {0: 1})),
                           ("orders/cancelled", cancelled(placed)),
                           ("customers/enable", customer(state="enabled"))):
        assert relay.post(topic, payload).status == 200
    told = segment.wait_for(10)
    assert [message.get("event", "identify") for message in told] == [
        "identify", "Order Completed", "identify", "Fulfilment Update", "identify",
        "Order Refunded", "identify", "Order Cancelled", "identify", "Customer Enabled"]
    completed = segment.events("Order Completed")[0]
    assert completed["properties"]["total"].text == placed["total_price"]
    assert completed["properties"]["affiliation"] == "autumn"
    assert {message["userId"] for message in told} == {"7106345812043"}
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert relay.destination()["sent"] == 10


def test_a_contract_is_known_after_a_restart(make_relay, segment):
    relay = make_relay(in_order=True)
    posted = [("subscription_contracts/create", contract()),
              ("subscription_contracts/update", contract(every=8, revision=2)),
              ("subscription_contracts/update", contract(every=8, revision=3)),
              ("subscription_billing_attempts/failure", attempt(error="insufficient_funds")),
              ("subscription_contracts/cancel", contract(status="cancelled", revision=4)),
              ("subscription_contracts/update", contract(status="cancelled", revision=5))]
    for topic, payload in posted:
        assert relay.post(topic, payload).status == 200
        relay.restart()
    told = segment.wait_for(8)
    assert [message["event"] for message in told if message["type"] == "track"] == [
        "Subscription Created", "Subscription Updated", "Charge Failed", "Subscription Cancelled"]
    assert {message["userId"] for message in told} == {str(ALMA.id)}
    assert segment.events("Charge Failed")[0]["properties"]["error_type"] == "INSUFFICIENT_FUNDS"


def test_an_identify_is_in_the_batch_of_its_event(relay, segment):
    for number in range(1, 30):
        relay.post("orders/create", order(1000 + number))
    segment.wait_for(58)
    for request in segment.requests:
        for before, after in zip(request.messages, request.messages[1:] + [None]):
            if before["type"] == "identify":
                assert after is not None and after["event"] == "Order Completed"


@pytest.mark.parametrize("again", ["same delivery", "new webhook id", "overlapping topics"])
def test_what_comes_again_is_told_once(relay, segment, again):
    # of now: orders/updated speaks of orders of the last two days only
    placed = order(created=now_text())
    headers = {"X-Shopify-Webhook-Id": "1"} if again == "same delivery" else {}
    topics = ["orders/create"] * 3
    if again == "overlapping topics":
        topics = ["orders/paid", "orders/create", "orders/updated"]
    for topic in topics:
        assert relay.post(topic, placed, headers=headers).status == 200
    segment.wait_for(2)
    relay.post("customers/update", customer())
    segment.wait_for(3)
    assert len(segment.messages) == 3
    assert sum(topic["repeated"] for topic in relay.status()["topics"]) == 2


def test_what_was_told_stays_told_after_a_restart(relay, segment):
    relay.post("orders/create", order())
    segment.wait_for(2)
    relay.restart()
    relay.post("orders/paid", order())
    relay.post("orders/create", order(1002))
    segment.wait_for(4)
    assert segment.repetitions() == 0
    assert len(segment.messages) == 4


def test_two_shops_and_two_destinations(make_relay, segment, other_segment):
    one = "batches_in_flight = 1"  # so that they arrive in order
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, one),
                                     "other": (OTHER_KEY, other_segment.url, f"{one} gzip = yes")})
    relay.post("orders/create", order(1001))
    relay.post("orders/create", order(2001, shop=FJORD, person=NILS), shop=FJORD)
    first, second = segment.wait_for(4), other_segment.wait_for(4)
    assert {m["messageId"] for m in first}.isdisjoint(m["messageId"] for m in second)
    assert [m.get("event") for m in first] == [m.get("event") for m in second]
    assert {m.write_key for m in first} == {MAIN_KEY}
    assert {m.write_key for m in second} == {OTHER_KEY}


def test_a_secret_opens_only_its_shop(relay):
    body = shops.body(order())
    answer = relay.post("orders/create", body, shop=FJORD,
                        headers={"X-Shopify-Shop-Domain": AURORA.domain})
    assert answer.status == 401


def test_messages_wait_for_each_other(make_relay, segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, 'batch_wait = "700ms"')})
    began = time.monotonic()
    for number in range(10):
        relay.post("orders/create", order(1000 + number))
    ended = time.monotonic()
    segment.wait_for(20)
    assert len(segment.requests) <= 1 + (ended - began) / 0.7


def test_the_counters_balance(relay, segment):
    relay.post("orders/create", order())
    relay.post("orders/create", order())
    relay.post("orders/create", b"{broken")
    relay.post("shop/update", {"id": 1})
    segment.wait_for(2)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert relay.metric("segrelay_counters_balanced") == 1
    labels = f'{{shop="{AURORA.domain}",topic="orders/create",result='
    assert [relay.metric(f'segrelay_deliveries_total{labels}"{result}"}}') for result in
            ("received", "repeated", "ignored", "mapped", "dead")] == [3, 1, 0, 1, 1]
    assert relay.metric("segrelay_dead_letters") == 1
    assert relay.metric('segrelay_messages_total{destination="main",result="sent"}') == 2


def test_a_topic_that_nothing_is_told_of(relay, segment):
    assert relay.post("shop/update", {"id": 90001, "name": "Aurora"}).status == 200
    relay.wait(lambda: "topic has no mapping" in relay.log())
    assert "topic=shop/update" in relay.log()
    assert segment.messages == []


def test_whatever_a_destination_is_called_the_metrics_can_be_read(make_relay, segment):
    relay = make_relay(destinations={r'the \"first\" \\ one': (MAIN_KEY, segment.url, "")})
    relay.post("orders/create", order())
    segment.wait_for(2)
    sample = r'[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? -?[\d.]+'
    lines = relay.get("/metrics").body.decode().splitlines()
    assert [line for line in lines if not line.startswith("# ") and not re.fullmatch(sample, line)] == []
    assert relay.metric(r'segrelay_messages_total{destination="the \"first\" \\ one",result="queued"}') == 2


def test_the_metrics_that_are_spoken_of_are_there(relay, segment):
    relay.post("orders/create", order())
    segment.wait_for(2)
    there = set(re.findall(r"^# TYPE (\S+)", relay.get("/metrics").body.decode(), re.M))
    root = pathlib.Path(__file__).parents[2]
    pages = "".join(path.read_text(encoding="utf-8") for path in [*root.glob("*.md"), *root.glob("docs/*.md")])
    named = set(re.findall(r"`(segrelay_\w+)`", pages))
    assert "segrelay_dead_letters" in named and named - there == set()
