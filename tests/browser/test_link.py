"""The link from the visitor to the cart: the cart's attribute, and what is posted to the relay."""

import json
import re
import uuid

import pytest
import storefront as shops
from browser import wait
from calls import await_track, leave, pages, view

ATTRIBUTE = "_segment_anonymous_id"
VARIANT = "81512255325411"
GA = {"_ga": "GA1.1.1234567890.1700000000", "_ga_ABC123": "GS2.1.s1747323152$o28$g0$t1747323152"}


def anonymous_id(segment):
    return pages(segment)[-1]["anonymousId"]


def posted(relay_web, number=1):
    wait(lambda: len(relay_web.posts) >= number)
    return relay_web.posts


def test_an_empty_cart_is_let_alone(visitor, shop, segment, relay_web):
    view(visitor, shop, segment, "/products/enamel-mug")
    leave(visitor, shop, segment)
    assert shop.attributes_writes == [] and relay_web.posts == []
    assert not any(path.endswith("cart.js") for _, path, _, _ in shop.requests)


def test_a_cart_is_linked_once(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/products/enamel-mug?utm_source=letter&utm_campaign=autumn&variant=1&email=a@example.com")
    post = posted(relay_web)[0]
    for path in ("/cart", "/collections/kitchen", "/"):
        view(visitor, shop, segment, path)
    leave(visitor, shop, segment)
    assert shop.attributes_writes == [{ATTRIBUTE: anonymous_id(segment)}]
    assert len(relay_web.posts) == 1
    page = {"url": shop.url + "/products/enamel-mug?utm_source=letter&utm_campaign=autumn&variant=1",
            "path": "/products/enamel-mug", "search": "?utm_source=letter&utm_campaign=autumn&variant=1", "title": "Product – Aurora"}
    assert post == {"v": 1, "shop": shops.SHOP, "anonymousId": anonymous_id(segment), "cartToken": shop.cart.token,
                    "page": page, "campaign": {"name": "autumn", "source": "letter"}, "locale": "en-US"}


@pytest.mark.parametrize("how", ["#add-ajax", "#add button", "theme"])
def test_a_cart_is_linked_when_something_is_added(visitor, shop, segment, relay_web, how):
    view(visitor, shop, segment, "/products/enamel-mug")
    if how == "theme":  # its own request has another name, but it says what it did
        shop.cart.add(VARIANT)
        visitor.evaluate("""document.dispatchEvent(Object.assign(new Event('shopify:cart:lines-update', {bubbles: true}),
                            {action: 'add', promise: Promise.resolve({cart: {}})}))""")
    else:
        visitor.click(how)
    post = posted(relay_web)[0]
    assert post["cartToken"] == shop.cart.token
    assert shop.cart.attributes == {ATTRIBUTE: anonymous_id(segment)}
    if how == "#add-ajax":
        visitor.click(how)  # once more in the same cart
        wait(lambda: shop.cart.count == 2)
    leave(visitor, shop, segment)
    assert len(shop.attributes_writes) == 1 and len(relay_web.posts) == 1


def test_our_own_write_is_no_reason_for_another(visitor, shop, segment, relay_web):
    """A theme that tells of each change of the cart, ours too, makes no loop."""
    shop.head = """<script>
        const tell = type => document.dispatchEvent(new Event(`shopify:${type}`));
        new PerformanceObserver(list => list.getEntries().forEach(({name}) => name.includes('/cart/update') &&
            ['cart:attributes-update', 'cart:lines-update'].forEach(tell))).observe({type: 'resource'});</script>"""
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/")
    posted(relay_web)
    visitor.evaluate("new Promise(resolve => setTimeout(resolve, 500))")
    assert len(shop.attributes_writes) == 1 and len(relay_web.posts) == 1


def test_an_attribute_that_is_there_is_not_written_but_told(visit, shop, segment, relay_web):
    visitor = visit()
    shop.cart.add(VARIANT)
    own = str(uuid.uuid4())
    shop.cart.attributes[ATTRIBUTE] = own
    visitor.set_cookie(shop.url, "ajs_anonymous_id", own)
    view(visitor, shop, segment, "/")
    assert posted(relay_web)[0]["anonymousId"] == own == anonymous_id(segment)
    leave(visitor, shop, segment)
    assert shop.attributes_writes == []


def test_another_cart_is_linked_anew(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/")
    first = posted(relay_web)[0]["cartToken"]
    shop.cart = shops.Cart()
    shop.cart.new_token()
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/cart")  # the browser learns of the new token
    second = posted(relay_web, 2)[1]
    assert second["cartToken"] == shop.cart.token != first
    assert len(shop.attributes_writes) == 2


def test_what_changes_is_told_again(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/")
    posted(relay_web)
    view(visitor, shop, segment, "/?utm_source=search")
    assert posted(relay_web, 2)[1]["campaign"] == {"source": "search"}
    visitor.evaluate("void analytics.reset()")
    view(visitor, shop, segment, "/")
    third = posted(relay_web, 3)[2]
    assert third["anonymousId"] == anonymous_id(segment) != relay_web.posts[0]["anonymousId"]
    assert shop.cart.attributes == {ATTRIBUTE: third["anonymousId"]}


def test_the_ids_of_google_analytics(visitor, shop, segment, relay_web):
    for name, value in GA.items():
        visitor.set_cookie(shop.url, name, value)
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/products/enamel-mug")
    post = posted(relay_web)[0]
    assert (post["googleClientId"], post["googleSessionId"]) == ("1234567890.1700000000", "1747323152")
    told = {"clientId": "1234567890.1700000000", "sessionId": "1747323152"}
    await_track(segment, "Product Viewed")
    assert all(call["integrations"]["Google Analytics"] == told for call in segment.from_browsers)


def test_a_headless_shop_says_its_cart_itself(visitor, shop, segment, relay_web):
    cart = '"cart": {"token": "gid://shopify/Cart/Z2NwFromTheStorefrontApi?key=5ec2e7f00d1337"}'
    shop.template = shop.template.replace('"cart": {"itemCount": {{ cart.item_count | json }}}', cart)
    view(visitor, shop, segment, "/")
    assert posted(relay_web)[0]["cartToken"] == "Z2NwFromTheStorefrontApi"
    leave(visitor, shop, segment)
    assert len(relay_web.posts) == 1
    assert not any("cart" in path for _, path, _, _ in shop.requests)


# ---- analytics.js is blocked ----

def test_with_analytics_js_blocked_the_link_is_made_all_the_same(visitor, shop, segment, relay_web):
    relay_web.cdn = "http://127.0.0.1:1"
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/products/enamel-mug")
    post = posted(relay_web)[0]
    assert uuid.UUID(post["anonymousId"])
    assert shop.cart.attributes == {ATTRIBUTE: post["anonymousId"]}
    assert visitor.evaluate("localStorage.ajs_anonymous_id") == f'"{post["anonymousId"]}"'
    assert segment.from_browsers == []
    relay_web.cdn = shop.url  # the blocker is switched off: the same visitor
    view(visitor, shop, segment, "/")
    leave(visitor, shop, segment)
    assert anonymous_id(segment) == post["anonymousId"]
    assert len(relay_web.posts) == 1


def test_with_analytics_js_that_never_starts(visitor, shop, segment, relay_web):
    shop.cdn = "settings fail"
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/")
    assert uuid.UUID(posted(relay_web)[0]["anonymousId"])


@pytest.mark.parametrize("cookie, stored", [
    ("{id}", None), ("%22{id}%22", None), ('"{id}"', None), (None, "{id}"), (None, '"{id}"')])
def test_an_id_that_analytics_js_left(visitor, shop, relay_web, cookie, stored):
    relay_web.cdn = "http://127.0.0.1:1"
    own = str(uuid.uuid4())
    if cookie:
        visitor.set_cookie(shop.url, "ajs_anonymous_id", cookie.format(id=own))
    if stored:
        shop.head = f"<script>localStorage.setItem('ajs_anonymous_id', {json.dumps(stored.format(id=own))})</script>"
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/")
    assert posted(relay_web)[0]["anonymousId"] == own


def test_the_post_stays_small(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    long = "x" + "%F0%9F%AB%96" * 200
    shop.head = """<script>addEventListener('DOMContentLoaded',
        () => { document.title = '\\u0001"' + 'é'.repeat(2000); })</script>"""
    view(visitor, shop, segment, f"/?utm_source={long}&utm_campaign={long}&utm_term={long}&utm_content={long}")
    post = posted(relay_web)[0]
    assert post["campaign"]["name"] == "x" + "\U0001fad6" * 99
    assert len(json.dumps(post, ensure_ascii=False).encode()) <= 8192


def test_a_campaign_of_a_link_that_was_copied_with_its_line(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/?utm_campaign=autumn%0D%0A&utm_source=letter")
    assert posted(relay_web)[0]["campaign"] == {"name": "autumn", "source": "letter"}


@pytest.mark.parametrize("referrer, told", [
    ("android-app://com.search.example/", "android-app://com.search.example/"),
    ("{shop}/en-ca/account/orders/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "{shop}/en-ca/account/orders")])
def test_where_a_visitor_comes_from(visitor, shop, segment, relay_web, referrer, told):
    address = referrer.format(shop=shop.url)
    shop.head = f"<script>Object.defineProperty(document, 'referrer', {{get: () => '{address}'}})</script>"
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/pages/about")
    assert posted(relay_web)[0]["page"]["referrer"] == told.format(shop=shop.url)
    assert pages(segment)[0]["properties"]["referrer"] == told.format(shop=shop.url)


@pytest.mark.parametrize("path, url", [
    ("/account/orders/0a1b2c3d4e5f60718293a4b5c6d7e8f9?key=secret", "/account/orders"),
    ("/cart/c/Z2NwLXVzLWVhc3QxOjAx0123456789?key=5ec2e7f00d1337", "/cart"),
    ("/gift_cards/70123456/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "/gift_cards"),
    ("/tools/recurring/portal/0a1b2c3d4e5f6071/subscriptions?token=t", "/tools"),
    ("/zh-hans-hk/account/orders/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "/zh-hans-hk/account/orders"),
    ("/pages/alma@example.com", "/pages"),
    ("/pages/about?customer_access_token=Z2Nw", "/pages/about"),
    ("/pages/about?gclid=abc&ref=friend&x=y&token=t#part", "/pages/about?gclid=abc&ref=friend"),
    ("/pages/about?q=alma%2540example.com&page=2", "/pages/about?page=2"),
])
def test_addresses_tell_no_secret(visitor, shop, segment, relay_web, path, url):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, path)
    assert posted(relay_web)[0]["page"]["url"] == shop.url + url
    told = json.dumps(segment.from_browsers[0], default=str)
    assert not re.search(r"key=|0a1b2c3d|Z2Nw|alma@|token=", told)
