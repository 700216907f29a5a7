"""Segment as it fails: nothing is lost, nothing is sent twice, the log names each failure."""

import re
import signal
import subprocess
import threading
import time

import pytest
from conftest import MAIN_KEY, OTHER_KEY
from standin.segment import (Segment, answer, closes, endless, garbage, http_date, is_order, poison, resets)
from tools.shop import order

pytestmark = pytest.mark.threads


@pytest.mark.parametrize("behaviour", [
    answer(503), answer(500), answer(408), answer(429), answer(460), closes(), resets(),
    resets(accepts=True), garbage(), answer(200, b'{"success": false}', accepts=False)],
    ids=["503", "500", "408", "429", "460", "closed", "reset", "answer lost", "garbage", "false"])
def test_what_failed_is_sent_again(relay, segment, behaviour):
    segment.fail(behaviour)
    relay.post("orders/create", order())
    segment.wait_for(2)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert [request.retry_count for request in segment.requests] == [0, 1]
    paused = relay.said("delivery paused")[0]
    assert paused["destination"] == "main" and paused["waiting"] == "2" and paused["retry_at"]
    assert len(relay.said("delivery resumed")) == 1
    sent = [[m["messageId"] for m in request.messages] for request in segment.requests]
    assert sent[0] == sent[1]


@pytest.mark.parametrize("behaviour, words, code", [
    (endless(), "longer than 1 MiB", "answer"),
    (endless(b'{"success": true}' + b" " * 4000), "longer than 1 MiB", "answer"),
    (endless(accepts=None), "headers", "network")], ids=["garbage", "like a good one", "head"])
def test_an_endless_answer_ends_after_1_mib(relay, segment, behaviour, words, code):
    segment.fail(behaviour)
    relay.post("orders/create", order())
    segment.wait_for(2)
    assert words in relay.said("delivery paused")[0]["answer"]
    assert relay.metric(f'segrelay_requests_total{{destination="main",code="{code}"}}') == 1
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.bytes_answered < 64 << 20  # and what the sockets held
    assert segment.repetitions() == 0


@pytest.mark.parametrize("body, words", [
    (b'{"ok":false,"errors":[{"error":"no such source"}]}', "no such source"),
    (b'{"errors":["too many"]}', "too many"), (b'{"status":"error"}', "status"),
    (b"<html>down for maintenance</html>", "does"), (b'{"ok":false,"k":"' + MAIN_KEY.encode() + b'"}', "***")],
    ids=["Jitsu", "errors", "status", "page", "repeats the key"])
def test_a_refusal_with_status_200_is_not_success(relay, segment, body, words):
    segment.fail(answer(200, body, accepts=False))
    relay.post("orders/create", order())
    segment.wait_for(2)
    paused = relay.said("delivery paused")[0]
    assert "not as Segment does" in paused["answer"] and words in paused["answer"]
    assert [request.retry_count for request in segment.requests] == [0, 1]


@pytest.mark.parametrize("body", [b"", b"OK", b'{"ok":true}', b'{"success":true,"errors":[]}', b"{}"])
def test_an_acceptance_of_another_server_is_one(relay, segment, body):
    segment.always(answer(200, body))
    relay.post("orders/create", order())
    relay.wait(lambda: relay.destination()["sent"] == 2)
    assert len(segment.requests) == 1 and relay.lines("delivery paused") == []


def test_each_attempt_has_its_own_time(relay, segment):
    """The stand-in objects to a sentAt that is not new."""
    segment.fail(answer(503, retry_after=2))
    relay.post("orders/create", order())
    segment.wait_for(2)
    assert segment.requests[1].came - segment.requests[0].came >= 2


@pytest.mark.parametrize("retry_after", [lambda: 2, lambda: http_date(3)], ids=["seconds", "date"])
def test_retry_after_is_obeyed(relay, segment, retry_after):
    segment.fail(answer(429, retry_after=retry_after()))
    start = time.time()
    relay.post("orders/create", order())
    segment.wait_for(2)
    assert segment.requests[-1].came - start >= 1.5
    assert len(segment.requests) == 2


