#!/usr/bin/env python3
"""Golden cases: payloads in, the expected messages in full.

A case is a folder tests/golden/<event>/<case>/ with the payloads in order, `1_orders__create.json` (the
`__` stands for the slash of the topic), `expected.json` (the messages, digit for digit, but without what
all share: `common.json`) and, where wanted, `expected.err` (the lines on stderr), `segrelay.conf` (instead
of the one of this folder) and `arguments` (further words for `segrelay map`). `cases.txt` of the event says in a line what each case shows.

    pytest tests/golden                           compares
    python3 tests/golden/test_golden.py --update  writes what is expected anew; then read the difference
"""

import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys
from decimal import Decimal

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from standin import exact, validate  # noqa: E402
from tools import golden_changes, golden_common  # noqa: E402
from tools.shop import ALMA, NILS  # noqa: E402

SEGRELAY = os.environ.get("SEGRELAY", str(ROOT / "build/release/segrelay"))
NOW = "2026-11-23T12:00:00Z"
SHOP = "aurora-outfitters.myshopify.com"
CASES = sorted(path.parent for path in HERE.glob("*/*/1_*.json"))


def name_of(case):
    return f"{case.parent.name}/{case.name}"


@functools.cache
def intents(event):
    """What cases.txt says of each case of an event's folder."""
    lines = (event / "cases.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def intent_of(case):
    return intents(case.parent).get(case.name, "(no line in cases.txt)")


def payloads(case):
    """(topic, path) of a case's payloads, in order."""
    paths = [path for path in case.glob("*_*.json") if path.name[0].isdigit()]
    for path in sorted(paths, key=lambda path: int(path.name.split("_")[0])):
        yield path.stem.split("_", 1)[1].replace("__", "/", 1), path


@functools.cache
def version():
    """The version that the program prints."""
    done = subprocess.run([SEGRELAY, "--version"], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()[-1]


@functools.cache
def common():
    """The members of context that the messages share."""
    return read(HERE / "common.json")


def text_of(messages):
    """The text of expected.json: common members left out, a digest for the middle of long lists."""
    whole = [golden_common.hide_version(message, version()) for message in messages]
    short = [golden_common.leave_out(message, common()) for message in whole]
    return exact.pretty(golden_changes.shorten(short)) + "\n"


@functools.cache
def run_map(case):
    """The messages that the case's payloads become, and the lines on stderr."""
    own = case / "segrelay.conf"
    words = shlex.split((case / "arguments").read_text()) if (case / "arguments").exists() else []
    shop = [] if "--shop" in words else ["--shop", SHOP]
    command = [SEGRELAY, "map", "--config", str(own if own.exists() else HERE / "segrelay.conf"),
               "--now", NOW, *shop, *words]
    command += [f"{topic}={path}" for topic, path in payloads(case)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 1), done.stderr
    # not splitlines(): that takes U+2028 inside a string for a line's end, too
    messages = [exact.loads(line) for line in done.stdout.split("\n")[:-1]]
    return messages, done.stderr.replace(str(case) + "/", "")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_messages_are_as_expected(case):
    messages, lines = run_map(case)
    expected = (case / "expected.json").read_text(encoding="utf-8")
    assert text_of(messages) == expected
    expected_lines = case / "expected.err"
    assert lines == (expected_lines.read_text(encoding="utf-8") if expected_lines.exists() else "")


def names_of(case):
    """The catalogue's name of each event that the case's configuration renames."""
    own = case / "segrelay.conf"
    renamed = re.findall(r'^ *rename = \{(.*)\}', own.read_text(), re.M) if own.exists() else []
    return {other: name for words in renamed for name, other in re.findall(r'"(.+?)=(.+?)"', words)}


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_messages_are_valid(case):
    messages, _ = run_map(case)
    problems = [problem for message in messages
                for problem in validate.problems(message, NOW, names_of(case))]
    assert problems == []
    assert all(len(exact.dumps(message).encode()) <= 32000 for message in messages)


def expected_of(case):
    """The whole expected messages, with the placeholder for the version."""
    return [golden_common.put_back(message, common()) for message in read(case / "expected.json")]


def read(path):
    return exact.loads(path.read_text(encoding="utf-8"))


# ---- sums ----

ORDER_EVENTS = ("Order Completed", "POS Order Placed", "Order Cancelled", "Order Updated")
CHECKOUT_EVENTS = ("Checkout Started", "Checkout Step Completed", "Payment Info Entered")


def events_with_sums():
    """Each order or checkout event of the cases, with the totals that its payloads name."""
    for case in CASES:
        totals = {}
        for topic, path in payloads(case):
            if topic.startswith(("orders/", "checkouts/")):
                payload = read(path)
                ids = [payload.get("id"), payload.get("token"), payload.get("checkout_token")]
                for each in filter(None, ids):
                    totals.setdefault(str(each), set()).add(payload.get("total_price"))
        for message in expected_of(case):
            properties = message.get("properties", {})
            if "total" in properties and message["event"] in ORDER_EVENTS + CHECKOUT_EVENTS:
                id = properties.get("order_id", properties.get("checkout_id"))
                yield pytest.param(properties, totals.get(id),
                                   id=f"{name_of(case)} {message['event']}")


@pytest.mark.parametrize("properties, totals", events_with_sums())
def test_the_sums_add_up(properties, totals):
    """total = revenue + shipping + tax + tip + duties, to the last digit."""
    parts = [Decimal(properties.get(name, 0))
             for name in ("revenue", "shipping", "tax", "tip", "duties")]
    assert Decimal(properties["total"]) == sum(parts)
    assert totals is None or properties["total"].text in totals


# ---- what is never sent ----

def secrets_of(value, within=False):
    """The texts of payments' details and receipts, and of links that open something."""
    if isinstance(value, dict):
        return {text for name, member in value.items()
                for text in secrets_of(member, within or name in (
                    "payment_details", "receipt", "authorization", "abandoned_checkout_url",
                    "order_status_url"))}
    if isinstance(value, list):
        return {text for item in value for text in secrets_of(item, within)}
    return {str(value)} if within and len(str(value)) >= 5 else set()


@pytest.mark.parametrize("case", [case for case in CASES if any(
    topic.startswith(("order_transactions/", "checkouts/")) for topic, _ in payloads(case))],
    ids=name_of)
def test_nothing_of_a_payment_is_sent(case):
    sent = exact.pretty(run_map(case)[0])
    kept = {text for _, path in payloads(case) for text in secrets_of(read(path))}
    assert {text for text in kept if text in sent} == set()


SUBSCRIBERS = ("recharge:", "subscription_", "customer_payment_methods/")
# What opens the customer's portal or charges a card, the processor's words, and the first visit.
UNSENT = ("hash", "customer_hash", "error", "error_message", "token", "admin_graphql_api_id",
          "processor_customer_token", "processor_payment_method_token", "payment_details",
          "last_digits", "analytics_data", "client_details", "browser_ip", "billing_phone")


def unsent_of(value):
    if isinstance(value, dict):
        return {text for name, member in value.items() for text in (
            texts_of(member) if name in UNSENT else unsent_of(member))}
    return {text for item in value for text in unsent_of(item)} if isinstance(value, list) else set()


def texts_of(value):
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return {text for item in items for text in texts_of(item)}
    return {str(value)} if len(str(value)) >= 5 else set()


@pytest.mark.parametrize("case", [case for case in CASES if all(
    topic.startswith(SUBSCRIBERS) for topic, _ in payloads(case))], ids=name_of)
def test_nothing_of_a_subscriber_is_sent_that_opens_something(case):
    sent = exact.dumps(run_map(case)[0])
    kept = {text for _, path in payloads(case) for text in unsent_of(read(path))}
    assert {text for text in kept if text in sent} <= {ALMA.phone, NILS.phone}
    assert "campaign" not in sent


def test_there_is_a_case_for_each_event():
    sent = {message.get("event", message["type"])
            for case in CASES for message in expected_of(case)}
    assert sent >= set(validate.PROPERTIES) | {"identify", "alias"}


def update():
    """Writes common.json and each case's files anew."""
    before = {case: expected_of(case) for case in CASES if (case / "expected.json").exists()}
    results = {case: run_map(case) for case in CASES}
    whole = [golden_common.hide_version(message, version()) for messages, _ in results.values() for message in messages]
    (HERE / "common.json").write_text(exact.pretty(golden_common.find_common(whole)) + "\n", encoding="utf-8")
    common.cache_clear()
    for case, (messages, lines) in results.items():
        (case / "expected.json").write_text(text_of(messages), encoding="utf-8")
        (case / "expected.err").unlink(missing_ok=True)
        if lines:
            (case / "expected.err").write_text(lines, encoding="utf-8")
    changed = {name_of(case): (before.get(case, []), expected_of(case)) for case in CASES
               if before.get(case, []) != expected_of(case)}
    print(*golden_changes.summary(changed), sep="\n")
    print(f"{len(changed)} of {len(CASES)} cases changed: read the whole difference with `git diff tests/golden`")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit(__doc__)
    update()
