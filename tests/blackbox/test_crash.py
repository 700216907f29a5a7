"""kill -9, again and again under a mixed load: what was answered 200 is told, and told once.

CRASHES says how often (20), SEED what is drawn. What must be told is what `segrelay map` makes of
the webhooks that were answered; of one that was given up without an answer, all or nothing.
"""

import collections
import contextlib
import http.client
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest
from conftest import MAIN_KEY, SEGRELAY
from standin import exact
from standin.segment import answer, resets, slow
from standin.validate import now_text
from tools import shop as shops
from tools.buyers import buyer
from tools.shop import order_id_of, tokens_of

CRASHES = int(os.environ.get("CRASHES", "20"))
SEED = int(os.environ.get("SEED", "20261123"))
TOKEN = "sgp_thetokenofthepublicapi"
BEGAN = now_text()
CART_EVENTS = ("Product Added", "Product Removed")
# By what Segment's customer would see that an event is there twice.
NAMES_OF = {
    "Checkout Started": ["checkout_id"],
    "Checkout Step Completed": ["checkout_id", "step"],
    "Payment Info Entered": ["checkout_id"],
    "Coupon Applied": ["order_id", "checkout_id", "coupon"],
    "Order Completed": ["order_id"],
    "Order Cancelled": ["order_id"],
    "Order Refunded": ["refund_id"],
    "Payment Failure": ["transaction_id"],
    "Fulfilment Update": ["fulfillment_id", "status", "shipment_status"],
    "Product Added": ["cart_id", "variant_id", "timestamp"],
    "Product Removed": ["cart_id", "variant_id", "timestamp"],
}


class Way:
    """A buyer's webhooks as they went: those answered, and one that was given up."""

    def __init__(self, who):
        self.who = who
        self.answered = []   # (topic, payload)
        self.given_up = None

    def versions(self):
        """What the relay may have taken."""
        more = [self.answered + [self.given_up]] if self.given_up else []
        return [self.answered] + more


class Load(threading.Thread):
    """One buyer after the other. It repeats what was not answered, as Shopify does."""

    def __init__(self, relay, first):
        super().__init__()
        self.relay = relay
        self.first = first
        self.random = random.Random(SEED + first)
        self.ways = []
        self.answers = 0
        self.stopped = threading.Event()
        self.start()

    def run(self):
        while not self.stopped.is_set():
            way = Way(buyer(self.first + len(self.ways), self.random))
            self.ways.append(way)
            for topic, payload in way.who.webhooks:
                if self.stopped.is_set() or not self.deliver(way, topic, payload):
                    break

    def deliver(self, way, topic, payload):
        if topic == "carts/update" and self.random.random() < 0.3:
            time.sleep(0.35)  # it rests
        gives_up = self.random.random() < 0.3 and topic != "customers/redact"
        for _ in range(2 if self.random.random() < 0.05 else 1):  # Shopify repeats itself, too
            while not self.post(topic, payload):
                if gives_up:
                    way.given_up = (topic, payload)
                    return False
                time.sleep(0.01)
        way.answered.append((topic, payload))
        self.answers += 1
        time.sleep(0.003)
        return True

    def post(self, topic, payload):
        try:
            return self.relay.post(topic, payload).status == 200
        except (OSError, http.client.HTTPException):
            return False  # it was killed


def moods(seed):
    """Segment on a bad day."""
    chance = random.Random(seed)
    failures = [answer(503, retry_after=0), answer(503), answer(429, retry_after=0), resets(),
                resets(accepts=True), resets(accepts=True), slow(0.2)]

    def behave(request):
        return chance.choice(failures)(request) if chance.random() < 0.4 else None
    return behave


def crash(relay, loads, chance):
    """Kills it a random time after it began to start, or at a random place of the load."""
    before = sum(load.answers for load in loads)
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0.01, 0.4))
    else:
        more = chance.randint(1, 60)
        relay.wait(lambda: sum(load.answers for load in loads) >= before + more)
        time.sleep(chance.uniform(0, 0.01))
    relay.kill()


def pending(relay, directory):
    """Which tables of what must yet happen the crash left filled."""
    directory.mkdir()
    for path in relay.directory.glob("segrelay.db*"):
        shutil.copy(path, directory)
    if not (directory / "segrelay.db").exists():
        return set()
    with contextlib.closing(sqlite3.connect(directory / "segrelay.db")) as copy:
        tables = {name for name, in copy.execute("SELECT name FROM sqlite_schema")}
        found = {table for table in {"timers", "messages"} & tables
                 if copy.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,)}
    shutil.rmtree(directory)
    return found


