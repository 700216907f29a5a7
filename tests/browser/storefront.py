"""A small shop on loopback: a theme's pages as Liquid renders them, the cart's Ajax API, product JSON, the consent API,
a checkout with the pixel in its sandbox; and the CDN of analytics.js, which is the real one.

    with Storefront(browser, web_url, segment_url) as shop:
        visitor.goto(shop.url + "/collections/tea")

What a test changes: `shop.customer`, `shop.riddle` (who registers has to solve one), `shop.consent_needed`, `shop.head` (more of each page's head), `shop.cdn` (how the
CDN behaves), `shop.snippet` (whether the theme has segrelay's). What it looks at: `shop.requests`, `shop.carts`.
"""

import hashlib
import http.server
import itertools
import json
import pathlib
import re
import threading
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = pathlib.Path(__file__).resolve().parent / "pages"
ANALYTICS = ROOT / "tests/browser/node_modules/@segment/analytics-next/dist/umd"
SNIPPET = ROOT / "storefront/segrelay.liquid"
SHOP = "aurora-outfitters.myshopify.com"
KEY = "browserbrowserbrowserbrowserbrow"
LOCALES = {"/en-ca": "CAD", "/fr": "EUR"}
PIXEL = b"\x89PNG\r\n\x1a\n"


def product(number, title, price, compare_at=None, variants=("Default Title",), **more):
    """A product as the shop knows it; amounts are in hundredths."""
    handle = more.pop("handle", title.lower().replace(" ", "-"))
    return {
        "id": str(number), "title": title, "handle": handle, "vendor": "Aurora", "type": "", "image": f"{handle}.png",
        "variants": [{"id": str(number * 10 + at), "title": name, "sku": f"{handle.upper()}-{at}", "price": price,
                      "compare_at_price": compare_at, "available": at > 0 or len(variants) == 1}
                     for at, name in enumerate(variants)],
        **more}


MUG = product(8151225532541, "Enamel Mug", 1995, 2450, ("Forest Green", "Slate"), type="Kitchen")
KETTLE = product(922337203685477579, "Camp Kettle", 120000, type="Kitchen")  # ids beyond 2^53
PLAIN = product(8151225630845, "Trail Lamp", 3495, image=None)
TEAS = [product(8151225700000 + at, f"Tea {at}", 500 + at, type="Tea") for at in range(1, 46)]
UNLISTED = product(8151225640000, "Théière Été", 4200, handle="théière-été")
CATALOGUE = {each["handle"]: each for each in [MUG, KETTLE, PLAIN, UNLISTED, *TEAS]}
COLLECTIONS = {"kitchen": ("411223344551", "Kitchen & <Table>", [MUG, KETTLE, PLAIN]),
               "tea": ("411223344552", "Tea", TEAS),
               "all": (None, "Products", [MUG, PLAIN])}  # of Shopify's own making: it has no id


def split(path):
    """A path's locale and the rest."""
    locale = next((each for each in LOCALES if f"{path}/".startswith(each + "/")), "")
    return locale, path.removeprefix(locale) or "/"


