"""Shopify signs the body alone: whoever has one and its signature can post it again with other headers."""

import dataclasses
import json
import sqlite3

import pytest
from standin.segment import answer
from tools import recharge
from tools.journeys import (
    cart, checkout, data_request, product, product_deleted, redact, shop_redact, tags_changed, transaction,
    uninstalled)
from tools.shop import ALMA, AURORA, FJORD, NILS, SHIRT, customer, fulfilment, order, refund

REFUSED = "delivery rejected: body contradicts headers"
ERASED = "shop erased"
WAITING = "shop erasure waiting"
TWIN = dataclasses.replace(FJORD, secret=AURORA.secret)  # shares the app, and so the secret
CUSTOM = "https://www.example.com/%s/orders/0a1b2c/authenticate?key=0f1e2d"


def dead(relay, topic, shop=AURORA):
    return (relay.topic(topic, shop) or {"dead": 0})["dead"]


def contradictions(relay, reason):
    return relay.metric(f'segrelay_contradictions_total{{reason="{reason}"}}')


def settled(relay):
    relay.wait(lambda: all(each["waiting"] == 0 for each in relay.status()["destinations"]))


def records(relay):
    with sqlite3.connect(relay.directory / "segrelay.db") as store:
        count = store.execute("SELECT count(*) FROM records WHERE shop != ''").fetchone()[0]
    store.close()
    return count


# ---- erasure ----

def captured():
    placed = order(1001, lines=[SHIRT])
    return [placed, refund(placed, {0: 1}), fulfilment(placed), customer(ALMA), cart([SHIRT]), checkout("contact"),
            product(), transaction(placed), tags_changed(ALMA, "vip"), redact(), data_request(), uninstalled(),
            product_deleted(), shop_redact(FJORD), shop_redact() | {"customer": {"id": 7}}, [], {}, 5]


@pytest.mark.parametrize("topic", ["shop/redact", "customers/redact", "customers/data_request"])
def test_a_captured_body_erases_nothing(make_relay, segment, topic):
    relay = make_relay(options="redact_grace = 0")
    segment.always(answer(503, retry_after=1))
    assert relay.post("orders/create", order(1001, lines=[SHIRT])).status == 200
    fits = {"customers/redact": redact(), "customers/data_request": data_request()}
    bodies = [body for body in captured() if body != fits.get(topic)]
    for body in bodies:
        assert relay.post(topic, body).status == 200
    assert dead(relay, topic) == len(bodies)
    line = relay.said(REFUSED)[0]
    assert line["topic"] == topic and "is not a" in line["reason"] and "segrelay dead show" in line["action"]
    assert relay.lines(ERASED) == relay.lines("customer erased") == relay.lines(WAITING) == []
    assert relay.status()["erasures"] == [] and segment.deletions == []
    assert contradictions(relay, "erasure") >= len(bodies) - 3
    segment.always(None)
    segment.wait(lambda: segment.events("Order Completed"))
    assert relay.metric("segrelay_counters_balanced") == 1


def test_a_shop_waits_to_be_erased(make_relay, segment):
    relay = make_relay()
    assert relay.post("orders/create", order(1001)).status == 200
    settled(relay)
    assert relay.post("shop/redact", shop_redact()).status == 200
    waits = relay.said(WAITING)[0]
    assert waits["shop"] == AURORA.domain and "erase cancel" in waits["action"]
    (erasure,) = relay.status()["erasures"]
    assert erasure["shop"] == AURORA.domain
    assert abs(erasure["due"] - erasure["asked"] - 48 * 3600 * 1000) < 60000
    assert relay.metric("segrelay_erasures_waiting") == 1
    shown = relay.run("status").stdout
    assert "PENDING ERASURE" in shown and AURORA.domain in shown
    # posted again, by whatever body says the same, it neither restarts nor shortens the wait
    relay.restart()
    assert relay.post("shop/redact", shop_redact()).status == 200
    assert relay.post("shop/redact", json.dumps(shop_redact(), indent=1).encode()).status == 200
    assert relay.said("shop erasure skipped")
    (again,) = relay.status()["erasures"]
    assert again["asked"] == erasure["asked"] and abs(again["due"] - erasure["due"]) < 60000
    assert relay.lines(ERASED) == []
    relay.stop()
    assert records(relay) > 0
    relay.start()


@pytest.mark.parametrize("running", [True, False])
def test_an_erasure_is_cancelled(make_relay, running):
    relay = make_relay()
    body = json.dumps(shop_redact()).encode()
    assert relay.post("shop/redact", body).status == 200
    relay.said(WAITING)
    if not running:
        relay.stop()
    assert "erasure cancelled" in relay.run("erase", "cancel", "--shop", AURORA.domain.upper()).stdout
    said = relay.run("erase", "cancel", "--shop", FJORD.domain, status=1)
    assert "no erasure of this shop is waiting" in said.stderr
    assert "--shop" in relay.run("erase", "cancel", status=2).stderr
    if running:
        relay.stop()
    with sqlite3.connect(relay.directory / "segrelay.db") as store:  # as after keep_deliveries
        store.execute("DELETE FROM deliveries")
    store.close()
    relay.start()
    assert relay.status()["erasures"] == []
    assert relay.post("shop/redact", body).status == 200
    assert "cancelled" in relay.said("shop erasure skipped")[0]["reason"]
    assert relay.status()["erasures"] == []
    assert relay.metric("segrelay_timers_waiting") == 0
    # another request than the one that was cancelled waits again
    assert relay.post("shop/redact", json.dumps(shop_redact(), indent=1).encode()).status == 200
    assert len(relay.status()["erasures"]) == 1


def test_an_erasure_by_hand_ends_the_wait(make_relay, segment):
    """What the merchant, who installed the app again, does from then on is not erased when the grace time is over."""
    relay = make_relay(options='redact_grace = "1h"')
    assert relay.post("orders/create", order(1001)).status == 200
    assert relay.post("shop/redact", shop_redact()).status == 200
    relay.said(WAITING)
    assert relay.run("erase", "--yes", "--shop", AURORA.domain).returncode == 0
    assert relay.status()["erasures"] == []
    assert relay.metric("segrelay_timers_waiting") == 0
    assert relay.post("orders/create", order(1002)).status == 200
    assert relay.post("shop/redact", shop_redact()).status == 200  # the same request again
    assert relay.status()["erasures"] == []
    assert "carried out" in relay.said("shop erasure skipped")[0]["reason"]
    settled(relay)
    relay.stop()
    assert records(relay) > 0
    relay.start()


def test_what_comes_after_the_request_stays(make_relay, segment):
    """It is of the new installation: webhooks, messages and dead letters; the record of an order has parts of both."""
    relay = make_relay(options='redact_grace = "2s"')
    segment.always(answer(503, retry_after=1))
    assert relay.post("orders/create", order(1001)).status == 200
    assert relay.post("shop/redact", shop_redact()).status == 200
    assert relay.post("orders/create", order(1002)).status == 200
    assert relay.post("orders/create", {"id": "no number"}).status == 200
    relay.said(ERASED)
    segment.always(None)
    settled(relay)
    assert len(segment.events("Order Completed")) == 2
    assert dead(relay, "orders/create") == 1
    relay.stop()
    with sqlite3.connect(relay.directory / "segrelay.db") as store:
        bodies = [body for body, in store.execute("SELECT body FROM deliveries WHERE topic = 'orders/create'")]
    store.close()
    assert len(bodies) == 2 and not any(b"#1001" in bytes(body, "utf-8") if isinstance(body, str) else b"#1001" in body
                                        for body in bodies)
    relay.start()