# ---- what must be told ----

class Map:
    """What `segrelay map` makes of ways, some of them at once."""

    def __init__(self, relay, directory):
        self.directory = directory
        self.directory.mkdir()
        self.command = [SEGRELAY, "map", "--shop", shops.AURORA.domain, "--config", relay.config,
                        "--now", "2100-01-01T00:00:00Z"]  # no time of a payload lies after it
        self.files = 0

    def run(self, lists):
        """The messages, for each messageId, of lists of webhooks that have nothing in common."""
        words = []
        for webhooks in lists:
            for topic, payload in webhooks:
                if topic != "customers/redact":
                    path = self.directory / str(self.files)
                    path.write_bytes(shops.body(payload))
                    words.append(f"{topic}={path}")
                    self.files += 1
        if not words:
            return {}
        done = subprocess.run(self.command + words, capture_output=True, text=True, check=True,
                              timeout=60)
        return _once_per_thing([exact.loads(line) for line in done.stdout.split("\n")[:-1]])


def _once_per_thing(messages):
    """All but what is told of carts: that depends on when they rested."""
    kept = {}
    for message, after in zip(messages, messages[1:] + [{}]):
        of_cart = message.get("event") in CART_EVENTS or \
            message["type"] != "track" and after.get("event") in CART_EVENTS
        if not of_cart:
            kept[message["messageId"]] = message
    return kept


def _as_mapped(message, timestamp):
    """What was sent, without sentAt. Where the clock is behind the payloads, the time is that of the reception."""
    was_future = BEGAN <= message["timestamp"] < timestamp
    kept = {name: value for name, value in message.items() if name != "sentAt"}
    return kept | ({"timestamp": timestamp} if was_future else {})


def check_ways(ways, told, mapping):
    """Each message of what was answered is told, with its values; of what was given up, all or
    nothing."""
    may_be_told = set()
    for at in range(0, len(ways), 30):
        some = ways[at:at + 30]
        must = mapping.run([way.answered for way in some if not way.who.is_forgotten])
        missing = [message for id, message in must.items() if id not in told]
        assert missing == []
        others = [(message, told[id]) for id, message in must.items()
                  if message != _as_mapped(told[id], message["timestamp"])]
        assert others == []
        may_be_told |= set(mapping.run([way.versions()[-1] for way in some]))
        for way in some:
            if way.given_up and not way.who.is_forgotten:
                first, last = map(mapping.run, [[version] for version in way.versions()])
                more = {id for id in last if id not in first}
                assert more & set(told) in (set(), more), way.given_up[0]
    surplus = [message for id, message in told.items() if id not in may_be_told
               and message.get("event", CART_EVENTS[0]) not in CART_EVENTS]
    assert surplus == []


def check_carts(ways, told):
    """What was told of a cart comes to what is in it."""
    sums = collections.defaultdict(collections.Counter)
    for message in told.values():
        if message.get("event") in CART_EVENTS:
            sign = 1 if message["event"] == CART_EVENTS[0] else -1
            properties = message["properties"]
            sums[properties["cart_id"]][properties["variant_id"]] += \
                sign * int(properties["quantity"].text)
    checked = 0
    for way in ways:
        if way.who.is_forgotten:
            continue
        allowed = [_last_cart(version) for version in way.versions()]
        found = {id: quantity for id, quantity in
                 sums[tokens_of(order_id_of(way.who.number))[0]].items() if quantity}
        assert found in allowed, [topic for topic, _ in way.answered]
        checked += found != {}
    assert checked > 0


def _last_cart(webhooks):
    carts = [payload for topic, payload in webhooks if topic.startswith("carts/")]
    return {str(line["variant_id"]): line["quantity"] for line in carts[-1]["line_items"]} \
        if carts else {}


def check_no_event_is_twice(told):
    seen = collections.Counter()
    for message in told.values():
        if message["type"] == "track":
            values = {"timestamp": message["timestamp"]} | message["properties"]
            seen[message["event"], *(str(values.get(name)) for name in
                                     NAMES_OF.get(message["event"], ["missing"]))] += 1
    assert [name for name, count in seen.items() if count > 1] == []
    return {name[0] for name in seen}


