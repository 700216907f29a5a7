"""Consent: nothing before it, all of it after, and what becomes of it when it is taken back."""

import threading

import pytest
from browser import wait
from calls import await_track, leave, pages, tracks, view
from test_visit import OWN

ATTRIBUTE = "_segment_anonymous_id"
VARIANT = "81512255325411"
PAUSE = "new Promise(resolve => setTimeout(resolve, 400))"


def choose(visitor, **choice):
    words = ", ".join(f"{name}: {str(value).lower()}" for name, value in choice.items())
    visitor.evaluate(f"Shopify.customerPrivacy.setTrackingConsent({{{words}}})")


def traces(visitor, shop, relay_web):
    """What of us can be found with the visitor, the shop, or outside."""
    outside = [request["url"] for request in visitor.seen()["requests"]
               if not request["url"].startswith(shop.url) and not request["url"].startswith(relay_web.url + "/segrelay.js")]
    own = [path for _, path, _, _ in shop.requests if path.startswith(("/analytics", "/v1/", "/cart.", "/cart/"))]
    stored = visitor.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    return outside + own + stored + [name for name in visitor.cookies() if name != "_tracking_consent"]


def test_nothing_happens_before_consent(visitor, shop, segment, relay_web):
    shop.consent_needed = True
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/products/enamel-mug?utm_source=letter")
    visitor.click("#facebook")
    visitor.evaluate(PAUSE)
    assert traces(visitor, shop, relay_web) == []
    assert visitor.evaluate("window.analytics === undefined")


def test_nothing_happens_after_a_refusal(visitor, shop, segment, relay_web):
    shop.consent_needed = True
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/products/enamel-mug")
    visitor.wait("Shopify.customerPrivacy")
    choose(visitor, analytics=False, marketing=True, preferences=True)
    visitor.evaluate(PAUSE)
    visitor.goto(shop.url + "/cart")
    visitor.evaluate(PAUSE)
    assert traces(visitor, shop, relay_web) == []


def test_consent_that_is_given_on_the_page(visitor, shop, segment, relay_web):
    shop.consent_needed = True
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/products/enamel-mug?utm_source=letter")
    visitor.wait("Shopify.customerPrivacy")
    choose(visitor, analytics=True, marketing=False, preferences=True)
    viewed = await_track(segment, "Product Viewed")[0]
    wait(lambda: relay_web.posts)
    leave(visitor, shop, segment)
    assert len(tracks(segment, "Product Viewed")) == 1 and len(pages(segment)) == 2
    told = {"Analytics": True, "Advertising": False, "Functional": True, "DataSale": False}
    assert viewed["context"]["consent"] == {"categoryPreferences": told}
    assert relay_web.posts[0]["consent"] == {"analytics": True, "marketing": False, "preferences": True, "saleOfData": False}
    assert relay_web.posts[0]["campaign"] == {"source": "letter"}
    assert shop.cart.attributes == {ATTRIBUTE: viewed["anonymousId"]}


def test_a_choice_is_told_by_the_names_of_the_configuration(visitor, shop, segment, relay_web):
    relay_web.options = {"consentCategories": {"analytics": "Messung"}}
    view(visitor, shop, segment, "/pages/about")
    choose(visitor, analytics=True, marketing=False)
    view(visitor, shop, segment, "/pages/about")
    assert pages(segment)[-1]["context"]["consent"] == {"categoryPreferences": {"Messung": True}}


def test_where_nobody_was_asked_nothing_is_said_of_consent(visitor, shop, segment):
    view(visitor, shop, segment, "/pages/about")
    assert "consent" not in pages(segment)[0]["context"]


def test_the_browser_s_own_refusal_of_sale_is_a_choice(visitor, shop, segment):
    """Global Privacy Control: nobody was asked, and it was said all the same."""
    shop.head = "<script>Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})</script>"
    view(visitor, shop, segment, "/pages/about")
    told = {"Analytics": True, "Advertising": True, "Functional": True, "DataSale": False}
    assert pages(segment)[0]["context"]["consent"] == {"categoryPreferences": told}


