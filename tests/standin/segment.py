#!/usr/bin/env python3
"""A stand-in for Segment's HTTP tracking API that checks every rule of the real one.

    python3 tests/standin/segment.py --port 9000 [--print]

In a test: `with Segment() as segment:`, then `segment.url`, `segment.messages`,
`segment.violations`. It answers as Segment does, unless a test sets how to fail:

    segment.fail(answer(503))                       the next request
    segment.fail(answer(429, retry_after=2), 3)     the next three
    segment.always(poison(is_order("1002")))        every one, until segment.always(None)
    segment.always(answer(401), write_key=KEY)      every one with this write key

It also takes what analytics.js sends: `segment.from_browsers`. It is Segment's Public API, too:
`segment.deletions` has what it was asked to delete, and `segment.fail_deletions(answer(503))` makes it fail.
"""

import argparse
import base64
import collections
import dataclasses
import datetime
import gzip
import http.server
import itertools
import os
import pathlib
import signal
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from standin import browser, exact, validate  # noqa: E402

BATCH_BYTES = 500_000
BATCH_MESSAGES = 2500
SENT_AT_SECONDS = 10  # how far sentAt may be from now: it must be made anew for every attempt
SUCCESS = b'{"success": true}'


@dataclasses.dataclass
class Answer:
    """What becomes of one request."""

    status: int = 200
    body: bytes = SUCCESS
    headers: dict = dataclasses.field(default_factory=dict)
    delay: float = 0
    accepts: bool = True  # whether the messages count as arrived
    # "": properly; "close": without an answer; "reset": in its middle; "half": closed there; "never"; "head": its head never does
    ends: str = ""


@dataclasses.dataclass
class Request:
    """A POST to /v1/batch as it came."""

    write_key: str
    headers: dict
    messages: list
    bytes: int
    came: float
    status: int = 0

    @property
    def retry_count(self):
        return int(self.headers.get("x-retry-count", 0))


# ---- ways to fail: each gives a function from a request to an Answer, or None for the usual ----

def answer(status, body=b'{"code": "failed", "message": "said the stand-in"}', retry_after=None,
           delay=0, accepts=None):
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    accepts = 200 <= status < 300 if accepts is None else accepts
    return lambda request: Answer(status, body, headers, delay, accepts)


def slow(seconds):
    return lambda request: Answer(delay=seconds)


def closes():
    return lambda request: Answer(accepts=False, ends="close")


def resets(accepts=False):
    """The connection breaks in the middle of the answer; with `accepts` only the answer is lost."""
    return lambda request: Answer(accepts=accepts, ends="reset")


def garbage(body=b"<html>a proxy's page</html>"):
    return lambda request: Answer(200, body, {"Content-Type": "text/html"}, accepts=False)


def endless(body=b"x" * 65536, accepts=False):
    """The answer never ends; with accepts=None it is its head that does not."""
    return lambda request: Answer(200, body, accepts=bool(accepts), ends="head" if accepts is None else "never")


def poison(predicate, status=400, body=b'{"code": "bad_request", "message": "invalid message"}'):
    """Refuses every batch that has a message for which predicate(message) holds."""
    def behaviour(request):
        if any(predicate(message) for message in request.messages):
            return Answer(status, body, accepts=False)
        return None
    return behaviour


def only(predicate, behaviour):
    """Behaves so for every batch that has a message for which predicate(message) holds."""
    return lambda request: behaviour(request) if any(map(predicate, request.messages)) else None


def closes_half():
    """The connection is closed after half of the answer."""
    return lambda request: Answer(accepts=False, ends="half")


def is_order(order_id):
    return lambda message: message.get("properties", {}).get("order_id") == str(order_id)


