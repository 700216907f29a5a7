"""The logs of all relays of the run: nothing personal, no secret, and each failure tells what to do.

It comes last (conftest.py); alone it looks at the logs of the runs that shared the tests (tools/sharing.py), if there
are any.
"""

import collections
import re

import pytest
from conftest import CANARIES, LOGS, PATTERNS, _fields
from tools import sharing

# Who reads a warning or an error learns why it came, what becomes of the webhooks or messages, what to
# do. What its message says already, by the message's beginning, is not said again; a line that is not
# named here says all three.
CAUSE = {"reason", "answer", "cause", "because", "detail", "fields", "at"}
EFFECT = {"effect", "waiting"}
NEXT = {"next", "see", "advice", "action"}
SAID = {
    "webhook refused": {"cause", "effect"},
    "request refused": {"cause", "effect"},
    "hint refused": {"cause", "effect"},
    "request cut off": {"cause", "effect"},
    "connection closed": {"cause", "effect"},
    "dead letter: ": {"effect"},
    "configuration": {"effect", "next"},  # one mistake; how it ends is a line of its own
    "reload failed": {"cause", "effect"},
    "cannot start": {"effect", "next"},   # the reason, or what is named above, says what to do
    "changed options need a restart": {"cause"},
    "messages wait for a destination that is not configured": {"cause", "effect"},
    "fewer open files are allowed": {"cause", "effect"},
    "the app was uninstalled": {"cause"},
    "delivery refused": {"effect"},
    "shop erasure": {"effect"},
    "a customer asks for their data": {"cause", "effect"},
    "a customer has more ids": {"cause"},
}


pytestmark = pytest.mark.last
MOST = 20  # lines of a kind that a relay may write in a minute or less, and in each further one


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


def test_each_failure_says_cause_effect_and_next_step():
    lacking, seen = set(), set()
    for _, message, fields in lines():
        if fields["level"] not in ("warning", "error"):
            continue
        seen.add(message)
        said = next((said for start, said in SAID.items() if message.startswith(start)), set())
        for what, names in (("cause", CAUSE), ("effect", EFFECT), ("next", NEXT)):
            if what not in said and not names & set(fields):
                lacking.add(f"{message}: no {what}")
    assert lacking == set()
    assert seen


def test_what_a_peer_can_cause_at_will_is_summed_up():
    """At most one line of a kind in ten seconds, or a minute."""
    for test, logs in LOGS.items():
        for log in logs:
            said = [_fields(line) for line in log.splitlines() if "level=warning" in line]
            counts = collections.Counter(
                (fields["msg"], fields.get("destination")) for fields in said)
            most = MOST * max(1, log.seconds / 60) + log.count("msg=started")  # each start may have its own
            many = {message: count for message, count in counts.items() if count > most}
            assert many == {}, test


def test_each_line_is_one_event_in_the_log_s_form():
    """What a peer writes never makes a line of its own."""
    odd = [(test, line) for test, logs in LOGS.items() for log in logs
           for line in log.splitlines()
           if line and not line.startswith("{") and not re.match(r"<[3467]>level=(error|warning|info|debug) msg=", line)]
    assert odd == []