def test_a_pause_survives_a_restart(relay, segment):
    segment.fail(answer(503, retry_after=4))
    relay.post("orders/create", order())
    relay.wait(lambda: relay.destination()["failures"] == 1)
    start = time.time()
    relay.restart()
    assert relay.destination()["paused_until"] > start * 1000 or time.time() - start > 3
    segment.wait_for(2)
    assert segment.requests[-1].came - segment.requests[0].came >= 4


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_poisoned_message_is_set_aside(make_relay, segment, status):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, 'batch_wait = "500ms"')})
    segment.always(poison(is_order(5778367001007), status,
                          b'{"code": "bad", "message": "no, ' + MAIN_KEY.encode() + b'"}'))
    for number in range(1, 51):  # a batch of 100
        relay.post("orders/create", order(1000 + number))
    segment.wait_for(99)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.repetitions() == 0
    assert relay.destination()["dead"] == 1
    assert relay.lines("delivery paused") == []
    letter = relay.said("message moved to dead letters")[0]
    assert letter["status"] == str(status) and "no, ***" in letter["answer"]
    segment.always(None)
    relay.run("dead", "requeue", "1")
    segment.wait_for(100)
    relay.wait(lambda: relay.destination()["dead"] == 0)


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_a_fault_of_the_configuration_keeps_everything(relay, segment, status):
    segment.always(answer(status))
    relay.post("orders/create", order())
    relay.said("delivery paused")
    time.sleep(0.3)
    assert len(segment.requests) == 1
    assert relay.destination()["waiting"] == 2 and relay.destination()["dead"] == 0
    assert "configuration" in relay.said("delivery paused")[0]["action"]
    segment.always(None)
    relay.reload()
    segment.wait_for(2)


def test_one_dead_destination_does_not_hold_up_the_other(make_relay, segment, other_segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, ""),
                                     "other": (OTHER_KEY, other_segment.url, "")})
    segment.stop()
    for number in range(30):
        relay.post("orders/create", order(number, id=5600000000000 + number))
    other_segment.wait_for(60)
    assert relay.destination("main")["waiting"] == 60
    segment.start()
    segment.wait_for(60)


def mend_url(relay, segment):
    """The operator names the right address, and all goes there."""
    relay.write_config("", {"main": (MAIN_KEY, segment.url, "")})
    relay.reload()
    segment.wait_for(2)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.repetitions() == 0


@pytest.mark.parametrize("url, words", [
    ("https://segment.invalid", r"[Rr]esolv(e host|ing timed out)"), ("http://127.0.0.1:1", "connect to")],
    ids=["no name", "refused"])
def test_an_address_where_nobody_is(make_relay, segment, url, words):
    relay = make_relay(destinations={"main": (MAIN_KEY, url, "")})
    relay.post("orders/create", order())
    paused = relay.said("delivery paused")[0]
    assert re.search(words, paused["answer"]) and "retries" in paused["action"]
    assert relay.destination()["waiting"] == 2 and relay.destination()["dead"] == 0
    mend_url(relay, segment)