def test_consent_that_is_taken_back(visitor, shop, segment, relay_web):
    shop.consent_needed = True
    shop.cart.add(VARIANT)
    visitor.goto(shop.url + "/products/enamel-mug")
    visitor.wait("Shopify.customerPrivacy")
    choose(visitor, analytics=True, marketing=True, preferences=True, sale_of_data=True)
    wait(lambda: relay_web.posts and tracks(segment, "Product Viewed") and pages(segment))
    choose(visitor, analytics=False, marketing=False)
    wait(lambda: len(relay_web.posts) == 2)
    assert relay_web.posts[1] == {
        "v": 1, "shop": "aurora-outfitters.myshopify.com", "cartToken": shop.cart.token,
        "consent": {"analytics": False, "marketing": False, "preferences": True, "saleOfData": True}}
    assert shop.cart.attributes == {ATTRIBUTE: ""}
    assert "ajs_anonymous_id" not in visitor.cookies()
    assert visitor.evaluate("Object.keys(localStorage).filter(name => name.startsWith('ajs'))") == []
    visitor.wait("!JSON.parse(sessionStorage.segrelay).linked")
    told = len(segment.from_browsers)
    visitor.click("#facebook")
    visitor.goto(shop.url + "/cart")
    visitor.evaluate(PAUSE)
    assert len(segment.from_browsers) == told
    assert len(relay_web.posts) == 2 and len(shop.attributes_writes) == 2


@pytest.mark.parametrize("head", ["", OWN])
def test_consent_that_is_taken_back_before_analytics_comes(visitor, shop, segment, head):
    """What waited for it is not told afterwards, also where the page loads it itself."""
    shop.head = head.format(cdn=shop.url)
    released = shop.held["/analytics.js/"] = threading.Event()
    visitor.commit(shop.url + "/products/enamel-mug")  # the page may wait for it, too
    visitor.wait("window.segrelay && window.analytics?.length")
    choose(visitor, analytics=False)
    released.set()
    visitor.wait("window.analytics.initialized")
    visitor.evaluate(PAUSE)
    assert segment.from_browsers == []
    assert head or "ajs_anonymous_id" not in visitor.cookies()  # the page's own is the page's


def test_consent_that_is_given_again_after_analytics_came(visitor, shop, segment):
    """Who a customer is was dropped with the rest: the next page tells it."""
    shop.customer = {"id": "7106345812043", "email": "alma@example.com"}
    released = shop.held["/analytics.js/"] = threading.Event()
    visitor.commit(shop.url + "/products/enamel-mug")
    visitor.wait("window.segrelay && window.analytics?.length")
    choose(visitor, analytics=False)
    released.set()
    visitor.wait("window.analytics.initialized")
    visitor.evaluate(PAUSE)
    choose(visitor, analytics=True)
    view(visitor, shop, segment, "/pages/about")
    segment.wait(lambda: [call for call in segment.from_browsers if call["type"] == "identify"])


def test_consent_that_is_taken_back_while_a_product_is_asked_for(visitor, shop, segment):
    """What was seen before is not kept for later."""
    shop.cdn = "settings fail"
    shop.body = '<main><a href="/products/camp-kettle">Kettle</a></main>'
    released = shop.held["/products/camp-kettle.js"] = threading.Event()
    visitor.goto(shop.url + "/pages/about")
    wait(lambda: any(path == "/products/camp-kettle.js" for _, path, _, _ in shop.requests))
    choose(visitor, analytics=False)
    released.set()
    visitor.evaluate("new Promise(resolve => setTimeout(resolve, 1500))")  # as long as lists wait for more
    assert "Kettle" not in visitor.evaluate("sessionStorage.getItem('segrelay')")


