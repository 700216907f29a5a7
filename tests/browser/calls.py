"""What the tests ask about the calls that came from a browser."""

import json
from decimal import Decimal


def calls(segment, kind):
    """The calls of a kind in their order: each is a request of its own, and may overtake another."""
    return sorted((message for message in list(segment.from_browsers) if message["type"] == kind),
                  key=lambda message: message["timestamp"])


def tracks(segment, name=None):
    """The track calls (of a name), one for each messageId as Segment counts them."""
    unique = {message["messageId"]: message for message in calls(segment, "track")}
    return [message for message in unique.values() if name in (None, message["event"])]


def plain(value):
    """Numbers as Python's own."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def properties(segment, name):
    """The properties of each track call of a name, without what all have."""
    return [{key: plain(value) for key, value in message["properties"].items() if key not in ("sent_from", "email")}
            for message in tracks(segment, name)]


def pages(segment):
    return calls(segment, "page")


def paths(segment):
    return [message["properties"]["path"] for message in pages(segment)]


def await_track(segment, name, number=1):
    """Waits for so many track calls of a name."""
    segment.wait(lambda: len(tracks(segment, name)) >= number)
    return tracks(segment, name)


def view(visitor, shop, segment, path):
    """Goes to a page and waits until it is told that it was viewed."""
    before = len(pages(segment))
    visitor.goto(shop.url + path)
    segment.wait(lambda: len(pages(segment)) > before)


def leave(visitor, shop, segment):
    """Goes to a page where nothing happens, and waits until all that was posted before has arrived."""
    here = visitor.evaluate("location.pathname")
    segment.wait(lambda: here in paths(segment))
    view(visitor, shop, segment, "/pages/end")
    await_posts(visitor, shop, segment)


def await_posts(visitor, shop, segment):
    """Waits until the stand-ins have received each post that the browser has sent so far. Those of a page that was left
    arrive, too: they are sent with `keepalive`, or analytics.js sends them again from the next page."""
    visitor.evaluate("1")  # the browser reports its requests in order: those before are known when this is answered
    for post in [request for request in visitor.seen()["requests"] if request["method"] == "POST"]:
        if post["url"].startswith(segment.url):
            segment.wait(lambda post=post: is_received(post, segment))
        elif shop.relay_web and post["url"].startswith(shop.web_url):
            segment.wait(lambda post=post: post["body"] in
                         [body for _, body in list(shop.relay_web.requests)])


def is_received(post, segment):
    """Whether the stand-in has the call of a post."""
    return json.loads(post["body"])["messageId"] in {message["messageId"] for message in list(segment.from_browsers)}