def test_what_was_acknowledged_before_an_erasure_is_sent(make_relay, segment):
    relay = make_relay(options='redact_grace = "1s"')
    segment.always(answer(503, retry_after=1))
    assert relay.post("orders/create", order(1001)).status == 200
    assert relay.post("orders/create", order(1002, person=NILS)).status == 200
    assert relay.post("shop/redact", shop_redact()).status == 200
    relay.kill()
    relay.start()
    assert relay.post("customers/redact", redact(NILS, orders=(1002,))).status == 200
    relay.said("customer erased")
    relay.said(ERASED)
    assert relay.status()["erasures"] == []
    segment.always(None)
    settled(relay)
    assert [event["properties"]["order_id"] for event in segment.events("Order Completed")] == ["5778367001001"]
    relay.stop()
    assert records(relay) == 0
    relay.start()


# ---- topic against body ----

def test_a_body_is_mapped_under_its_own_topic_alone(relay, segment):
    placed = order(1001, lines=[SHIRT])
    bodies = {"orders/create": placed, "refunds/create": refund(placed, {0: 1}), "customers/update": customer(ALMA),
              "fulfillments/create": fulfilment(placed), "carts/update": cart([SHIRT]), "products/update": product(),
              "checkouts/update": checkout("contact"),
              "order_transactions/create": transaction(placed, status="failure")}
    wrong = [(topic, body) for topic in bodies for own, body in bodies.items() if own != topic]
    for topic, body in wrong:
        assert relay.post(topic, body).status == 200
    assert sum(dead(relay, topic) for topic in bodies) == len(wrong)
    assert relay.said(REFUSED)
    assert segment.unique() == []
    for topic, body in bodies.items():  # what came wrongly before does not silence it
        assert relay.post(topic, body).status == 200
    assert sum(dead(relay, topic) for topic in bodies) == len(wrong)
    segment.wait(lambda: {"Order Completed", "Order Refunded", "Fulfilment Update", "Payment Failure"} <=
                 {message.get("event") for message in segment.unique()})
    assert relay.metric("segrelay_counters_balanced") == 1


def test_a_thin_body_is_of_the_topic_that_it_came_under(relay):
    assert relay.post("orders/delete", {"id": 77}).status == 200
    assert relay.post("products/delete", {"id": 77}).status == 200
    assert relay.post("products/delete", {"id": 78}).status == 200
    assert relay.post("customer.tags_added", tags_changed(ALMA, "vip")).status == 200
    assert relay.post("customer.tags_removed", tags_changed(ALMA, "vip")).status == 200
    assert relay.post("customer.tags_removed", tags_changed(ALMA, "old")).status == 200
    attempt = recharge.attempt(shopify_number=3001)
    assert relay.post("subscription_billing_attempts/success", attempt).status == 200
    assert relay.post("subscription_billing_attempts/failure", attempt).status == 200
    assert dead(relay, "subscription_billing_attempts/failure") == 1
    assert dead(relay, "products/delete") == dead(relay, "customer.tags_removed") == 1
    assert contradictions(relay, "replay") == 3


def test_topics_of_one_resource_share_a_body(relay, segment):
    placed = order(1001)
    for topic in ("orders/create", "orders/paid", "orders/updated", "orders/fulfilled"):
        assert relay.post(topic, placed).status == 200
    for topic in ("customers/create", "customers/update"):
        assert relay.post(topic, customer(ALMA)).status == 200
    for topic in ("carts/create", "carts/update"):
        assert relay.post(topic, cart([SHIRT])).status == 200
    segment.wait(lambda: segment.events("Order Completed"))
    assert relay.lines(REFUSED) == []
    assert relay.metric("segrelay_dead_letters") == 0


def test_a_topic_is_in_lower_case_and_not_the_browser_s(relay, segment):
    assert relay.post("Orders/CREATE", order(1001)).status == 200
    assert relay.post("orders/create", order(1001)).status == 200
    assert relay.topic("orders/create")["repeated"] == 1
    segment.wait(lambda: segment.events("Order Completed"))
    assert relay.post("storefront/hint", {"shop": AURORA.domain, "checkout_token": "t"}).status == 400


