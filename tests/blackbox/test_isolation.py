"""One delivery or timer that cannot be mapped, or that ends the process, never holds up the others."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

import pytest
from conftest import ROOT
from tools import shop as shops
from tools.shop import FJORD, order

FIRST = 7_700_000_000_000
TOO_LONG = "7" * 40_000  # an id that fits into no message


def order_id(call):
    return call["properties"].get("order_id")


def wait_for_orders(segment, ids):
    """Waits until all these orders have arrived; none may come twice."""
    def arrived():
        return [order_id(call) for call in segment.unique()
                if call["type"] == "track" and call["event"] == "Order Completed"]
    segment.wait(lambda: set(ids) <= set(arrived()))
    assert sorted(each for each in arrived() if each in ids) == sorted(ids)


def balanced(relay):
    return relay.metric("segrelay_counters_balanced") == 1


def good(number, shop=shops.AURORA, **members):
    return order(number, id=FIRST + number, shop=shop) | members


def bad(number, shop=shops.AURORA):
    """A payload that fails when all has been read and remembered: its message is too large."""
    return good(number, shop, customer={"id": TOO_LONG})


# ---- payloads ----

ATTEMPT = {"id": 1, "subscription_contract_id": None, "order_id": 5, "admin_graphql_api_order_id": None}
LINKED = {"id": FIRST, "token": "chk7700", "cart_token": "cart7700", "customer": {"id": 7700}}


@pytest.mark.parametrize("gid", ["gid://shopify/SubscriptionContract/", "gid://", {}, [1]])
@pytest.mark.parametrize("topic", ["success", "failure"])
def test_an_attempt_without_the_id_of_its_contract(relay, segment, topic, gid):
    attempt = ATTEMPT | {"admin_graphql_api_subscription_contract_id": gid}
    assert relay.post(f"subscription_billing_attempts/{topic}", attempt).status == 200
    # the order that it waits for
    assert relay.post("orders/create", good(1, id=5)).status == 200
    relay.restart()
    assert relay.post("orders/create", good(2)).status == 200
    wait_for_orders(segment, {"5", str(FIRST + 2)})
    assert balanced(relay)


@pytest.mark.parametrize("customer", [["x"], [[]], "x", True, [], {"id": [7]}])
def test_an_order_whose_customer_is_no_customer(relay, segment, customer):
    assert relay.post("checkouts/create", LINKED).status == 200  # the buyer is known
    odd = good(1, customer=customer, cart_token="cart7700", checkout_token="chk7700")
    assert relay.post("orders/create", odd).status == 200
    assert relay.post("orders/updated", odd).status == 200
    assert relay.post("orders/create", good(2)).status == 200
    wait_for_orders(segment, {str(FIRST + 1), str(FIRST + 2)})
    assert balanced(relay)
    assert relay.lines("webhook intake suspended") == []


# ---- deliveries ----

def test_bad_deliveries_among_good_ones_of_all_shops(relay, segment):
    number = 120
    shop_of = {i: shops.AURORA if i % 2 else FJORD for i in range(1, number)}
    posts = [(bad(i, shop) if i % 4 == 0 else good(i, shop), shop) for i, shop in shop_of.items()]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        statuses = list(pool.map(
            lambda post: relay.post("orders/create", post[0], shop=post[1]).status, posts))
    assert statuses == [200] * len(posts)
    wait_for_orders(segment, {str(FIRST + i) for i in range(1, number) if i % 4})
    dead = json.loads(relay.get("/dead?limit=1000").body)["dead"]
    assert len(dead) == len([i for i in range(1, number) if i % 4 == 0])
    assert {letter["reason"] for letter in dead} == {
        "the message stays over 32,000 bytes whatever is left out"}
    assert balanced(relay)
    assert relay.lines("webhook intake suspended") == []


def test_nothing_is_remembered_of_what_failed(relay, segment):
    tokens = {"cart_token": "cart7701", "checkout_token": "chk7701"}
    failed = bad(1) | tokens | {"note_attributes": [
        {"name": "_segment_anonymous_id", "value": shops.BROWSER_ID}]}
    assert relay.post("orders/create", failed).status == 200
    assert relay.post("orders/create", failed).status == 200  # a repetition
    assert relay.post("refunds/create", {
        "id": 1, "order_id": FIRST + 1, "created_at": "2026-11-23T10:00:00Z", "transactions": [
            {"id": 2, "kind": "refund", "status": "success", "amount": "1.00", "currency": "USD"}],
    }).status == 200
    segment.wait(lambda: any(call.get("event") == "Order Refunded" for call in segment.unique()))
    assert [call for call in segment.unique() if call.get("anonymousId") == shops.BROWSER_ID] == []
    topic = relay.topic("orders/create")
    assert (topic["received"], topic["repeated"], topic["dead"]) == (2, 1, 1)
    assert balanced(relay)
    # it is tried again by the operator, fails again, and stays one dead letter
    relay.run("dead", "requeue", "1")
    assert relay.topic("orders/create")["dead"] == 1
    assert balanced(relay)


def test_a_message_that_the_store_refuses(make_relay, segment):
    relay = make_relay()
    relay.stop()
    with contextlib.closing(sqlite3.connect(relay.database)) as store, store:
        store.execute("CREATE TRIGGER refuses BEFORE INSERT ON messages WHEN new.json LIKE '%#refused%' "
                      "BEGIN SELECT raise(ABORT, 'not this one'); END")
    relay.start()
    # the first voids its turn, as a savepoint for each delivery would cost too much
    refused = good(1, name="#refused")
    relay.wait(lambda: relay.post("orders/create", refused).status == 200)
    # from then on each has a savepoint of its own
    posts = [good(i, name="#refused") if i % 3 == 0 else good(i) for i in range(2, 40)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda post: relay.post("orders/create", post).status, posts))
    assert statuses == [200] * len(posts)
    wait_for_orders(segment, {str(FIRST + i) for i in range(2, 40) if i % 3})
    dead = json.loads(relay.get("/dead?limit=1000").body)["dead"]
    assert len(dead) == 1 + len([i for i in range(2, 40) if i % 3 == 0])
    assert all("not this one" in letter["reason"] for letter in dead)
    assert balanced(relay)


# ---- timers ----

def cart(token):
    return {"id": token, "token": token, "created_at": "2026-11-23T10:00:00Z",
            "updated_at": "2026-11-23T10:00:00Z", "line_items": [
                {"id": 1, "key": "1:a", "product_id": 5, "variant_id": 6, "quantity": 1, "title": "Mug",
                 "price": "9.00", "line_price": "9.00",
                 "price_set": {"shop_money": {"amount": "9.00", "currency_code": "USD"}}}]}


def spoil_carts(relay, tokens):
    """What a disk that lost bits, or another version, may have left: the buyer's id is too long."""
    with contextlib.closing(sqlite3.connect(relay.database)) as store, store:
        for token in tokens:
            store.execute(
                "INSERT OR REPLACE INTO records (shop, kind, key, expires, json) VALUES (?, 'link', ?, ?, ?)",
                (shops.AURORA.domain, token, 2 ** 60, json.dumps({"customer_id": TOO_LONG})))


