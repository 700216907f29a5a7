#!/usr/bin/env python3
"""Golden cases: payloads in, the expected messages in full.

A case is a folder tests/golden/<event>/<case>/ with the payloads in order, `1_orders__create.json` (the
`__` stands for the slash of the topic), `expected.json` (the messages, digit for digit) and, where
wanted, `expected.err` (what is said on stderr), `segrelay.conf` (instead of the one of this folder) and
`arguments` (further words for `segrelay map`).

    pytest tests/golden                           compares
    python3 tests/golden/test_golden.py --update  writes what is expected anew; then read the difference
"""

import os
import pathlib
import shlex
import subprocess
import sys
from decimal import Decimal

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from standin import exact, validate  # noqa: E402

SEGRELAY = os.environ.get("SEGRELAY", str(ROOT / "build/release/segrelay"))
NOW = "2026-11-23T12:00:00Z"
SHOP = "aurora-outfitters.myshopify.com"
CASES = sorted(path.parent for path in HERE.glob("*/*/1_*.json"))


def name_of(case):
    return f"{case.parent.name}/{case.name}"


def payloads(case):
    """(topic, path) of a case's payloads, in order."""
    paths = [path for path in case.glob("*_*.json") if path.name[0].isdigit()]
    for path in sorted(paths, key=lambda path: int(path.name.split("_")[0])):
        yield path.stem.split("_", 1)[1].replace("__", "/", 1), path


def run_map(case):
    """The messages that the case's payloads become, and what was said on stderr."""
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
    messages, said = run_map(case)
    expected = (case / "expected.json").read_text(encoding="utf-8")
    assert exact.pretty(messages) + "\n" == expected
    expected_said = case / "expected.err"
    assert said == (expected_said.read_text(encoding="utf-8") if expected_said.exists() else "")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_messages_are_valid(case):
    messages, _ = run_map(case)
    problems = [problem for message in messages for problem in validate.problems(message, NOW)]
    assert problems == []
    assert all(len(exact.dumps(message).encode()) <= 32000 for message in messages)


def order_events():
    """Each order event of the cases with the payload it speaks of."""
    for case in CASES:
        orders = {str(payload["id"]): payload
                  for payload in (exact.loads(path.read_text(encoding="utf-8"))
                                  for topic, path in payloads(case) if topic.startswith("orders/"))}
        for message in exact.loads((case / "expected.json").read_text(encoding="utf-8")):
            if message.get("event") in ("Order Completed", "POS Order Placed", "Order Cancelled"):
                order_id = message["properties"]["order_id"]
                yield pytest.param(message["properties"], orders.get(order_id, {}),
                                   id=f"{name_of(case)} {message['event']}")


@pytest.mark.parametrize("properties, order", order_events())
def test_the_sums_add_up(properties, order):
    """total = revenue + shipping + tax + tip + duties, to the last digit."""
    parts = [Decimal(properties.get(name, 0))
             for name in ("revenue", "shipping", "tax", "tip", "duties")]
    assert Decimal(properties["total"]) == sum(parts)
    if "total_price" in order:
        assert properties["total"].text == order["total_price"]


def test_there_is_a_case_for_each_event():
    told = {message.get("event", message["type"])
            for case in CASES
            for message in exact.loads((case / "expected.json").read_text(encoding="utf-8"))}
    assert told >= {"Order Completed", "POS Order Placed", "Order Cancelled", "Order Refunded",
                    "Fulfilment Update", "Customer Created", "Customer Enabled", "identify"}


def update():
    for case in CASES:
        messages, said = run_map(case)
        (case / "expected.json").write_text(exact.pretty(messages) + "\n", encoding="utf-8")
        (case / "expected.err").unlink(missing_ok=True)
        if said:
            (case / "expected.err").write_text(said, encoding="utf-8")
    subprocess.run(["git", "-C", str(ROOT), "diff", "--stat", "--", str(HERE)], check=False)
    print(f"{len(CASES)} cases written: read the difference with `git diff tests/golden`")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit(__doc__)
    update()
