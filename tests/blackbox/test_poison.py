"""A message that makes the destination fail stops nothing else, and a destination that is down makes no dead letters."""

import concurrent.futures
import re
import time

import pytest
from conftest import MAIN_KEY, shops
from standin.segment import answer, closes, closes_half, garbage, is_order, only, resets

pytestmark = pytest.mark.threads

# How one message, or the whole destination, may fail though requests arrive.
KINDS = {
    "500": answer(500), "503": answer(503), "403": answer(403), "404": answer(404), "reset": resets(),
    "close": closes(), "half": closes_half(), "html": garbage(),
    "wrong json": answer(200, b'{"success": false, "error": "no"}', accepts=False),
    "array": answer(200, b'[]', accepts=False),
}
LIMITS = {"429": answer(429, retry_after=1), "529": answer(529)}


def post_orders(relay, numbers):
    """One batch's worth of messages each: an order becomes identify and Order Completed."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = pool.map(lambda number: relay.post("orders/create", shops.order(number)).status, numbers)
        assert set(statuses) == {200}


def of_orders(numbers):
    """A predicate: whether a message is the Order Completed of one of these orders."""
    checks = [is_order(shops.order_id_of(number)) for number in numbers]
    return lambda message: any(check(message) for check in checks)


def attempts_with(segment, predicate):
    return sum(any(map(predicate, request.messages)) for request in list(segment.requests))


def balanced(relay, name="main"):
    state = relay.destination(name)
    assert state["queued"] == state["sent"] + state["dead"] + state["dropped"] + state["waiting"]
    assert relay.metric("segrelay_counters_balanced") == 1
    return state


@pytest.mark.long(15)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5])
def test_one_bad_message_does_not_stop_the_others(make_relay, segment, kind, count):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, 'poison_after = "365d"')})
    bad = [1001 + 37 * i for i in range(count)]
    segment.always(only(of_orders(bad), KINDS[kind]))
    post_orders(relay, range(1001, 1501))
    segment.wait(lambda: len(segment.unique()) >= 1000 - count, 240)
    relay.wait(lambda: relay.destination()["set_aside"] == relay.destination()["waiting"] == count)
    assert segment.repetitions() == 0
    state = balanced(relay)
    assert (state["waiting"], state["dead"], state["failures"]) == (count, 0, 0)
    said = relay.said("message set aside", count)
    assert len(said) == count
    assert all(line["event"] == "Order Completed" and line["destination"] == "main" and line["messageId"]
               and "outbox show" in line["action"] for line in said)
    assert attempts_with(segment, of_orders(bad)) <= count * 30
    segment.always(None)
    segment.wait_for(1000)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert balanced(relay)["set_aside"] == 0


@pytest.mark.long(8)
@pytest.mark.parametrize("kind", KINDS | LIMITS)
def test_a_destination_that_is_down_makes_no_dead_letter(make_relay, segment, kind):
    relay = make_relay(in_order=True, destinations={"main": (MAIN_KEY, segment.url,
                                                            'batches_in_flight = 1 poison_after = "1s"')})
    post_orders(relay, range(1001, 1021))
    segment.wait_for(40)
    segment.always((KINDS | LIMITS)[kind])
    post_orders(relay, range(1021, 1121))
    segment.wait(lambda: sum(request.status != 200 for request in segment.requests) >= 5 or
                 relay.destination()["failures"] >= 5)
    state = balanced(relay)
    assert (state["waiting"], state["dead"], state["set_aside"]) == (200, 0, 0)
    relay.restart()
    segment.always(None)
    segment.wait_for(240, seconds=120)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert balanced(relay)["dead"] == 0 and relay.lines("message set aside") == []


@pytest.mark.long(120)
def test_a_rate_limit_of_one_message_does_not_stop_the_others(make_relay, segment):
    """Eight in a row are the destination's: with their pauses it takes some two minutes."""
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, "")})
    segment.always(only(of_orders([1003]), LIMITS["429"]))
    post_orders(relay, range(1001, 1021))
    segment.wait(lambda: len(segment.unique()) >= 39, 500)
    relay.wait(lambda: relay.destination()["set_aside"] == relay.destination()["waiting"] == 1, 120)
    line, = relay.lines("message set aside")
    assert int(line["status"]) == 429
    assert balanced(relay)["dead"] == 0 and segment.repetitions() == 0
    segment.always(None)
    segment.wait_for(40, seconds=120)