def test_what_goes_to_this_machine_goes_by_no_proxy(make_relay, segment, monkeypatch):
    """http is allowed to this machine alone: by the environment's proxy the write key would leave it in clear."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    relay = make_relay()
    relay.post("orders/create", order())
    segment.wait_for(2)


def test_a_certificate_that_nobody_signed(make_relay, segment, tmp_path):
    """Neither a message nor the write key goes to who cannot prove to be Segment."""
    certificate = tmp_path / "standin.pem"
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                           "/CN=127.0.0.1", "-days", "2", "-keyout", certificate, "-out",
                           tmp_path / "certificate"], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("no openssl to make a certificate with")
    with open(certificate, "ab") as file:
        file.write((tmp_path / "certificate").read_bytes())
    with Segment(certificate=certificate) as impostor:
        relay = make_relay(destinations={"main": (MAIN_KEY, impostor.url, "")})
        relay.post("orders/create", order())
        assert "certificate" in relay.said("delivery paused")[0]["answer"]
        assert impostor.requests == []
    mend_url(relay, segment)


@pytest.mark.long(20)
def test_one_that_never_answers_holds_up_nobody(make_relay, segment, other_segment):
    """Its requests end after 15 s; the other destination and the webhooks keep their pace."""
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, ""),
                                     "other": (OTHER_KEY, other_segment.url, "")})
    segment.always(answer(200, delay=60, accepts=False))
    start = time.monotonic()
    for number in range(20):
        assert relay.post("orders/create", order(number, id=5610000000000 + number)).status == 200
    other_segment.wait_for(40)
    paused = relay.said("delivery paused")[0]
    assert time.monotonic() - start > 14
    assert paused["destination"] == "main" and "timed out" in paused["answer"]
    segment.always(None)
    segment.wait_for(40)
    assert relay.destination("main")["dead"] == 0


def test_one_that_is_slow_is_waited_for(relay, segment):
    segment.fail(answer(200, b'{"success": true}', delay=3), 2)
    relay.post("orders/create", order())
    segment.wait_for(2)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.repetitions() == 0 and relay.lines("delivery paused") == []


@pytest.mark.long(20)
def test_segment_is_away_under_load_and_comes_back(relay, segment):
    """Everything arrives once, and the log named the failures."""
    stop = threading.Event()
    answered = []

    def load(first):
        number = first
        while not stop.is_set():
            if relay.post("orders/create", order(number, id=number)).status == 200:
                answered.append(str(number))
            number += 1

    threads = [threading.Thread(target=load, args=(5500000000000 + at * 1000000,))
               for at in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    segment.stop()
    time.sleep(4)
    segment.start()
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    segment.wait(lambda: len(segment.events("Order Completed")) >= len(answered), 60)
    sent = [message["properties"]["order_id"] for message in segment.events("Order Completed")]
    assert sorted(sent) == sorted(answered)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert relay.said("delivery paused") and relay.said("delivery resumed")


def test_stopping_finishes_what_is_in_flight(relay, segment):
    segment.fail(answer(200, b'{"success": true}', delay=1))
    relay.post("orders/create", order())
    segment.wait(lambda: len(segment.requests) == 1)
    relay.restart()
    relay.post("orders/create", order(1002))
    segment.wait_for(4)
    assert segment.repetitions() == 0


def stopping(relay):
    """Has it begin to stop, and waits until it has."""
    relay.process.send_signal(signal.SIGTERM)
    relay.said("stopping")


def test_a_reload_that_comes_too_late_does_not_end_it_at_once(relay, segment):
    segment.fail(answer(200, b'{"success": true}', delay=1))
    relay.post("orders/create", order())
    segment.wait(lambda: len(segment.requests) == 1)
    stopping(relay)
    relay.process.send_signal(signal.SIGHUP)
    assert relay.process.wait(60) == 0
    relay.start()
    relay.post("orders/create", order(1002))
    segment.wait_for(4)
    assert segment.repetitions() == 0


def test_a_second_signal_ends_it_at_once(relay, segment):
    segment.fail(answer(200, b'{"success": true}', delay=8, accepts=False))
    relay.post("orders/create", order())
    segment.wait(lambda: len(segment.requests) == 1)
    stopping(relay)
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(60) == -signal.SIGTERM
    relay.start()
    assert len(segment.wait_for(2)) == 2


def test_stopping_does_not_wait_for_ever(make_relay, segment):
    relay = make_relay(options='stop_grace = "500ms"')
    segment.fail(answer(200, b'{"success": true}', delay=60, accepts=False))
    relay.post("orders/create", order())
    segment.wait(lambda: len(segment.requests) == 1)
    relay.stop()
    assert relay.lines("delivery paused") == []  # neither for the answer nor for the time-out
    relay.start()
    segment.wait_for(2)
