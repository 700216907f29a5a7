"""The outbox: what waits is listed, shown and dropped, with and without a daemon."""

import json

from conftest import MAIN_KEY, OTHER_KEY, shops
from standin.segment import answer, is_order, only, slow


def queue_two_shops(relay):
    for number in range(1001, 1011):
        assert relay.post("orders/create", shops.order(number)).status == 200
    for number in range(2001, 2006):
        assert relay.post("orders/create", shops.order(number, shop=shops.FJORD), shop=shops.FJORD).status == 200


def entries(relay, *words):
    pages = relay.run("outbox", "list", "--json", *words).stdout.splitlines()
    return [entry for page in pages for entry in json.loads(page)["messages"]]


def balance(relay, name="main"):
    state = relay.destination(name)
    assert state["queued"] == state["sent"] + state["dead"] + state["dropped"] + state["waiting"]
    assert relay.metric("segrelay_counters_balanced") == 1
    return state


def test_what_waits_is_listed_and_shown(make_relay, segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, ""), "other": (OTHER_KEY, segment.url, "")})
    segment.stop()
    queue_two_shops(relay)
    for running in (True, False):
        assert len(entries(relay)) == 60
        assert len(entries(relay, "--destination", "main")) == 30
        assert len(entries(relay, "--shop", shops.FJORD.domain)) == 20
        assert len(entries(relay, "--shop", shops.FJORD.domain, "--destination", "other")) == 10
        assert entries(relay, "--destination", "nobody") == []
        few = entries(relay, "--limit", "7")
        assert [entry["id"] for entry in few] == sorted(entry["id"] for entry in few) and len(few) == 7
        assert entries(relay, "--after", str(few[-1]["id"]), "--limit", "1")[0]["id"] > few[-1]["id"]
        text = relay.run("outbox", "list", "--limit", "7").stdout
        assert "Order Completed" in text and "--after" in text and len(text.splitlines()) == 9
        assert shops.ALMA.email not in text and shops.ALMA.last_name not in text
        shown = relay.run("outbox", "show", str(few[1]["id"])).stdout
        assert few[1]["messageId"] in shown and '"type"' in shown
        if running:
            relay.stop()
    assert "no such message" in relay.run("outbox", "show", "999999", status=1).stderr
    for wrong in (["list", "1"], ["show"], ["drop"], ["drop", "x"], ["drop", "1", "--all"], ["list", "--limit", "x"]):
        relay.run("outbox", *wrong, status=2)
    assert "--limit must be 1 or more" in relay.run("outbox", "list", "--limit", "0", status=2).stderr
    assert "--yes" in relay.run("outbox", "drop", "--all", status=1).stderr
    assert len(entries(relay)) == 60


def test_what_is_dropped_is_not_sent(make_relay, segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, ""), "other": (OTHER_KEY, segment.url, "")})
    segment.stop()
    queue_two_shops(relay)
    relay.wait(lambda: relay.destination()["failures"] > 0)  # they are in the sender's memory
    gone = [entry["messageId"] for entry in entries(relay, "--shop", shops.FJORD.domain)]
    first = entries(relay)[0]
    assert "dropped: 1\n" in relay.run("outbox", "drop", str(first["id"])).stdout
    assert "dropped: 20\n" in relay.run("outbox", "drop", "--shop", shops.FJORD.domain, "--yes").stdout
    assert "no such message" in relay.run("outbox", "drop", str(first["id"]), status=1).stderr
    assert balance(relay, first["destination"])["dropped"] == 11
    assert balance(relay)["waiting"] + balance(relay, "other")["waiting"] == 39
    segment.start()
    segment.wait_for(39)
    relay.wait(lambda: balance(relay)["waiting"] == balance(relay, "other")["waiting"] == 0)
    assert not set(gone + [first["messageId"]]) & {message["messageId"] for message in segment.unique()}
    assert segment.repetitions() == 0


def test_what_is_dropped_without_a_daemon_is_not_sent(relay, segment):
    segment.stop()
    queue_two_shops(relay)
    relay.stop()
    assert "dropped: 30\n" in relay.run("outbox", "drop", "--destination", "main", "--yes").stdout
    segment.start()
    relay.start()
    assert balance(relay)["dropped"] == 30 and balance(relay)["waiting"] == 0
    assert segment.messages == []


def test_what_is_in_flight_is_not_dropped_under_the_sender(relay, segment):
    """Half a second in flight: what is accepted then counts as sent, and is not dropped, too."""
    segment.always(slow(1.5))
    queue_two_shops(relay)
    segment.wait(lambda: relay.destination()["sent"] == 0 and
                 relay.metric('segrelay_batches_in_flight{destination="main"}') > 0)
    done = relay.run("outbox", "drop", "--all", "--yes", "--json")
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    state = balance(relay)
    result = json.loads(done.stdout)
    assert result["dropped"] == state["dropped"] and state["sent"] == len(segment.unique()) > 0
    assert state["sent"] + state["dropped"] == 30 and segment.repetitions() == 0


def test_a_message_that_is_set_aside_is_seen_and_dropped(relay, segment):
    bad = is_order(shops.order_id_of(1003))
    segment.always(only(bad, answer(500, b"a bad day")))
    for number in range(1001, 1041):
        relay.post("orders/create", shops.order(number))
    relay.wait(lambda: relay.destination()["set_aside"] == relay.destination()["waiting"] == 1, 120)
    entry, = entries(relay)
    assert entry["state"] == "set aside" and int(entry["status"]) == 500
    assert "a bad day" in entry["reason"] and int(entry["attempts"]) >= 1
    assert "set aside" in relay.run("outbox", "list").stdout
    assert "SET ASIDE" in relay.run("status").stdout
    assert relay.metric('segrelay_messages_set_aside{destination="main"}') == 1
    assert relay.metric('segrelay_set_aside_messages_total{destination="main"}') == 1
    assert "dropped: 1\n" in relay.run("outbox", "drop", str(entry["id"])).stdout
    state = balance(relay)
    assert (state["set_aside"], state["waiting"], state["dropped"], state["sent"]) == (0, 0, 1, 79)
