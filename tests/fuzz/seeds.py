#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into a folder: seeds.py FOLDER."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from tools import storefront  # noqa: E402

LARGEST = 40000  # bytes: larger ones slow the fuzzer down

SIGNATURE = "InQjGXkrWwQDTo+TJAP7OeXA0LTYpB4YcWYwb9ef3pA="
REQUESTS = [
    "Content-Length: 12\nX-Shopify-Topic: orders/create\nX-Shopify-Shop-Domain: a.myshopify.com\n"
    f"X-Shopify-Hmac-Sha256: {SIGNATURE}\nContent-Type: application/json\nHost: x\n"
    "X-Shopify-Webhook-Id: ca813a36-7682-41c2-bc03-0692584899ee\nX-Shopify-Test: false\n",
    "/webhooks/recharge/a.myshopify.com/subscription/created\nContent-Length: 9\nHost: x\n"
    f"X-Recharge-Topic: subscription/created\nX-Recharge-Hmac-Sha256: {'5e' * 32}\n"
    "X-Recharge-Webhook-Timestamp: 1795000000\n"
    f"X-Recharge-Webhook-Signature: t=1795000000,v1={'a7' * 32},v2=x\n",
    "/webhooks/recharge/a.myshopify.com\nContent-Length: 9\nHost: x\nX-Recharge-Topic: charge/failed\n"
    f"X-Recharge-Hmac-Sha256: {'5E' * 32}\n", '{"charge":{"id":1}}', '{"a":"}\\""}x',
    "Transfer-Encoding: chunked\nContent-Length: 1\n", "shopify-topic: orders/create\n", SIGNATURE,
    "/collect\nContent-Length: 9\nHost: x\nOrigin: https://a.example\nContent-Type: text/plain\n", "/collect",
]
TEXTS = [
    "404.95", "-5.00", "1.5e2", "4760", "2026-11-23T12:00:00.123Z", "2024-11-05T21:54:49-05:00",
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "6 Nov 919944761", "120", "10s", "16MiB", "https://x.example/a?utm_source=b%20c#d", "/collections?utm_source=a",
    '{"success": false}', "OK", "9999-12-31T23:59:59-05:00", "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:60Z",
]


# What once ended the relay, or held it up.
AWKWARD = [
    (b'checkouts/create\n{"id":3,"token":"k1","cart_token":"c1","customer":{"id":7}}',
     b'orders/create\n{"id":5,"cart_token":"c1","checkout_token":"k1","customer":["x"]}'),
    (b'subscription_billing_attempts/success\n{"id":1,"order_id":5,'
     b'"admin_graphql_api_subscription_contract_id":"gid://shopify/SubscriptionContract/"}',
     b'3orders/create\n{"id":5}'),
]
HINTS = [
    ("203.0.113.9, 10.1.2.3", storefront.posted()), ("[2001:db8::1]:443", storefront.posted(cart=False, checkout=True)),
    ("", storefront.happened("payment_info_submitted")), (",", storefront.happened("alert_displayed")),
    ("unknown", {"v": 1, "shop": "a", "cartToken": "t?key=s", "page": {"url": "https://a/?b=1&key=c"}}),
]


# The flags of fuzz_exchange.c.
SHOPIFY, RECHARGE, TIMED, LENGTH, IN_PARTS, LEAVE = 1, 2, 4, 8, 16, 32
SHOP = "blue-kettle.myshopify.com"
TO_SHOPIFY = f"POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nX-Shopify-Topic: %s\r\nX-Shopify-Shop-Domain: {SHOP}"
TO_RECHARGE = f"POST /webhooks/recharge/{SHOP}%s HTTP/1.1\r\nHost: a"
COLLECT = "%s /collect HTTP/1.1\r\nHost: a\r\nOrigin: %s\r\nUser-Agent: x\r\nX-Forwarded-For: 2001:db8::1, 192.0.2.1"
SCRIPT = (f"GET /segrelay%s.js?shop={SHOP} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=0.5, *;q=0\r\n"
          "If-None-Match: \"x\", *")
UNSIGNED = "\r\nX-Recharge-Topic: charge/failed\r\nX-Shopify-Hmac-Sha256: " + SIGNATURE


