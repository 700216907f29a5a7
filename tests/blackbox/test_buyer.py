"""A buyer's whole way through a running relay, from the cart to the cancelled order, told once."""

import random
import time
from decimal import Decimal

import pytest
from conftest import signed_headers
from tools import shop as shops
from tools.journeys import cart, checkout, product, transaction
from tools.shop import (
    ALMA, BROWSER_ID, LATER, LAMP, MUG, SHIRT, Discount, cancelled, fulfilment, order, refund)

CODE = [Discount(10, code="AUTUMN10")]
AT_ONCE = 'cart_settle = "1s"'
RESTS = 'cart_settle = "4s"'  # where the test must have done more before that


def after_the_cart(browser_id):
    """What comes once the cart is filled, with the events that each webhook is told as."""
    placed = order(discounts=CODE, browser_id=browser_id)
    steps = {step: checkout(step, discounts=CODE, browser_id=browser_id)
             for step in ("started", "contact", "address", "shipping", "completed")}
    return [
        ("checkouts/create", steps["started"], ["Checkout Started"]),
        ("checkouts/update", steps["contact"], ["Checkout Step Completed", "Coupon Applied"]),
        ("checkouts/update", steps["address"], []),
        ("checkouts/update", steps["shipping"], ["Checkout Step Completed"]),
        ("checkouts/update", steps["completed"],
         ["Payment Info Entered", "Checkout Step Completed"]),
        ("orders/create", placed | {"financial_status": "pending"},
         ["Coupon Applied", "Order Completed"]),
        ("order_transactions/create",
         transaction(placed, status="failure", error_code="card_declined"), ["Payment Failure"]),
        ("order_transactions/create", transaction(placed, number=2), []),
        ("orders/paid", placed, []),
        ("fulfillments/create", fulfilment(placed), ["Fulfilment Update"]),
        ("fulfillments/update", fulfilment(placed, shipment_status="in_transit", created_at=LATER,
                                           at="2026-11-22T17:00:00-05:00"), ["Fulfilment Update"]),
        ("refunds/create", refund(placed, {0: 1}), ["Order Refunded"]),
        ("orders/cancelled", cancelled(placed), ["Order Cancelled"]),
    ]


@pytest.fixture(name="post")
def fixture_post(tmp_path):
    """Posts with the verb, as somebody who tries the relay does."""
    def post(relay, topic, payload):
        path = tmp_path / "payload.json"
        path.write_bytes(shops.body(payload))
        relay.run("post", "--shop", shops.AURORA.domain, "--topic", topic, str(path))
    return post


def names(messages):
    return [message["event"] for message in messages if message["type"] == "track"]


def one_person(messages):
    """Whether userIds and anonymousIds hang together, by calls that carry two of them."""
    groups = []
    for message in messages:
        ids = {(name[:4], message[name]) for name in ("userId", "anonymousId") if name in message}
        if message["type"] == "alias":
            ids.add(("anon", message["previousId"]))
        joined = set(ids).union(*(group for group in groups if group & ids))
        groups = [group for group in groups if not group & ids] + [joined]
    return len(groups) == 1


def counted(segment, number):
    """Waits for so many track calls."""
    segment.wait(lambda: len(names(segment.unique())) >= number)


@pytest.mark.long(14)
def test_from_the_cart_to_the_cancellation(make_relay, segment, post):
    relay = make_relay(shop_options=RESTS)
    post(relay, "products/create", product(MUG))
    post(relay, "carts/create", cart([MUG.times(1), LAMP]))
    post(relay, "carts/update", cart([MUG, LAMP], at="2026-11-21T14:20:01.000Z"))
    counted(segment, 2)
    post(relay, "carts/update", cart([MUG, SHIRT], at="2026-11-21T14:22:00.000Z"))
    counted(segment, 4)
    way = after_the_cart(browser_id=None)
    expected = ["Product Added", "Product Added", "Product Added", "Product Removed"]
    assert sorted(names(segment.unique())) == sorted(expected)
    for topic, payload, events in way:
        post(relay, topic, payload)
        expected = expected + events
        counted(segment, len(expected))
    assert names(segment.unique())[4:] == expected[4:]

    for topic, payload, _ in way:
        post(relay, topic, payload)
    post(relay, "carts/update", cart([], at="2026-11-22T14:22:00.000Z"))
    time.sleep(4.5)  # a cart would have rested: it ended with its order
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    told = segment.unique()
    assert names(told)[4:] == expected[4:]
    assert segment.repetitions() == 0
    assert one_person(told)
    assert {message["userId"] for message in told if "userId" in message} == {str(ALMA.id)}
    assert relay.metric("segrelay_counters_balanced") == 1


