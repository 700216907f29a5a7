"""README.md's table of events, the validator and the program name the same things."""

import json
import pathlib
import re
import subprocess

import pytest
from test_golden import SEGRELAY
from standin import validate

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
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
        found[event] = (topics | set(rule["topics"]), properties | set(rule["properties"]),
                        rule["default"])
    return found


def table():
    """{event: the words of its row in backticks}."""
    rows = README.split("| event | told when |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: (row[1], set(re.findall(r"`([^`]+)`", " ".join(row[1:])))) for row in cells}


CATALOGUE = catalogue()
EVENTS = sorted(CATALOGUE)


def is_topic(word):
    """Topics and properties can be told apart, but for customer.tags_added and its like."""
    return "/" in word or word.startswith("customer.")


def test_the_table_has_the_events():
    assert sorted(table()) == EVENTS


@pytest.mark.parametrize("event", EVENTS)
def test_the_table_names_the_topics(event):
    words, marked = table()[event]
    assert {word for word in marked if is_topic(word)} == CATALOGUE[event][0]
    assert ("off unless enabled" in words) == (not CATALOGUE[event][2])


@pytest.mark.parametrize("event", EVENTS)
def test_the_readme_names_the_properties(event):
    named = set(re.findall(r"`([A-Za-z_]+)`", README))
    assert sorted(CATALOGUE[event][1] - named) == []


@pytest.mark.parametrize("event", EVENTS)
def test_the_table_names_no_property_that_is_not_there(event):
    _, marked = table()[event]
    properties = {word for word in marked if re.match(r"[A-Za-z_]+\Z", word)}
    ids = {"previousId", "userId"} if event == "alias" else set()
    assert sorted(properties - CATALOGUE[event][1] - ids - ALWAYS) == []


@pytest.mark.parametrize("event", sorted(validate.PROPERTIES))
def test_the_validator_knows_the_properties(event):
    assert sorted(CATALOGUE[event][1] - NEVER.get(event, set())) == \
        sorted(set(validate.PROPERTIES[event]) - ALWAYS)


def test_the_validator_knows_the_events_and_traits():
    tracks = {event for event in EVENTS if event not in ("identify", "alias")}
    assert tracks == set(validate.PROPERTIES) == set(validate.NEEDED)
    assert CATALOGUE["identify"][1] == set(validate.TRAITS)