def set_timers(relay, due):
    with contextlib.closing(sqlite3.connect(relay.database)) as store, store:
        store.execute("UPDATE timers SET due = ?", (due,))


def test_bad_timers_before_good_ones(make_relay, segment):
    relay = make_relay(shop_options="cart_settle = 60s")
    spoilt = [f"spoilt{i}" for i in range(150)]  # more than a turn carries out
    for token in [*spoilt, "sound"]:
        assert relay.post("carts/create", cart(token)).status == 200
    relay.stop()
    spoil_carts(relay, spoilt)
    set_timers(relay, 1)
    relay.start()
    assert relay.post("orders/create", good(1)).status == 200
    segment.wait(lambda: any(call.get("event") == "Product Added" for call in segment.unique()))
    assert {call["properties"]["cart_id"] for call in segment.unique()
            if call.get("event") == "Product Added"} == {"sound"}
    line = relay.said("timer postponed")[0]
    assert (line["shop"], line["timer"]) == (shops.AURORA.domain, "cart")
    assert "spoilt" not in relay.log()
    relay.wait(lambda: relay.metric("segrelay_timers_postponed_total") == 150)
    assert relay.metric("segrelay_timers_waiting") == 150
    assert "timers postponed since the start: 150" in relay.run("status").stdout
    assert balanced(relay)


# ---- what ends the process ----

@pytest.fixture(scope="session")
def dies(tmp_path_factory):
    """The library that ends the process when it parses a text."""
    library = tmp_path_factory.mktemp("dies") / "dies.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    subprocess.run([compiler, "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-o", library,
                    ROOT / "tests/tools/dies.c", "-ldl"], check=True)
    return library


def make_mortal(relay, dies, text):
    others = [os.environ.get("RELAY_PRELOAD")] if os.environ.get("RELAY_PRELOAD") else []
    relay.environment = {"LD_PRELOAD": " ".join([str(dies), *others]), "DIES_AT": text,
                         "ASAN_OPTIONS": "verify_asan_link_order=0"}


