"""The logs of all relays of the run: no personal data, no secret, and each failure has an action.

It runs last (conftest.py). Alone it reads the logs of the runs that shared the tests (tools/sharing.py), if any.
"""

import collections
import re

import pytest
from conftest import CANARIES, LOGS, PATTERNS, _fields
from tools import sharing

# A warning or an error names its reason, its effect on webhooks or messages, and the operator's next
# action. IMPLIED lists the parts that a message, by its beginning, implies; any other line has all three.
REASON = {"reason", "answer", "fields", "at"}
EFFECT = {"effect", "waiting"}
ACTION = {"action"}
IMPLIED = {
    "webhook rejected": {"effect"},
    "request rejected": {"effect"},
    "hint rejected": {"effect"},
    "connection closed": {"reason", "effect"},
    "delivery moved to dead letters": {"effect"},
    "message moved to dead letters": {"effect"},
    "deletion moved to dead letters": {"effect"},
    "configuration": {"effect", "action"},  # one error; how it ends is a line of its own
    "reload failed": {"reason"},
    "start failed": {"effect", "action"},   # the reason, or a line before it, names the action
    "changed options ignored": {"effect"},
    "delivery suspended: destination not configured": {"reason"},
    "limit of open files too low": {"reason", "effect"},
    "app uninstalled": {"effect"},
    "delivery rejected": {"effect"},
    "shop erasure": {"effect"},
    "customer data requested": {"reason", "effect"},
}


pytestmark = pytest.mark.last
MOST = 20  # lines of a kind that a relay may write in each minute


def lines():
    """(test, message, fields) of each line of all logs."""
    for test, logs in LOGS.items():
        for line in "".join(logs).splitlines():
            if re.match(r"<\d>level=|\{", line):
                fields = _fields(line)
                yield test, fields["msg"], fields


@pytest.fixture(autouse=True)
def some_logs():
    for logs in sharing.left():
        LOGS.update(logs)
    if not LOGS:
        pytest.skip("no relay ran before")


def test_nothing_personal_and_no_secret_is_logged():
    found = [(test, word) for test, logs in LOGS.items() for word in CANARIES if word in str(logs)]
    found += [(test, pattern) for test, logs in LOGS.items() for pattern in PATTERNS
              if re.search(pattern, "".join(logs))]
    assert found == []


def test_each_failure_has_reason_effect_and_action():
    lacking, seen = set(), set()
    for _, message, fields in lines():
        if fields["level"] not in ("warning", "error"):
            continue
        seen.add(message)
        implied = next((parts for start, parts in IMPLIED.items() if message.startswith(start)), set())
        for part, keys in (("reason", REASON), ("effect", EFFECT), ("action", ACTION)):
            if part not in implied and not keys & set(fields):
                lacking.add(f"{message}: no {part}")
    assert lacking == set()
    assert seen


def test_lines_that_a_peer_can_cause_are_limited():
    """At most one line of a kind in ten seconds, or a minute."""
    for test, logs in LOGS.items():
        for log in logs:
            said = [_fields(line) for line in log.splitlines() if "level=warning" in line]
            counts = collections.Counter(
                (fields["msg"], fields.get("destination"), fields.get("outcome")) for fields in said)
            most = MOST * max(1, log.seconds / 60) + log.count("msg=started")  # each start may have its own
            many = {message: count for message, count in counts.items() if count > most}
            assert many == {}, test


def test_each_line_is_one_event_in_the_log_s_form():
    """A peer's text never begins a line."""
    odd = [(test, line) for test, logs in LOGS.items() for log in logs
           for line in log.splitlines()
           if line and not line.startswith("{") and not re.match(r"<[3467]>level=(error|warning|info|debug) msg=", line)]
    assert odd == []