def run(character, length):
    """Stands for so many of a character."""
    return f"\2{character}{chr(length >> 8)}{chr(length & 255)}"


def exchanges():
    """Flags, head and body of requests to each route."""
    order = min((ROOT / "tests/golden/order_completed").glob("*/1_orders__create.json")).read_text()
    hint = json.dumps(storefront.posted() | {"shop": SHOP})
    charge = '{"charge":{"id":1,"customer":{"id":2,"external_customer_id":{"ecommerce":"3"}},"line_items":[]}}'
    long_shop = "\r\nX-Shopify-Shop-Domain: " + run("a", 300)
    return [
        (SHOPIFY | LENGTH, TO_SHOPIFY % "orders/create", order),
        (LENGTH, TO_SHOPIFY % "orders/create" + UNSIGNED, order),
        (SHOPIFY | LENGTH | IN_PARTS, TO_SHOPIFY % "carts/update", '{"id":"c1","token":"c1","line_items":[]}'),
        (SHOPIFY | LENGTH | LEAVE, TO_SHOPIFY % "customers/update", '{"id":7,"email":"a@example.com"}'),
        (SHOPIFY | LENGTH, TO_SHOPIFY % run("t", 100), "["), (SHOPIFY | LENGTH, TO_SHOPIFY % "orders/paid", ""),
        (SHOPIFY, TO_SHOPIFY % "orders/create" + "\r\nTransfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"),
        (RECHARGE | LENGTH, TO_RECHARGE % "/charge/failed", charge),
        (TIMED | LENGTH, TO_RECHARGE % "/charge/failed", charge),
        (TIMED | LENGTH, TO_RECHARGE % "" + "\r\nX-Recharge-Topic: charge/failed", charge),
        (LENGTH, TO_RECHARGE % "" + UNSIGNED, charge), (RECHARGE | TIMED | LENGTH, TO_RECHARGE % run("/", 500), charge),
        (LENGTH, COLLECT % ("POST", "null"), hint), (LENGTH, COLLECT % ("POST", "https://blue-kettle.example"), hint),
        (LENGTH, COLLECT % ("POST", run("o", 400)) + long_shop, hint),
        (0, COLLECT % ("OPTIONS", "null") + long_shop, ""),
        (0, SCRIPT % "", ""), (0, SCRIPT % "-pixel", ""), (0, SCRIPT % "" + long_shop, ""), (LEAVE, SCRIPT % "", ""),
        (0, "GET /nothing HTTP/1.1\r\nHost: a" + long_shop, ""),
        (0, "PUT /collect HTTP/1.0\r\n" + run("h", 4000) + ": a", ""),
        (0, "GET /segrelay.js?" + run("q", 33000) + " HTTP/1.1\r\nHost: a", ""),
        (LENGTH, COLLECT % ("POST", "null"), run("{", 9000)),
    ]


def webhooks(case):
    """The payloads of a golden case, as fuzz_mapping reads them."""
    parts = []
    for path in sorted(case.glob("[0-9]*.json"), key=lambda path: int(path.name.split("_")[0])):
        topic = path.stem.split("_", 1)[1].replace("__", "/", 1)
        parts.append(topic.encode() + b"\n" + path.read_bytes())
    return b"\0".join(parts)


def known_topics():
    """All topics that the mapping's tables name; resource_rows.c has others, too, to refuse their bodies."""
    return {topic for path in (ROOT / "src/mapping").glob("**/*.c") if path.name != "resource_rows.c"
            for topic in re.findall(r"[\"|]([a-z_]+/[a-z_]+)(?=[\"|])", path.read_text())}


def privacy_and_late():
    """The topics that no golden case has."""
    order = (ROOT / "tests/golden/order_completed").glob("*/1_orders__create.json")
    order = min(path.read_bytes() for path in order)
    shop = b'"shop_id":1,"shop_domain":"aurora-outfitters.myshopify.com"'
    who = shop + b',"customer":{"id":7,"email":"a@example.com"}'
    return b"\0".join([
        b"orders/create\n" + order, b"orders/fulfilled\n" + order,
        b'customers/redact\n{' + who + b',"orders_to_redact":[1,2]}',
        b'customers/data_request\n{' + who + b',"data_request":{"id":9}}',
        b'shop/redact\n{' + shop + b'}',
        b'app/uninstalled\n{"id":1,"myshopify_domain":"aurora-outfitters.myshopify.com"}'])


