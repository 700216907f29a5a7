"""The summary that `make golden-update` prints."""

from standin import exact
from tools.golden_changes import LONG, shorten, summary

ORDER = exact.loads('{"type": "track", "event": "Order Completed", "properties": '
                    '{"tax": 9.64, "products": [{"sku": "A"}, {"sku": "B"}]}}')


def changed(**properties):
    return {**ORDER, "properties": {**ORDER["properties"], **properties}}


def test_a_value_that_is_another_is_named_with_its_cases():
    cases = {f"case/{at}": ([ORDER], [changed(tax=exact.Number("9.10"))]) for at in range(4)}
    cases["case/other"] = ([ORDER], [changed(total=3)])
    assert summary(cases) == ["properties.tax: 9.64 → 9.10, 4 cases", "properties.total: (absent) → 3, in case/other"]


def test_items_of_lists_share_a_line():
    products = [{"sku": "A", "price": 1}, {"sku": "B", "price": 1}]
    assert summary({"a/b": ([ORDER], [changed(products=products)])}) == [
        "properties.products[].price: (absent) → 1, in a/b"]


def test_messages_more_and_less_are_counted():
    cases = {"a/b": ([ORDER], [ORDER, {"type": "identify"}]), "a/c": ([ORDER, ORDER, ORDER], [ORDER])}
    assert summary(cases) == ["identify: 1 message more, in a/b", "Order Completed: 2 messages less, in a/c"]


def test_nothing_changed():
    assert summary({"a/b": ([ORDER], [ORDER])}) == []


def test_another_order_is_said():
    assert summary({"a/b": ([ORDER, {"type": "identify"}], [{"type": "identify"}, ORDER])}) == [
        "the order of messages, or of members, in a/b"]


def test_a_long_list_keeps_a_digest_that_each_item_changes():
    items = [{"sku": str(at)} for at in range(LONG + 30)]
    short = shorten({"products": items})["products"]
    assert short[:2] == items[:2] and short[-1] == items[-1] and short[2]["items left out"] == LONG + 27
    for at in range(2, LONG + 29):
        other = [*items]
        other[at] = {"sku": "another"}
        assert shorten({"products": other})["products"][2] != short[2]
    assert shorten(items[:LONG]) == items[:LONG]