def http_date(seconds):
    """An HTTP-date so many seconds from now."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%a, %d %b %Y %H:%M:%S GMT")


# ---- the stand-in ----

class Segment:
    """A Segment on loopback. Its lists may be read from any thread at any time."""

    def __init__(self, port=0, on_message=None, certificate=None):
        self.port = port
        self.certificate = certificate  # a PEM file with its key: then it speaks TLS
        self.messages = []    # accepted, in order; each a dict with exact numbers
        self.requests = []    # every request that was answered, or left without
        self.violations = []  # what the real one, or the catalogue, would not have
        self.deletions = []   # accepted by the Public API: (token, path, userIds)
        self.from_browsers = []  # calls of analytics.js, in order, repetitions included
        self.clock_ahead = 0     # seconds by which its Date is ahead
        self.bytes_answered = 0  # of answers that do not end
        self.on_message = on_message
        self._deletion_failures = collections.deque()
        self._lock = threading.Lock()
        self._failures = collections.deque()
        self._always = {}
        self._server = None
        self._held = None     # keeps the port ours while nobody listens

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()
        self._held.close()

    @property
    def url(self):
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def start(self):
        """Listens; after stop() again on the same port."""
        if self._held is None:
            self._held = socket.socket()
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(("127.0.0.1", self.port))
            self.port = self._held.getsockname()[1]
        self._server = _Server(("127.0.0.1", self.port), self)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Refuses connections from now on, and breaks those that are open."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.break_connections()
            self._server = None

    def fail(self, behaviour, times=1):
        """Behaves so for the next requests."""
        self._failures.extend(itertools.repeat(behaviour, times))

    def always(self, behaviour, write_key=None):
        """Behaves so for every request (of a write key), until always(None)."""
        self._always[write_key] = behaviour

    def fail_deletions(self, behaviour, times=1):
        self._deletion_failures.extend(itertools.repeat(behaviour, times))

    def fails_still(self):
        return len(self._failures)

    # -- what arrived --

    def events(self, name, write_key=None):
        """The accepted track calls of a name, one for each messageId."""
        return [message for message in self.unique(write_key) if message.get("event") == name]

    def identifies(self, write_key=None):
        return [message for message in self.unique(write_key) if message["type"] == "identify"]

    def unique(self, write_key=None):
        """The accepted messages, repetitions left out as Segment does."""
        with self._lock:
            unique = {}
            for message in self.messages:
                if write_key in (None, message.write_key):
                    unique.setdefault(message["messageId"], message)
            return list(unique.values())

    def repetitions(self):
        """How many accepted messages had a messageId that was accepted before."""
        with self._lock:
            ids = [message["messageId"] for message in self.messages]
        return len(ids) - len(set(ids))

    def wait(self, condition, seconds=60):
        """Waits until condition() holds, or fails the test."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, \
                f"waited {seconds} s in vain; {len(self.messages)} messages came in " \
                f"{len(self.requests)} requests"
            time.sleep(0.01)

    def wait_for(self, number, name=None, seconds=60):
        """Waits for that many different messages (events of a name) and returns them."""
        def found():
            return self.unique() if name is None else self.events(name)
        self.wait(lambda: len(found()) >= number, seconds)
        return found()

    # -- one request --

    def receive(self, headers, body):
        """Checks a request and decides its answer."""
        request, wrong = _read(headers, body, self.clock_ahead)
        with self._lock:
            behaviour = self._behaviour(request.write_key)
        chosen = behaviour(request) if behaviour else None
        if chosen is None:
            chosen = _usual_answer(request, body)
        request.status = 0 if chosen.ends else chosen.status
        with self._lock:
            self.requests.append(request)
            self.violations += wrong
            if chosen.accepts:
                self.messages += request.messages
        if chosen.accepts and self.on_message:
            for message in request.messages:
                self.on_message(message)
        return chosen

    def receive_from_browser(self, path, body):
        """One call of analytics.js."""
        message = exact.loads(body)
        with self._lock:
            self.violations += browser.problems(path, message)
            self.from_browsers.append(message)
        return Answer(headers={"Access-Control-Allow-Origin": "*"})

    def regulate(self, path, headers, body):
        """A request to the Public API: a regulation of a workspace, or of a source."""
        token = headers.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            if self._deletion_failures:
                return self._deletion_failures.popleft()(body)
            self.violations += _check_regulation(token, body)
            self.deletions.append((token, path, exact.loads(body).get("subjectIds")))
        return Answer(200, b'{"data": {"regulateId": "2abc"}}')

    def _behaviour(self, write_key):
        if self._failures:
            return self._failures.popleft()
        return self._always.get(write_key) or self._always.get(None)


class Message(dict):
    """A call that remembers the write key it came with."""

    write_key = ""


def _read(headers, body, clock_ahead):
    """The request, and everything that the real Segment or the catalogue would not have."""
    wrong = []
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    if headers.get("content-type", "").split(";")[0] != "application/json":
        wrong.append("Content-Type is not application/json")
    if not headers.get("user-agent", "").startswith("segrelay/"):
        wrong.append("User-Agent does not say segrelay")
    try:
        batch = exact.loads(body)
    except (ValueError, RecursionError) as error:
        return Request("", headers, [], len(body), time.time()), wrong + [f"no JSON: {error}"]
    request = Request(batch.get("writeKey", ""), headers, [Message(m) for m in batch["batch"]],
                      len(body), time.time())
    for message in request.messages:
        message.write_key = request.write_key
    wrong += _check_envelope(request, batch, len(body), clock_ahead)
    now = validate.now_text(ahead_seconds=1)
    for message in request.messages:
        wrong += [f"{message.get('event', message.get('type'))}: {problem}"
                  for problem in validate.problems(message, now)]
    return request, wrong


def _check_envelope(request, batch, size, clock_ahead):
    wrong = []
    if set(batch) != {"batch", "sentAt", "writeKey"}:
        wrong.append(f"the envelope has {', '.join(batch)}")
    expected = "Basic " + base64.b64encode(f"{request.write_key}:".encode()).decode()
    if request.headers.get("authorization") != expected:
        wrong.append("Authorization is not Basic with the body's write key and a colon")
    if size > BATCH_BYTES:
        wrong.append(f"a batch of {size} bytes")
    if not 0 < len(request.messages) <= BATCH_MESSAGES:
        wrong.append(f"a batch of {len(request.messages)} messages")
    if len({message.get("messageId") for message in request.messages}) < len(request.messages):
        wrong.append("a messageId stands twice in a batch")
    if validate.time(batch.get("sentAt")):
        return wrong + ["sentAt: is no UTC time with milliseconds"]
    sent = datetime.datetime.fromisoformat(batch["sentAt"].replace("Z", "+00:00"))
    # by the sender's clock until it has seen an answer's Date, or when it is behind; else by the one here
    if all(abs(request.came + ahead - sent.timestamp()) > SENT_AT_SECONDS for ahead in (0, clock_ahead)):
        wrong.append(f"sentAt {batch['sentAt']} is stale")
    return wrong