@pytest.mark.long(80)
def test_one_that_is_never_answered_does_not_stop_the_others(make_relay, segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, "batch_messages = 6")})
    bad = of_orders([1003])
    segment.always(only(bad, answer(200, delay=100, accepts=False)))
    post_orders(relay, range(1001, 1011))
    segment.wait(lambda: len(segment.unique()) >= 19, 400)
    relay.wait(lambda: relay.destination()["set_aside"] == relay.destination()["waiting"] == 1, 200)
    assert balanced(relay)["dead"] == 0 and segment.repetitions() == 0
    assert attempts_with(segment, bad) <= 30


@pytest.mark.long(60)
def test_several_that_are_never_answered_cost_a_short_time_each(make_relay, segment):
    """Once others were answered quickly, what was not is tried with a shorter time limit."""
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, "")})
    segment.always(only(of_orders([1005, 1021, 1037, 1053]), answer(200, delay=100, accepts=False)))
    began = time.monotonic()
    post_orders(relay, range(1001, 1061))
    segment.wait(lambda: len(segment.unique()) >= 116, 400)
    print(f"the others arrived after {time.monotonic() - began:.0f} s")
    relay.wait(lambda: relay.destination()["set_aside"] == relay.destination()["waiting"] == 4, 200)
    assert balanced(relay)["dead"] == 0 and segment.repetitions() == 0
    limits = [int(re.search(r"timed out after (\d+) ", line["answer"])[1])
              for line in relay.lines("message set aside")]
    assert len(limits) == 4 and min(limits) < 15000


@pytest.mark.long(8)
@pytest.mark.parametrize("kind", ["500", "403", "reset"])
def test_it_becomes_a_dead_letter_in_time(make_relay, segment, kind):
    """With restarts in between, while others pass."""
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, 'poison_after = "4s"')})
    bad = of_orders([1003])
    segment.always(only(bad, KINDS[kind]))
    number = 1001
    end = time.monotonic() + 240
    post_orders(relay, [1000])
    while relay.destination()["dead"] == 0:
        assert time.monotonic() < end, relay.log()
        post_orders(relay, range(number, number + 10))
        number += 10
        time.sleep(0.3)
        if number % 50 == 1:
            relay.restart()
    segment.wait_for(2 * (number - 1000) - 1)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    state = balanced(relay)
    assert (state["dead"], state["set_aside"], state["failures"]) == (1, 0, 0)
    assert segment.repetitions() == 0
    assert len(relay.lines("message set aside")) == 1
    line, = relay.said("message moved to dead letters")
    assert line["event"] == "Order Completed" and int(line["attempts"]) >= 3 and "dead show 1" in line["action"]
    shown = relay.run("dead", "show", "1").stdout
    assert "not accepted for" in shown and "while others were" in shown
    assert attempts_with(segment, bad) <= 60
    segment.always(None)
    relay.run("dead", "requeue", "1")
    segment.wait_for(2 * (number - 1000))


def test_a_lone_message_waits_until_others_have_passed(make_relay, segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, 'poison_after = "1s"')},
                       shop_options="identify = changed")
    relay.post("orders/create", shops.order(1001))
    segment.wait_for(2)
    bad = of_orders([1002])
    segment.always(only(bad, answer(500)))
    relay.post("orders/create", shops.order(1002))  # one message: nothing of the customer changed
    relay.wait(lambda: relay.destination()["failures"] >= 5)
    state = balanced(relay)
    assert (state["waiting"], state["dead"], state["set_aside"]) == (1, 0, 0)
    relay.post("orders/create", shops.order(1003))
    segment.wait(lambda: any(map(is_order(shops.order_id_of(1003)), segment.unique())))
    relay.wait(lambda: relay.destination()["set_aside"] == 1)