def test_a_body_is_not_stored_again_under_any_number_of_topics(relay):
    body = order(1001)
    assert relay.post("orders/create", body).status == 200
    for number in range(20):
        assert relay.post(f"some/topic{number}", body).status == 200
    assert relay.topic("some/topic7")["repeated"] == 1
    relay.stop()
    with sqlite3.connect(relay.directory / "segrelay.db") as store:
        assert store.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 1
    store.close()
    relay.start()


# ---- shop against body ----

@pytest.fixture(name="sharing")
def fixture_sharing(make_relay):
    """Both shops have the secret of one app."""
    relay = make_relay()
    relay.config.write_text(relay.config.read_text(encoding="utf-8").replace(FJORD.secret, AURORA.secret),
                            encoding="utf-8")
    relay.reload()
    return relay


def posted_for(segment, shop):
    return [event for event in segment.events("Order Completed")
            if event["properties"]["currency"] == shop.currency]


def test_check_warns_of_a_shared_secret(sharing):
    said = sharing.run("check")
    assert "have a secret in common" in said.stdout + said.stderr


@pytest.mark.parametrize("first", [True, False])
def test_an_order_is_of_its_shop_alone(sharing, segment, first):
    relay = sharing
    if first:
        assert relay.post("orders/create", order(1001)).status == 200
    assert relay.post("orders/create", order(1001), shop=TWIN).status == 200
    assert dead(relay, "orders/create", FJORD) == 1
    assert relay.said(REFUSED)[0]["shop"] == FJORD.domain
    if not first:
        assert relay.post("orders/create", order(1001)).status == 200
    assert relay.post("orders/create", order(2001, shop=FJORD, person=NILS), shop=TWIN).status == 200
    segment.wait(lambda: len(segment.events("Order Completed")) >= 2)
    assert dead(relay, "orders/create") == 0
    assert contradictions(relay, "shop") == 1
    assert len(posted_for(segment, AURORA)) == len(posted_for(segment, FJORD)) == 1


def test_what_names_no_shop_is_known_by_its_ids(sharing, segment):
    relay = sharing
    placed = order(1001)
    assert relay.post("orders/create", placed).status == 200
    settled(relay)
    count = len(segment.unique())
    bodies = [("refunds/create", refund(placed, {0: 1})), ("fulfillments/create", fulfilment(placed)),
              ("order_transactions/create", transaction(placed, status="failure")),
              ("customers/update", customer(ALMA))]
    for topic, body in bodies:
        assert relay.post(topic, body, shop=TWIN).status == 200
        assert dead(relay, topic, FJORD) == 1
    assert relay.post("carts/update", cart([SHIRT])).status == 200
    assert relay.post("carts/update", cart([SHIRT]), shop=TWIN).status == 200
    assert dead(relay, "carts/update", FJORD) == 1
    for topic, body in bodies:
        assert relay.post(topic, body).status == 200
        assert dead(relay, topic) == 0
    segment.wait(lambda: len(segment.unique()) >= count + 3)


def test_a_custom_domain_is_known_by_the_shop_s_number(sharing, segment):
    relay = sharing

    def placed(number, shop_number, **other):
        return order(number, order_status_url=CUSTOM % shop_number, **other)

    assert relay.post("orders/create", placed(1001, 90001)).status == 200
    assert relay.post("orders/create", placed(2001, 90002, shop=FJORD, person=NILS), shop=TWIN).status == 200
    assert relay.post("orders/create", placed(1003, 90001, person=dataclasses.replace(ALMA, id=7106345812044)),
                      shop=TWIN).status == 200
    assert dead(relay, "orders/create", FJORD) == 1
    assert relay.post("orders/create", placed(1004, 90001)).status == 200
    segment.wait(lambda: len(segment.events("Order Completed")) == 3)
    assert dead(relay, "orders/create") == 0


