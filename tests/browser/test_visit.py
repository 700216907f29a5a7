"""What a visit has beyond single events: the customer, analytics.js in its kinds, navigation without loading, themes."""

import hashlib
import threading

import pytest
from browser import wait
from calls import await_track, leave, pages, paths, properties, tracks, view

ALMA = {"id": "7106345812043", "email": "Alma.Thorne@example.com", "phone": None, "first_name": "Alma",
        "last_name": "Thorne",
        "default_address": {"address1": "48 Larkspur Lane", "address2": "Apt 3", "city": "Portland", "province": "Oregon",
                            "zip": "97205", "country": {"name": "United States"}, "phone": "+12025550143"}}
MD5 = hashlib.md5(b"Alma.Thorne@example.com").hexdigest()
OWN = """<script>
    // The snippet of a shop that loads analytics.js itself.
    var analytics = window.analytics = window.analytics || [];
    analytics.invoked = true;
    ['track', 'page', 'identify', 'ready', 'addSourceMiddleware', 'on', 'reset'].forEach(method => {{
        analytics[method] = (...args) => window.analytics === analytics ? analytics.push([method, ...args])
            : window.analytics[method](...args);
    }});
    analytics._writeKey = 'ownownownownownownownownownownow';
    analytics._cdn = '{cdn}';
    document.head.append(Object.assign(document.createElement('script'),
        {{src: '{cdn}/analytics.js/v1/ownownownownownownownownownownow/analytics.min.js'}}));
</script>"""


def identifies(segment):
    return [call for call in segment.from_browsers if call["type"] == "identify"]


# ---- the customer ----

@pytest.mark.parametrize("user_id, expected", [
    ("customer_id", ALMA["id"]), ("email", ALMA["email"]), ("md5_email", MD5), ("none", None)])
def test_a_known_customer_is_identified_once(visitor, shop, segment, relay_web, user_id, expected):
    relay_web.options = {"userId": user_id}
    shop.customer = ALMA
    view(visitor, shop, segment, "/products/enamel-mug")
    view(visitor, shop, segment, "/cart")
    leave(visitor, shop, segment)
    assert len(identifies(segment)) == 1
    identify = identifies(segment)[0]
    assert identify.get("userId") == expected
    assert identify["traits"] == {
        "email": ALMA["email"], "phone": "+12025550143", "firstName": "Alma", "lastName": "Thorne",
        "address": {"street": "48 Larkspur Lane, Apt 3", "city": "Portland", "state": "Oregon", "postalCode": "97205",
                    "country": "United States"}}
    viewed = tracks(segment, "Product Viewed")[0]
    assert viewed["properties"]["email"] == ALMA["email"]
    assert viewed.get("userId") == expected
    assert "email" not in pages(segment)[0]["properties"]


def test_a_customer_of_whom_little_is_known(visitor, shop, segment):
    shop.customer = {"id": "7106345812043", "email": None, "default_address": None}
    view(visitor, shop, segment, "/")
    leave(visitor, shop, segment)
    assert [(each["userId"], each["traits"]) for each in identifies(segment)] == [("7106345812043", {})]


def test_a_customer_who_changed_is_identified_again(visitor, shop, segment):
    shop.customer = ALMA
    view(visitor, shop, segment, "/")
    leave(visitor, shop, segment)
    shop.customer = ALMA | {"last_name": "</script><b>Birch"}
    view(visitor, shop, segment, "/")
    segment.wait(lambda: len(identifies(segment)) == 2)
    assert identifies(segment)[1]["traits"]["lastName"] == "</script><b>Birch"


def test_who_logs_in_again_is_identified_again(visitor, shop, segment):
    shop.customer = ALMA
    view(visitor, shop, segment, "/")
    leave(visitor, shop, segment)
    shop.customer = None
    view(visitor, shop, segment, "/")
    visitor.evaluate("void analytics.reset()")
    shop.customer = ALMA
    view(visitor, shop, segment, "/")
    segment.wait(lambda: len(identifies(segment)) == 2)
    assert identifies(segment)[1]["userId"] == ALMA["id"]


def test_without_the_e_mail(visitor, shop, segment, relay_web):
    relay_web.options = {"emailProperty": False}
    shop.customer = ALMA
    visitor.goto(shop.url + "/products/enamel-mug")
    assert "email" not in await_track(segment, "Product Viewed")[0]["properties"]