def test_consent_that_is_taken_back_while_the_cart_is_read(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    released = shop.held["/cart.js"] = threading.Event()
    view(visitor, shop, segment, "/")
    wait(lambda: any(path == "/cart.js" for _, path, _, _ in shop.requests))
    choose(visitor, analytics=False)
    released.set()
    visitor.evaluate(PAUSE)
    assert shop.cart.attributes == {} and relay_web.posts == []


def test_consent_that_is_taken_back_elsewhere(visitor, shop, segment, relay_web):
    """The next page finds that it is gone."""
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/")
    wait(lambda: relay_web.posts)
    visitor.set_cookie(shop.url, "_tracking_consent", "%7B%22analytics%22%3A%22no%22%7D")
    visitor.goto(shop.url + "/cart")
    wait(lambda: len(relay_web.posts) == 2)
    assert relay_web.posts[1]["consent"]["analytics"] is False and "anonymousId" not in relay_web.posts[1]
    assert shop.cart.attributes == {ATTRIBUTE: ""}


AWAY = ["document.dispatchEvent(new Event('visibilitychange'))",
        "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"]


@pytest.mark.parametrize("back", AWAY)
def test_consent_that_is_taken_back_while_the_page_is_away(visitor, shop, segment, relay_web, back):
    """In another tab, or on a page after it while the browser keeps this one."""
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/products/enamel-mug")
    wait(lambda: relay_web.posts and tracks(segment, "Product Viewed"))
    told = len(segment.from_browsers)
    visitor.set_cookie(shop.url, "_tracking_consent", "%7B%22analytics%22%3A%22no%22%7D")
    visitor.evaluate(f"void {back}")
    wait(lambda: len(relay_web.posts) == 2)
    assert relay_web.posts[1]["consent"]["analytics"] is False
    visitor.click("#facebook")
    visitor.evaluate(PAUSE)
    assert len(segment.from_browsers) == told


@pytest.mark.parametrize("back", AWAY)
def test_consent_that_is_given_while_the_page_is_away(visitor, shop, segment, back):
    shop.consent_needed = True
    visitor.goto(shop.url + "/products/enamel-mug")
    visitor.wait("Shopify.customerPrivacy")
    visitor.set_cookie(shop.url, "_tracking_consent", "%7B%22analytics%22%3A%22yes%22%7D")
    visitor.evaluate(f"void {back}")
    await_track(segment, "Product Viewed")
    leave(visitor, shop, segment)
    assert len(tracks(segment, "Product Viewed")) == 1 and len(pages(segment)) == 2


def test_consent_that_is_given_again(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/products/enamel-mug")
    wait(lambda: relay_web.posts and tracks(segment, "Product Viewed"))
    choose(visitor, analytics=False)
    wait(lambda: len(relay_web.posts) == 2)
    choose(visitor, analytics=True)
    wait(lambda: len(relay_web.posts) == 3)
    assert shop.cart.attributes == {ATTRIBUTE: relay_web.posts[2]["anonymousId"]}
    leave(visitor, shop, segment)
    assert len(tracks(segment, "Product Viewed")) == 1  # the page is told once


def test_a_choice_that_changes_is_told_again(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/pages/about")
    wait(lambda: relay_web.posts)
    choose(visitor, analytics=True, marketing=False)
    wait(lambda: len(relay_web.posts) == 2)
    assert "consent" not in relay_web.posts[0] and relay_web.posts[1]["consent"]["marketing"] is False
    leave(visitor, shop, segment)
    assert len(relay_web.posts) == 2 and len(shop.attributes_writes) == 1


def test_without_asking(visitor, shop, segment, relay_web):
    relay_web.options = {"consent": "off"}
    shop.consent_needed = True
    view(visitor, shop, segment, "/pages/about")
    assert "consent" not in pages(segment)[0]["context"]
    assert visitor.evaluate("Shopify.customerPrivacy === undefined")  # nor is the API loaded for it


def test_a_shop_without_the_consent_api_tells_nothing(visitor, shop, segment, relay_web):
    shop.head = "<script>delete Shopify.loadFeatures</script>"
    visitor.goto(shop.url + "/pages/about")
    visitor.evaluate(PAUSE)
    assert traces(visitor, shop, relay_web) == []


def test_a_headless_shop_may_bring_the_api_late(visitor, shop, segment):
    shop.head = """<script>const late = Shopify.loadFeatures; delete Shopify.loadFeatures;
        document.addEventListener('DOMContentLoaded', () => late([]));</script>"""
    view(visitor, shop, segment, "/pages/about")


def test_a_theme_may_bring_the_loader_of_the_api_late(visitor, shop, segment):
    """Shopify's own script that loads features comes after ours, where a theme puts it so."""
    shop.head = """<script>const late = Shopify.loadFeatures; delete Shopify.loadFeatures;
        addEventListener('load', () => setTimeout(() => { Shopify.loadFeatures = late; }, 200));</script>"""
    view(visitor, shop, segment, "/pages/about")


def test_an_api_that_is_not_all_there_yet_is_no_refusal(visitor, shop, segment, relay_web):
    shop.cart.add(VARIANT)
    view(visitor, shop, segment, "/pages/about")
    wait(lambda: relay_web.posts)
    shop.head = "<script>Shopify.customerPrivacy = {setTrackingConsent() {}};</script>"
    leave(visitor, shop, segment)
    assert len(relay_web.posts) == 1 and len(shop.attributes_writes) == 1


def test_what_was_added_before_the_consent_is_linked(visitor, shop, segment, relay_web):
    shop.consent_needed = True
    visitor.goto(shop.url + "/products/enamel-mug")
    visitor.wait("Shopify.customerPrivacy")
    visitor.click("#add-ajax")
    wait(lambda: shop.cart.count)
    visitor.evaluate(PAUSE)
    choose(visitor, analytics=True)
    wait(lambda: relay_web.posts)
    assert relay_web.posts[0]["cartToken"] == shop.cart.token
