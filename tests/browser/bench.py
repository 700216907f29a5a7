#!/usr/bin/env python3
"""What the storefront's scripts cost a page: bytes, and milliseconds of a browser's main thread over LOADS loads.

    python3 tests/browser/bench.py build/storefront.txt [LOADS]
"""

import gzip
import pathlib
import statistics
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]
import storefront as shops  # noqa: E402
from browser import Browser, Visitor, missing  # noqa: E402
from standin.collector import STOREFRONT, Collector  # noqa: E402
from standin.segment import Segment  # noqa: E402

PATHS = {"a product": "/products/enamel-mug", "a collection of 45": "/collections/tea"}


# Since the page's first byte: before that the server of the test renders it.
TIMES = """(page => ({paint: performance.getEntriesByName('first-contentful-paint')[0].startTime - page.responseStart,
            load: page.loadEventEnd - page.responseStart}))(performance.getEntriesByType('navigation')[0])"""


def measure(visitor, shop, path, loads):
    """Medians of script time, and of first paint and load, over so many loads of a page."""
    figures = []
    visitor.goto(shop.url + "/pages/about")  # what only the first page of a visit has to do
    for _ in range(loads):
        before = visitor.script_time()
        visitor.goto(shop.url + path)
        visitor.evaluate("new Promise(resolve => setTimeout(resolve, 1500))")
        figures.append({"script": visitor.script_time() - before, **visitor.evaluate(TIMES)})
    return {name: statistics.median(each[name] for each in figures) for name in figures[0]}


def run(loads):
    lines = []
    for name in ("segrelay.js", "segrelay-pixel.js"):
        data = (STOREFRONT / name).read_bytes()
        lines.append(f"{name:<20} {len(data):>6} bytes {len(gzip.compress(data, 9)):>6} gzipped")
    browser = Browser()
    with Segment() as segment, Collector() as web, shops.Storefront(browser, web.url, segment.url) as shop:
        web.connect(shop.url, shops.KEY)
        shop.cart.add("81512255325411")
        kinds = {"without segrelay": (False, web.cdn), "segrelay alone": (True, "http://127.0.0.1:1"),
                 "with analytics.js": (True, shop.url)}
        title = f"median of {loads} loads"
        lines.append(f"\n{title:<42}{'script':>9}{'first paint':>13}{'load':>9}   (ms)")
        for path_name, path in PATHS.items():
            for kind, (shop.snippet, web.cdn) in kinds.items():
                visitor = Visitor(browser, f"{path} {kind}")
                cost = measure(visitor, shop, path, loads)
                visitor.close()
                lines.append(f"{path_name:<22}{kind:<20}{cost['script']:>9.1f}{cost['paint']:>13.1f}{cost['load']:>9.1f}")
    browser.close()
    return "\n".join(lines) + "\n"


def main():
    reason = missing()
    if reason:
        sys.exit(f"bench: {reason}")
    target = pathlib.Path(sys.argv[1])
    report = run(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(report, encoding="utf-8")
    print(report, end="")


if __name__ == "__main__":
    main()
