"""Fixtures that hide the plumbing: a running relay, a stand-in for Segment.

At the end of each test the relay must end in order, Segment must have had nothing to object to, and no
secret and nothing personal may stand in the log.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from standin.segment import Segment  # noqa: E402
from tools import journeys  # noqa: E402
from tools import recharge_signing  # noqa: E402
from tools import sharing  # noqa: E402
from tools import shop as shops  # noqa: E402
from tools.unix_http import UnixConnection  # noqa: E402
from tools.folders import (  # noqa: E402,F401
    passed_folder, pytest_collection_modifyitems, pytest_runtest_makereport, pytest_sessionfinish)
from tools.sharing import pytest_runtest_protocol  # noqa: E402,F401

SEGRELAY = os.environ.get("SEGRELAY", str(ROOT / "build/release/segrelay"))
PRELOAD = os.environ.get("RELAY_PRELOAD")  # into the relays, not into the tests
MAIN_KEY = "mainmainmainmainmainmainmainmain"
OTHER_KEY = "otherotherotherotherotherotherot"


SECRETS = [MAIN_KEY, OTHER_KEY, shops.AURORA.secret, shops.FJORD.secret,
           "sgp_thetokenofthepublicapi", *recharge_signing.SECRETS, recharge_signing.TOKEN]


def _canaries():
    """What must never be logged: secrets, keys, tokens, all that is said of the fixtures' people."""
    words = [*SECRETS, shops.BROWSER_ID, "203.0.113.57", "Cardholder", "receipt@example.com",
             "office@example.com", "9f2c01ab", "fpAlmaOnly", "1 Receipt Row",
             journeys.CARD_NUMBER, journeys.RECEIPT_ID]
    for person in (shops.ALMA, shops.NILS):
        words += [person.first_name, person.last_name, person.email, person.email.split("@")[0],
                  person.phone, person.note, person.address["address1"], person.address["city"]]
    return [word for word in words if word]


CANARIES = _canaries()
# Tokens of carts, checkouts and orders, and what may be a card's number, masked or not.
PATTERNS = [r"\bchk\d{10,}", r"\d{10,}(cart|tok)\b", r"(?<![\d:])4242(?!\d)", r"\d{4} \d{4} \d{4} \d{4}",
            r"[•*]{4} ?\d{4}"]
LOGS = {}  # of all relays of the run, by the test's name


class Log(str):
    """What a relay logged in so many seconds."""

    def __new__(cls, text, seconds):
        self = super().__new__(cls, text)
        self.seconds = seconds
        return self

    def __getnewargs__(self):
        return str(self), self.seconds


