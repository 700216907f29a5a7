"""What all tests of this folder share."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from tools.folders import (  # noqa: E402,F401
    passed_folder, pytest_collection_modifyitems, pytest_runtest_makereport, pytest_sessionfinish)


@pytest.fixture(autouse=True)
def show_intent(request):
    """Prints what the test's case shows: pytest repeats the line when the test fails."""
    from test_golden import intent_of, name_of
    case = request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None
    if case:
        print(f"{name_of(case)}: {intent_of(case)}")