# ---- analytics.js ----

@pytest.mark.parametrize("write_key", [None, "configured"])
def test_the_page_s_own_analytics_js_is_used(visitor, shop, segment, relay_web, write_key):
    shop.head = OWN.format(cdn=shop.url)
    relay_web.write_key = write_key
    view(visitor, shop, segment, "/products/enamel-mug")
    viewed = await_track(segment, "Product Viewed")[0]
    assert viewed["writeKey"] == "browserbrowserbrowserbrowserbrow"  # what the settings of the key say
    loads = [path for _, path, _, _ in shop.requests if "analytics.min.js" in path]
    assert loads == ["/analytics.js/v1/ownownownownownownownownownownow/analytics.min.js"]


def test_a_destination_that_is_never_ready(visitor, shop, segment):
    """analytics.js says that it is ready when all destinations are: one may be blocked."""
    shop.head = """<script>var analytics = [['register', {name: 'Blocked', version: '1', type: 'destination',
        isLoaded: () => false, load: () => Promise.resolve(), ready: () => new Promise(() => {})}]];</script>"""
    shop.customer = ALMA
    view(visitor, shop, segment, "/collections/kitchen")
    await_track(segment, "Product List Viewed")
    visitor.click("#enamel-mug")
    await_track(segment, "Product Viewed")
    leave(visitor, shop, segment)
    assert len(tracks(segment, "Product Clicked")) == len(identifies(segment)) == 1


def test_analytics_js_that_the_page_loads_after_us(visitor, shop, segment, relay_web):
    relay_web.write_key = None
    shop.cart.add("81512255325411")
    visitor.goto(shop.url + "/products/enamel-mug")
    visitor.wait("window.analytics && analytics.length")
    visitor.evaluate("""analytics._writeKey = 'x'; analytics._cdn = location.origin; document.head.append(Object.assign(
        document.createElement('script'), {src: '/analytics.js/v1/x/analytics.min.js'}))""")
    await_track(segment, "Product Viewed")
    wait(lambda: relay_web.posts and pages(segment))
    assert relay_web.posts[0]["anonymousId"] == pages(segment)[0]["anonymousId"]


def test_the_script_twice_tells_once(visitor, shop, segment, relay_web):
    shop.head = f'<script src="{relay_web.url}/segrelay.js" defer></script>'
    view(visitor, shop, segment, "/products/enamel-mug")
    leave(visitor, shop, segment)
    assert len(tracks(segment, "Product Viewed")) == 1 and paths(segment) == ["/products/enamel-mug", "/pages/end"]


def test_what_the_page_tells_itself_is_let_alone(visitor, shop, segment):
    """But for what is promised of it: the e-mail and the ids of Google Analytics."""
    view(visitor, shop, segment, "/pages/about")
    visitor.evaluate("void analytics.track('Downloaded', {path: '/files/care.pdf', url: '/x?key=1', search: 'y'})")
    downloaded = await_track(segment, "Downloaded")[0]
    assert downloaded["properties"] == {"path": "/files/care.pdf", "url": "/x?key=1", "search": "y"}
    segment.violations = []  # it is none of ours


def test_nobody_visits_the_theme_s_editor(shop):
    values = shop.values("/", "", "index")
    assert "/segrelay.js" in shop.browser.render(shop.template, values)
    values["request"]["design_mode"] = True
    assert "/segrelay.js" not in shop.browser.render(shop.template, values)


def test_no_global_but_ours(visitor, shop, relay_web):
    relay_web.cdn = "http://127.0.0.1:1"  # analytics.js has some of its own
    shop.snippet = False
    visitor.goto(shop.url + "/pages/about")
    before = set(visitor.evaluate("Object.getOwnPropertyNames(window)"))
    shop.snippet = True
    visitor.goto(shop.url + "/pages/about")
    visitor.wait("window.analytics && analytics.length")
    more = set(visitor.evaluate("Object.getOwnPropertyNames(window)")) - before
    assert more == {"segrelay", "segrelayConfig", "analytics"}


