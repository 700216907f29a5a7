"""Amounts as Shopify writes them: strings with the currency's decimals, in both currencies."""

from decimal import ROUND_HALF_UP, Decimal

DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}


def rounded(amount, currency):
    """To the currency's smallest unit."""
    unit = Decimal(1).scaleb(-DECIMALS.get(currency, 2))
    return Decimal(amount).quantize(unit, ROUND_HALF_UP)


def shares(amount, weights, currency):
    """Parts of an amount by weight, that add up to it to the last unit."""
    total = sum(weights)
    parts = []
    for weight in weights[:-1]:
        parts.append(rounded(amount * weight / total, currency))
    return parts + [rounded(amount - sum(parts), currency)]


class Currencies:
    """The shop's currency, and the buyer's at a rate (units of it for one of the shop's)."""

    def __init__(self, shop, buyer=None, rate=1):
        self.shop = shop
        self.buyer = buyer or shop
        self.rate = Decimal(rate)

    def text(self, amount):
        return str(rounded(amount, self.shop))

    def buyers(self, amount):
        return rounded(Decimal(amount) * self.rate, self.buyer)

    def set(self, amount, code="currency_code"):
        """The amount in both, as in every `…_set`."""
        return {
            "shop_money": {"amount": self.text(amount), code: self.shop},
            "presentment_money": {"amount": str(self.buyers(amount)), code: self.buyer},
        }

    def both(self, name, amount):
        """`name` and `name_set`."""
        return {name: self.text(amount), f"{name}_set": self.set(amount)}
