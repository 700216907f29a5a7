"""The pixel in its sandbox: what it posts of a checkout, once, and nothing of the buyer."""

import json
import uuid

import pytest
import storefront as shops
from browser import wait

TOKEN = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CART = "Z2NwLXVzLWVhc3QxOjAxAbCdEf0123456789"
PATH = f"/checkouts/cn/{CART}/information"
YES = {"analyticsProcessingAllowed": True, "marketingAllowed": False, "preferencesProcessingAllowed": True,
       "saleOfDataAllowed": True}
NO = YES | {"analyticsProcessingAllowed": False}
CONSENT = {"analytics": True, "marketing": False, "preferences": True, "saleOfData": True}
STEPS = ["checkout_started", "checkout_contact_info_submitted", "checkout_address_info_submitted",
         "checkout_shipping_info_submitted", "payment_info_submitted", "checkout_completed"]
BUYER = ["alma", "thorne", "larkspur", "portland", "97205", "2025550143", "18.5", "visa"]


def checkout(**more):
    address = {"firstName": "Alma", "lastName": "Thorne", "address1": "48 Larkspur Lane", "city": "Portland", "zip": "97205",
               "phone": "+12025550143"}
    return {"token": TOKEN, "email": "alma.thorne@example.com", "phone": "+12025550143", "billingAddress": address,
            "shippingAddress": address, "attributes": [{"key": "gift_for", "value": "Alma"}],
            "totalPrice": {"amount": 18.5, "currencyCode": "USD"}, "currencyCode": "USD",
            "transactions": [{"gateway": "shopify_payments", "paymentMethod": {"name": "visa"}}], **more}


def event(shop, name, number=1, path=PATH, data=None):
    """As Shopify publishes it."""
    location = {"href": f"{shop.url}{path}?email=alma.thorne@example.com&key=secret", "origin": shop.url, "pathname": path,
                "search": "?email=alma.thorne@example.com&key=secret"}
    return {
        "id": f"sh-{name}-{number}", "name": name, "clientId": str(uuid.UUID(int=7)), "seq": number, "type": "standard",
        "timestamp": f"2026-11-21T14:41:0{number}.000Z", "data": {"checkout": checkout()} if data is None else data,
        "context": {"document": {"location": location, "title": "Thank you, Alma! - Checkout", "referrer": location["href"]},
                    "navigator": {"language": "en-US"}, "window": {"location": location}}}


class Checkout:
    """A visitor in the checkout, with the pixel running."""

    def __init__(self, visitor, shop, relay_web, choice=YES):  # pylint: disable=dangerous-default-value
        self.visitor, self.shop = visitor, shop
        self.posts = relay_web.posts
        self.code = relay_web.script("/segrelay-pixel.js")
        shop.snippet = False  # no theme's script runs there
        self.load(choice)

    def load(self, choice=None):
        self.visitor.goto(self.shop.url + PATH)
        self.visitor.in_frame("pixel", f"run({json.dumps(self.code)}, {json.dumps(choice or YES)})")

    def publish(self, name, number=1, **more):
        self.visitor.in_frame("pixel", f"publish({json.dumps(event(self.shop, name, number, **more))})")

    def choose(self, choice):
        self.visitor.in_frame("pixel", f"choose({json.dumps(choice)})")

    def settled(self, number):
        """The posts, once there have been so many and no further one comes."""
        wait(lambda: len(self.posts) >= number)
        self.publish("payment_info_submitted", 9)
        wait(lambda: any(post.get("event", {}).get("id") == "sh-payment_info_submitted-9" for post in self.posts))
        return self.posts[:-1]


@pytest.fixture
def buyer(visitor, shop, relay_web):
    visitor.set_cookie(shop.url, "ajs_anonymous_id", str(uuid.UUID(int=5)))
    return Checkout(visitor, shop, relay_web)