class Answer:
    """What came back for a request."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()


class Relay:
    """A `segrelay serve` of the test's own."""

    def __init__(self, directory, segment, options="", destinations=None, shop_options="",
                 store=None, in_order=False):
        self.directory = directory
        self.config = directory / "segrelay.conf"
        self.database = directory / "segrelay.db"
        self.log_path = directory / "log"
        self.process = None
        self.port = self.admin = self.socket = None
        self.expected_status = 0
        self.made = time.monotonic()
        self.environment = {}  # of its next start
        if destinations is None:
            # of several batches in flight any may arrive first
            destinations = {"main": (MAIN_KEY, segment.url, "batches_in_flight = 1" if in_order else "")}
        self.write_config(options, destinations, shop_options, store)

    def write_config(self, options="", destinations=None, shop_options="", store=None):
        blocks = [f'listen = "127.0.0.1:{self.port or 0}"',
                  f'admin = "127.0.0.1:{self.admin or 0}"',
                  f'store = "sqlite:{store or self.database}"',
                  "min_free = 0", options]
        for name, (key, url, more) in (destinations or {}).items():
            blocks.append(f'destination "{name}" {{\n write_key = "{key}"\n url = "{url}"\n'
                          f' {more if "batch_wait" in more else more + " batch_wait = 20ms"}\n}}')
        for shop in (shops.AURORA, shops.FJORD):
            # most tests count messages: an alias only where a test is about it
            alias = "" if "alias" in shop_options else "alias = no"
            blocks.append(f'shop "{shop.domain}" {{\n secrets = {{"{shop.secret}"}}\n'
                          f' {alias}\n {shop_options}\n}}')
        self.config.write_text("\n".join(blocks) + "\n", encoding="utf-8")
        self.config.chmod(0o600)

    # -- its life --

    def spawn(self):
        """Begins to start; what is killed may not have come far."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [SEGRELAY, "serve", "--config", self.config], stderr=log, stdout=log,
                env=os.environ | ({"LD_PRELOAD": PRELOAD} if PRELOAD else {}) | self.environment)

    def start(self):
        before = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.spawn()
        self.wait(lambda: self._read_ports(before) or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()
        return self

    def _read_ports(self, before):
        whole_lines = self.log_path.read_bytes()[before:].decode().split("\n")[:-1]
        started = [line for line in map(_fields, whole_lines) if line.get("msg") == "started"]
        if started:
            self.port, self.admin = (int(started[0][name].rpartition(":")[2]) for name in ("listen", "admin"))
            self.socket = started[0].get("admin_socket")
        return started

    def fix_ports(self):
        """Has the same ports from now on after each start: such as no client gets as its own."""
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="utf-8") as file:
            first = int(file.read().split()[0])
        free = []
        while len(free) < 2:
            with socket.socket() as own:
                try:
                    own.bind(("127.0.0.1", random.randrange(first // 2, first)))
                    free.append(own.getsockname()[1])
                except OSError:
                    pass  # it is somebody's
        self.port, self.admin = free
        text = self.config.read_text(encoding="utf-8")
        for name, port in (("listen", self.port), ("admin", self.admin)):
            text = re.sub(rf'^{name} = .*', f'{name} = "127.0.0.1:{port}"', text, flags=re.M)
        self.config.write_text(text, encoding="utf-8")

    def stop(self):
        """Ends in order, as systemd would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process:
            status = self.process.wait(60)
            assert status == self.expected_status, f"status {status}\n{self.log()}"
        self.process = None

    def kill(self):
        """As a crash would."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def reload(self):
        """Reads the configuration again; waits until it has said how that went."""
        before = self.log().count("msg=reloaded") + self.log().count("reload failed")
        self.process.send_signal(signal.SIGHUP)
        self.wait(lambda: self.log().count("msg=reloaded") + self.log().count("reload failed")
                  > before)

    @staticmethod
    def wait(condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain"
            time.sleep(0.01)

    def memory(self, name="VmRSS"):
        """Resident bytes (VmHWM: at most); 0 under a sanitizer, which keeps what was freed."""
        program = pathlib.Path(SEGRELAY).read_bytes()
        if b"__asan_init" in program or b"__tsan_init" in program:
            return 0
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024

    # -- what it says --

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def lines(self, message):
        """The log lines with a message, each as a dict."""
        return [line for line in map(_fields, self.log().splitlines())
                if line.get("msg") == message]

    def said(self, message, count=1):
        """The same, once there are so many: what they tell of may be seen before they are written."""
        self.wait(lambda: len(self.lines(message)) >= count)
        return self.lines(message)

    def get(self, path):
        """Asks the admin API where the path is served."""
        return (self.ask_address if path in ("/healthz", "/readyz", "/metrics") else self.ask)(path)

    def ask_address(self, path, method="GET", body=None, headers=None):
        """Asks the admin API at its address: health, readiness and metrics."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=60)
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())

    def ask(self, path, method="GET", body=None, headers=None):
        """Asks the admin API on its unix socket: everything."""
        connection = UnixConnection(self.socket)
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())

    def status(self):
        return json.loads(self.get("/status").body)

    def topic(self, name, shop=shops.AURORA):
        return next((topic for topic in self.status()["topics"]
                     if topic["topic"] == name and topic["shop"] == shop.domain), None)

    def destination(self, name="main"):
        return next(each for each in self.status()["destinations"] if each["name"] == name)

    def metric(self, line):
        """The value of a metric, by its name and labels."""
        for each in self.get("/metrics").body.decode().splitlines():
            if each.rsplit(" ", 1)[0] == line:
                return float(each.rsplit(" ", 1)[1])
        return None

    # -- what it is given --

    def post(self, topic, payload, shop=shops.AURORA, headers=None, path="/webhooks/shopify",
             method="POST", connection=None, leave_out=()):
        """Posts as Shopify does. `payload` is an object, or bytes as they are."""
        body = payload if isinstance(payload, bytes) else shops.body(payload)
        sent = signed_headers(topic, body, shop) | (headers or {})
        sent = {name: value for name, value in sent.items() if name not in leave_out}
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        own.request(method, path, body, sent)
        answer = Answer(own.getresponse())
        if connection is None:
            own.close()
        return answer

    def post_recharge(self, topic, payload, shop=shops.AURORA.domain, path=None, headers=None,
                      **signing):
        """Posts as ReCharge does; `signing` as of recharge_signing.headers. A header that is None
        is left out."""
        body = payload if isinstance(payload, bytes) else shops.body(payload)
        sent = recharge_signing.headers(topic, body, **signing) | (headers or {})
        own = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        own.request("POST", path or f"/webhooks/recharge/{shop}/{topic}", body,
                    {name: value for name, value in sent.items() if value is not None})
        answer = Answer(own.getresponse())
        own.close()
        return answer

    def run(self, *words, status=0, stdin=None):
        """Runs a verb with this relay's configuration (and its ports)."""
        config = self.directory / "verbs.conf"
        text = self.config.read_text(encoding="utf-8")
        if self.port:
            text = re.sub(r'(listen = "127.0.0.1:)\d+', rf"\g<1>{self.port}", text)
            text = re.sub(r'(admin = "127.0.0.1:)\d+', rf"\g<1>{self.admin}", text)
        config.write_text(text, encoding="utf-8")
        done = subprocess.run([SEGRELAY, *words, "--config", config], capture_output=True,
                              text=True, timeout=60, input=stdin, check=False)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stderr}"
        # what is asked for is shown; a secret never, and what is said of it is personal no more than a log
        assert [secret for secret in SECRETS if secret in done.stdout] == []
        assert [canary for canary in CANARIES if canary in done.stderr] == []
        return done


