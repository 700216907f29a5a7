"""The logs of all relays of the run: nothing personal, no secret, and each failure tells what to do.

It comes last (conftest.py); alone it has nothing to look at.
"""

import re

import pytest
from conftest import CANARIES, LOGS, PATTERNS, _fields

# Who reads a failure's line learns why it came, what becomes of the webhooks or messages, what to do.
CAUSE = {"reason", "answer", "cause", "because", "detail", "at", "fields"}
EFFECT = {"effect", "waiting", "status"}
NEXT = {"next", "see", "advice"}
TOLD = ("store refuses new webhooks", "delivery paused", "dead letter: ", "webhook refused",
        "store is damaged")
# In these the message itself is the effect.
SAY_IT = ("dead letter: ", "webhook refused", "store is damaged")


def lines():
    """(test, message, fields) of each line of all logs."""
    for test, logs in LOGS.items():
        for line in "".join(logs).splitlines():
            if re.match(r"<\d>level=", line):
                fields = _fields(line)
                yield test, fields["msg"], fields


@pytest.fixture(autouse=True)
def some_logs():
    if not LOGS:
        pytest.skip("no relay ran before")


def test_nothing_personal_and_no_secret_is_logged():
    found = [(test, word) for test, logs in LOGS.items() for word in CANARIES if word in str(logs)]
    found += [(test, pattern) for test, logs in LOGS.items() for pattern in PATTERNS
              if re.search(pattern, "".join(logs))]
    assert found == []


def test_each_failure_says_cause_effect_and_next_step():
    lacking = set()
    for _, message, fields in lines():
        if not message.startswith(TOLD):
            continue
        if not CAUSE & set(fields):
            lacking.add(f"{message}: no cause")
        if not EFFECT & set(fields) and not message.startswith(SAY_IT):
            lacking.add(f"{message}: no effect")
        if not NEXT & set(fields):
            lacking.add(f"{message}: no next step")
    assert lacking == set()


def test_each_line_is_one_event_in_the_log_s_form():
    """What a peer writes never makes a line of its own."""
    odd = [(test, line) for test, logs in LOGS.items() for log in logs
           for line in log.splitlines()
           if line and not re.match(r"<[3467]>level=(error|warning|info|debug) msg=", line)]
    assert odd == []
