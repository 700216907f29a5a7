"""What the storefront's script and pixel say: as they post it, and as the relay keeps it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.shop import AURORA, BROWSER_ID, order_id_of, tokens_of  # noqa: E402

PAID = "2026-11-21T14:39:10.000Z"
THANKED = "2026-11-21T14:41:30.000Z"
ALLOWED = {"analytics": True, "marketing": True, "preferences": True, "saleOfData": True}
REFUSED = {"analytics": False, "marketing": False, "preferences": True, "saleOfData": False}
PAGE = {"url": "https://aurora.example/collections/lamps?utm_source=mail", "path": "/collections/lamps",
        "search": "?utm_source=mail", "referrer": "https://search.example/", "title": "Lamps"}
CAMPAIGN = {"name": "winter", "source": "mail", "medium": "email", "term": "lamp", "content": "top"}
# The names of what is kept, where they are not those that are posted.
KEPT = {"anonymousId": "anonymous_id", "cartToken": "cart_token", "checkoutToken": "checkout_token",
        "googleClientId": "google_client_id", "googleSessionId": "google_session_id",
        "saleOfData": "sale_of_data"}


def posted(*, number=1001, shop=AURORA, cart=True, checkout=False, browser_id=BROWSER_ID, **more):
    """The body of a POST /collect. `more` adds members, or with None leaves them out."""
    cart_token, checkout_token = tokens_of(order_id_of(number))
    members = {"v": 1, "shop": shop.domain, "anonymousId": browser_id,
               "cartToken": cart_token if cart else None,
               "checkoutToken": checkout_token if checkout else None,
               "googleClientId": "1133557799.1763700000", "googleSessionId": "1763731000",
               "page": PAGE, "campaign": CAMPAIGN, "locale": "en-US", "consent": ALLOWED} | more
    return {name: value for name, value in members.items() if value is not None}


def happened(name, *, id="sh-e1", time=PAID, **more):
    """The same for what the pixel saw in the checkout."""
    event = {"id": id, "name": name, "time": time}
    if name == "alert_displayed":
        event["type"] = more.pop("type", "PAYMENT_ERROR")
    return posted(checkout=True, event=event, googleSessionId=None, campaign=None,
                  page={"url": "https://aurora.example/checkouts", "path": "/checkouts"}, **more)


def kept(hint, ip="203.0.113.57", user_agent="Mozilla/5.0 (X11; Linux x86_64)"):
    """What the relay keeps of it."""
    return _renamed({name: value for name, value in hint.items() if name != "v"} |
                    {"ip": ip, "user_agent": user_agent})


def _renamed(members):
    return {KEPT.get(name, name): _renamed(value) if isinstance(value, dict) else value
            for name, value in members.items()}