class Storefront:
    """The shop. One visitor at a time: it has one cart."""

    def __init__(self, browser, web_url, segment_url):
        self.browser = browser
        self.web_url = web_url
        self.segment_url = segment_url
        self.relay_web = None  # the stand-in that serves web_url, where it is one
        self.customer = None
        self.riddle = False
        self.consent_needed = False
        self.snippet = True
        self.head = ""
        self.body = ""
        self.cdn = "works"  # "settings fail": analytics.js comes, and then cannot start
        self.held = {}  # by the start of a path: an event that its answers wait for
        self.requests = []
        self.attributes_writes = []
        self.cart = Cart()
        self.server = _Server(self)
        self.port = self.server.server_address[1]
        self.template = SNIPPET.read_text(encoding="utf-8").replace("https://relay.example.com", web_url)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()

    # -- what Liquid knows --

    def values(self, path, locale, template, **more):
        return {
            "request": {"path": locale + path}, "template": {"name": template}, "routes": {"root_url": locale or "/"},
            "shop": {"permanent_domain": SHOP}, "customer": self.customer,
            "cart": {"currency": {"iso_code": LOCALES.get(locale, "USD")}, "item_count": self.cart.count}, **more}

    def liquid_product(self, each, locale=""):
        first = next(variant for variant in each["variants"] if variant["available"])
        return {"id": each["id"], "title": each["title"], "handle": each["handle"], "vendor": each["vendor"],
                "type": each["type"], "url": self.path_of(each, locale), "featured_image": self.image_of(each),
                "object_type": "product", "selected_or_first_available_variant": first}

    def path_of(self, each, locale=""):
        return f"{locale}/products/{urllib.parse.quote(each['handle'])}"

    def image_of(self, each):
        return f"//127.0.0.1:{self.port}/cdn/shop/files/{each['image']}" if each["image"] else None

    def render(self, path, locale, template, body, **more):
        values = self.values(path, locale, template, **more)
        snippet = self.browser.render(self.template, values) if self.snippet else ""
        return PAGE.format(title=template.title(), root=locale + "/", currency=LOCALES.get(locale, "USD"),
                           snippet=snippet, body=body + self.body, head=self.head,
                           needed=json.dumps(self.consent_needed))

    # -- pages --

    def page(self, path, query):
        """The page of a path as HTML, or None."""
        locale, path = split(path)
        section, _, rest = path.strip("/").partition("/")
        handle = urllib.parse.unquote(rest.rpartition("products/")[2] if "products" in path else rest)
        if "products" in path.split("/") and handle in CATALOGUE:
            return self.product_page(path, locale, CATALOGUE[handle])
        if section == "collections" and rest in COLLECTIONS:
            return self.collection_page(path, locale, rest)
        if section == "search":
            found = [self.liquid_product(each, locale) for each in (MUG, PLAIN)] if query.get("q") else []
            results = [{"object_type": "article", "title": "About mugs"}, *found]
            return self.render(path, locale, "search", self.cards([MUG, PLAIN], locale), search={"results": results})
        simple = {"": "index", "cart": "cart", "account": "customers/account", "blogs": "blog", "pages": "page",
                  "account/register": "customers/register", "checkouts": "checkout", "gift_cards": "page",
                  "challenge": "page", "tools": "page", "zh-hans-hk": "page"}
        name = simple.get(path.strip("/")) or simple.get(section)
        body = (PAGES / f"{name.rpartition('/')[2]}.html").read_text(encoding="utf-8") if name else ""
        return self.render(path, locale, name, body) if name else None

    def product_page(self, path, locale, each):
        body = (PAGES / "product.html").read_text(encoding="utf-8")
        body = body.replace("{{variant}}", each["variants"][0]["id"]).replace("{{image}}", self.image_of(each) or "")
        return self.render(path, locale, "product", body, product=self.liquid_product(each, locale))

    def collection_page(self, path, locale, name):
        number, title, products = COLLECTIONS[name]
        listed = [self.liquid_product(each, locale) for each in products]
        return self.render(path, locale, "collection", self.cards(products, locale, f"/collections/{name}"),
                           collection={"id": number, "handle": name, "title": title, "products": listed})

    def cards(self, products, locale="", prefix=""):
        return "<main>" + "".join(
            f'<form class="card" action="/cart/add">'
            f'<a id="{each["handle"]}" href="{locale}{prefix}{self.path_of(each)}">{each["title"]}</a>'
            f'<a href="{self.path_of(each, locale)}">again</a></form>' for each in products) + "</main>"

    def product_json(self, each, locale=""):
        """<product path>.js, with numbers for ids as Shopify has them."""
        text = json.dumps({
            "id": each["id"], "title": each["title"], "handle": each["handle"], "vendor": each["vendor"],
            "type": each["type"], "price": each["variants"][0]["price"], "featured_image": self.image_of(each),
            "url": self.path_of(each, locale),
            "variants": [{**variant, "featured_image": None} for variant in each["variants"]]})
        return re.sub(r'"id": "(\d+)"', r'"id": \1', text)


class Cart:
    """The cart's Ajax API: `<token>?key=<secret>`; while it is empty each request gets another token."""

    SECRET = "5ec2e7f00d1337"

    def __init__(self):
        self.token = None
        self.lines = {}  # variant id → quantity
        self.attributes = {}
        self._tokens = itertools.count(1)

    @property
    def count(self):
        return sum(self.lines.values())

    def new_token(self):
        return "Z2NwLXVzLWVhc3QxOjAx" + hashlib.sha256(str(next(self._tokens)).encode()).hexdigest()[:20]

    def add(self, variant, quantity=1):
        self.token = self.token or self.new_token()
        self.lines[variant] = self.lines.get(variant, 0) + quantity

    def json(self, shop):
        items = []
        for number, quantity in self.lines.items():
            each, variant = next((each, variant) for each in CATALOGUE.values() for variant in each["variants"]
                                 if variant["id"] == number)
            items.append({
                "id": number, "variant_id": number, "product_id": each["id"], "sku": variant["sku"], "quantity": quantity,
                "title": each["title"], "product_title": each["title"], "variant_title": variant["title"],
                "vendor": each["vendor"], "product_type": each["type"], "price": variant["price"],
                "original_price": variant["price"], "url": shop.path_of(each), "image": shop.image_of(each)})
        total = sum(item["price"] * item["quantity"] for item in items)
        text = json.dumps({
            "token": f"{self.token or self.new_token()}?key={self.SECRET}", "note": None, "attributes": self.attributes,
            "item_count": self.count, "items": items, "currency": "USD", "total_price": total, "total_discount": 0})
        return re.sub(r'("(?:\w+_)?id": )"(\d+)"', r"\1\2", text)


PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title} – Aurora</title>
<script>var Shopify = {{routes: {{root: "{root}"}}, currency: {{active: "{currency}"}}}};
var consentNeeded = {needed};</script>
<script src="/consent.js"></script>
{head}
{snippet}
</head><body><header><a href="/products/enamel-mug">In the header</a></header>
{body}
</body></html>"""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, shop):
        self.shop = shop
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request, client_address):
        pass  # a browser that goes away is part of the tests


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        shop = self.server.shop
        path, _, query = self.path.partition("?")
        shop.requests.append(("GET", self.path, dict(self.headers), b""))
        for start, released in shop.held.items():
            if path.startswith(start):
                released.wait(20)
        if path.startswith(("/analytics.js/", "/analytics-next/", "/v1/projects/")):
            self.cdn(shop, path)
        elif path.startswith("/cdn/shop/"):
            self.answer(PIXEL, "image/png")
        elif path in ("/consent.js", "/sandbox.html", "/sandbox.js"):
            name = PAGES / path.strip("/")
            self.answer(name.read_bytes(), "text/html" if name.suffix == ".html" else "text/javascript")
        elif split(path)[1] == "/cart.js":
            self.cart(shop)
        elif path.endswith(".js"):
            handle = urllib.parse.unquote(path.rpartition("/")[2].removesuffix(".js"))
            known = CATALOGUE.get(handle)
            text = shop.product_json(known, split(path)[0]) if known else "{}"
            self.answer(text, "application/json", 200 if known else 404)
        else:
            page = shop.page(path, dict(urllib.parse.parse_qsl(query)))
            self.answer(page or "not found", "text/html; charset=utf-8", 200 if page else 404)

    def do_POST(self):
        shop = self.server.shop
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        shop.requests.append(("POST", self.path, dict(self.headers), body))
        path = split(self.path)[1].removesuffix(".js")
        if path == "/cart/add":
            wanted = self.fields(body)
            shop.cart.add(str(wanted["id"]), int(wanted.get("quantity", 1)))
            if self.path.endswith(".js"):
                self.cart(shop)
            else:
                self.redirect("/cart")
        elif path == "/cart/update":
            shop.attributes_writes.append(self.fields(body)["attributes"])
            shop.cart.attributes |= self.fields(body)["attributes"]
            self.cart(shop)
        elif path == "/account":
            self.register(shop, urllib.parse.parse_qs(body.decode()))
        else:
            self.answer("not found", "text/plain", 404)

    def fields(self, body):
        if "json" in self.headers.get("content-type", ""):
            return json.loads(body)
        return dict(urllib.parse.parse_qsl(body.decode()))

    def register(self, shop, form):
        """Classic accounts: who may register is logged in and sent home; who may not sees the form again."""
        if shop.riddle:
            self.redirect("/challenge")
            return
        if form.get("customer[email]"):
            shop.customer = {"id": "7106345812043", "email": form["customer[email]"][0]}
        self.redirect("/" if shop.customer else "/account/register")

    def cart(self, shop):
        text = shop.cart.json(shop)
        token = urllib.parse.quote(json.loads(text)["token"], safe="")
        self.answer(text, "application/json", headers={"Set-Cookie": f"cart={token}; path=/; SameSite=Lax"})

    def cdn(self, shop, path):
        if path.endswith("/settings"):
            settings = {"integrations": {"Segment.io": {
                "apiKey": KEY, "apiHost": shop.segment_url.removeprefix("http://") + "/v1", "protocol": "http"}}}
            self.answer(json.dumps(settings), "application/json", 200 if shop.cdn == "works" else 500)
        else:
            name = "standalone.js" if path.startswith("/analytics.js/") else path.rpartition("/")[2]
            self.answer((ANALYTICS / name).read_bytes(), "text/javascript")

    def redirect(self, path):
        self.answer("", "text/plain", 302, {"Location": path})

    def answer(self, body, kind, status=200, headers=None):
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        given = {"Content-Type": kind, "Content-Length": str(len(data)), "Cache-Control": "no-store"}
        for name, value in (given | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *unused):
        pass