def test_each_step_is_posted(buyer, shop):
    for number, name in enumerate(STEPS):
        buyer.publish(name, number)
    wait(lambda: len(buyer.posts) == len(STEPS))
    assert [post["event"]["name"] for post in buyer.posts] == STEPS
    assert buyer.posts[0] == {
        "v": 1, "shop": shops.SHOP, "anonymousId": str(uuid.UUID(int=5)), "cartToken": CART, "checkoutToken": TOKEN,
        "page": {"url": shop.url + "/checkouts/cn/information", "path": "/checkouts/cn/information"}, "locale": "en-US",
        "consent": CONSENT,
        "event": {"id": "sh-checkout_started-0", "name": "checkout_started", "time": "2026-11-21T14:41:00.000Z"}}


def test_nothing_of_the_buyer_is_posted(buyer, relay_web):
    for name in STEPS:
        buyer.publish(name)
    wait(lambda: len(buyer.posts) == len(STEPS))
    assert [word for word in BUYER if word in str(relay_web.requests).lower()] == []


def test_what_is_repeated_is_told_once(buyer):
    buyer.publish("checkout_started", 1)
    buyer.publish("checkout_started", 1)  # the same event
    buyer.publish("checkout_started", 2)  # the buyer comes into the checkout again
    buyer.publish("checkout_contact_info_submitted", 1)
    wait(lambda: len(buyer.posts) == 2)
    buyer.load()  # and after a reload
    buyer.publish("checkout_started", 1)
    buyer.publish("checkout_started", 3)
    buyer.publish("checkout_contact_info_submitted", 2)
    posts = buyer.settled(2)
    assert [post["event"]["id"] for post in posts] == ["sh-checkout_started-1", "sh-checkout_contact_info_submitted-1"]


def test_two_at_once(buyer):
    buyer.visitor.in_frame("pixel", "[1, 2].forEach(number => publish({...%s, id: `sh-${number}`}))"
                           % json.dumps(event(buyer.shop, "checkout_started")))
    assert [post["event"]["id"] for post in buyer.settled(1)] == ["sh-1"]


def test_another_checkout_is_told_again(buyer):
    buyer.publish("checkout_started", 1)
    buyer.publish("checkout_started", 2, data={"checkout": checkout(token="f" * 32)})
    assert [post["checkoutToken"] for post in buyer.settled(2)] == [TOKEN, "f" * 32]


def test_a_card_that_is_declined(buyer):
    alert = {"alert": {"type": "PAYMENT_ERROR", "target": "cart", "value": "Card 4242 was declined"}}
    buyer.publish("checkout_started", 1)
    buyer.publish("alert_displayed", 1, data=alert)
    buyer.publish("alert_displayed", 1, data=alert)
    buyer.publish("alert_displayed", 2, data=alert)  # a second card
    buyer.publish("alert_displayed", 3, data={"alert": {"type": "INPUT_REQUIRED", "target": "email"}})
    posts = buyer.settled(3)
    assert [(post["event"]["id"], post["event"].get("type"), post["checkoutToken"]) for post in posts] == [
        ("sh-checkout_started-1", None, TOKEN), ("sh-alert_displayed-1", "PAYMENT_ERROR", TOKEN),
        ("sh-alert_displayed-2", "PAYMENT_ERROR", TOKEN)]
    assert "4242" not in json.dumps(posts)


def test_the_anonymous_id_of_the_cart_s_attribute(visitor, shop, relay_web):
    """In a checkout on another domain the cookie is not there."""
    buyer = Checkout(visitor, shop, relay_web)
    own = str(uuid.UUID(int=6))
    buyer.publish("checkout_started", data={"checkout": checkout(
        attributes=[{"key": "gift", "value": "yes"}, {"key": "_segment_anonymous_id", "value": own}])})
    wait(lambda: buyer.posts)
    assert buyer.posts[0]["anonymousId"] == own


@pytest.mark.parametrize("stored", ['"{id}"', "%22{id}%22"])
def test_the_anonymous_id_in_quotes(visitor, shop, relay_web, stored):
    own = str(uuid.UUID(int=8))
    visitor.set_cookie(shop.url, "ajs_anonymous_id", stored.format(id=own))
    buyer = Checkout(visitor, shop, relay_web)
    buyer.publish("checkout_started")
    wait(lambda: buyer.posts)
    assert buyer.posts[0]["anonymousId"] == own


