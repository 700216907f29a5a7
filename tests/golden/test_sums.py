"""Random orders and their refunds: every amount that is told, against sums that are made here.

What is expected comes of what the orders were made of, added up here with decimals: not of the relay, nor of the
sums that Shopify's payload has ready. A failure names the seed; `ORDERS=100000` tries more of them.
"""

import dataclasses
import os
import random
import re
import subprocess
from decimal import Decimal

import pytest
from test_golden import HERE, NOW, SEGRELAY  # first: it makes the others' modules known
from standin import exact
from tools import recharge
from tools import shop as shops
from tools.amounts import rounded
from tools.shop import Discount, body, order, refund

ORDERS = int(os.environ.get("ORDERS", "1000"))
AT_ONCE = 200
# digits, no exponent, and no more decimals than any currency has
AMOUNT = re.compile(r"(0|[1-9]\d*)(\.\d{1,3})?\Z")
AMOUNTS = ["subtotal", "revenue", "shipping", "tax", "discount", "total", "tip", "duties"]


class Purchase:
    """An order of random lines, discounts, taxes and currencies, with refunds of parts of it."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        draw = self.draw
        self.shop = dataclasses.replace(
            draw.choice((shops.AURORA, shops.FJORD)), currency=draw.choice(("USD", "EUR", "JPY", "KWD")),
            tax=("Tax", Decimal(draw.choice(("0", "0.07", "0.0725", "0.19", "0.25")))))
        self.lines = [self.line(at) for at in range(draw.randint(1, 6))]
        self.shipping = draw.choice((None, ("Standard", "0"), ("Express", str(self.amount(40)))))
        self.tip = draw.choice((0, 0, self.amount(20)))
        self.duties = draw.choice((0, 0, self.amount(30)))
        self.buyer, self.rate = draw.choice([
            (currency, rate) for currency, rate in ((None, 1), ("CAD", "1.3712"), ("JPY", "151.27"), ("KWD", "0.3071"))
            if currency != self.shop.currency])
        self.order = order(
            1001 + seed, shop=self.shop, lines=self.lines, discounts=self.discounts(), shipping=self.shipping,
            tip=self.tip, duties=self.duties, buyer=self.buyer, rate=self.rate)
        self.refunds = self.some_refunds()

    def amount(self, most):
        return rounded(Decimal(self.draw.randint(0, most * 1000)) / 1000, self.shop.currency)

    def line(self, at):
        return shops.Line(
            f"Thing {at}", str(self.amount(self.draw.choice((5, 90, 4000)))), self.draw.randint(1, 9),
            product_id=8151225500000 + at, variant_id=44287461000000 + at, taxable=self.draw.random() < 0.8)

    def discounts(self):
        draw = self.draw
        made = []
        for number in range(draw.randint(0, 3)):
            named = {"code": f"CODE{number}"} if draw.random() < 0.5 else \
                {"type": draw.choice(("automatic", "manual")), "title": f"Deal {number}"}
            if self.shipping and draw.random() < 0.3:
                made.append(Discount(Decimal(draw.choice((50, 100))), shipping=True, **named))
            elif draw.random() < 0.3 and all(Decimal(line.price) for line in self.lines):
                # of what is certainly left: no other discount than this takes a fixed amount
                least = min(Decimal(line.price) for line in self.lines)
                if not any(discount.fixed for discount in made):
                    made.insert(0, Discount(rounded(least / 2, self.shop.currency), fixed=True, **named))
            else:
                chosen = tuple(sorted(draw.sample(range(len(self.lines)), draw.randint(0, len(self.lines)))))
                made.append(Discount(Decimal(draw.choice((5, 10, 33, 100))), lines=chosen, **named))
        return made

    def some_refunds(self):
        """Parts, one after the other, and never more than was bought."""
        draw = self.draw
        left = [line.quantity for line in self.lines]
        freight = self.freight()
        made = []
        for number in range(1, draw.randint(0, 3) + 1):
            quantities = {at: draw.randint(1, left[at]) for at in range(len(left)) if left[at] and draw.random() < 0.6}
            shipping = freight if draw.random() < 0.3 else 0
            if not quantities and not shipping:
                continue
            freight -= shipping
            for at, quantity in quantities.items():
                left[at] -= quantity
            made.append(refund(self.order, quantities, shipping, number, buyer=self.buyer, rate=self.rate,
                               at=f"2026-11-22T1{number}:05:30-05:00"))
        return made

    def payloads(self):
        return [("orders/create", self.order), *(("refunds/create", made) for made in self.refunds)]

    # -- what is to be told --

    def net(self, part, key="price"):
        """A line, or the shipping, after its discounts, and without tax."""
        amount = Decimal(part[key]) * part.get("quantity", 1)
        amount -= sum(Decimal(allocation["amount"]) for allocation in part["discount_allocations"])
        return amount - (self.tax(part) if self.shop.taxes_included else 0)

    @staticmethod
    def tax(part):
        return sum((Decimal(line["price"]) for line in part["tax_lines"]), Decimal(0))

    def freight(self):
        """The shipping as the buyer sees it."""
        return sum((Decimal(line["price"]) - sum(Decimal(part["amount"]) for part in line["discount_allocations"])
                    for line in self.order["shipping_lines"]), Decimal(0))

    def sums(self):
        parts = self.order["line_items"] + self.order["shipping_lines"]
        revenue = sum(map(self.net, self.order["line_items"]), Decimal(0))
        shipping = sum(map(self.net, self.order["shipping_lines"]), Decimal(0))
        tax = sum(map(self.tax, parts), Decimal(0))
        told = {
            "revenue": revenue, "subtotal": revenue, "shipping": shipping, "tax": tax,
            "discount": sum((Decimal(allocation["amount"]) for part in parts
                             for allocation in part["discount_allocations"]), Decimal(0)),
            "total": revenue + shipping + tax + Decimal(self.tip) + Decimal(self.duties),
        }
        return told | {name: Decimal(value) for name, value in (("tip", self.tip), ("duties", self.duties)) if value}

    def refunded(self, made):
        lines = made["refund_line_items"]
        tax = sum((line["total_tax"] for line in lines), Decimal(0))
        shipping = sum((Decimal(line["subtotal_amount_set"]["shop_money"]["amount"])
                        for line in made["refund_shipping_lines"]), Decimal(0))
        revenue = sum((line["subtotal"] for line in lines), Decimal(0)) - (tax if self.shop.taxes_included else 0)
        return {"revenue": revenue, "tax": tax, "shipping": shipping, "total": revenue + tax + shipping}


def amounts_of(properties):
    """Those of a message, whose digits are no noise."""
    told = {name: properties[name] for name in AMOUNTS if name in properties}
    for name, value in told.items():
        assert AMOUNT.match(value.text), f"{name} is {value.text}"
    return told


def check_order(purchase, properties):
    assert amounts_of(properties) == purchase.sums()
    assert properties["currency"] == purchase.shop.currency
    assert Decimal(properties["presentment_total"]) == rounded(
        Decimal(purchase.order["total_price"]) * Decimal(purchase.rate), purchase.buyer or purchase.shop.currency)
    after = Decimal(0)
    for line, product in zip(purchase.lines, properties["products"], strict=True):
        assert (product["price"], product["quantity"]) == (Decimal(line.price), line.quantity)
        after += product["price"] * product["quantity"] - product.get("discount", 0)
    included = purchase.shop.taxes_included
    assert after == properties["revenue"] + (sum(map(purchase.tax, purchase.order["line_items"])) if included else 0)
    codes = [part["code"] for part in purchase.order["discount_applications"] if "code" in part]
    assert properties.get("coupon") == (",".join(codes) or None)


def check_refunds(purchase, told):
    """In their order; nothing is said of one that gave no money back."""
    returned = paid_back = Decimal(0)
    order_total = Decimal(purchase.order["total_price"])
    paid = Decimal(purchase.order["total_price_set"]["presentment_money"]["amount"])
    expected = [made for made in purchase.refunds if made["transactions"]]
    for made, properties in zip(expected, told, strict=True):
        sums = purchase.refunded(made)
        returned += sums["total"]
        paid_back += Decimal(made["transactions"][0]["amount"])
        told_of_it = amounts_of(properties)
        assert {name: told_of_it.get(name, 0) for name in sums} == sums
        assert properties["currency"] == purchase.shop.currency
        assert properties["order_total"] == order_total
        assert properties["full_refund"] is (returned >= order_total or paid_back >= paid)
        assert [product["quantity"] for product in properties.get("products", [])] == [
            line["quantity"] for line in made["refund_line_items"]]


def mapped(payloads, shop, folder):
    """The track calls that are made of pairs of topic and payload."""
    words = []
    for at, (topic, payload) in enumerate(payloads):
        path = folder / f"{at}.json"
        path.write_bytes(body(payload))
        words.append(f"{topic}={path}")
    done = subprocess.run([SEGRELAY, "map", "--config", HERE / "segrelay.conf", "--now", NOW, "--shop", shop.domain,
                           *words], capture_output=True, text=True, timeout=300, check=True)
    calls = [exact.loads(line) for line in done.stdout.split("\n")[:-1]]
    return [(call["event"], call["properties"]) for call in calls if call["type"] == "track"]


def told_of_orders(purchases, shop, folder):
    """What is told of all of them, by the order's id."""
    told = {}
    payloads = [payload for purchase in purchases for payload in purchase.payloads()]
    for event, properties in mapped(payloads, shop, folder):
        if event != "Coupon Applied":
            told.setdefault(properties["order_id"], []).append((event, properties))
    return told


