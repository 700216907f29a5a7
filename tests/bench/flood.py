"""Measures what a flood costs good requests and the store, bounded and on loopback.

    flood.py BINARY OUT [--bad 50000] [--hints 60000]

  signatures  p50 and p99 of good webhooks at an even rate: alone, while BAD webhooks with a wrong signature
              come at a rate of their own, and while they come as fast as they are answered; in rounds, of
              which the median counts; the time counts from when a request was due
  hints       HINTS posts of /collect from as many addresses with invented tokens, as large as they may
              be, while the shop's visitors post theirs for carts that a webhook has named: how many of
              each are accepted, and what the store takes of max_store
The load shares the machine's processors with the relay.
"""

import argparse
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench

GOOD, GOOD_RATE, BAD_RATE, ROUNDS = 1300, 200, 2500, 5
VISITS = 200
STOREFRONT = """
public_url = "https://relay.example"
hints_per_shop = 6000
"""


def good_while(relay, load, bad=0, rate=0):
    """The figures of the good ones; the bad ones end before or after them."""
    flood = None
    if bad:
        flood = subprocess.Popen(
            [load.program, relay.port, bench.SHOP, "not the secret", load.templates, str(bad), "64", str(rate), "1"],
            stdout=subprocess.PIPE, text=True)
    out = subprocess.run(
        [load.program, relay.port, bench.SHOP, bench.SECRET, load.templates, str(GOOD), "64", str(GOOD_RATE),
         str(load.next)], check=True, capture_output=True, text=True).stdout
    load.next += GOOD
    figures = json.loads(out)
    assert figures["refused"] == 0, figures
    result = {"p50_ms": figures["p50_ms"], "p99_ms": figures["p99_ms"], "max_ms": figures["max_ms"]}
    if flood:
        flooded = json.loads(flood.communicate()[0])
        assert flooded["refused"] == bad, flooded
        result |= {"bad_refused": flooded["refused"], "bad_per_second": round(bad / flooded["seconds"])}
    return result


def signatures(binary, load, sink_program, directory, bad):
    sink = bench.Sink(sink_program)
    relay = bench.Relay(binary, directory, sink.port)
    load.run(relay, 2000)  # warm up
    relay.wait_until_sent()
    # in turns, as other work on the machine comes and goes
    rounds = {"alone": [], "during": [], "during, unbounded": []}
    for _ in range(ROUNDS):
        rounds["alone"].append(good_while(relay, load))
        rounds["during"].append(good_while(relay, load, bad // ROUNDS, BAD_RATE))
        rounds["during, unbounded"].append(good_while(relay, load, bad // ROUNDS))
    relay.stop()
    sink.stop()
    return {name: {"p99_ms_median": statistics.median(each["p99_ms"] for each in figures), "rounds": figures}
            for name, figures in rounds.items()}


def hint(token):
    """Of nearly the largest size that is accepted."""
    page = {"url": "https://aurora.example/p/" + "ab" * 900, "path": "/p/" + "ab" * 500, "title": "t" * 200,
            "referrer": "https://search.example/" + "ab" * 500}
    return json.dumps({"v": 1, "shop": bench.SHOP, "anonymousId": "b" * 100, "cartToken": token, "page": page}).encode()


def post_hints(port, numbers, token, address, counts, pause=0):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in numbers:
        connection.request("POST", "/collect", hint(token(number)),
                           {"Origin": "null", "X-Forwarded-For": address(number)})
        answer = connection.getresponse()
        answer.read()
        counts[answer.status] = counts.get(answer.status, 0) + 1
        time.sleep(pause)
    connection.close()


def cart_of(number):
    return f"visitor{number:08d}"


def hints(binary, sink_program, directory, count, post_cart):
    sink = bench.Sink(sink_program)
    configuration = STOREFRONT + bench.CONFIGURATION.replace("20GiB", "10GiB").replace(
        'secrets = {{"{secret}"}}', 'secrets = {{"{secret}"}} storefront_origins = {{"https://aurora.example"}}')
    relay = bench.Relay(binary, directory, sink.port, configuration)
    for number in range(VISITS):
        post_cart(relay, cart_of(number))
    flooded, visited = [{} for _ in range(4)], {}
    floods = [threading.Thread(target=post_hints, args=(
        relay.port, range(at * count // 4, (at + 1) * count // 4), lambda number: f"invented{number:08d}",
        lambda number: f"100.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", flooded[at])) for at in range(4)]
    visits = threading.Thread(target=post_hints, args=(
        relay.port, range(VISITS), cart_of, lambda number: f"203.0.113.{number}", visited, 0.02))
    begin = time.monotonic()
    for thread in [*floods, visits]:
        thread.start()
    for thread in [*floods, visits]:
        thread.join()
    seconds = time.monotonic() - begin
    size = sum(path.stat().st_size for path in directory.glob("bench.db*") if not path.name.endswith("reserve"))
    relay.stop()
    sink.stop()
    total = {}
    for counts in flooded:
        for status, number in counts.items():
            total[status] = total.get(status, 0) + number
    return {"flood": total, "flood_per_second": round(count / seconds), "visitors": visited,
            "store_mib": round(size / (1 << 20), 1), "percent_of_max_store": round(100 * size / (10 << 30), 3)}


def cart_poster():
    import base64
    import hashlib
    import hmac

    def post(relay, token):
        body = json.dumps({"id": token, "token": token, "line_items": [], "created_at": "2026-11-21T10:00:00Z",
                           "updated_at": "2026-11-21T10:00:00Z"}).encode()
        digest = base64.b64encode(hmac.new(bench.SECRET.encode(), body, hashlib.sha256).digest()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
        connection.request("POST", "/webhooks/shopify", body, {
            "X-Shopify-Topic": "carts/create", "X-Shopify-Shop-Domain": bench.SHOP, "X-Shopify-Hmac-Sha256": digest})
        assert connection.getresponse().status == 200
        connection.close()
    return post


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--bad", type=int, default=50000)
    parser.add_argument("--hints", type=int, default=60000)
    words = parser.parse_args()
    build = words.binary.resolve().parent
    load = bench.Load(bench.build_tool("load", build))
    sink = bench.build_tool("sink", build)
    figures = {}
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        figures["signatures"] = signatures(words.binary, load, sink, pathlib.Path(first), words.bad)
        figures["hints"] = hints(words.binary, sink, pathlib.Path(second), words.hints, cart_poster())
    text = json.dumps(figures, indent=2)
    print(text)
    words.out.write_text(text + "\n")
    alone = figures["signatures"]["alone"]["p99_ms_median"]
    during = figures["signatures"]["during"]["p99_ms_median"]
    if during > alone + 50:
        sys.exit(f"p99 of good webhooks grew from {alone} ms to {during} ms")


if __name__ == "__main__":
    main()