def test_the_sums_of_the_whole_way(relay, segment):
    for topic, payload, _ in after_the_cart(BROWSER_ID):
        relay.post(topic, payload)
    counted(segment, 13)
    told = {message["event"]: message["properties"] for message in segment.unique()
            if message["type"] == "track"}
    completed, refunded = told["Order Completed"], told["Order Refunded"]
    assert completed["order_id"] == refunded["order_id"] == told["Payment Failure"]["order_id"]
    assert completed["total"] == told["Checkout Step Completed"]["total"] == \
        told["Payment Failure"]["amount"] == refunded["order_total"]
    # one of two mugs was given back: the other and the shirt are left, ten percent off
    assert completed["revenue"] - refunded["revenue"] == Decimal("0.9") * Decimal("107.50")
    assert completed["total"] - refunded["total"] == Decimal("96.75") + Decimal("7.50") + \
        completed["tax"] - refunded["tax"]
    assert refunded["full_refund"] is False
    assert completed["discount"] == told["Coupon Applied"]["discount"] == Decimal("12.55")


def test_the_alias_comes_before_all_that_names_the_user(make_relay, segment, post):
    relay = make_relay(shop_options=AT_ONCE + " alias = yes", in_order=True)
    way = after_the_cart(BROWSER_ID)
    for topic, payload, _ in way[:2]:
        post(relay, topic, payload)
    post(relay, "carts/create", cart([MUG, SHIRT]))
    for topic, payload, _ in way[2:]:
        post(relay, topic, payload)
    counted(segment, 15)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    told = segment.unique()
    users = [message["type"] for message in told if "userId" in message]
    assert users[:2] == ["alias", "identify"]
    assert users.count("alias") == 1
    assert {message["anonymousId"] for message in told if "anonymousId" in message} == {BROWSER_ID}
    assert one_person(told)
    for before, after in zip(told, told[1:] + [None]):
        if before["type"] == "identify":
            assert after["type"] == "track" and after["userId"] == before["userId"]


@pytest.mark.long(8)
@pytest.mark.parametrize("end", ["restart", "kill"])
def test_a_cart_that_rests_outlives_the_relay(make_relay, segment, end):
    relay = make_relay(shop_options=RESTS)
    relay.post("carts/create", cart([MUG.times(1)]))
    relay.post("carts/update", cart([MUG], at="2026-11-21T14:20:05.000Z"))
    relay.kill() if end == "kill" else relay.stop()
    assert segment.messages == []
    relay.start()
    added = segment.wait_for(1, "Product Added")[0]["properties"]
    assert (added["quantity"].text, added["value"].text) == ("2", "36.00")
    relay.restart()
    relay.post("carts/update", cart([MUG.times(1)], at="2026-11-21T14:21:00.000Z"))
    removed = segment.wait_for(1, "Product Removed")[0]["properties"]
    assert removed["quantity"].text == "1"
    assert names(segment.unique()) == ["Product Added", "Product Removed"]
    assert segment.repetitions() == 0


