"""A payload of each topic, for trying by hand: `python3 tests/tools/shop.py TOPIC`."""

from tools import journeys, recharge, shop

PLACED = shop.order(tags="autumn, newsletter")
FULFILLED = {"fulfillment_status": "fulfilled", "fulfillments": [shop.fulfilment(PLACED)]}
NOW = "2026-11-22T21:05:30Z"
EDITED_AT = {"updated_at": shop.LATER, "note": "Leave with the neighbour"}

TOPICS = {
    "carts/create": lambda: journeys.cart([shop.MUG]),
    "carts/update": lambda: journeys.cart(at="2026-11-21T14:21:30.000Z"),
    "checkouts/create": journeys.checkout,
    "checkouts/update": lambda: journeys.checkout("shipping"),
    "orders/create": lambda: PLACED,
    "orders/paid": lambda: PLACED,
    "orders/updated": lambda: PLACED | EDITED_AT,
    "orders/edited": lambda: journeys.order_edited(PLACED),
    "orders/fulfilled": lambda: PLACED | FULFILLED,
    "orders/cancelled": lambda: shop.cancelled(PLACED),
    "order_transactions/create": lambda: journeys.transaction(
        PLACED, status="failure", error_code="card_declined", message="The card was declined."),
    "refunds/create": lambda: shop.refund(PLACED, {0: 1}, shipping="7.50"),
    "fulfillments/create": lambda: shop.fulfilment(PLACED),
    "fulfillments/update": lambda: shop.fulfilment(PLACED, shipment_status="in_transit"),
    "products/create": journeys.product,
    "products/update": lambda: journeys.product(at=shop.LATER, compare_at=None),
    "products/delete": journeys.product_deleted,
    "customers/create": shop.customer,
    "customers/update": shop.customer,
    "customers/enable": lambda: shop.customer(state="enabled"),
    "customers/disable": shop.customer,
    "customers/merge": lambda: journeys.merge(shop.ALMA.id, shop.NILS.id),
    "customers/purchasing_summary": journeys.purchasing_summary,
    "customer.tags_added": lambda: journeys.tags_changed(shop.ALMA, "vip", "autumn"),
    "customer.tags_removed": lambda: journeys.tags_changed(shop.ALMA, "autumn"),
    "customers_email_marketing_consent/update": journeys.email_consent,
    "customers_marketing_consent/update": journeys.sms_consent,
    "subscription_contracts/create": recharge.contract,
    "subscription_contracts/update": lambda: recharge.contract(every=8, revision=2),
    "subscription_contracts/cancel": lambda: recharge.contract(status="cancelled", revision=3),
    "subscription_billing_attempts/success": lambda: recharge.attempt(shopify_number=1001),
    "subscription_billing_attempts/failure": lambda: recharge.attempt(error="insufficient_funds"),
    "customer_payment_methods/update": recharge.payment_method,
    **{f"recharge:{topic}": lambda made=made: made(recharge.NEW) for topic, made in {
        "subscription/created": recharge.subscription,
        "subscription/updated": lambda v: recharge.subscription(v, shop.MUG.times(3), at=NOW),
        "subscription/cancelled": lambda v: recharge.subscription(
            v, status="cancelled", cancelled_at=NOW, at=NOW, reason="Too much coffee"),
        "order/processed": recharge.order,
        "charge/failed": lambda v: recharge.charge(v, failed=1),
        "charge/max_retries_reached": lambda v: recharge.charge(v, failed=6, closed=True),
        "customer/payment_method_updated": recharge.customer,
        "customer/updated": recharge.customer}.items()},
    "customers/redact": journeys.redact,
    "customers/data_request": journeys.data_request,
    "shop/redact": journeys.shop_redact,
    "app/uninstalled": journeys.uninstalled,
}
