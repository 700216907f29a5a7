"""Random lives of subscribers: everything that happens is told once, whatever is repeated and whatever comes late.

What is expected is written down as the lives are made up; it does not come of the relay. A failure names the seed;
`LIVES=2000` tries more of them.
"""

import dataclasses
import datetime
import os
import random
import subprocess
from collections import Counter
from decimal import Decimal

import pytest
from test_golden import HERE, SEGRELAY, SHOP  # first: it makes the others' modules known
from standin import exact
from tools.recharge import VERSIONS, charge, charge_id_of, customer, order, subscription, subscription_id_of, \
    with_customer
from tools.shop import ALMA, LAMP, MUG, SHIRT, body, order_id_of

LIVES = int(os.environ.get("LIVES", "40"))
NOW = "2026-12-20T12:00:00Z"
GAPS = [datetime.timedelta(seconds=seconds) for seconds in (1, 5, 60, 3600, 86400, 3 * 86400, 10 * 86400)]
UPDATED = "Subscription Updated"
MOVES = ("paused", "skipped", "unskipped")


class Life:
    """`payloads` in the order of what happens, each in one version of the API or the other; `told` is all there is
    to tell of them: event, id, time, and of some events more."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.now = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
        self.subscriptions = {}
        self.charges = 0
        self.payloads = []
        self.told = []
        self.send(("customer/created", customer(self.version())))
        for _ in range(self.draw.randint(3, 14)):
            self.live()

    def version(self):
        return self.draw.choice(VERSIONS)

    def time(self):
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pass_time(self):
        self.now += self.draw.choice(GAPS)

    def send(self, *payloads):
        """In any order, and some of them twice."""
        payloads = [payload for payload in payloads if payload is not None]
        self.payloads += self.draw.sample(payloads, len(payloads))
        self.payloads += [payload for payload in payloads if self.draw.random() < 0.2]

    def state(self, number, action):
        """A webhook that shows the subscription as it is."""
        one = self.subscriptions[number]
        shown = subscription(
            self.version(), one["line"], number, every=one["every"], status=one["status"], created=one["created"],
            at=one["at"], cancelled_at=one["cancelled_at"], next_charge=self.draw.choice(("2026-12-21", "2027-01-20")))
        return f"subscription/{action}", with_customer(shown, customer(self.version())) \
            if self.draw.random() < 0.5 else shown

    def perhaps(self, payload):
        return payload if self.draw.random() < 0.5 else None

    # -- what may happen --

    def live(self):
        self.pass_time()
        running = [number for number, one in self.subscriptions.items() if one["status"] == "active"]
        ended = [number for number in self.subscriptions if number not in running]
        choices = [self.begin, self.write_account]
        choices += 2 * [self.change, self.swap, self.renew, self.cancel] + [self.move, self.fail] if running else []
        choices += 2 * [self.reactivate] + [self.touch] if ended else []
        chosen = self.draw.choice(choices)
        if chosen in (self.begin, self.write_account):
            chosen()
        else:
            chosen(self.draw.choice(ended if chosen in (self.reactivate, self.touch) else running))

    def begin(self):
        number = len(self.subscriptions) + 1
        self.subscriptions[number] = {
            "line": self.draw.choice((MUG, SHIRT, LAMP)).times(self.draw.randint(1, 5)), "status": "active",
            "every": self.draw.choice((7, 14, 30)), "created": self.time(), "at": self.time(), "cancelled_at": None}
        self.send(self.state(number, "created"), self.perhaps(self.state(number, "created")))
        self.tell_state("Subscription Created", number)

    def write_account(self):
        action, event = self.draw.choice((("updated", "Customer Update"),
                                          ("payment_method_updated", "Payment Method Updated")))
        self.send((f"customer/{action}", customer(self.version(), at=self.time())))
        self.told.append((event, str(ALMA.id), self.time()))

    def tell_state(self, event, number, move=None):
        one = self.subscriptions[number]
        self.told.append((event, str(subscription_id_of(number)), self.time(), move, one["line"].variant_id,
                          one["line"].quantity, Decimal(one["line"].price) * one["line"].quantity, one["every"]))

    def update(self, number, *actions, **changes):
        """An update and other webhooks of the same change."""
        self.subscriptions[number] |= {"at": self.time()} | changes
        self.send(self.state(number, "updated"), self.perhaps(self.state(number, "updated")),
                  *(self.state(number, action) for action in actions))
        self.tell_state(UPDATED, number)

    def change(self, number):
        one = self.subscriptions[number]
        self.update(number, **self.draw.choice((
            {"every": one["every"] + 7}, {"line": one["line"].times(one["line"].quantity + 1)},
            {"line": dataclasses.replace(one["line"], price=str(Decimal(one["line"].price) + Decimal("2.35")))})))

    def swap(self, number):
        line = self.subscriptions[number]["line"]
        other = self.draw.choice([each for each in (MUG, SHIRT, LAMP) if each.variant_id != line.variant_id])
        self.update(number, "swapped", line=other.times(line.quantity))

    def move(self, number):
        self.subscriptions[number]["at"] = self.time()
        action = self.draw.choice(MOVES)
        self.send(self.state(number, action), self.perhaps(self.state(number, "updated")))
        self.tell_state(UPDATED, number, action)

    def renew(self, number, charged=None):
        if charged is None:
            self.charges += 1
            charged = self.charges
        one = self.subscriptions[number]
        one["at"] = self.time()
        sale = {"lines": [one["line"]], "number": charged, "numbers": (number,), "at": self.time()}
        self.send(("order/processed", order(self.version(), shopify_number=2000 + charged, **sale)),
                  ("charge/paid", charge(self.version(), **sale)), self.state(number, "updated"))
        self.told.append(("Order Processed", str(order_id_of(2000 + charged)), self.time()))

    def fail(self, number):
        self.charges += 1
        charged, due, tries = self.charges, self.time()[:10], self.draw.randint(1, 4)
        closed = self.draw.random() < 0.4
        for tried in range(1, tries + 1):
            last = closed and tried == tries
            failed = {"lines": [self.subscriptions[number]["line"]], "number": charged, "numbers": (number,),
                      "failed": tried, "closed": last, "scheduled": due, "at": self.time()}
            self.send(("charge/max_retries_reached" if last else "charge/failed", charge(self.version(), **failed)),
                      self.perhaps(("charge/failed", charge(self.version(), **failed))))
            self.told.append(("Charge Max Tries Reached" if last else "Charge Failed", str(charge_id_of(charged)),
                              self.time(), tried))
            self.pass_time()
        if self.draw.random() < 0.6:
            self.renew(number, charged)

    def cancel(self, number):
        self.subscriptions[number] |= {"status": "cancelled", "at": self.time(), "cancelled_at": self.time()}
        self.send(self.state(number, "cancelled"), self.state(number, "updated"))
        self.told.append(("Subscription Cancelled", str(subscription_id_of(number)), self.time()))

    def reactivate(self, number):
        self.update(number, "activated", status="active", cancelled_at=None)

    def touch(self, number):
        self.subscriptions[number]["at"] = self.time()
        self.send(self.state(number, "updated"))


def described(call):
    """A call as a life tells it."""
    event, properties = call["event"], call["properties"]
    id = next(properties[name] for name in ("subscriptionId", "order_id", "charge_id", "customer_id")
              if name in properties)
    told = (event, id, call["timestamp"].replace(".000Z", "Z"))
    if event in ("Subscription Created", UPDATED):
        product, = properties["products"]
        type = properties.get("update_type")
        told += (type if type in MOVES else None, int(product["variant_id"]), product["quantity"],
                 properties["subscription_revenue"], properties["order_interval_frequency"])
    return told + ((properties["attempt"],) if event.startswith("Charge") else ())


def mapped(payloads, folder):
    words = []
    for at, (topic, payload) in enumerate(payloads):
        path = folder / f"{at}.json"
        path.write_bytes(body(payload))
        words.append(f"recharge:{topic}={path}")
    done = subprocess.run([SEGRELAY, "map", "--config", HERE / "segrelay.conf", "--now", NOW, "--shop", SHOP, *words],
                          capture_output=True, text=True, timeout=60, check=True)
    calls = [exact.loads(line) for line in done.stdout.split("\n")[:-1]]
    return [described(call) for call in calls if call["type"] == "track"]


def again(payloads, draw):
    """Some once more, later."""
    payloads = list(payloads)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(payloads))
        payloads.insert(draw.randint(at + 1, len(payloads)), payloads[at])
    return payloads


def late(payloads, draw):
    """Some later than what happened after them."""
    payloads = list(payloads)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(1, len(payloads))
        payloads.insert(at + draw.randint(1, 8), payloads.pop(at))
    return payloads


def shuffled(payloads, draw):
    return payloads[:1] + draw.sample(payloads[1:], len(payloads) - 1)


def as_it_happened(payloads, _):
    return payloads


@pytest.mark.parametrize("arrange", [as_it_happened, again])
def test_everything_is_told_once(arrange, tmp_path):
    for seed in range(LIVES):
        life = Life(seed)
        assert Counter(mapped(arrange(life.payloads, random.Random(seed)), tmp_path)) == Counter(life.told), seed


@pytest.mark.parametrize("arrange", [late, shuffled])
def test_in_another_order(arrange, tmp_path):
    """A change whose former state comes after it is not known as one, or is told of a later state that shows it
    (docs/events.md); no state is told twice."""
    for seed in range(LIVES):
        life = Life(seed)
        told = mapped(arrange(life.payloads, random.Random(seed)), tmp_path)
        assert sorted(each for each in told if each[0] != UPDATED) == sorted(
            each for each in life.told if each[0] != UPDATED), seed
        assert len({each[:4] for each in told}) == len(told), seed
