"""For every conftest.py: a test that passed leaves no folder behind, and the tests run in any order.

    from tools.folders import (passed_folder, pytest_collection_modifyitems, pytest_runtest_makereport,
                               pytest_sessionfinish)

Those marked `long` come first, the longest of them before the others, unless TEST_ORDER=<number> shuffles the tests by
that seed; those marked `last` stay at the end.
"""

import os
import random
import shutil

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Remembers for the fixtures whether each phase of the test failed."""
    outcome = yield
    if outcome.get_result().failed:
        item.stash[FAILED] = True


FAILED = pytest.StashKey()


@pytest.fixture(autouse=True)
def passed_folder(request):
    """Removes the test's own folder at its end, if the test passed: a relay's store has a reserve file of 16 MiB."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder and not request.node.stash.get(FAILED, False):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_sessionfinish(session, exitstatus):
    """What is left of the run's own folder: those of modules, and links to those that were removed."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if exitstatus == 0 and factory and factory._basetemp:
        shutil.rmtree(factory._basetemp, ignore_errors=True)


def seconds(item):
    """How long a test waits, about, if it is marked with that."""
    long = item.get_closest_marker("long")
    return long.args[0] if long else 0


def pytest_collection_modifyitems(items):
    seed = os.environ.get("TEST_ORDER")
    if seed:
        random.Random(seed).shuffle(items)
    else:
        items.sort(key=seconds, reverse=True)
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