def test_a_checkout_that_says_nothing(buyer):
    """Nearly everything may be null; without a token there is nothing to tie."""
    buyer.publish("checkout_started", 1, path="/checkouts", data={"checkout": dict.fromkeys(checkout())})
    buyer.publish("checkout_started", 2, path="/checkouts", data={"checkout": None})
    buyer.publish("checkout_started", 3, data={"checkout": dict.fromkeys(checkout())})  # the path has the cart's
    posts = buyer.settled(1)
    assert [(post["event"]["id"], post.get("cartToken"), post.get("checkoutToken")) for post in posts] == \
        [("sh-checkout_started-3", CART, None)]


def test_google_s_id_and_the_campaign_of_the_visit(buyer, visitor, shop):
    visitor.set_cookie(shop.url, "_ga", "GA1.1.1234567890.1700000000")
    visitor.evaluate("void sessionStorage.setItem('segrelay', JSON.stringify({campaign: {source: 'letter'}}))")
    buyer.publish("checkout_started")
    wait(lambda: buyer.posts)
    assert (buyer.posts[0]["googleClientId"], buyer.posts[0]["campaign"]) == ("1234567890.1700000000", {"source": "letter"})


# ---- consent ----

def test_nothing_before_consent(visitor, shop, relay_web):
    buyer = Checkout(visitor, shop, relay_web, NO)
    buyer.publish("checkout_started")
    buyer.visitor.evaluate("new Promise(resolve => setTimeout(resolve, 300))")
    assert buyer.posts == [] and visitor.evaluate("sessionStorage.length") == 0
    buyer.choose(YES)
    wait(lambda: len(buyer.posts) == 1)  # whose checkout it is; what happened before is not told
    assert "event" not in buyer.posts[0] and buyer.posts[0]["checkoutToken"] == TOKEN
    buyer.publish("checkout_contact_info_submitted")
    wait(lambda: len(buyer.posts) == 2)
    assert buyer.posts[1]["event"]["name"] == "checkout_contact_info_submitted"


def test_consent_that_is_taken_back(buyer):
    buyer.publish("checkout_started")
    wait(lambda: len(buyer.posts) == 1)
    buyer.choose(NO)
    wait(lambda: len(buyer.posts) == 2)
    assert buyer.posts[1] == {"v": 1, "shop": shops.SHOP, "cartToken": CART, "checkoutToken": TOKEN,
                              "consent": CONSENT | {"analytics": False}}
    buyer.publish("checkout_contact_info_submitted")
    buyer.visitor.evaluate("new Promise(resolve => setTimeout(resolve, 300))")
    assert len(buyer.posts) == 2


def test_the_consent_api_as_a_part_of_another(visitor, shop, relay_web):
    buyer = Checkout(visitor, shop, relay_web)
    buyer.code = f"(function (customerPrivacy, api) {{ {buyer.code} }})(undefined, {{customerPrivacy}})"
    buyer.load(NO)
    buyer.publish("checkout_started")
    buyer.visitor.evaluate("new Promise(resolve => setTimeout(resolve, 200))")
    assert buyer.posts == []
    buyer.choose(YES)
    wait(lambda: len(buyer.posts) == 1)


def test_without_asking(visitor, shop, relay_web):
    relay_web.options = {"consent": "off"}
    visitor.set_cookie(shop.url, "ajs_anonymous_id", str(uuid.UUID(int=5)))
    buyer = Checkout(visitor, shop, relay_web, NO)
    buyer.publish("checkout_started")
    wait(lambda: len(buyer.posts) == 1)
    assert buyer.posts[0]["event"]["name"] == "checkout_started" and buyer.posts[0]["anonymousId"]
    assert "consent" not in buyer.posts[0]  # that Shopify allows nothing by default is nobody's refusal
    buyer.choose(NO)
    wait(lambda: len(buyer.posts) == 2)
    assert buyer.posts[1]["consent"]["analytics"] is False and "anonymousId" not in buyer.posts[1]
