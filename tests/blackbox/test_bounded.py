"""Bodies that ask for as much work as a body can: each is answered and stored, what takes too much is a dead letter
with its reason, and the webhooks beside them are told."""

import json

import pytest
from tools import shop as shops
from tools.shop import MUG, order

FIRST = 5320000000000
MIB = 1 << 20


def small(number):
    return order(number, id=FIRST + number, checkout_token=f"bounded{number}", cart_token=None)


def codes(count):
    return [{"code": f"c{number}", "amount": "0.01", "type": "fixed_amount"} for number in range(count)]


def with_codes(number, count):
    return small(number) | {"discount_codes": codes(count), "discount_applications": []}


# The largest lists and texts that are taken, by what would once have been looked through again and again.
LARGE = {
    "tags": lambda body: body | {"tags": ", ".join(f"t{number}" for number in range(400_000))},
    "tags that are alike": lambda body: body | {"tags": "a," * (6 * MIB)},
    "lines": lambda body: body | {"line_items": [
        {"id": number, "product_id": number, "title": "t", "price": "1.00", "quantity": 1} for number in range(25_000)]},
    "allocations": lambda body: body | {
        "discount_applications": [{"type": "discount_code", "code": f"c{number % 7}"} for number in range(20_000)],
        "line_items": [{"product_id": 1, "discount_allocations": [
            {"amount": "0.01", "discount_application_index": 19_999 - number} for number in range(20_000)]}]},
    "members": lambda body: body | {f"m{number}": 1 for number in range(190_000)},
    "members that begin with each other": lambda body: body | {"a" * number: 1 for number in range(1, 5000)},
    "attributes": lambda body: body | {"note_attributes": [{"name": "a", "value": "b"}] * 60_000},
    "removed shipping lines": lambda body: body | {"shipping_lines": [{"is_removed": True}] * 90_000},
    "properties": lambda body: body | {"line_items": [
        {"product_id": 1, "properties": [{"name": "a", "value": "b"}] * 60_000}]},
    "landing page": lambda body: body | {"landing_site": "/?" + "utm_x=1&" * (MIB + MIB // 2)},
    "no UTF-8": lambda body: shops.body(body | {"note": "NOTE"}).replace(b"NOTE", b"\xff" * (12 * MIB)),
}


def told(segment):
    return [message["properties"]["order_id"] for message in segment.events("Order Completed")]


@pytest.mark.parametrize("name", LARGE)
def test_large_bodies_hold_nobody_up(relay, segment, name):
    assert relay.post("orders/create", small(1)).status == 200
    assert relay.post("orders/create", LARGE[name](small(2))).status == 200
    assert relay.post("orders/create", small(3)).status == 200
    relay.wait(lambda: sorted(told(segment)) == [str(FIRST + number) for number in (1, 2, 3)])
    assert relay.topic("orders/create")["dead"] == 0
    assert relay.get("/healthz").status == 200


def test_what_takes_too_much_work_is_a_dead_letter(relay, segment):
    assert relay.post("orders/create", with_codes(1, 40_000)).status == 200
    assert relay.post("orders/create", with_codes(2, 3)).status == 200
    relay.wait(lambda: told(segment) == [str(FIRST + 2)])
    assert relay.topic("orders/create")["dead"] == 1
    dead = json.loads(relay.run("dead", "list", "--json").stdout)["dead"]
    assert len(dead) == 1 and dead[0]["reason"].startswith("mapping budget exceeded: ")
    [line] = relay.said("delivery moved to dead letters")
    assert line["reason"] == dead[0]["reason"]
    # nothing of it is remembered, and nothing is told
    assert not [message for message in segment.unique() if message.get("properties", {}).get("order_id") == str(FIRST + 1)]
    # again: the same comes of it
    assert relay.post("orders/create", with_codes(1, 40_001)).status == 200
    relay.wait(lambda: relay.topic("orders/create")["dead"] == 2)


@pytest.mark.long(7)
def test_a_large_cart_is_told_as_a_whole(make_relay, segment):
    """As many lines as Shopify allows, all added at once: each is told, with as much of the cart as fits."""
    relay = make_relay(shop_options='cart_settle = "1s"')
    lines = [{"key": f"k{number}", "variant_id": number, "product_id": number, "quantity": 1, "price": "1.00",
              "line_price": "1.00", "title": MUG.title,
              "price_set": {"shop_money": {"amount": "1.00", "currency_code": "EUR"}}} for number in range(500)]
    assert relay.post("carts/create", {"token": "boundedcart", "updated_at": "2026-11-23T11:59:00Z",
                                       "line_items": lines}).status == 200
    relay.wait(lambda: len(segment.events("Product Added")) == 500)
    [last] = [message for message in segment.events("Product Added") if message["properties"]["product_id"] == "499"]
    assert last["properties"]["products_count"] == 500
    assert last["properties"]["value"] == 500
