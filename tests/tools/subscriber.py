"""A subscriber's life as Shopify and ReCharge tell it: a checkout, three renewals, a charge that failed and was
recovered, a new card, the last try, the cancellation.

One of ReCharge's webhooks comes in the old version of its API where the other comes in the new one, as
registrations of both may stand beside each other.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.journeys import checkout  # noqa: E402
from tools.recharge import NEW, OLD, charge, customer, order, subscription  # noqa: E402
from tools.shop import MUG, SHIRT  # noqa: E402
from tools.shop import order as shopify_order  # noqa: E402

FIRST = shopify_order(1001, lines=[MUG], created="2026-08-20T10:41:07-04:00",
                      tags="Subscription, Subscription First Order")
ENDED = {"status": "cancelled", "cancelled_at": "2026-11-22T10:19:18Z",
         "at": "2026-11-22T10:19:18Z", "reason": "Max number of charge attempts reached"}


def renewal(number, day, next_charge):
    """What both tell of one: Shopify's order, and ReCharge's charge, order and subscription."""
    at, version, other = f"{day}T05:07:33Z", *((OLD, NEW) if number % 2 else (NEW, OLD))
    placed = shopify_order(2000 + number, lines=[MUG], created=f"{day}T05:07:30+00:00",
                           tags="Subscription, Subscription Recurring Order")
    return [
        ("recharge:charge/paid", charge(version, number=number, scheduled=day, at=at,
                                        shopify_order=placed["id"])),
        ("orders/create", placed),
        ("orders/paid", placed),
        ("recharge:order/processed", order(other, number=number, shopify_number=2000 + number,
                                           at=at)),
        ("recharge:subscription/updated", subscription(version, next_charge=next_charge, at=at)),
    ]


def failure(number, tries, day, **options):
    return charge(NEW if tries % 2 else OLD, number=number, failed=tries, scheduled="2026-10-20",
                  at=f"{day}T05:10:19Z", **options)


LIFE = [
    ("checkouts/create", checkout("shipping", lines=[MUG])),
    ("checkouts/update", checkout("completed", lines=[MUG])),
    ("orders/create", FIRST),
    ("orders/paid", FIRST),
    ("recharge:subscription/created", subscription(NEW)),
    ("recharge:customer/created", customer(NEW, shopify_id=False)),
    ("recharge:charge/created", charge(NEW, number=90, at="2026-08-20T14:42:00Z")),
    ("recharge:order/created", order(OLD, number=90, shopify_number=1001, kind="checkout",
                                     at="2026-08-20T14:42:00Z")),
    *renewal(1, "2026-09-19", "2026-10-19"),
    ("recharge:charge/failed", failure(2, 1, "2026-10-19")),
    ("recharge:customer/payment_method_updated", customer(OLD, at="2026-10-19T18:00:00Z")),
    *renewal(2, "2026-10-20", "2026-11-19"),
    ("recharge:subscription/skipped", subscription(NEW, next_charge="2026-12-19",
                                                   at="2026-10-25T09:00:00Z")),
    ("recharge:subscription/unskipped", subscription(OLD, next_charge="2026-11-19",
                                                     at="2026-10-26T09:00:00Z")),
    *renewal(3, "2026-11-01", "2026-12-01"),
    ("recharge:subscription/updated", subscription(NEW, SHIRT, at="2026-11-02T09:00:00Z")),
    ("recharge:charge/failed", failure(4, 1, "2026-11-19")),
    ("recharge:charge/failed", failure(4, 2, "2026-11-20")),
    ("recharge:charge/max_retries_reached", failure(4, 3, "2026-11-22", closed=True)),
    ("recharge:subscription/cancelled", subscription(OLD, SHIRT, **ENDED)),
    ("recharge:subscription/updated", subscription(NEW, SHIRT, **ENDED)),
    ("recharge:customer/updated", customer(NEW, active=0, at="2026-11-22T10:20:00Z")),
]
# What ReCharge's webhooks tell, in the order of LIFE.
TOLD = [
    "Subscription Created", "Order Processed", "Charge Failed", "Payment Method Updated",
    "Order Processed", "Subscription Updated", "Subscription Updated", "Order Processed",
    "Subscription Updated", "Charge Failed", "Charge Failed", "Charge Max Tries Reached",
    "Subscription Cancelled", "Customer Update",
]
