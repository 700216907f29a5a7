"""The storefront's side of the relay: its script and pixel, and the hints that they post."""

import gzip
import http.client
import json
import random
import re
import socket
import threading
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from conftest import Answer
from tools import recharge, recharge_signing, storefront
from tools import shop as shops
from tools.journeys import cart, checkout, redact
from tools.shop import ALMA, AURORA, BROWSER_ID, order

ORIGIN = "https://aurora.example"
GENERAL = 'public_url = "https://relay.example"\n'
SHOP = f'storefront_origins = {{"{ORIGIN}"}}'


@pytest.fixture
def relay(make_relay):
    return make_relay(options=GENERAL, shop_options=SHOP)


def ask(relay, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
    connection.request(method, path, body,
                       {name.replace("_", "-"): value for name, value in headers.items()})
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def collect(relay, hint, origin=ORIGIN, client="203.0.113.57", **headers):
    body = hint if isinstance(hint, bytes) else json.dumps(hint).encode()
    more = {"Origin": origin} if origin else {}
    return ask(relay, "POST", "/collect", body, Content_Type="text/plain", X_Forwarded_For=client,
               User_Agent="Firefox/145.0", **more, **headers)


def tracks(segment, event):
    return [message for message in segment.messages if message.get("event") == event]


# ---- the files ----

def config_of(script):
    return json.loads(re.match(rb"var segrelayConfig=(\{.*\});\n", script).group(1))


def test_the_script_is_configured_for_the_shop(make_relay):
    relay = make_relay(
        options=GENERAL, shop_options=SHOP + '\n storefront_write_key = "browserkey"\n consent = off\n'
        ' user_id = md5_email\n disable = {"Product Shared"}\n rename = {"Product Viewed=Seen"}\n'
        ' consent_categories = {"sale_of_data=Sale"}\n storefront_pages = {"/korb=Cart Viewed"}')
    answer = ask(relay, "GET", f"/segrelay.js?shop={AURORA.domain}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert config_of(answer.body) == {
        "version": config_of(answer.body)["version"], "shop": AURORA.domain,
        "collect": "https://relay.example/collect", "writeKey": "browserkey",
        "cdn": "https://cdn.segment.com", "consent": "off", "consentCategories": {"saleOfData": "Sale"},
        "userId": "md5_email", "emailProperty": True, "attribute": "_segment_anonymous_id",
        "disable": ["Product Shared"], "rename": {"Product Viewed": "Seen"},
        "paths": [["/korb", "Cart Viewed"]]}


@pytest.mark.parametrize("path", ["/segrelay.js", "/segrelay-pixel.js"])
def test_the_files_are_compressed_and_cached(relay, path):
    asked = f"{path}?shop={AURORA.domain}"
    plain = ask(relay, "GET", asked)
    small = ask(relay, "GET", asked, Accept_Encoding="br, gzip;q=0.8")
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == plain.body and len(small.body) < len(plain.body)
    assert plain.headers["etag"] != small.headers["etag"]
    assert "max-age" in plain.headers["cache-control"] and plain.headers["vary"] == "Accept-Encoding"
    head = ask(relay, "HEAD", asked)
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", plain.headers["etag"])
    again = ask(relay, "GET", asked, If_None_Match=f'"x", W/{plain.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    assert ask(relay, "GET", asked, If_None_Match=small.headers["etag"]).status == 200
    for unwanted in ("gzip;q=0", "gzip;q=0.000", "br, gzip; q=0.0"):
        assert ask(relay, "GET", asked, Accept_Encoding=unwanted).body == plain.body
    assert ask(relay, "GET", asked, Accept_Encoding="gzip;q=0.01").body == small.body


def test_the_files_change_with_the_configuration(relay, segment):
    before = ask(relay, "GET", f"/segrelay.js?shop={AURORA.domain}")
    relay.write_config(GENERAL, {"main": ("m" * 32, segment.url, "")}, SHOP + "\n consent = off")
    relay.reload()
    after = ask(relay, "GET", f"/segrelay.js?shop={AURORA.domain}",
                If_None_Match=before.headers["etag"])
    assert after.status == 200 and config_of(after.body)["consent"] == "off"


def test_there_is_nothing_for_other_shops(make_relay):
    relay = make_relay()  # without storefronts
    for path in ("/segrelay.js", "/segrelay-pixel.js", "/segrelay.js?shop=",
                 f"/segrelay.js?shop={AURORA.domain}"):
        assert ask(relay, "GET", path).status == 404
    assert ask(relay, "POST", "/segrelay.js", b"x").headers["allow"] == "GET, HEAD"
    assert ask(relay, "GET", "/collect").headers["allow"] == "POST, OPTIONS"
    assert collect(relay, storefront.posted()).status == 403


# ---- what is taken ----

def test_a_hint_ties_the_browser_to_cart_and_order(relay, segment):
    answer = collect(relay, storefront.posted())
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert relay.post("orders/create", order(note_attributes=[])).status == 200
    relay.wait(lambda: tracks(segment, "Order Completed"))
    message = tracks(segment, "Order Completed")[0]
    assert (message["anonymousId"], message["userId"]) == (BROWSER_ID, str(ALMA.id))
    assert message["context"]["consent"] == {"categoryPreferences": {
        "Analytics": True, "Advertising": True, "Functional": True, "DataSale": True}}
    assert relay.topic("storefront/hint")["ignored"] == 1


def test_the_link_outlives_a_crash(make_relay, segment):
    relay = make_relay(options=GENERAL, shop_options=SHOP + " cart_settle = 1s")
    assert collect(relay, storefront.posted()).status == 204
    relay.kill()
    relay.start()
    assert relay.post("carts/create", cart()).status == 200
    relay.wait(lambda: len(tracks(segment, "Product Added")) == 2)
    for message in tracks(segment, "Product Added"):
        assert message["anonymousId"] == BROWSER_ID
        assert message["context"]["ip"] == "203.0.113.57"
        assert message["context"]["page"]["url"] == storefront.PAGE["url"]
        assert message["context"]["campaign"] == storefront.CAMPAIGN


def test_the_pixels_events_are_told_once(relay, segment):
    assert relay.post("checkouts/update", checkout("shipping", browser_id=None)).status == 200
    for hint in (storefront.happened("payment_info_submitted"),
                 storefront.happened("payment_info_submitted", id="sh-e2"),
                 storefront.happened("alert_displayed", id="sh-e3"),
                 storefront.happened("alert_displayed", id="sh-e3"),
                 storefront.happened("checkout_completed", id="sh-e4"),
                 storefront.happened("checkout_completed", id="sh-e5")):
        assert collect(relay, hint, origin="null").status == 204
    assert relay.post("orders/create", order(note_attributes=[])).status == 200
    relay.wait(lambda: tracks(segment, "Thank you page"))
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    for event in ("Payment Info Entered", "Payment Failure", "Thank you page", "Order Completed"):
        assert len(tracks(segment, event)) == 1, event
    told = tracks(segment, "Payment Info Entered")[0]
    assert told["properties"]["total"] == Decimal(checkout("shipping")["total_price"])


def test_a_repeated_event_is_stored_once(relay):
    now = datetime.now(timezone.utc).isoformat()
    for _ in range(3):
        assert collect(relay, storefront.happened("checkout_started", time=now)).status == 204
    assert relay.topic("storefront/hint")["repeated"] == 2


def test_who_refuses_agrees_and_refuses_again_has_refused(relay, segment):
    refused = storefront.posted(browser_id=None, consent=storefront.REFUSED, page=None)
    for hint in (refused, storefront.posted(), refused):
        assert collect(relay, hint).status == 204
    assert relay.post("orders/create", order(note_attributes=[])).status == 200
    relay.wait(lambda: tracks(segment, "Order Completed"))
    assert "anonymousId" not in tracks(segment, "Order Completed")[0]


def test_who_refused_is_told_without_the_browser(relay, segment):
    assert collect(relay, storefront.posted()).status == 204
    refused = storefront.posted(browser_id=None, consent=storefront.REFUSED, page=None)
    assert collect(relay, refused).status == 204
    assert relay.post("orders/create", order(note_attributes=[])).status == 200
    relay.wait(lambda: tracks(segment, "Order Completed"))
    message = tracks(segment, "Order Completed")[0]
    assert "anonymousId" not in message
    assert message["context"]["consent"]["categoryPreferences"]["Analytics"] is False


def test_a_refusal_is_one_for_the_subscriber(make_relay, segment):
    """ReCharge repeats what the first checkout's attributes said of the browser."""
    relay = make_relay(options=GENERAL, shop_options=SHOP + '\n recharge_secrets = {"%s"}'
                       % recharge_signing.SECRETS[0])
    assert relay.post("checkouts/update", checkout("contact", browser_id=None)).status == 200
    refused = storefront.posted(browser_id=None, consent=storefront.REFUSED, page=None)
    for number in (1, 2):
        renewal = recharge.order(recharge.NEW, number=number, shopify_number=2000 + number)
        assert relay.post_recharge("order/processed", renewal).status == 200
        assert collect(relay, refused).status == 204
    segment.wait_for(2, "Order Processed")
    first, second = tracks(segment, "Order Processed")
    assert first["anonymousId"] == BROWSER_ID and "anonymousId" not in second
    assert first["userId"] == second["userId"] == str(ALMA.id)


def test_the_forgotten_leave_no_hint(relay, segment):
    assert collect(relay, storefront.posted()).status == 204
    assert relay.post("orders/create", order(note_attributes=[])).status == 200
    relay.wait(lambda: tracks(segment, "Order Completed"))
    assert BROWSER_ID.encode() in relay.database.read_bytes() + \
        relay.database.with_suffix(".db-wal").read_bytes()
    assert relay.post("customers/redact", redact()).status == 200
    relay.said("customer erased")
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    relay.stop()
    assert BROWSER_ID.encode() not in relay.database.read_bytes()
    assert shops.tokens_of(shops.order_id_of(1001))[0].encode() not in relay.database.read_bytes()


# ---- what is refused ----

@pytest.mark.parametrize("origin, status", [
    (ORIGIN, 204), (ORIGIN.upper(), 204), (f"https://{AURORA.domain}", 204), ("null", 204),
    (None, 403), ("https://evil.example", 403), ("http://aurora.example", 403),
    ("https://aurora.example.evil.example", 403), ("https://aurora.example:444", 403),
    ("https://" + "a" * 400, 403), (f"http://{AURORA.domain}", 403)])
def test_only_the_shops_pages_may_post(relay, origin, status):
    answer = collect(relay, storefront.posted(), origin=origin)
    assert answer.status == status
    assert ("access-control-allow-origin" in answer.headers) == (status == 204)


def test_another_shops_page_may_not_post(relay):
    other = storefront.posted(shop=shops.FJORD)
    assert collect(relay, other, origin=f"https://{AURORA.domain}").status == 403
    unknown = storefront.posted() | {"shop": "unknown.myshopify.com"}
    assert collect(relay, unknown).status == 403


@pytest.mark.parametrize("body", [
    b"{}", b"[]", b"null", b"{", b"\xff\xfe", b'{"v":1}', b'{"v":1,"shop":"%s"}' % AURORA.domain.encode(),
    b"[" * 100 + b"]" * 100, b'{"v":1,"shop":{"a":1},"cartToken":"t"}'])
def test_what_is_no_hint_is_refused(relay, body):
    assert collect(relay, body).status == 400
    assert relay.topic("storefront/hint") is None


def test_hints_are_small(relay):
    assert collect(relay, b"x" * 8193).status == 413
    assert collect(relay, b"").status == 400
    assert collect(relay, storefront.posted(anonymousId="x" * 129)).status == 400
    assert collect(relay, storefront.posted(page={"title": "é" * 256})).status == 400


def test_what_browsers_say_is_no_reason_to_lose_a_link(relay):
    """Titles in any script are as long as the script lets them be, and apps are no pages."""
    assert collect(relay, storefront.posted(page={"title": "茶" * 255})).status == 204
    assert collect(relay, storefront.posted(campaign={"name": "x" + "\U0001fad6" * 127})).status == 204
    assert collect(relay, storefront.posted(page={"referrer": "android-app://com.search.example/"})).status == 204


def test_a_browser_may_ask_first(relay):
    answer = ask(relay, "OPTIONS", "/collect", Origin=ORIGIN, Access_Control_Request_Method="POST",
                 Access_Control_Request_Headers="content-type")
    assert answer.status == 204
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "Content-Type"


def test_one_address_may_not_post_too_often(make_relay):
    relay = make_relay(options=GENERAL + "hints_per_address = 5", shop_options=SHOP)
    statuses = [collect(relay, storefront.posted(number=n)).status for n in range(2000, 2010)]
    assert statuses[:5] == [204] * 5 and statuses.count(429) >= 4
    assert collect(relay, storefront.posted(), client="203.0.113.58").status == 204
    # who writes the header himself is still whom the proxy names last
    assert collect(relay, storefront.posted(), client="198.51.100.1, 203.0.113.57").status == 429
    assert relay.said("hint rejected")[0]["reason"] == "too many hints within a minute"
    assert relay.metric('segrelay_http_requests_total{code="429",reason="rate"}') >= 5


def test_one_shop_may_not_post_too_often(make_relay):
    relay = make_relay(options=GENERAL + "hints_per_shop = 5", shop_options=SHOP)
    statuses = [collect(relay, storefront.posted(number=n), client=f"203.0.113.{n - 1990}").status
                for n in range(2000, 2010)]
    assert statuses[:5] == [204] * 5 and statuses.count(429) >= 4
    assert relay.post("orders/create", order()).status == 200  # webhooks are not counted


def test_visitors_come_through_a_flood(make_relay):
    """Invented tokens use up what the shop may have; a cart that Shopify named is still tied to its browser."""
    relay = make_relay(options=GENERAL + "hints_per_shop = 20", shop_options=SHOP)
    assert relay.post("carts/create", cart()).status == 200
    flood = [collect(relay, storefront.posted(number=n), client=f"198.51.100.{n - 2000}").status
             for n in range(2000, 2100)]
    assert flood.count(204) <= 25 and flood.count(429) >= 75
    assert [collect(relay, storefront.posted(), client=f"203.0.113.{n}").status for n in range(5)] == [204] * 5
    assert relay.metric('segrelay_http_requests_total{code="429",reason="rate"}') >= 75


def test_hints_leave_room_to_webhooks(make_relay, segment):
    """What waits fills the store: hints are refused a little before webhooks are."""
    relay = make_relay(options=GENERAL + 'max_store = "16MiB"\nstop_grace = "1s"\nhints_per_address = 1000',
                       shop_options=SHOP)
    segment.stop()
    note = random.Random(1).randbytes(100000).hex()
    number, answer = 1002, collect(relay, storefront.posted())
    while answer.status == 204 and number < 1200:
        number += 1
        assert relay.post("orders/create", order(number=number, note=note)).status == 200
        answer = collect(relay, storefront.posted(number=number))
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert relay.post("orders/create", order(number=1)).status == 200
    assert relay.said("hint rejected")[0]["reason"] == "the rest of the store is reserved for webhooks"
    assert relay.metric('segrelay_http_requests_total{code="503",reason="room"}') == 1
    segment.start()


def test_hints_go_on_when_kept_webhooks_fill_the_store(make_relay, segment):
    """Deliveries that were sent expire early, for hints as for webhooks."""
    relay = make_relay(options=GENERAL + 'max_store = "8MiB"', shop_options=SHOP)
    note = random.Random(1).randbytes(100000).hex()
    for number in range(1002, 1082):
        assert relay.post("orders/create", order(number=number, note=note)).status == 200
        segment.wait_for(2 * (number - 1001))
    assert relay.metric("segrelay_deliveries_expired_early_total") > 40
    assert collect(relay, storefront.posted(number=2000)).status == 204


@pytest.mark.threads
def test_many_browsers_at_once_while_the_configuration_changes(relay):
    failed = []

    def visit(number):
        for turn in range(20):
            hint = storefront.posted(number=10000 + 100 * number + turn)
            if collect(relay, hint, client=f"203.0.113.{number}").status != 204:
                failed.append(number)
            if ask(relay, "GET", f"/segrelay.js?shop={AURORA.domain}").status != 200:
                failed.append(number)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        relay.reload()
    for thread in threads:
        thread.join()
    assert failed == []
    assert relay.topic("storefront/hint")["received"] == 160


def test_the_log_says_which_page_was_refused(relay):
    collect(relay, storefront.posted(), origin="https://shop.aurora.example")
    line = relay.said("hint rejected")[0]
    assert line["reason"] == "its page does not belong to the shop" and line["outcome"] == "origin"
    assert line["origin"] == "https://shop.aurora.example"
    assert "storefront_origins" in line["action"]


# Each header that the relay reads, of any route.
HEADERS = ["Accept-Encoding", "If-None-Match", "Content-Type", "Origin", "X-Forwarded-For", "User-Agent", "X-Shopify-Topic",
           "X-Shopify-Shop-Domain", "X-Shopify-Hmac-Sha256", "X-Shopify-Webhook-Id", "X-Shopify-Event-Id",
           "X-Shopify-API-Version", "X-Shopify-Triggered-At", "X-Shopify-Test", "X-Recharge-Hmac-Sha256",
           "X-Recharge-Signature", "Expect", "Access-Control-Request-Method"]


@pytest.mark.parametrize("request_line", [
    f"GET /segrelay.js?shop={AURORA.domain}", f"GET /segrelay-pixel.js?shop={AURORA.domain}", "GET /segrelay.js",
    "POST /collect", "OPTIONS /collect", "POST /webhooks/shopify", "GET /nothing",
    f"POST /webhooks/recharge/{AURORA.domain}/subscription/created"])
def test_each_route_without_headers_and_with_empty_ones(make_relay, request_line):
    """What is absent is not read, and what is empty is not taken for more: a sanitizer sees it."""
    relay = make_relay(options=GENERAL + 'trusted_proxies = {"127.0.0.0/8"}', shop_options=SHOP)
    content = "{}" if request_line.startswith("POST") else ""
    length = [f"Content-Length: {len(content)}"] if content else []
    for fields in ([], *([f"{name}:"] for name in HEADERS), [f"{name}: " for name in HEADERS],
                   [f"{name}: ," for name in HEADERS]):
        head = "\r\n".join([f"{request_line} HTTP/1.1", "Host: a", *length, "Connection: close", *fields])
        with socket.create_connection(("127.0.0.1", relay.port), timeout=60) as connection:
            connection.sendall(f"{head}\r\n\r\n{content}".encode())
            assert connection.recv(12).startswith(b"HTTP/1.1 "), (request_line, fields)
    assert "runtime error" not in relay.log()
