"""What all tests of this folder share."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from tools.folders import (  # noqa: E402,F401
    passed_folder, pytest_collection_modifyitems, pytest_runtest_makereport, pytest_sessionfinish)
