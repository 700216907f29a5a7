"""log_format = "json": each line is one JSON object, whatever a peer sends."""

import http.client
import json
import re

import pytest
from standin.segment import answer
from tools.shop import order


def entries(relay):
    """The lines as they stand, each parsed strictly."""
    def no_constant(name):
        raise ValueError(f"{name} is not JSON")
    lines = relay.log().split("\n")
    assert lines.pop() == ""
    return [json.loads(line, parse_constant=no_constant) for line in lines]


def named(relay, message):
    relay.said(message)
    return [entry for entry in entries(relay) if entry["msg"] == message]


@pytest.fixture
def relay(make_relay):
    return make_relay(options='log_format = "json"\nlog_level = "debug"')


def test_each_line_has_time_level_and_message(relay, segment):
    assert relay.post("orders/create", order()).status == 200
    segment.wait_for(2)
    for entry in entries(relay):
        assert list(entry)[:3] == ["time", "level", "msg"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
        assert entry["level"] in ("error", "warning", "info", "debug")
        assert all(isinstance(value, (str, int)) for value in entry.values())


def test_numbers_are_numbers_and_texts_texts(relay, segment):
    assert relay.post("orders/create", order()).status == 200
    segment.wait_for(2)
    stored = named(relay, "webhook stored")[0]
    assert stored["topic"] == "orders/create" and isinstance(stored["bytes"], int)


def test_a_dead_letter_names_its_reason(relay):
    assert relay.post("orders/create", b'{"id": "\\"quoted\\" \\\\ text').status == 200
    relay.wait(lambda: relay.metric("segrelay_dead_letters") == 1)
    warnings = [entry for entry in entries(relay) if entry["level"] == "warning"]
    assert any(entry.get("topic") == "orders/create" and entry["reason"] for entry in warnings)


@pytest.mark.parametrize("path", ['/a"b\\c', "/\x7f%22", "/" + "x" * 5000])
def test_what_a_peer_sends_is_escaped(relay, path):
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
    connection.putrequest("POST", "/" + path[1:].replace("\x7f", "%7f"), skip_accept_encoding=True)
    connection.putheader("X-Shopify-Topic", 'a"b\\c{}')
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    assert connection.getresponse().status == 404
    assert relay.post("orders/create", b"{}", headers={"X-Shopify-Topic": 'a"b\\c{}'}).status == 400
    relay.wait(lambda: any(entry.get("topic") == 'a"b\\c{}' for entry in entries(relay)))


def test_a_failed_attempt_is_one_object(relay, segment):
    segment.fail(answer(503, b'<html>"down"\n\tand \x01 out</html>'))
    assert relay.post("orders/create", order()).status == 200
    segment.wait_for(2)
    paused = named(relay, "delivery paused")[0]
    assert paused["status"] == 503 and "down" in paused["answer"]


def test_a_restart_appends_whole_lines(relay):
    relay.restart()
    assert len(named(relay, "started")) == 2