@pytest.mark.parametrize("breakage", [
    "<script>Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('forbidden'); }})</script>",
    "<script>Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden'); }})</script>",
    "<script>delete window.requestIdleCallback</script>",
    "<script>delete window.navigation</script>",
    "<script>Shopify.routes = undefined</script>",
    "<script>var segrelayData; document.addEventListener('DOMContentLoaded', () => "
    "document.getElementById('segrelay-data').textContent = '{broken')</script>",
])
def test_a_browser_or_page_that_lacks_something(visitor, shop, segment, breakage):
    """No error in the page (see `visit`), and the page is told all the same."""
    shop.head = breakage
    view(visitor, shop, segment, "/products/enamel-mug")
    await_track(segment, "Product Viewed")
    leave(visitor, shop, segment)


def test_without_the_tab_s_storage_lists_and_clicks_are_told(visitor, shop, segment):
    shop.head = "<script>Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('forbidden'); }})</script>"
    view(visitor, shop, segment, "/collections/kitchen")
    await_track(segment, "Product List Viewed")
    visitor.evaluate("addEventListener('click', event => event.preventDefault())")
    visitor.click("#enamel-mug")
    await_track(segment, "Product Clicked")
    leave(visitor, shop, segment)
    assert len(tracks(segment, "Product List Viewed")) == len(tracks(segment, "Product Clicked")) == 1


# ---- navigation without loading ----

def test_navigation_without_loading(visitor, shop, segment):
    view(visitor, shop, segment, "/pages/about")
    for script, path in [
            ("go('/blogs/news')", "/blogs/news"), ("go('/blogs/news?page=2')", None),
            ("go('/products/camp-kettle')", "/products/camp-kettle"),
            ("go('/search?q=tea', 'replaceState')", "/search"), ("history.back()", "/blogs/news")]:
        visitor.evaluate(f"void {script}")
        if path:
            segment.wait(lambda: paths(segment)[-1] == path)
        else:
            visitor.evaluate("new Promise(resolve => setTimeout(resolve, 300))")
    leave(visitor, shop, segment)
    assert paths(segment) == \
        ["/pages/about", "/blogs/news", "/products/camp-kettle", "/search", "/blogs/news", "/pages/end"]
    assert pages(segment)[1]["name"] == "At /blogs/news"
    assert [each["event"] for each in tracks(segment)] == \
        ["Blog Viewed", "Product Viewed", "Products Searched", "Blog Viewed"]
    assert properties(segment, "Product Viewed")[0]["product_id"] == "922337203685477579"


@pytest.mark.parametrize("write_key", [None, "configured"])
def test_navigation_without_loading_before_analytics_js_is_there(visitor, shop, segment, relay_web, write_key):
    """Each page is told with its own address, which is another one by the time."""
    relay_web.write_key = write_key
    shop.head = '<link rel="canonical" href="/pages/about-us">'
    released = shop.held["/analytics.js/"] = threading.Event()
    visitor.commit(shop.url + "/pages/about?utm_source=letter")
    visitor.wait("window.segrelay && window.analytics?.length > 1 && window.go")
    visitor.evaluate("document.querySelector('[rel=canonical]').remove(); go('/blogs/news')")
    visitor.wait("window.analytics.some(([method, name]) => name === 'Blog Viewed')")
    if not write_key:
        visitor.evaluate("""void (analytics._writeKey = 'x', analytics._cdn = location.origin, document.head.append(Object.assign(
            document.createElement('script'), {src: '/analytics.js/v1/x/analytics.min.js'})))""")
    released.set()
    segment.wait(lambda: len(pages(segment)) == 2)
    await_track(segment, "Blog Viewed")
    assert [(each["properties"]["url"], each["properties"]["title"]) for each in pages(segment)] == [
        (shop.url + "/pages/about-us?utm_source=letter", "Page – Aurora"), (shop.url + "/blogs/news", "At /blogs/news")]
    assert paths(segment) == ["/pages/about-us", "/blogs/news"]
    assert tracks(segment)[0]["context"]["page"]["path"] == "/blogs/news"


def test_a_search_without_loading(visitor, shop, segment):
    view(visitor, shop, segment, "/search?q=mug")
    for query in ("q=t", "q=te", "q=tea", "q=tea&page=2"):
        visitor.evaluate(f"history.pushState({{}}, '', '/search?{query}')")
    await_track(segment, "Products Searched", 2)
    leave(visitor, shop, segment)
    assert properties(segment, "Products Searched") == [{"query": "mug"}, {"query": "tea"}]
    assert paths(segment) == ["/search", "/pages/end"]


