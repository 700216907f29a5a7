"""What is answered: to good requests, to bad ones, and to those that only look like requests."""

import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import SEGRELAY, signed_headers
from tools import shop as shops
from tools.shop import AURORA, order


@pytest.mark.parametrize("left_out, status", [
    ("X-Shopify-Hmac-Sha256", 401), ("X-Shopify-Topic", 400), ("X-Shopify-Shop-Domain", 400),
    ("X-Shopify-API-Version", 200), ("X-Shopify-Webhook-Id", 200), ("X-Shopify-Event-Id", 200),
    ("X-Shopify-Triggered-At", 200), ("X-Shopify-Test", 200)])
def test_headers_that_are_missing(relay, left_out, status):
    assert relay.post("orders/create", order(), leave_out=[left_out]).status == status


@pytest.mark.parametrize("headers, status", [
    ({"X-Shopify-Hmac-Sha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, 401),
    ({"X-Shopify-Hmac-Sha256": "nonsense"}, 401),
    ({"X-Shopify-Shop-Domain": "unknown.myshopify.com"}, 401),
    ({"X-Shopify-Shop-Domain": AURORA.domain.upper()}, 200),
    ({"Content-Type": "application/xml"}, 415),
    ({"X-Shopify-Topic": "orders/" + "x" * 500}, 400)])
def test_headers_that_are_wrong(relay, headers, status):
    assert relay.post("orders/create", order(), headers=headers).status == status


def test_a_bad_signature_and_an_unknown_shop_get_the_same_answer(relay):
    bad = relay.post("orders/create", order(), headers={"X-Shopify-Hmac-Sha256": "x" * 44})
    unknown = relay.post("orders/create", order(),
                         headers={"X-Shopify-Shop-Domain": "unknown.myshopify.com"})
    assert (bad.status, bad.body) == (unknown.status, unknown.body)


def test_other_paths_and_methods(relay):
    assert relay.post("orders/create", order(), path="/").status == 404
    assert relay.post("orders/create", order(), path="/webhooks/shopify?source=a").status == 200
    answer = relay.post("orders/create", b"", method="GET")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert relay.post("orders/create", b"").status == 400


def test_bodies_that_are_no_json_are_set_aside(relay):
    for body in (b"{", b"[1,]", b"\xff", b'{"id":1}x', b"[" * 100 + b"]" * 100, b"\0"):
        assert relay.post("orders/create", body).status == 200
    assert relay.topic("orders/create")["dead"] == 6
    said = relay.said("delivery moved to dead letters")
    assert len(said) == 1 and "not usable JSON" in said[0]["reason"]  # the others within 10 s
    assert said[0]["action"] == "segrelay dead show 1"


def test_an_unknown_topic_is_stored_and_ignored(relay):
    assert relay.post("themes/publish", {"id": 1}).status == 200
    assert relay.topic("themes/publish")["ignored"] == 1


def test_test_traffic_is_said_and_not_sent(relay):
    relay.post("orders/create", order(test=True))
    relay.post("orders/create", order(1002), headers={"X-Shopify-Test": "true"})
    assert relay.topic("orders/create")["ignored"] == 2
    said = relay.said("test webhook skipped")  # at most one a minute
    assert [line["reason"] for line in said] == ["test traffic (test_orders = skip)"]


def test_a_body_that_is_too_large(make_relay):
    relay = make_relay(options='max_body = "64KiB"')
    assert relay.post("orders/create", b" " * 65537).status == 413
    assert relay.post("orders/create", {"id": 1, "note": "x" * 60000}).status == 200


def test_a_large_order_is_taken(relay, segment):
    lines = [shops.MUG] * 900
    body = shops.body(order(lines=lines))
    assert len(body) > 1_000_000
    assert relay.post("orders/create", body).status == 200
    completed = segment.wait_for(1, "Order Completed")[0]
    assert completed["properties"]["products_count"] == 900


def test_readiness_waits_for_no_webhook_to_be_refused(make_relay):
    relay = make_relay()
    assert relay.get("/readyz").status == 200
    good = relay.config.read_text(encoding="utf-8")
    relay.config.write_text(good.replace("min_free = 0", 'min_free = "900TiB"'), encoding="utf-8")
    relay.reload()
    relay.wait(lambda: relay.get("/readyz").status == 503)
    assert "min_free" in relay.get("/readyz").body.decode()
    relay.stop()
    assert relay.run("status").stderr == ""
    relay.start()
    relay.config.write_text(good, encoding="utf-8")
    relay.reload()
    relay.wait(lambda: relay.get("/readyz").status == 200)


def test_a_full_store_refuses_and_recovers(make_relay, segment):
    relay = make_relay(options='max_store = "1MiB"')
    segment.stop()
    number, answer = 0, None
    while (answer is None or answer.status == 200) and number < 3000:
        number += 1
        answer = relay.post("orders/create", order(number, id=5800000000000 + number))
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    ready = relay.get("/readyz")
    assert ready.status == 503 and b"max_store" in ready.body
    assert len(relay.said("webhook intake suspended")) == 1
    segment.start()
    segment.wait_for(2 * (number - 1), seconds=60)


# ---- raw bytes ----

GOOD = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def exchange(relay, text, seconds=60):
    """Sends raw bytes and returns all that comes back until the relay closes, or the time is over."""
    with socket.create_connection(("127.0.0.1", relay.port), timeout=seconds) as connection:
        connection.sendall(text.encode("latin-1"))
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionResetError):
            pass
        return answer.decode("latin-1")


def post(headers, body=""):
    return f"POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}"


@pytest.mark.parametrize("headers, body", [
    ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    ("Content-Length: 5\r\nContent-Length: 0\r\n", SMUGGLED),
    (f"Content-Length : {len(SMUGGLED)}\r\n", SMUGGLED),
    ("Transfer-Encoding: xchunked\r\n", SMUGGLED),
    ("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    ("X-Shopify-Topic: a\r\n b\r\nContent-Length: 0\r\n", SMUGGLED),
    ("X-Shopify-Hmac-Sha256: a\r\nX-Shopify-Hmac-Sha256: b\r\nContent-Length: 0\r\n", SMUGGLED),
    ("Content-Length: -1\r\n", SMUGGLED),
    ("Content-Length: 3,3\r\n", SMUGGLED),
    ("Bad Name: x\r\nContent-Length: 0\r\n", SMUGGLED)])
def test_smuggled_requests_are_not_read(relay, headers, body):
    answer = exchange(relay, post(headers, body))
    assert answer.startswith("HTTP/1.1 400"), answer
    assert "smuggled" not in answer and "404" not in answer
    assert 1 <= answer.count("HTTP/1.1 ") <= 2  # libmicrohttpd's own answer has its head twice
    assert relay.post("orders/create", order()).status == 200


def test_a_chunked_body_is_taken(relay):
    body = shops.body(order())
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
    parts = (body[at:at + 1000] for at in range(0, len(body), 1000))
    connection.request("POST", "/webhooks/shopify", parts,
                       signed_headers("orders/create", body), encode_chunked=True)
    assert connection.getresponse().status == 200


def test_connections_are_kept(relay):
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
    for number in range(20):
        assert relay.post("orders/create", order(number), connection=connection).status == 200


def test_a_slow_sender_is_cut_off(make_relay):
    relay = make_relay(options='request_timeout = "1s"')
    with socket.create_connection(("127.0.0.1", relay.port), timeout=60) as connection:
        connection.sendall(post("Content-Length: 1000\r\n").encode())
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(900):  # of 1,000 bytes
                connection.sendall(b"x")
                time.sleep(0.1)


@pytest.mark.threads
def test_300_connections_at_once(relay, segment):
    """libmicrohttpd's own epoll thread hangs when 128 are ready together."""
    statuses = []

    def one(number):
        body = order(number, id=5700000000000 + number)
        statuses.append(relay.post("orders/create", body).status)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 300
    segment.wait_for(600)


def test_rejections_say_what_to_do(relay):
    relay.post("orders/create", order(), headers={"X-Shopify-Hmac-Sha256": "A" * 43 + "="})
    relay.post("orders/create", order(), headers={"Content-Type": "text/xml"})
    relay.wait(lambda: "client secret" in relay.log() and "JSON" in relay.log())


def test_nobody_reads_the_log(make_relay):
    """The relay works on, counts the lines that it dropped, and says so when somebody reads again."""
    relay = make_relay(options='log_level = "debug"')
    relay.stop()
    relay.fix_ports()
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    relay.process = subprocess.Popen([SEGRELAY, "serve", "--config", relay.config], stderr=writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as log:
        while "msg=started" not in log.readline():
            pass
        for number in range(2000):
            body = json.dumps({"id": number, "note": "x"}).encode()
            assert relay.post("products/none_of_ours", body).status == 200
        assert relay.metric("segrelay_log_dropped_total") > 0
        dropped = None
        while not dropped:
            dropped = re.search(r'msg="log lines dropped".* suppressed=(\d+)', log.readline())
        assert int(dropped[1]) > 0
        relay.process.send_signal(signal.SIGTERM)
        while "msg=stopped" not in log.readline():
            pass
        assert relay.process.wait(60) == 0
    relay.process = None
