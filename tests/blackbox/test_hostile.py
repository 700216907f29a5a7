"""Peers that mean no good, or know no better: each gets its answer, and nobody else notices."""

import contextlib
import json
import os
import random
import re
import resource
import socket
import threading
import time
from pathlib import Path

import pytest
from conftest import signed_headers
from tools import shop as shops
from tools.shop import AURORA, order

FIRST = 5310000000000
MIB = 1 << 20


def connect(relay, seconds=60):
    return socket.create_connection(("127.0.0.1", relay.port), timeout=seconds)


def read_all(connection, answers=None):
    """What comes until the relay closes, or says no more, or has given so many answers."""
    answer = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while part := connection.recv(65536):
            answer += part
            if answers and len(statuses(answer)) >= answers:
                break
    return answer


def exchange(relay, data, seconds=60, answers=None):
    """What comes back for bytes, the sending of which the relay may break off."""
    with connect(relay, seconds) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return read_all(connection, answers)


def request(body, headers=None, topic="orders/create", method="POST", path="/webhooks/shopify"):
    """A signed webhook as bytes."""
    sent = signed_headers(topic, body) | {"Content-Length": str(len(body))} | (headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode() + body


def statuses(answer):
    """The statuses of all answers on a connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def is_well(relay, number):
    """It takes a good webhook."""
    return relay.post("orders/create", order(number, id=FIRST + number)).status == 200


# ---- what is no request ----

def test_random_bytes(relay):
    chance = random.Random(7)
    for number in range(120):
        data = chance.randbytes(chance.randrange(1, 3000))
        if number % 3 == 0:
            data = b"POST /webhooks/shopify HTTP/1.1\r\n" + data
        elif number % 3 == 1:
            data = bytearray(request(b'{"id":1}'))
            for _ in range(5):
                data[chance.randrange(len(data))] = chance.randrange(256)
        with connect(relay, 0.2) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(data)
            assert all(400 <= status < 500 or status == 200
                       for status in statuses(read_all(connection)))
    assert is_well(relay, 1)


@pytest.mark.parametrize("data, status", [
    (b"GET /webhooks/shopify HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    (b"PUT /webhooks/shopify HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405),
    (b"DELETE /webhooks/shopify HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    (b"OPTIONS /webhooks/shopify HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    (b"BREW /webhooks/shopify HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    (b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    (b"GET /webhooks/shopify%00 HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", 431),
    (b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", 431)],
    ids=["GET", "PUT", "DELETE", "OPTIONS", "unknown", "dots", "NUL", "root", "large header",
         "large path", "many headers"])
def test_requests_that_are_wrong(relay, data, status):
    answered = statuses(exchange(relay, data, answers=1))
    assert answered in ([status], [])  # sending broke off before the answer could be read
    assert answered or len(data) > 32_000
    assert is_well(relay, 1)


def test_pipelined_webhooks_are_answered_in_order(relay, segment):
    data = b"".join(request(shops.body(order(number, id=FIRST + number))) for number in range(5))
    assert statuses(exchange(relay, data, answers=5)) == [200] * 5
    segment.wait_for(10)


def test_pipelined_webhooks_with_bad_ones_among_them(relay):
    good = request(shops.body(order()))
    bad = request(shops.body(order(2)), {"X-Shopify-Hmac-Sha256": "A" * 43 + "="})
    assert statuses(exchange(relay, good + bad + good, answers=3)) == [200, 401, 200]


def test_headers_that_stand_twice(relay):
    body = shops.body(order())
    for name in ("X-Shopify-Topic", "X-Shopify-Shop-Domain", "X-Shopify-Hmac-Sha256",
                 "Content-Length", "Host"):
        value = (signed_headers("orders/create", body) | {"Host": "a", "Content-Length": "1"})[name]
        data = request(body).replace(b"\r\n", f"\r\n{name}: {value}\r\n".encode(), 1)
        assert statuses(exchange(relay, data, answers=1))[:1] == [400], name


def test_headers_with_padding_are_taken(relay, segment):
    """White space around a value is none of it (RFC 9110, 5.5); libmicrohttpd 0.9 refuses it behind
    a Content-Length."""
    data = request(shops.body(order()), {"Connection": "close"})
    head, body = data.split(b"\r\n\r\n", 1)
    first, *lines = (line.replace(b": ", b": \t ", 1) for line in head.split(b"\r\n"))
    lines = [line if line.startswith(b"Content-Length") else line + b" \t " for line in lines]
    padded = b"\r\n".join([first, *lines]) + b"\r\n\r\n" + body
    assert statuses(exchange(relay, padded, answers=1)) == [200]
    segment.wait_for(2)


# ---- bodies ----

ROUTES = [("POST", "/webhooks/shopify"), ("POST", f"/webhooks/recharge/{AURORA.domain}/charge/paid"),
          ("POST", "/webhooks/recharge/"), ("POST", "/collect"), ("OPTIONS", "/collect"),
          ("GET", "/segrelay.js"), ("HEAD", "/segrelay.js"), ("GET", "/segrelay-pixel.js"),
          ("GET", "/nothing")]
HEADERS = ["X-Shopify-Topic", "X-Shopify-Shop-Domain", "X-Shopify-Hmac-Sha256", "X-Shopify-Webhook-Id",
           "X-Shopify-Event-Id", "X-Shopify-Api-Version", "X-Shopify-Triggered-At", "X-Shopify-Test",
           "X-Recharge-Topic", "X-Recharge-Webhook-Signature", "X-Recharge-Webhook-Timestamp",
           "X-Recharge-Hmac-Sha256", "Shopify-Topic", "Content-Type", "Origin", "User-Agent",
           "X-Forwarded-For", "Accept-Encoding", "If-None-Match", "Host"]
LENGTHS = [0, 1, 15, 16, 43, 44, 45, 63, 64, 65, 80, 81, 127, 128, 129, 254, 255, 256, 257, 300, 301,
           511, 512, 513, 1024, 4096, 8000]


def test_headers_of_every_length_on_every_route(make_relay):
    """No header of any length, on a route that reads it or not, ends the process or spoils another's
    request (a domain of 257 bytes did)."""
    relay = make_relay(options='public_url = "https://relay.example.com"',
                       shop_options=f'storefront_origins = {{"https://{AURORA.domain}"}}')
    body = b'{"id":1}'
    hint = json.dumps({"shop": AURORA.domain, "token": "abc"}).encode()
    process = relay.process
    for method, path in ROUTES:
        for name in HEADERS:
            for length in LENGTHS:
                sent = b"" if method != "POST" else hint if path == "/collect" else body
                headers = {"Host": "a", name: ("1" if length % 2 else "a") * length}
                if method == "POST":
                    headers["Content-Length"] = str(len(sent))
                head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
                answer = exchange(relay, f"{method} {path} HTTP/1.1\r\n{head}"
                                         "Connection: close\r\n\r\n".encode() + sent, 40)
                assert statuses(answer) or length > 4096, (method, path, name, length)
                assert process.poll() is None, (method, path, name, length)
    assert is_well(relay, 1)


def nested(depth):
    return b'{"id":1,"a":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("body", [
    b"[" + b"0," * MIB + b"0]", nested(1000), nested(100_000), b'{"id":1e999999999}',
    b'{"id":' + b"9" * 100_000 + b"}", b'{"id":-1}', b'{"id":1.5}', b'{"id":"1; DROP TABLE"}',
    b'{"id":1,"note":"\xff\xfe\xc0\x80"}', b'{"id":1,"note":"a\0b"}', b'{"id":1,"note":"\\u0000"}',
    b'{"id":1,"total_price":"1e400"}', b'{"id":1,"total_price":"' + b"9" * 5000 + b'"}',
    b'{"id":1,"line_items":[null,1,"x",[],{}]}', b'{"id":1,"customer":[]}', b'"x"', b"0", b"\0" * 9,
    b'{"id":1,' + b",".join(b'"k%d":1' % i for i in range(50_000)) + b"}"],
    ids=["2 MB of 0,0", "deep", "very deep", "exponent", "long number", "negative", "fraction",
         "words", "no UTF-8", "NUL", "escaped NUL", "price out of range", "long price", "odd lines",
         "odd customer", "string", "number", "NULs", "many members"])
def test_signed_bodies_that_are_odd_are_kept(relay, body):
    """Repeating the same bytes cannot help: 200, and a dead letter where nothing can be told."""
    answer = relay.post("orders/create", body)
    assert answer.status == 200
    topic = relay.topic("orders/create")
    assert topic["received"] == 1 and topic["mapped"] + topic["dead"] + topic["ignored"] == 1
    assert is_well(relay, 1)
    assert relay.metric("segrelay_counters_balanced") == 1


def test_chunks_that_grow_too_large_are_cut_off(make_relay):
    relay = make_relay(options='max_body = "64KiB"')
    head = ("POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + "".join(f"{name}: {value}\r\n"
                      for name, value in signed_headers("orders/create", b"x").items()) + "\r\n")
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    answered = statuses(exchange(relay, head.encode() + chunk * 100 + b"0\r\n\r\n"))
    assert answered in ([413], [])
    assert is_well(relay, 1)


def test_bodies_on_nobodys_word_take_no_memory(relay):
    """300 that promise 16 MB and send little."""
    before = relay.memory()
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            connection = stack.enter_context(connect(relay))
            connection.sendall(request(b"{}", {"Content-Length": str(16 * MIB)}))
        assert is_well(relay, 1)
        assert relay.memory() - before < 48 * MIB
    relay.wait(lambda: relay.metric("segrelay_http_in_memory_bytes") == 0)


# ---- many of them ----

@pytest.mark.threads
def test_half_requests_and_slow_senders_hold_up_nobody(make_relay, segment):
    relay = make_relay(options='request_timeout = "2s"')
    stop = threading.Event()

    def drip(connection):
        with contextlib.suppress(OSError):
            for byte in request(b"{}" * 500, {"Content-Length": "1000"}):
                if stop.wait(0.05):
                    break
                connection.sendall(bytes([byte]))

    with contextlib.ExitStack() as stack:
        for _ in range(200):  # half a head, and nothing more
            stack.enter_context(connect(relay)).sendall(b"POST /webhooks/shopify HTTP/1.1\r\nHo")
        drippers = [threading.Thread(target=drip, args=(stack.enter_context(connect(relay)),))
                    for _ in range(20)]
        for thread in drippers:
            thread.start()
        assert all(is_well(relay, number) for number in range(20))
        relay.wait(lambda: relay.metric("segrelay_http_connections") == 0)
        stop.set()
        for thread in drippers:
            thread.join()
    segment.wait_for(40)


def test_2000_connections_at_once(make_relay, segment):
    """All of them stay open, and each is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4200:
        pytest.skip("too few files may be open here")
    if soft < 8192:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    relay = make_relay(options='max_connections = 2100\nrequest_timeout = "5m"\nidle_timeout = "5m"')
    before = relay.memory()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(relay, 30)) for _ in range(2000)]
        for number, connection in enumerate(connections):
            connection.sendall(request(shops.body(order(number, id=FIRST + number))))
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 200"
        assert is_well(relay, 2000)  # while they stay
    segment.wait_for(4002, seconds=60)
    assert relay.memory() - before < 2000 * 50_000


def knock(connection, answers, numbers):
    """Sends webhooks with signatures of nobody, all at once; each is refused."""
    connection.sendall(b"".join(
        b"POST /webhooks/shopify HTTP/1.1\r\nHost: x\r\nX-Shopify-Topic: made/up%d\r\n"
        b"X-Shopify-Shop-Domain: %s\r\nX-Shopify-Hmac-Sha256: %043d=\r\nContent-Length: 2\r\n\r\n{}"
        % (number, AURORA.domain.encode() if number % 2 else b"shop%d" % number, number)
        for number in numbers))
    for _ in numbers:
        assert answers.readline().startswith(b"HTTP/1.1 401 ")
        length = 0
        while (line := answers.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        answers.read(length)


def test_100000_bad_signatures_leave_a_few_lines(relay):
    """Log and memory stay as they are, whoever knocks."""
    connection = connect(relay)
    answers = connection.makefile("rb")
    for first in range(0, 100_000, 100):
        if first == 2000:
            before, lines, began = relay.memory(), relay.log().count("\n"), time.monotonic()
        knock(connection, answers, range(first, first + 100))
    assert relay.memory() - before < 8 * MIB
    # one a reason and ten seconds
    assert relay.log().count("\n") - lines < 4 + 2 * (time.monotonic() - began) / 10
    assert relay.status()["topics"] == []


@pytest.mark.threads
def test_bad_signatures_hold_up_nobody(relay, segment):
    """While several knock as fast as they can, good webhooks are served in time."""
    stop = threading.Event()
    counts = []

    def knocker(first):
        connection = connect(relay)
        answers = connection.makefile("rb")
        while not stop.is_set():
            knock(connection, answers, range(first, first + 50))
            first += 50
        counts.append(first)

    knockers = [threading.Thread(target=knocker, args=(at * 10_000_000,)) for at in range(4)]
    for thread in knockers:
        thread.start()
    assert all(is_well(relay, number) for number in range(100))
    stop.set()
    for thread in knockers:
        thread.join()
    assert len(counts) == 4  # each was answered to its end
    segment.wait_for(200)


@pytest.mark.threads
@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees which files a relay has open: it lets nobody look into it")
def test_no_file_left_for_a_connection(relay, segment):
    """It accepts no more, and does so again as soon as there is one."""
    assert is_well(relay, 0)
    opened = [int(name) for name in os.listdir(f"/proc/{relay.process.pid}/fd")]
    limits = resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (max(opened) + 4, limits[1]))
    with contextlib.ExitStack() as stack:
        for number in range(30):
            connection = stack.enter_context(connect(relay))
            connection.sendall(request(shops.body(order(number, id=FIRST + 100 + number))))
        time.sleep(1)
    resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, limits)
    assert is_well(relay, 1)
    segment.wait(lambda: len(segment.events("Order Completed")) >= 2)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.repetitions() == 0
    assert relay.metric("segrelay_counters_balanced") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees which files a relay has open: it lets nobody look into it")