@pytest.mark.parametrize("first", range(0, ORDERS, AT_ONCE))
def test_every_amount_of_orders(first, tmp_path):
    purchases = {seed: Purchase(seed) for seed in range(first, min(first + AT_ONCE, ORDERS))}
    for shop in (shops.AURORA, shops.FJORD):
        own = {seed: purchase for seed, purchase in purchases.items() if purchase.shop.domain == shop.domain}
        told = told_of_orders(own.values(), shop, tmp_path)
        for seed, purchase in own.items():
            (event, properties), *refunds = told[str(purchase.order["id"])]
            try:
                assert event == "Order Completed" and {name for name, _ in refunds} <= {"Order Refunded"}
                check_order(purchase, properties)
                check_refunds(purchase, [each for _, each in refunds])
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error


# ---- subscriptions ----

class Renewal:
    """A subscription of a random line, and a sale of random lines: an order, or a charge that failed."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.version = draw.choice(recharge.VERSIONS)
        self.lines = [
            dataclasses.replace(line, price=str(Decimal(draw.randint(1, 40000)) / 100), quantity=draw.randint(1, 9))
            for line in draw.sample((shops.MUG, shops.SHIRT, shops.LAMP), draw.randint(1, 3))]
        gross = sum((Decimal(line.price) * line.quantity for line in self.lines), Decimal(0))
        self.shipping = Decimal(draw.randint(0, 2000)) / 100
        self.discount = rounded(gross * draw.choice((0, 5, 33, 100)) / 100, "USD")
        self.revenue = Decimal(self.lines[0].price) * self.lines[0].quantity
        net = gross - self.discount
        tax = rounded(net * shops.AURORA.tax[1], "USD")
        self.sums = {"subtotal": net, "tax": tax, "shipping": self.shipping, "discount": self.discount,
                     "total": net + tax + self.shipping}
        sale = {"code": "SAVE" if self.discount else None, "discount": str(self.discount),
                "shipping": str(self.shipping), "number": seed + 1}
        self.payloads = [
            ("recharge:customer/created", recharge.customer(self.version)),
            ("recharge:subscription/created", recharge.subscription(self.version, self.lines[0], seed + 1)),
            draw.choice((
                ("recharge:charge/failed", recharge.charge(self.version, self.lines, failed=1, **sale)),
                ("recharge:order/processed",
                 recharge.order(self.version, self.lines, shopify_number=2000 + seed, **sale))))]


def test_every_amount_of_subscriptions(tmp_path):
    for first in range(0, ORDERS, AT_ONCE):
        renewals = [Renewal(seed) for seed in range(first, min(first + AT_ONCE, ORDERS))]
        told = mapped([payload for renewal in renewals for payload in renewal.payloads], shops.AURORA, tmp_path)
        created = [properties for event, properties in told if event == "Subscription Created"]
        sales = [properties for event, properties in told if event in ("Charge Failed", "Order Processed")]
        for seed, (renewal, start, sale) in enumerate(zip(renewals, created, sales, strict=True), first):
            assert start["subscription_revenue"] == renewal.revenue, f"seed {seed}"
            assert {name: sale.get(name, 0) for name in renewal.sums} == renewal.sums, f"seed {seed}"
            assert amounts_of(sale).keys() <= renewal.sums.keys(), f"seed {seed}"  # above all no revenue
            assert [(product["price"], product["quantity"]) for product in sale["products"]] == [
                (Decimal(line.price), line.quantity) for line in renewal.lines], f"seed {seed}"
