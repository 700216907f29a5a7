"""A stand-in for the relay's web side: serves the storefront's scripts with their configuration, takes what they post.

`Collector.posts` has what was accepted, `violations` what the contract does not allow.
"""

import datetime
import http.server
import json
import pathlib
import re
import threading
from urllib.parse import parse_qs, urlsplit

STOREFRONT = pathlib.Path(__file__).resolve().parents[2] / "storefront"
SHOP = "aurora-outfitters.myshopify.com"
MOST = 8192
SCRIPTS = ("/segrelay.js", "/segrelay-pixel.js")
EVENTS = ("checkout_started", "checkout_contact_info_submitted", "checkout_address_info_submitted",
          "checkout_shipping_info_submitted", "payment_info_submitted", "checkout_completed", "alert_displayed")
KEPT = re.compile(r"(gad|hsa|pr|utm)_\w+|aff\w*|\w*cl(ick|k)?id|[gw]braid|srsltid|mc_cid|filter\.[\w.]+"
                  r"|page|q|ref|sort_by|variant", re.I)


def config(url, cdn, write_key, **changes):
    """What the relay puts in front of the scripts."""
    return {
        "shop": SHOP, "collect": f"{url}/collect", "writeKey": write_key, "cdn": cdn, "consent": "required",
        "consentCategories": {"analytics": "Analytics", "marketing": "Advertising", "preferences": "Functional",
                              "saleOfData": "DataSale"},
        "userId": "customer_id", "emailProperty": True, "attribute": "_segment_anonymous_id", "disable": [], "rename": {},
        "paths": [["/cart", "Cart Viewed"], ["/account/register", "Registration Viewed"], ["/blogs/", "Blog Viewed"]],
        "version": "0.1.0", **changes}


# ---- the contract of POST /collect: member → what is wrong with its value, or None ----

def _text(most, pattern=r"[^\x00-\x1f]+"):
    def check(value):
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            return f"{value!r} is not as it must be"
        return None if len(value) <= most else f"has {len(value)} characters, over {most}"
    return check


def _flag(value):
    return None if isinstance(value, bool) else "is neither true nor false"


def _address(value):
    wrong = _text(2048, r"(https?|android-app|ios-app)://[^\s]*")(value)
    parts = urlsplit(value)
    others = [name for name in parse_qs(parts.query) if not KEPT.fullmatch(name)]
    if not wrong and (others or parts.fragment or "@" in value):
        return f"{value} carries other parameters than those of docs/storefront.md"
    return wrong


def _time(value):
    return None if datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) else "is no time"


TOKEN = _text(255, r"[!-~]+")
RECORD = {
    "v": lambda value: None if value == 1 else "is not 1",
    "shop": lambda value: None if value == SHOP else "is another shop",
    "anonymousId": _text(128, r"[!-~]+"), "cartToken": _text(255, r"[!->@-~]+"), "checkoutToken": TOKEN,
    "googleClientId": _text(128, r"\d+\.\d+"), "googleSessionId": _text(128, r"\d+"),
    "page": {"url": _address, "path": _text(2048, r"/.*"), "search": _text(2048, r"\?.+"), "referrer": _address,
             "title": _text(255)},
    "campaign": dict.fromkeys(("name", "source", "medium", "term", "content"), _text(255)),
    "locale": _text(255, r"[a-zA-Z-]+"),
    "consent": dict.fromkeys(("analytics", "marketing", "preferences", "saleOfData"), _flag),
    "event": {"id": _text(128), "name": lambda value: None if value in EVENTS else "is none of the events",
              "time": _time, "type": lambda value: None if value == "PAYMENT_ERROR" else "is no PAYMENT_ERROR"},
}


def problems(body):
    """Everything that is wrong with a post's body."""
    if len(body) > MOST:
        return [f"{len(body)} bytes, over {MOST}"]
    try:
        record = json.loads(body)
    except ValueError as error:
        return [f"no JSON: {error}"]
    found = _members(record, RECORD, "")
    found += [f"{name}: missing" for name in ("v", "shop") if name not in record]
    if not {"cartToken", "checkoutToken"} & set(record):
        found.append("neither cartToken nor checkoutToken")
    if "type" in record.get("event", {}) and record["event"]["name"] != "alert_displayed":
        found.append("event.type: is of alerts alone")
    return found


def _members(value, shape, path):
    found = []
    for name, member in value.items():
        if name not in shape:
            found.append(f"{path}{name}: is not in the contract")
        elif isinstance(shape[name], dict):
            found += _members(member, shape[name], f"{path}{name}.") if member else [f"{path}{name}: is empty"]
        elif shape[name](member):
            found.append(f"{path}{name}: {shape[name](member)}")
    return found


class Collector:
    """The stand-in, on loopback. `options` are changes of the scripts' configuration."""

    def __init__(self):
        self.posts = []
        self.requests = []  # headers and body as they came
        self.violations = []
        self.options = {}
        self.cdn = ""
        self.write_key = ""
        self._answers = threading.Event()
        self._answers.set()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def hold(self):
        """Answers nothing until release()."""
        self._answers.clear()

    def release(self):
        self._answers.set()

    def await_release(self):
        self._answers.wait(30)

    def connect(self, shop_url, write_key):
        """Serves the scripts for a shop whose pages, and analytics.js, are there."""
        self.cdn, self.write_key = shop_url, write_key

    def script(self, path):
        """A script as it is served."""
        options = config(self.url, self.cdn, self.write_key, **self.options)
        given = {name: value for name, value in options.items() if value is not None}
        return f"var segrelayConfig = {json.dumps(given)};\n" + (STOREFRONT / path.strip("/")).read_text(encoding="utf-8")

    def take(self, headers, body):
        self.requests.append((headers, body.decode()))
        wrong = problems(body)
        if not headers.get("content-type", "").startswith("text/plain"):
            wrong.append("Content-Type is not text/plain")
        if "cookie" in headers:
            wrong.append("a cookie came along")
        self.violations += wrong
        if not wrong:
            self.posts.append(json.loads(body))


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, collector):
        self.collector = collector
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request, client_address):
        pass  # a browser that goes away is part of the tests


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.collector.await_release()
        path = self.path.partition("?")[0]
        found = path in SCRIPTS
        self._answer(200 if found else 404, self.server.collector.script(path).encode() if found else b"")

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.collector.take(headers, body)
        self._answer(204, b"")

    def do_OPTIONS(self):
        self.server.collector.violations.append("a preflight request: the post is no simple one")
        self._answer(403, b"")

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Content-Type", "text/javascript; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass
