"""The case lists: `cases.txt` of each event says in one line what each case shows, and why it is there."""

import os
import subprocess
import sys

import pytest
from test_golden import CASES, HERE, intent_of, name_of

LISTS = sorted(HERE.glob("*/cases.txt"))
WORDS = 18
WIDTH = 120


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_each_event_has_a_list():
    assert [path.parent for path in LISTS] == sorted({case.parent for case in CASES})


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_each_case_has_one_line_and_each_line_a_case(path):
    names = [line.split(": ")[0] for line in lines_of(path)]
    assert names == sorted(folder.name for folder in path.parent.iterdir() if folder.is_dir())


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_an_intent_is_a_short_sentence_of_its_own(path):
    intents = [line.split(": ", 1)[1] for line in lines_of(path)]
    assert [intent for intent in intents if intents.count(intent) > 1] == []
    assert [intent for intent in intents if not intent.endswith(".") or len(intent.split()) > WORDS] == []
    assert [line for line in lines_of(path) if len(line) > WIDTH] == []


def test_a_failed_case_prints_its_intent():
    case = CASES[0]
    test = f"{HERE}/test_golden.py::test_messages_are_as_expected[{name_of(case)}]"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, env={**os.environ, "SEGRELAY": "/bin/false"}, capture_output=True, text=True,
                          timeout=120, check=False)
    assert f"{name_of(case)}: {intent_of(case)}" in done.stdout
