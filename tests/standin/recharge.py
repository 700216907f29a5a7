#!/usr/bin/env python3
"""A stand-in for ReCharge's API: the webhooks that are registered with one token.

    with Recharge(token) as recharge:  recharge.url, recharge.webhooks, recharge.violations
    recharge.fail(429, {"Retry-After": "1"})      the next request
    recharge.fail(503, times=3)                   the next three
"""

import base64
import collections
import http.server
import itertools
import json
import threading
import time
import urllib.parse

VERSION = "2021-11"
PAGE_MOST = 250
KEEPS = {"address", "topic", "included_objects"}  # what it tells of a webhook, beside its id


class Recharge:
    """A ReCharge on loopback; its lists may be read from any thread."""

    def __init__(self, token, page=PAGE_MOST):
        self.token = token
        self.page = page         # it never gives more at once
        self.webhooks = []       # registered, in order
        self.requests = []       # (method, path) of each
        self.violations = []     # what the real one would not understand
        self.refused_objects = set()
        self.delay = 0
        self._ids = itertools.count(600001)
        self._failures = collections.deque()
        self._server = None

    def __enter__(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.recharge = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *unused):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(self, status, headers=None, body=b'{"errors": "said the stand-in"}', times=1):
        self._failures.extend([(status, headers or {}, body)] * times)

    def add(self, topic, address, **more):
        self.webhooks.append({"id": next(self._ids), "address": address, "topic": topic,
                              "included_objects": [], **more})
        return self.webhooks[-1]

    # -- one request --

    def answer(self, method, path, headers, body):
        """(status, headers, body)"""
        self.requests.append((method, path))
        time.sleep(self.delay)
        if self._failures:
            return self._failures.popleft()
        if headers.get("X-Recharge-Access-Token") != self.token:
            return 401, {}, b'{"errors": "bad authentication"}'
        if headers.get("X-Recharge-Version") != VERSION:
            self.violations.append("X-Recharge-Version is missing or another")
        parts = urllib.parse.urlsplit(path)
        if parts.path != "/webhooks":
            return 404, {}, b'{"errors": "not found"}'
        if method == "GET":
            return 200, {}, json.dumps(self._list(parts.query)).encode()
        return self._register(headers, body)

    def _list(self, query):
        """A page, as version 2021-11 has them: by a cursor that says nothing to others."""
        asked = urllib.parse.parse_qs(query, strict_parsing=True)
        start = 0
        if "cursor" in asked:
            start = json.loads(base64.b64decode(asked.pop("cursor")[0], validate=True))["start"]
        size = min(int(asked.pop("limit")[0]), self.page, PAGE_MOST)
        if asked:
            self.violations.append(f"unknown parameters {', '.join(asked)}")
        more = start + size < len(self.webhooks)
        cursor = base64.b64encode(json.dumps({"start": start + size, "?": ">>>"}).encode()).decode()
        return {"next_cursor": cursor if more else None, "previous_cursor": None,
                "webhooks": self.webhooks[start:start + size]}

    def _register(self, headers, body):
        if headers.get("Content-Type") != "application/json":
            self.violations.append("Content-Type is not application/json")
        wanted = json.loads(body)
        if set(wanted) != KEEPS | {"version"} or wanted["version"] != VERSION:
            self.violations.append(f"a webhook of {wanted}")
        if set(wanted["included_objects"]) & self.refused_objects:
            return 422, {}, b'{"errors": {"included_objects": ["Not a valid choice."]}}'
        if wanted["topic"] in {webhook["topic"] for webhook in self.webhooks
                               if webhook["address"] == wanted["address"]}:
            return 422, {}, b'{"errors": {"address": ["already registered"]}}'
        made = self.add(**{name: wanted[name] for name in KEEPS})
        return 201, {}, json.dumps({"webhook": made}).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    def _any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, content = self.server.recharge.answer(
            self.command, self.path, self.headers, body)
        if status == 0:  # no answer
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Type": "application/json",
                            "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _any

    def log_message(self, format, *arguments):
        pass