def _check_regulation(token, body):
    """The body of a createWorkspaceRegulation (Segment's documentation of the Public API)."""
    regulation = exact.loads(body)
    ids = regulation.pop("subjectIds", None)
    wrong = [] if token else ["a regulation without a bearer's token"]
    if regulation != {"regulationType": "DELETE_ONLY", "subjectType": "USER_ID"}:
        wrong.append(f"a regulation of {regulation}")
    if not ids or len(ids) > 5000 or not all(isinstance(each, str) and each for each in ids):
        wrong.append("subjectIds: are no 1 to 5000 strings")
    return wrong


def _usual_answer(request, body):
    """As the real one: no word about an unknown write key, 400 for what is too large."""
    too_large = len(body) > BATCH_BYTES or any(
        len(exact.dumps(message).encode()) > 32 * 1024 for message in request.messages)
    if not request.write_key or not request.messages or too_large:
        return Answer(400, b'{"code": "bad_request", "message": "malformed"}', accepts=False)
    return Answer()


# ---- HTTP ----

class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, segment):
        self.segment = segment
        self.connections = set()
        super().__init__(address, _Handler)

    def break_connections(self):
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it ended by itself

    def handle_error(self, request, client_address):
        pass  # a peer that went away is part of the tests


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client ended in the middle: a request was never made
            self.close_connection = True
            return
        if self.path.startswith("/regulations"):
            chosen = self.server.segment.regulate(self.path, headers, body)
        elif self.path == "/v1/batch":
            chosen = self.server.segment.receive(headers, body)
        elif self.path in browser.PATHS:
            chosen = self.server.segment.receive_from_browser(self.path, body)
        else:
            chosen = Answer(404, b"not found")
        if chosen.delay:
            time.sleep(chosen.delay)
        if chosen.ends:
            self._break(chosen)
        else:
            self._answer(chosen)

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.server.segment.clock_ahead)

    def do_OPTIONS(self):
        """A browser asks whether it may post JSON with a key."""
        self._answer(Answer(200, b"", {"Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "600",
                                       "Access-Control-Allow-Headers": "authorization, content-type, x-retry-count"}))

    def _answer(self, chosen):
        self.send_response(chosen.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(chosen.body))}
        for name, value in (headers | chosen.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(chosen.body)

    def _go_on(self, chosen):
        """Sends without end, for as long as it is read (at most 256 MiB)."""
        part = b"X-Filler: " + b"y" * 8000 + b"\r\n" if chosen.ends == "head" else chosen.body
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if chosen.ends == "never" else b""))
            for _ in range((256 << 20) // len(part)):
                self.wfile.write(part)
                self.server.segment.bytes_answered += len(part)
        except OSError:
            pass  # who asked has read enough

    def _break(self, chosen):
        self.close_connection = True
        if chosen.ends in ("never", "head"):
            self._go_on(chosen)
        if chosen.ends == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + SUCCESS[:8])
        if chosen.ends == "reset":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def log_message(self, *unused):
        pass


# ---- as a program ----

def describe(message):
    """One line about a call, for people."""
    properties = message.get("properties", {})
    parts = [f"userId={message['userId']}"] if "userId" in message else []
    parts += [f"{name}={exact.dumps(properties[name])}"
              for name in ("order_id", "refund_id", "fulfillment_id", "status", "cancel_reason",
                           "revenue", "shipping", "tax", "total", "currency", "coupon")
              if name in properties]
    if "products" in properties:
        parts.append(f"products={len(properties['products'])}")
    name = message.get("event", "")
    return f"{message['type']:<9}{name:<20} " + " ".join(parts)


def main():
    parser = argparse.ArgumentParser(description="A stand-in for Segment on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=9000, help="0 for any that is free")
    parser.add_argument("--print", action="store_true", help="a line for each call that arrives")
    parser.add_argument("--save", type=pathlib.Path, metavar="FILE",
                        help="append each call that arrives to FILE, one a line")
    options = parser.parse_args()

    def on_message(message):
        if options.print:
            print(describe(message), flush=True)
        if options.save:
            with open(options.save, "a", encoding="utf-8") as file:
                file.write(exact.dumps(message) + "\n")

    with Segment(options.port, on_message) as segment:
        print(f"listening at {segment.url}", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for violation in segment.violations:
        print(f"violation: {violation}", file=sys.stderr)
    return 1 if segment.violations else 0


if __name__ == "__main__":
    # Before any thread is started: all of them leave these to sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