def wait_for_death(relay):
    relay.wait(lambda: relay.process.poll() is not None)
    assert relay.process.returncode < 0


def post_to_death(relay, payload):
    with contextlib.suppress(OSError, http.client.HTTPException):
        relay.post("orders/create", payload)
        pytest.fail("it was answered")
    wait_for_death(relay)


def marker_of(relay):
    return pathlib.Path(f"{relay.database}.progress")


def test_a_delivery_that_ends_the_process_three_times_is_set_aside(make_relay, dies, segment):
    relay = make_relay()
    relay.stop()
    make_mortal(relay, dies, "this ends it")
    # a body that does not say whose it is
    fatal = {name: value for name, value in good(1, note="this ends it").items() if name != "order_status_url"}
    for _ in range(3):
        relay.start()
        assert relay.post("orders/create", good(2)).status == 200
        post_to_death(relay, fatal)
    relay.start()
    assert relay.post("orders/create", fatal).status == 200  # Shopify repeats it
    assert relay.post("orders/create", fatal).status == 200  # and again
    assert relay.post("orders/create", good(3)).status == 200
    wait_for_orders(segment, {str(FIRST + 2), str(FIRST + 3)})
    letter, = json.loads(relay.get("/dead").body)["dead"]
    assert letter["reason"] == "the process died three times while it was mapped"
    assert json.loads(relay.get(f"/dead/{letter['id']}").body)["body"] == shops.body(fatal).decode()
    assert relay.topic("orders/create")["dead"] == 1
    assert balanced(relay)
    # another one, and the same body of another shop, have counts of their own
    post_to_death(relay, fatal | {"id": FIRST + 9})
    relay.environment = {}
    relay.start()
    assert relay.post("orders/create", fatal, shop=FJORD).status == 200
    # the cause is gone
    relay.run("dead", "requeue", "--all")
    wait_for_orders(segment, {str(FIRST + 2), str(FIRST + 3)})
    segment.wait(lambda: len([call for call in segment.unique() if call.get("event") == "Order Completed"
                              and order_id(call) == str(FIRST + 1)]) == 2)
    assert balanced(relay)


def test_what_came_through_counts_no_more(make_relay, dies):
    relay = make_relay()
    relay.stop()
    fatal = good(1, note="this ends it")
    for _ in range(2):
        make_mortal(relay, dies, "this ends it")
        relay.start()
        post_to_death(relay, fatal)
    relay.environment = {}
    relay.start()
    assert relay.post("orders/create", fatal).status == 200
    assert relay.topic("orders/create")["mapped"] == 1
    assert not any(marker_of(relay).read_bytes()[32:])


def test_a_timer_that_ends_the_process_three_times_is_set_aside(make_relay, dies, segment):
    relay = make_relay(shop_options="cart_settle = 60s")
    for token in ("fatal", "sound"):
        assert relay.post("carts/create", cart(token)).status == 200
    relay.stop()
    with contextlib.closing(sqlite3.connect(relay.database)) as store, store:
        store.execute("UPDATE timers SET due = CASE key WHEN 'fatal' THEN 1 ELSE 2 END")
    make_mortal(relay, dies, '"token":"fatal"')
    for _ in range(3):
        relay.spawn()
        wait_for_death(relay)
    relay.start()
    assert relay.post("orders/create", good(1)).status == 200
    wait_for_orders(segment, {str(FIRST + 1)})
    segment.wait(lambda: any(call.get("event") == "Product Added" for call in segment.unique()))
    line = relay.said("timer set aside")[0]
    assert (line["shop"], line["timer"]) == (shops.AURORA.domain, "cart")
    assert "fatal" not in re.sub("relay0", "", relay.log())
    # the timer is still there
    assert relay.metric("segrelay_timers_waiting") == 1
    relay.restart()
    assert relay.post("orders/create", good(2)).status == 200


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(8192), b"\xff" * 8192, b"0.1.0".ljust(8192, b"\0")],
                         ids=["empty", "short", "random", "ones", "version"])
def test_a_marker_that_is_garbage_is_ignored(make_relay, segment, content):
    relay = make_relay()
    relay.stop()
    marker_of(relay).write_bytes(content)
    relay.start()
    assert relay.post("orders/create", good(1)).status == 200
    wait_for_orders(segment, {str(FIRST + 1)})


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/nowhere/at/all", path)])
def test_a_marker_that_cannot_be_written_stops_nothing(make_relay, segment, make):
    relay = make_relay()
    relay.stop()
    marker_of(relay).unlink()
    make(marker_of(relay))
    relay.start()
    assert relay.post("orders/create", good(1)).status == 200
    wait_for_orders(segment, {str(FIRST + 1)})