def long_bodies():
    """Bodies with long lists and texts, by the name of what is long: what work may grow with."""
    def order(**members):
        return "orders/create", {"id": 5001, "created_at": "2026-11-23T11:59:00Z", "checkout_token": "c", **members}

    count = range(600)
    codes = [{"type": "discount_code", "code": f"c{i}", "amount": "1.00"} for i in count]
    allocations = [{"amount": "1.00", "discount_application_index": i} for i in count]
    return {
        "tags": order(tags=", ".join(f"t{i}" for i in range(3000))),
        "codes": order(discount_codes=codes[:60], line_items=[{"product_id": i} for i in count]),
        "allocations": order(discount_applications=codes[:60], line_items=[
            {"product_id": 1, "discount_allocations": allocations}]),
        "members": order(**{f"m{i}": 1 for i in range(2000)}),
        "properties": order(line_items=[{"product_id": 1, "properties": [{"name": f"n{i}", "value": "v"} for i in count]}]),
        "cart": ("carts/create", {"token": "t", "updated_at": "2026-11-23T11:59:00Z",
                                  "line_items": [{"key": f"k{i}", "quantity": 1} for i in count]}),
        "tag changes": ("customer.tags_added", {"customerId": 7, "occurredAt": "2026-11-23T11:59:00Z",
                                                "tags": [f"t{i}" for i in count]}),
        "refund": ("refunds/create", {"id": 1, "order_id": 5001, "refund_line_items": [
            {"quantity": 1, "subtotal": "1.00", "line_item": {"product_id": i}} for i in count]}),
        "charge": ("recharge:charge/max_retries_reached", {"charge": {
            "id": 5, "customer": {"id": 7}, "status": "error", "error_type": "CLOSED_MAX_RETRIES_REACHED",
            "line_items": [{"subscription_id": i} for i in count]}}),
    }


def write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def main():
    out = pathlib.Path(sys.argv[1])
    for number, case in enumerate(sorted((ROOT / "tests/golden").glob("*/*/"))):
        content = webhooks(case)
        if 0 < len(content) <= LARGEST:
            write(out / "mapping", case.parent.name + "-" + case.name,
                  bytes([number % 256]) + content)
    write(out / "mapping", "privacy-and-late", b"\0" + privacy_and_late())
    for path in (out / "mapping").iterdir():
        write(out / "work", path.name, path.read_bytes())
        write(out / "turns", path.name, path.read_bytes())
    for name, (topic, body) in long_bodies().items():
        write(out / "work", "long " + name, b"\3" + f"{topic}\n{json.dumps(body)}".encode())
    for number, pair in enumerate(AWKWARD):
        write(out / "turns", f"awkward-{number}", b"\1" + b"\0".join(pair))
    seeds = b"".join(path.read_bytes() for path in (out / "mapping").iterdir())
    lacking = {topic for topic in known_topics() if f"{topic}\n".encode() not in seeds}
    if lacking:
        sys.exit(f"no seed has the topics {sorted(lacking)}")
    for number, request in enumerate(REQUESTS):
        write(out / "request", str(number), request.encode())
    for number, (client, hint) in enumerate(HINTS):
        write(out / "hint", str(number), f"{client}\n{json.dumps(hint)}".encode())
    for number, (flags, head, body) in enumerate(exchanges()):
        write(out / "exchange", str(number), bytes([flags]) + (head + "\r\n\r\n" + body).encode("latin-1", "replace"))
    for number, text in enumerate(TEXTS):
        write(out / "texts", str(number), text.encode())
    for path in [ROOT / "config/segrelay.conf", *ROOT.glob("tests/golden/**/segrelay.conf")]:
        write(out / "config", "-".join(path.parts[-3:]), path.read_bytes())


if __name__ == "__main__":
    main()