def test_a_page_that_the_browser_kept_is_viewed_again(visitor, shop, segment):
    view(visitor, shop, segment, "/blogs/news")
    for persisted in ("false", "true"):
        visitor.evaluate(f"window.dispatchEvent(new PageTransitionEvent('pageshow', {{persisted: {persisted}}}))")
    await_track(segment, "Blog Viewed", 2)
    leave(visitor, shop, segment)
    assert paths(segment) == ["/blogs/news", "/blogs/news", "/pages/end"]


def test_the_data_layer_of_the_page_before_is_not_taken_for_this_one(visitor, shop, segment):
    visitor.goto(shop.url + "/products/enamel-mug")
    await_track(segment, "Product Viewed")
    visitor.evaluate("history.pushState({}, '', '/products/trail-lamp')")
    viewed = await_track(segment, "Product Viewed", 2)
    assert [each["properties"]["name"] for each in viewed] == ["Enamel Mug", "Trail Lamp"]


def test_products_that_come_later_are_seen_too(visitor, shop, segment):
    view(visitor, shop, segment, "/pages/about")
    visitor.evaluate("""void document.querySelector('main').insertAdjacentHTML('beforeend',
        '<a href="/products/trail-lamp">Trail Lamp</a><a href="/products/trail-lamp?variant=1">again</a>')""")
    await_track(segment, "Product List Viewed")
    leave(visitor, shop, segment)
    parts = properties(segment, "Product List Viewed")
    assert [[each["name"] for each in part["products"]] for part in parts] == [["Trail Lamp"]]


@pytest.mark.parametrize("away", ["history.pushState({}, '', '/products/trail-lamp')", "lamp.remove()"],
                         ids=["is the page now", "is gone"])
def test_a_product_that_is_listed_no_more_when_it_was_seen_long_enough(visitor, shop, segment, away):
    view(visitor, shop, segment, "/pages/about")
    visitor.evaluate(f"""new Promise(resolve => {{
        const lamp = document.createElement('a');
        lamp.href = '/products/trail-lamp';
        lamp.textContent = 'Trail Lamp';
        document.querySelector('main').append(lamp);
        new IntersectionObserver((entries, observer) => entries.forEach(entry => {{
            if (entry.isIntersecting) {{
                observer.disconnect();
                setTimeout(() => {{ {away}; setTimeout(resolve, 1500); }}, 100);
            }}
        }})).observe(lamp);
    }})""")
    leave(visitor, shop, segment)
    assert properties(segment, "Product List Viewed") == []


# ---- what themes say themselves ----

def dispatch(visitor, kind, facts):
    visitor.evaluate(f"""document.body.dispatchEvent(Object.assign(
        new CustomEvent('shopify:{kind}', {{bubbles: true, detail: {facts}}}), {facts}))""")


def test_what_a_theme_says_is_not_told_twice(visitor, shop, segment):
    shop.head = """<script>document.addEventListener('DOMContentLoaded', () => ['page:view', 'product:view'].forEach(kind =>
        document.dispatchEvent(Object.assign(new Event(`shopify:${kind}`), {product: {handle: 'enamel-mug'}}))))</script>"""
    view(visitor, shop, segment, "/products/enamel-mug")
    await_track(segment, "Product Viewed")
    dispatch(visitor, "page:view", "{}")
    dispatch(visitor, "product:view", "{product: {handle: 'enamel-mug'}}")
    dispatch(visitor, "product:view", "{product: {id: 'gid://shopify/Product/922337203685477579', handle: 'camp-kettle'}}")
    await_track(segment, "Product Viewed", 2)  # a quick view of another one
    leave(visitor, shop, segment)
    assert [each["name"] for each in properties(segment, "Product Viewed")] == ["Enamel Mug", "Camp Kettle"]
    assert paths(segment) == ["/products/enamel-mug", "/pages/end"]


def test_a_search_while_typing_is_told_when_it_rests(visitor, shop, segment):
    view(visitor, shop, segment, "/search?q=mug")
    for text in ("t", "te", "tea", "tea"):
        dispatch(visitor, "search:update", f"{{query: '{text}'}}")
    await_track(segment, "Products Searched", 2)
    dispatch(visitor, "search:update", "{query: 'mug'}")
    visitor.evaluate("new Promise(resolve => setTimeout(resolve, 1000))")
    leave(visitor, shop, segment)
    assert properties(segment, "Products Searched") == [{"query": "mug"}, {"query": "tea"}]
