"""What the scripts cost a page: their bytes, and that nothing waits for them."""

import gzip
import pathlib

from calls import pages

STOREFRONT = pathlib.Path(__file__).resolve().parents[2] / "storefront"


def test_the_script_is_small():
    assert len(gzip.compress((STOREFRONT / "segrelay.js").read_bytes(), 9)) < 8192
    assert len(gzip.compress((STOREFRONT / "segrelay-pixel.js").read_bytes(), 9)) < 8192


def test_the_page_does_not_wait_for_it(visitor, shop, segment, relay_web):
    """The page is parsed and painted while the relay does not answer; and it is told when the relay does."""
    relay_web.hold()
    visitor.commit(shop.url + "/collections/kitchen")
    visitor.wait("document.querySelector('#trail-lamp') && performance.getEntriesByName('first-contentful-paint').length")
    assert visitor.evaluate("document.readyState") == "interactive"
    assert visitor.evaluate("window.segrelay === undefined")
    relay_web.release()
    segment.wait(lambda: pages(segment))


def test_a_relay_that_is_down_is_no_fault_of_the_page(visitor, shop, segment):
    shop.template = shop.template.replace(shop.web_url, "http://127.0.0.1:1")
    visitor.goto(shop.url + "/products/enamel-mug")
    assert visitor.evaluate("document.readyState") == "complete"
    assert segment.from_browsers == []