def test_samples_of_shopify_come_for_every_shop(sharing):
    """The same bodies, ids and signatures for each: marked as tests."""
    relay = sharing
    sample = order(1001) | {"id": 820982911946154508, "test": True, "admin_graphql_api_id":
                            "gid://shopify/Order/820982911946154508",
                            "order_status_url": "https://jsmith.myshopify.com/548380009/orders/1/authenticate"}
    sample["customer"] |= {"id": 115310627314723954}
    for shop in (AURORA, TWIN):
        for topic, body in (("orders/create", sample), ("carts/update", cart([SHIRT])),
                            ("shop/redact", shop_redact() | {"shop_domain": "{shop}.myshopify.com"})):
            assert relay.post(topic, body, shop=shop, headers={"X-Shopify-Test": "true"}).status == 200
    assert relay.metric("segrelay_dead_letters") == 0
    assert relay.lines(REFUSED) == []


def test_a_few_foreign_bodies_do_not_shut_out_a_shop_s_own(make_relay, segment):
    """As after a try with the orders of another shop: its own are the majority soon."""
    relay = make_relay()
    for number in range(1001, 1006):
        assert relay.post("orders/create", order(number, order_status_url=CUSTOM % 111)).status == 200
    for number in range(1101, 1141):
        assert relay.post("orders/create", order(number, order_status_url=CUSTOM % 222)).status == 200
    assert dead(relay, "orders/create") == 0
    assert relay.post("orders/create", order(1201, order_status_url=CUSTOM % 111)).status == 200
    assert dead(relay, "orders/create") == 1
    segment.wait(lambda: len(segment.events("Order Completed")) == 45)


# ---- tests ----

@pytest.mark.parametrize("test_orders", ["skip", "send"])
@pytest.mark.parametrize("test_first", [True, False])
def test_a_mark_of_a_test_silences_nothing(make_relay, segment, test_orders, test_first):
    relay = make_relay(shop_options=f"test_orders = {test_orders}")
    placed = order(1001, lines=[SHIRT])
    bodies = [("orders/create", placed), ("fulfillments/create", fulfilment(placed)),
              ("refunds/create", refund(placed, {0: 1})), ("checkouts/update", checkout("contact"))]
    for marked in (test_first, not test_first):
        for topic, body in bodies:
            assert relay.post(topic, body, headers={"X-Shopify-Test": str(marked).lower()}).status == 200
    wanted = {"Order Completed", "Fulfilment Update", "Order Refunded", "Checkout Started"}
    segment.wait(lambda: {message.get("event") for message in segment.unique()} >= wanted)
    settled(relay)
    # marked as a test and sent before the real one, it is a message of its own; after it, it is none
    expected = 2 if test_first and test_orders == "send" else 1
    for event in wanted:
        assert len(segment.events(event)) == expected, event
    assert relay.metric("segrelay_counters_balanced") == 1


def test_what_follows_an_order_marked_as_a_test_is_told(relay, segment):
    """The header alone made it one."""
    placed = order(1001)
    assert relay.post("orders/create", placed).status == 200
    assert relay.post("orders/updated", placed, headers={"X-Shopify-Test": "true"}).status == 200
    assert relay.post("refunds/create", refund(placed, {0: 1})).status == 200
    segment.wait(lambda: segment.events("Order Refunded"))


def test_a_time_of_the_future_hides_nothing(relay, segment):
    later = {"X-Shopify-Triggered-At": "2099-01-01T00:00:00Z"}
    assert relay.post("customer.tags_added", tags_changed(ALMA, "vip"), headers=later).status == 200
    segment.wait(lambda: segment.unique())
    assert all(message["timestamp"] < "2098" for message in segment.unique())