@pytest.mark.long(8)
@pytest.mark.parametrize("end", ["restart", "kill"])
def test_what_was_due_while_the_relay_was_down_is_told_when_it_starts(make_relay, segment, end):
    relay = make_relay(shop_options=AT_ONCE)
    for number in range(1001, 1006):  # some turns: it is a race of the threads that start
        relay.post("carts/create", cart([MUG], number=number))
        relay.kill() if end == "kill" else relay.stop()
        time.sleep(1.1)
        relay.start()
        added = segment.wait_for(number - 1000, "Product Added")[-1]["properties"]
        assert added["cart_id"] == cart(number=number)["token"]
        # else it is sent again after a kill
        relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.repetitions() == 0


def test_what_is_taken_out_at_once_is_never_told(make_relay, segment):
    relay = make_relay(shop_options=RESTS)
    relay.post("carts/create", cart([MUG]))
    assert relay.metric("segrelay_timers_waiting") == 1
    relay.post("carts/update", cart([], at="2026-11-21T14:20:05.000Z"))
    relay.post("carts/create", cart([SHIRT], number=1002))
    segment.wait_for(1)
    time.sleep(0.2)
    assert [message["properties"]["sku"] for message in segment.unique()] == ["MER-M-SL"]


def test_every_change_of_a_cart_begins_its_rest_anew(make_relay, segment):
    relay = make_relay(shop_options=AT_ONCE)
    before = time.monotonic()
    rested = False  # on a machine that is that slow
    for second in range(6):
        relay.post("carts/update", cart([MUG.times(second + 1)],
                                        at=f"2026-11-21T14:20:0{second}.000Z"))
        posted = time.monotonic()
        time.sleep(0.3)
        rested = rested or time.monotonic() - before > 0.8
        assert rested or segment.messages == []
        before = posted
    added = segment.wait_for(1, "Product Added")[0]["properties"]
    assert rested or added["quantity"].text == "6"


def some_lines(draw):
    return [line.times(draw.randint(1, 5)) for line in (MUG, SHIRT, LAMP) if draw.random() < 0.6]


def settled(relay):
    relay.wait(lambda: relay.metric("segrelay_timers_waiting") == 0 and relay.destination()["waiting"] == 0)


def test_what_was_added_and_removed_makes_the_cart(make_relay, segment):
    """Random carts, whose snapshots overtake each other and come again."""
    relay = make_relay(shop_options=AT_ONCE)
    draw = random.Random(20261125)
    latest = {}
    for minute in range(10, 14):
        snapshots = []
        for number in range(1001, 1021):
            for second in range(draw.randint(0, 3)):
                latest[number] = some_lines(draw)
                snapshots += draw.randint(1, 2) * [
                    cart(latest[number], number=number, at=f"2026-11-21T14:{minute}:0{second}.000Z")]
        draw.shuffle(snapshots)
        for snapshot in snapshots:
            assert relay.post("carts/update", snapshot).status == 200
        settled(relay)
    for number, lines in latest.items():
        told = [message for message in segment.unique()
                if message["properties"]["cart_id"] == cart(number=number)["token"]]
        in_it = {}
        for message in told:
            sku, quantity = message["properties"]["sku"], message["properties"]["quantity"]
            in_it[sku] = in_it.get(sku, 0) + (quantity if message["event"] == "Product Added" else -quantity)
        assert {sku: quantity for sku, quantity in in_it.items() if quantity} == \
            {line.sku: line.quantity for line in lines}
        last = max((message["timestamp"] for message in told), default=None)
        assert {message["properties"]["value"] for message in told if message["timestamp"] == last} <= {
            sum(Decimal(line.price) * line.quantity for line in lines)}


def test_a_test_notification_is_remembered_by_nothing(make_relay, segment):
    relay = make_relay(shop_options=AT_ONCE)
    body = shops.body(cart([MUG]))
    headers = signed_headers("carts/create", body) | {"X-Shopify-Test": "true"}
    assert relay.post("carts/create", body, headers=headers).status == 200
    relay.post("carts/create", cart([SHIRT], number=1002))
    segment.wait_for(1)
    assert [message["properties"]["sku"] for message in segment.unique()] == ["MER-M-SL"]