def check_store(relay, ways, counts, told):
    database = sqlite3.connect(f"file:{relay.directory}/segrelay.db?mode=ro", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    assert database.execute("SELECT count(*) FROM timers").fetchone() == (0,)
    assert database.execute("SELECT count(*) FROM dead").fetchone() == (0,)
    # each message that was told was queued once, and what was queued was sent or forgotten
    assert database.execute("SELECT count(*) FROM emitted").fetchone() == (counts["queued"],)
    assert counts["queued"] == counts["sent"] + counts["dropped"] and counts["dead"] == 0
    assert counts["sent"] <= len(told) <= counts["sent"] + counts["dropped"]
    stored = collections.Counter(database.execute("SELECT topic, body FROM deliveries"))
    assert [topic for (topic, _), count in stored.items() if count > 1] == []
    for way in ways:
        if not way.who.is_forgotten:
            assert all((topic, shops.body(payload)) in stored for topic, payload in way.answered)
    database.close()


def left_of_the_forgotten(relay, ways):
    files = {path.suffix: path.read_bytes() for path in relay.directory.glob("segrelay.db*")}
    words = []
    for way in ways:
        if way.answered and way.answered[-1][0] == "customers/redact":
            who, order_id = way.who, order_id_of(way.who.number)
            words += [str(who.person.id), who.person.email, who.person.phone, who.browser_id,
                      who.person.first_name, str(order_id), *tokens_of(order_id)]
    return [(word, suffix, content[max(0, at - 200):at + 100])
            for word in words for suffix, content in files.items()
            if (at := _place(word.encode(), content)) >= 0]


def _place(word, content):
    """Where a word is, but not as a part of a longer number; -1 for nowhere."""
    at = content.find(word)
    while at >= 0 and any(content[next_to:next_to + 1].isdigit()
                          for next_to in (at - 1, at + len(word))):
        at = content.find(word, at + 1)
    return at


# ---- the test ----

@pytest.fixture(name="relay")
def fixture_relay(make_relay, segment):
    public_api = f'public_api_token = "{TOKEN}" public_api_url = "{segment.url}"'
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, public_api)},
                       shop_options='cart_settle = "300ms" alias = yes')
    relay.stop()
    relay.fix_ports()
    return relay


@pytest.mark.long(8)
def test_killed_again_and_again(relay, segment, tmp_path):
    chance = random.Random(SEED)
    segment.always(moods(SEED))
    segment.fail_deletions(answer(503), 3)
    loads = [Load(relay, 100000 * (at + 1)) for at in range(3)]
    left = collections.Counter()
    for _ in range(CRASHES):
        relay.spawn()
        crash(relay, loads, chance)
        left.update(pending(relay, tmp_path / "copy"))
    relay.start()
    for load in loads:
        load.stopped.set()
    for load in loads:
        load.join()
    segment.always(None)
    relay.reload()  # which ends the pauses
    waiting = [f'segrelay_messages_waiting{{destination="{name}"}}'
               for name in ("main", "main (deletions)")]
    relay.wait(lambda: relay.metric("segrelay_timers_waiting") == 0 and
               not any(relay.metric(each) for each in waiting), 60)

    ways = [way for load in loads for way in load.ways]
    told = {message["messageId"]: message for message in segment.unique()}
    counts = {result: relay.metric(
        f'segrelay_messages_total{{destination="main",result="{result}"}}')
        for result in ("queued", "sent", "dead", "dropped")}
    print(f"{sum(load.answers for load in loads)} webhooks of {len(ways)} buyers answered, "
          f"{sum(way.given_up is not None for way in ways)} given up, {len(told)} messages told, "
          f"{segment.repetitions()} of them sent again; timers waited at {left['timers']} of "
          f"{CRASHES} crashes, messages at {left['messages']}")
    assert relay.metric("segrelay_counters_balanced") == 1
    assert left_of_the_forgotten(relay, ways) == []
    check_ways(ways, told, Map(relay, tmp_path / "payloads"))
    check_carts(ways, told)
    events = check_no_event_is_twice(told)
    if CRASHES >= 20:
        assert left["timers"] > CRASHES / 10 and left["messages"] > CRASHES / 10
        # and some luck, for a cart to rest between two changes
        assert events | {"Product Removed"} == set(NAMES_OF)
    forgotten = {str(way.who.person.id) for way in ways
                 if way.answered and way.answered[-1][0] == "customers/redact"}
    assert forgotten == {id for _, _, ids in segment.deletions for id in ids}
    relay.stop()
    assert left_of_the_forgotten(relay, ways) == []
    check_store(relay, ways, counts, told)