def test_no_file_at_all_costs_no_processor_time(relay):
    """Not one connection is open: nobody's end would wake a listener that waits for it."""
    assert is_well(relay, 0)
    relay.wait(lambda: relay.metric("segrelay_http_connections") == 0)
    opened = [int(name) for name in os.listdir(f"/proc/{relay.process.pid}/fd")]
    limits = resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))

    def seconds():
        stat = Path(f"/proc/{relay.process.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    assert len(opened) > 3
    with connect(relay) as connection:
        connection.sendall(request(shops.body(order(1, id=FIRST + 100))))
        lines = relay.said("accepting paused")
        before = seconds()
        time.sleep(3)
        assert seconds() - before < 1.5  # of 3 s; a loop that never sleeps takes all of them, in each thread
        assert len(lines) == 1 and len(relay.lines("accepting paused")) == 1
        assert "LimitNOFILE" in lines[0]["action"]
        resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, limits)
        connection.settimeout(60)
        assert b" 200 " in connection.recv(4096)
    assert relay.metric("segrelay_http_accept_pauses_total") >= 2


def test_a_topic_for_each_webhook_is_bounded(relay):
    """Signed, but with topics made up: the counters do not grow for ever."""
    before = relay.memory()
    for number in range(2100):
        assert relay.post(f"made/up{number}", {"id": number}).status == 200
    assert len(relay.status()["topics"]) <= 2001
    assert relay.memory() - before < 32 * MIB
    assert relay.metric("segrelay_counters_balanced") == 1
