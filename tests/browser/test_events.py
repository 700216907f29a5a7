"""Every device-mode event: when it is told, with which properties, and once."""


def test_a_page_view(visitor, shop, segment):
    visitor.goto(shop.url + "/pages/about")
    segment.wait(lambda: segment.from_browsers)
    page = segment.from_browsers[0]
    assert page["type"] == "page"
    assert page["name"] == "Page – Aurora"
