"""Several runs of pytest share their tests: each test runs in the first of them that is free.

    from tools.sharing import pytest_runtest_protocol
    from tools import sharing

SHARE=<folder> names the folder of all of them, empty at first. It holds a file for each test that was begun, and what
the runs leave for each other. Without SHARE a run has all tests.
"""

import hashlib
import os
import pathlib
import pickle

import pytest

SHARE = pathlib.Path(os.environ["SHARE"]) if "SHARE" in os.environ else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """Leaves out what another run has begun."""
    if SHARE is None:
        return None
    try:
        os.close(os.open(SHARE / hashlib.sha256(item.nodeid.encode()).hexdigest(), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return True
    # The fixtures that live longer than a test were kept for the test that is next in the list: that may be one of
    # another run.
    item.session._setupstate.teardown_exact(item)
    return None


def leave(value):
    """Keeps a value for a later run."""
    if SHARE is not None:
        (SHARE / f"left-{os.getpid()}").write_bytes(pickle.dumps(value))


def left():
    """The values that the runs before this one have left."""
    return [pickle.loads(path.read_bytes()) for path in sorted(SHARE.glob("left-*"))] if SHARE is not None else []
