"""The reference of the events, the validator and the program name the same things."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
from test_golden import SEGRELAY
from standin import validate

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs/events.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "docs/segrelay.conf.5").read_text(encoding="utf-8")
# What the program adds to any message, whatever its table says.
ALWAYS = set(validate.EVERY_EVENT) | {"products_truncated", "products_count"}
# The order's table serves several events. Of some, these properties can never be there: a step is
# one of a checkout, and what was cancelled is told as Order Cancelled.
NEVER = {
    "Checkout Started": {"step"},
    "Checkout Step Completed": {"cancel_reason"},
    "Payment Info Entered": {"cancel_reason"},
    "Order Completed": {"step", "cancel_reason"},
    "POS Order Placed": {"step", "cancel_reason"},
    "Order Updated": {"step"},
    "Order Cancelled": {"step"},
}


def catalogue():
    """{event: (topics, properties, on by default)}, as the program has them."""
    lines = subprocess.run([SEGRELAY, "map", "--events"], capture_output=True, text=True,
                           timeout=60, check=True).stdout.splitlines()
    found = {}
    for rule in map(json.loads, lines):
        event = rule["event"] if rule["call"] == "track" else rule["call"]
        topics, properties, _ = found.get(event, (set(), set(), True))
        found[event] = (topics | set(rule["topics"]),
                        properties | {row["name"] for row in rule["properties"]}, rule["default"])
    return found


def sections():
    """{heading: its text} of the reference."""
    parts = re.split(r"^##? (.*)\n", REFERENCE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


CATALOGUE = catalogue()
EVENTS = sorted(CATALOGUE)


@pytest.mark.parametrize("event", EVENTS)
def test_the_reference_has_the_event(event):
    section = sections()[event]
    flat = " ".join(section.split())
    order = ["**Sent when**", "**Once per**", "Topics: ", "Example", "```json", "Edge cases: "]
    places = [flat.replace("Edge cases:", "Edge cases: ").find(part) for part in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places))
    assert ("off by default" in flat) == (not CATALOGUE[event][2])


def test_the_reference_is_as_generated():
    """The tables, the examples and the options are those of the program."""
    done = subprocess.run([sys.executable, ROOT / "scripts/docs.py", "--check"], capture_output=True, text=True,
                          timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reference_has_all_tables():
    """A table that nobody asked for would be missing without a word."""
    asked = set(re.findall(r"<!-- begin table (.*) -->", REFERENCE))
    assert asked == set(EVENTS) - {"alias"}
    options = set(re.findall(r'^\.\\" begin options (.*)$', MANUAL, re.MULTILINE))
    assert options == {"root", "destination", "shop"}


@pytest.mark.parametrize("event", sorted(validate.PROPERTIES))
def test_the_validator_knows_the_properties(event):
    assert sorted(CATALOGUE[event][1] - NEVER.get(event, set())) == \
        sorted(set(validate.PROPERTIES[event]) - ALWAYS)


def test_the_validator_knows_the_events_and_traits():
    tracks = {event for event in EVENTS if event not in ("identify", "alias")}
    assert tracks == set(validate.PROPERTIES) == set(validate.NEEDED)
    assert CATALOGUE["identify"][1] == set(validate.TRAITS)
