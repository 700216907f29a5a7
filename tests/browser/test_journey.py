"""A buyer's journey: what the browser did and what the webhooks say meet in one person, on the relay itself."""

import http.client

import pytest
from blackbox.conftest import make_relay, pytest_configure  # noqa: F401 pylint: disable=unused-import
from browser import wait
from calls import await_track, pages, view
from standin.collector import SHOP
from tools import shop as shops
from tools.journeys import cart, checkout

# What the relay's configuration says of the storefront, once it serves the scripts.
STOREFRONT = ""


class RelayWeb:
    """The relay as the pages see it: the same as the stand-in, but for what only that can be asked."""

    def __init__(self, relay):
        self.url = f"http://127.0.0.1:{relay.port}"
        self.relay = relay
        self.options, self.cdn, self.write_key = {}, "", ""


@pytest.fixture
def relay_web(make_relay):  # noqa: F811
    relay = make_relay(shop_options=f"{STOREFRONT} cart_settle = 100ms")
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=10)
    connection.request("GET", f"/segrelay.js?shop={SHOP}")
    if connection.getresponse().status != 200:
        pytest.skip("the relay does not serve /segrelay.js")
    return RelayWeb(relay)


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
    assert [call["anonymousId"] for call in segment.told() if call["type"] == "track"] == \
        [browser_id] * len([call for call in segment.told() if call["type"] == "track"])
    assert shop.cart.SECRET not in relay_web.relay.log()
