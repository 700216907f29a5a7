"""A buyer's journey: what the browser did and what the webhooks say meet in one person, on the relay itself."""

import urllib.request

import pytest
from blackbox.conftest import MAIN_KEY, make_relay, pytest_configure  # noqa: F401 pylint: disable=unused-import
from browser import wait
from calls import await_track, pages, view
from tools import shop as shops
from tools.journeys import cart, checkout
from test_pixel import Checkout
from test_pixel import checkout as shown_checkout
from tools.shop import AURORA, order_id_of, tokens_of


class RelayWeb:
    """The relay as the pages see it, in place of the stand-in."""

    def __init__(self, relay, segment):
        self.url = f"http://127.0.0.1:{relay.port}"
        self.relay, self.segment = relay, segment
        self.posts = []  # they go to the relay

    def script(self, path):
        with urllib.request.urlopen(f"{self.url}{path}?shop={AURORA.domain}") as answer:
            return answer.read().decode()

    def connect(self, shop_url, write_key):
        """Configures the storefront of a shop whose pages are there."""
        self.relay.write_config(
            f'public_url = "{self.url}"', {"main": (MAIN_KEY, self.segment.url, "")},
            f'storefront_origins = {{"{shop_url}"}} storefront_write_key = "{write_key}"'
            f' storefront_cdn = "{shop_url}" cart_settle = 100ms')
        self.relay.reload()


@pytest.fixture
def relay_web(make_relay, segment):  # noqa: F811
    return RelayWeb(make_relay(), segment)


def webhooks(token):
    """What Shopify posts of the purchase: no note attribute names the browser."""
    return [
        ("carts/create", cart([shops.MUG.times(1)]) | {"id": token, "token": token}),
        ("checkouts/create", checkout("started", browser_id=None) | {"cart_token": token}),
        ("checkouts/update", checkout("completed", browser_id=None) | {"cart_token": token}),
        ("orders/create", shops.order(browser_id=None) | {"cart_token": token})]


def test_the_server_s_events_carry_the_browser_s_id(visitor, shop, segment, relay_web):
    view(visitor, shop, segment, "/collections/kitchen?utm_source=letter&utm_campaign=autumn")
    visitor.click("#enamel-mug")
    await_track(segment, "Product Viewed")
    visitor.click("#add-ajax")
    wait(lambda: shop.cart.attributes)
    view(visitor, shop, segment, "/cart")
    browser_id = pages(segment)[0]["anonymousId"]
    for topic, payload in webhooks(shop.cart.token):
        assert relay_web.relay.post(topic, payload).status == 200
    completed = segment.wait_for(1, "Order Completed")[0]
    segment.wait_for(1, "Product Added")
    assert completed["userId"] == str(shops.ALMA.id)
    assert [call["anonymousId"] for call in segment.unique() if call["type"] == "track"] == \
        [browser_id] * len([call for call in segment.unique() if call["type"] == "track"])
    assert shop.cart.SECRET not in relay_web.relay.log()


def test_what_the_pixel_sees_is_told_with_the_webhooks_values(visitor, shop, segment, relay_web):
    seen = {"checkout": shown_checkout(token=tokens_of(order_id_of(1001))[1])}
    webhook = checkout("shipping", browser_id=None)
    pixel = Checkout(visitor, shop, relay_web)
    assert relay_web.relay.post("checkouts/update", webhook).status == 200
    for number in (1, 2):
        pixel.publish("payment_info_submitted", number, data=seen)
    entered = segment.wait_for(1, "Payment Info Entered")[0]
    assert str(entered["properties"]["total"]) == webhook["total_price"]
    pixel.publish("alert_displayed", 3, data={"alert": {"type": "PAYMENT_ERROR", "message": "declined"}})
    segment.wait_for(1, "Payment Failure")
    pixel.publish("checkout_completed", 4, data=seen)
    assert relay_web.relay.post("orders/create", shops.order(browser_id=None)).status == 200
    segment.wait_for(1, "Thank you page")
    for event in ("Payment Info Entered", "Payment Failure", "Thank you page", "Order Completed"):
        assert len(segment.events(event)) == 1, event