def _fields(line):
    """key=value pairs of a log line, or the members of one in JSON."""
    if line.startswith("{"):
        return {name: str(value) for name, value in json.loads(line).items()}
    return dict(part.split("=", 1) for part in shlex.split(re.sub(r"^<\d>", "", line))
                if "=" in part)


def signed_headers(topic, body, shop=shops.AURORA):
    digest = hmac.new(shop.secret.encode(), body, hashlib.sha256).digest()
    return {"Content-Type": "application/json", "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": shop.domain,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-API-Version": "2026-10", "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": str(uuid.uuid4()), "X-Shopify-Test": "false",
            "X-Shopify-Triggered-At": "2026-11-23T10:00:00.123456789Z"}


@pytest.fixture
def segment():
    with Segment() as standin:
        yield standin
    assert standin.violations == []


@pytest.fixture
def other_segment():
    with Segment() as standin:
        yield standin
    assert standin.violations == []


@pytest.fixture
def make_relay(tmp_path, segment, request):
    """Makes and starts a relay with options of the test's own."""
    made = []

    def make(**options):
        directory = tmp_path / f"relay{len(made)}"
        directory.mkdir()
        made.append(Relay(directory, segment, **options))
        return made[-1].start()

    yield make
    for relay in made:
        relay.stop()
        log = relay.log()
        assert "Sanitizer" not in log and "runtime error" not in log, log
        LOGS.setdefault(request.node.nodeid, []).append(Log(log, time.monotonic() - relay.made))
        assert [canary for canary in CANARIES if canary in log] == []


@pytest.fixture
def relay(make_relay):
    """A relay that sends to the stand-in."""
    return make_relay()


def pytest_configure(config):
    config.addinivalue_line("markers", "threads: also run under ThreadSanitizer")
    config.addinivalue_line("markers", "last: runs when all other tests have")
    config.addinivalue_line("markers", "long(seconds): waits so long, about: the longest begin first")


def pytest_unconfigure():
    sharing.leave(LOGS)
