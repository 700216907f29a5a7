"""Fixtures: a shop on loopback, a browser, visitors; the stand-ins for Segment and for the relay's web side.

At the end of each test nobody must have had anything to object to, no page an error, and the secret of the cart must
have stayed in the browser.
"""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(pathlib.Path(__file__).resolve().parent)]
import storefront as shops  # noqa: E402
from browser import Browser, Visitor, missing  # noqa: E402
from standin.collector import Collector  # noqa: E402
from standin.segment import Segment  # noqa: E402
from tools import folders  # noqa: E402
from tools.folders import passed_folder, pytest_runtest_makereport, pytest_sessionfinish  # noqa: E402,F401


def pytest_collection_modifyitems(items):
    folders.pytest_collection_modifyitems(items)
    reason = missing()
    for item in items:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests."""
    own = Browser()
    yield own
    own.close()


@pytest.fixture
def segment():
    with Segment() as standin:
        yield standin
    assert standin.violations == []
    assert shops.Cart.SECRET not in str(standin.from_browsers)


@pytest.fixture
def relay_web():
    """What serves the scripts and takes their posts."""
    with Collector() as collector:
        yield collector
    assert collector.violations == []
    assert shops.Cart.SECRET not in str(collector.requests)


@pytest.fixture
def shop(browser, relay_web, segment):
    with shops.Storefront(browser, relay_web.url, segment.url) as own:
        relay_web.connect(own.url, shops.KEY)
        own.relay_web = relay_web
        yield own


@pytest.fixture
def visit(browser, shop, relay_web, segment):
    """Makes visitors. What they did is looked through at the end."""
    made = []

    def make(**options):
        made.append(Visitor(browser, f"visitor {len(made)}", **options))
        return made[-1]

    yield make
    for visitor in made:
        seen = visitor.seen()
        visitor.close()
        assert seen["errors"] == []
        for request in seen["requests"]:
            outside = not request["url"].startswith(shop.url)
            assert not outside or shops.Cart.SECRET not in str(request), request


@pytest.fixture
def visitor(visit):
    return visit()
