"""A destination's messageIds belong to its name: another write key emits nothing again."""

import contextlib
import sqlite3

import pytest
from conftest import MAIN_KEY, OTHER_KEY
from standin.segment import answer
from tools.shop import order

ROTATED_KEY = "k3y0fTheB1ueKett1e000000rotated0"
ORDER = "Order Completed"
KNOWN = 4  # orders of which the relay knows


def use(relay, segment, **keys):
    """The operator writes these destinations with these write keys."""
    relay.write_config("", {name: (key, segment.url, "") for name, key in keys.items()})


def post(relay, first, last, note=None):
    for number in range(first, last + 1):
        relay.post("orders/create", order(number, id=5600000000000 + number, note=note))


def settle(relay):
    relay.wait(lambda: all(each["waiting"] == 0 for each in relay.status()["destinations"]))


def ids(segment, write_key=None):
    return [message["messageId"] for message in segment.events(ORDER, write_key)]


def expect_only_new(relay, segment, write_key):
    """What was emitted is not emitted again, what is new is; by the key that is in use."""
    before = ids(segment)
    assert len(before) == KNOWN
    post(relay, 1, KNOWN, note="changed since")
    post(relay, KNOWN + 1, KNOWN + 1)
    segment.wait_for(KNOWN + 1, ORDER)
    settle(relay)
    assert ids(segment)[:KNOWN] == before
    assert len(ids(segment, write_key)) == 1
    assert segment.repetitions() == 0


@pytest.fixture(name="known")
def fixture_known(relay, segment):
    """A relay that emitted a few orders."""
    post(relay, 1, KNOWN)
    segment.wait_for(KNOWN, ORDER)
    settle(relay)
    return relay


@pytest.mark.parametrize("apply", ["reload", "restart"])
def test_a_rotated_key_emits_nothing_again(known, segment, apply):
    use(known, segment, main=ROTATED_KEY)
    getattr(known, apply)()
    expect_only_new(known, segment, ROTATED_KEY)


def test_a_key_that_is_rotated_twice(known, segment):
    use(known, segment, main=OTHER_KEY)
    known.reload()
    use(known, segment, main=ROTATED_KEY)
    known.restart()
    expect_only_new(known, segment, ROTATED_KEY)


def test_a_rotation_after_a_crash(known, segment):
    known.kill()
    use(known, segment, main=ROTATED_KEY)
    known.start()
    expect_only_new(known, segment, ROTATED_KEY)


def test_a_store_from_before_keeps_its_ids(known, segment):
    """A store of an older version has messageIds of the key, and no namespace."""
    known.stop()
    with contextlib.closing(sqlite3.connect(known.database)) as store:
        assert store.execute("DELETE FROM records WHERE kind = 'namespace'").rowcount == 1
        store.commit()
    known.start()  # the upgrade
    known.stop()   # before anything came in
    use(known, segment, main=ROTATED_KEY)
    known.start()
    expect_only_new(known, segment, ROTATED_KEY)


def test_a_destination_that_comes_back_under_its_name(known, segment):
    use(known, segment, other=OTHER_KEY)
    known.reload()
    post(known, 90, 90)
    segment.wait(lambda: len(ids(segment, OTHER_KEY)) == 1)
    settle(known)
    segment.messages.clear()
    use(known, segment, main=ROTATED_KEY)
    known.restart()
    post(known, 1, KNOWN, note="changed since")
    post(known, KNOWN + 1, KNOWN + 1)
    segment.wait_for(1, ORDER)
    settle(known)
    assert len(ids(segment)) == 1


def test_a_new_name_is_a_new_destination(known, segment):
    """With another key than the old one, it gets everything that comes again."""
    before = ids(segment)
    use(known, segment, renamed=ROTATED_KEY)
    known.reload()
    post(known, 1, KNOWN, note="changed since")
    segment.wait_for(2 * KNOWN, ORDER)
    assert not set(ids(segment, ROTATED_KEY)) & set(before)


@pytest.mark.parametrize("first", ["main", "another"])
def test_a_key_that_another_destination_had_before(known, segment, first):
    """The destination that takes over a key gets all of its own; the one that had it, nothing again."""
    keys = {"main": ROTATED_KEY, "another": MAIN_KEY}
    before = ids(segment)
    use(known, segment, **dict(sorted(keys.items(), key=lambda item: item[0] != first)))
    known.restart()
    post(known, KNOWN + 1, KNOWN + 2)
    segment.wait_for(KNOWN + 4, ORDER)
    settle(known)
    assert len(ids(segment, ROTATED_KEY)) == 2
    assert len(ids(segment, MAIN_KEY)) == KNOWN + 2
    post(known, 1, KNOWN, note="changed since")
    segment.wait_for(2 * KNOWN + 4, ORDER)
    settle(known)
    assert len(ids(segment, ROTATED_KEY)) == 2  # nothing again
    assert len(set(ids(segment))) == 2 * KNOWN + 4
    assert ids(segment)[:KNOWN] == before


def test_two_keys_that_change_places(make_relay, segment, other_segment):
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, ""),
                                     "other": (OTHER_KEY, other_segment.url, "")})
    post(relay, 1, KNOWN)
    for each in (segment, other_segment):
        each.wait_for(KNOWN, ORDER)
    settle(relay)
    relay.write_config("", {"main": (OTHER_KEY, segment.url, ""), "other": (MAIN_KEY, other_segment.url, "")})
    relay.restart()
    post(relay, 1, KNOWN, note="changed since")
    post(relay, KNOWN + 1, KNOWN + 1)
    for each in (segment, other_segment):
        each.wait_for(KNOWN + 1, ORDER)
    settle(relay)
    assert len(ids(segment)) == len(ids(other_segment)) == KNOWN + 1
    assert segment.repetitions() == other_segment.repetitions() == 0


def test_what_waits_goes_by_the_new_key(known, segment):
    segment.always(answer(401), write_key=MAIN_KEY)
    post(known, 50, 52)
    known.wait(lambda: known.destination()["failures"] > 0)
    use(known, segment, main=ROTATED_KEY)
    known.reload()
    segment.wait(lambda: len(ids(segment, ROTATED_KEY)) == 3)
    settle(known)
    assert segment.repetitions() == 0
