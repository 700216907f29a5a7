"""A store that is nearly full: deliveries whose messages were sent expire early, so that webhooks are
refused only when what still waits fills it."""

import http.client

import pytest
from conftest import signed_headers
from test_disk import small_disk
from tools.shop import AURORA, body, order

FIRST = 5810000000000
MIB = 1 << 20
BIG = 40000  # bytes of a note: what the messages do not have


def big_order(number):
    return order(number, id=FIRST + number, note=f"{number:06d}" * (BIG // 6))


class Poster:
    """Posts orders over one connection."""

    def __init__(self, relay):
        self.connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)

    def post(self, number):
        content = body(big_order(number))
        self.connection.request("POST", "/webhooks/shopify", content,
                                signed_headers("orders/create", content, AURORA))
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def kept(relay):
    return relay.metric("segrelay_store_bytes")


def expired(relay):
    return relay.metric("segrelay_deliveries_expired_early_total")


@pytest.mark.parametrize("max_store", [2, 16])
def test_nothing_is_refused_while_the_destination_works(make_relay, segment, max_store):
    """Several times as much as max_store, as fast as it is answered. In the smaller one the WAL alone
    would be too large."""
    relay = make_relay(options=f'max_store = "{max_store}MiB"')
    poster = Poster(relay)
    count = 4 * 16 * MIB // BIG if max_store == 16 else 20 * MIB // BIG
    most = 0
    statuses = []
    for number in range(count):
        statuses.append(poster.post(number))
        if number % 50 == 0:
            most = max(most, kept(relay))
    assert statuses.count(200) == count
    assert relay.lines("webhook intake suspended") == []
    assert max_store * MIB * 0.6 < most < (max_store + 6) * MIB  # not exceeded by more than a WAL
    assert expired(relay) > count / 2
    segment.wait_for(2 * count, seconds=120)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert segment.repetitions() == 0
    assert relay.metric("segrelay_counters_balanced") == 1
    line, = relay.said("deliveries expired early")  # of an hour
    assert int(line["deliveries"]) > 0 and "max_store" in line["action"] and line["reason"]
    status = relay.status()
    assert status["expired_early"] == expired(relay) and status["max_store"] == max_store * MIB
    assert "expired early" in relay.run("status").stdout

    # What comes again after its delivery expired is mapped again, but its messages are known.
    before = relay.topic("orders/create")
    assert [poster.post(number) for number in range(5)] == [200] * 5
    after = relay.topic("orders/create")
    assert after["mapped"] == before["mapped"]
    assert after["repeated"] == before["repeated"] + 5
    assert len(segment.messages) == 2 * count


def test_only_what_waits_fills_the_store(make_relay, segment):
    """With the destination down it fills, and 503 says so; when it is back all is sent."""
    relay = make_relay(options='max_store = "16MiB"\nstop_grace = "1s"')
    poster = Poster(relay)
    sent = 16 * MIB // BIG // 2
    assert {poster.post(number) for number in range(sent)} == {200}
    segment.wait_for(2 * sent)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    segment.stop()
    number = sent
    while poster.post(number) == 200 and number < 20 * sent:
        number += 1
    # what was sent has made room for what waits
    assert number - sent > 1.2 * sent and expired(relay) >= sent
    assert relay.said("webhook intake suspended")
    ready = relay.get("/readyz")
    assert ready.status == 503 and b"max_store" in ready.body
    assert kept(relay) > 12 * MIB
    segment.start()
    segment.wait_for(2 * number, seconds=120)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    relay.wait(lambda: relay.get("/readyz").status == 200)
    assert {poster.post(number + 1 + each) for each in range(2 * sent)} == {200}
    segment.wait_for(2 * (number + 2 * sent), seconds=120)
    told = {event["properties"]["order_id"] for event in segment.events("Order Completed")}
    assert {str(FIRST + each) for each in range(number)} <= told
    assert segment.repetitions() == 0


def test_a_lower_bound_is_reached_without_webhooks(make_relay, segment):
    relay = make_relay(options='max_store = "64MiB"')
    poster = Poster(relay)
    count = 24 * MIB // BIG
    assert {poster.post(number) for number in range(count)} == {200}
    segment.wait_for(2 * count)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert expired(relay) == 0
    relay.config.write_text(relay.config.read_text(encoding="utf-8").replace("64MiB", "12MiB"),
                            encoding="utf-8")
    relay.reload()
    relay.wait(lambda: kept(relay) < 12 * MIB)
    assert relay.get("/readyz").status == 200
    assert poster.post(count) == 200


@pytest.mark.long(14)
def test_room_on_the_disk_is_made_too(make_relay, tmp_path, segment):
    """Another program takes what is left: pages within the file are room."""
    with small_disk(tmp_path / "disk", "64m") as disk:
        relay = make_relay(options='max_store = "1GiB"\nstop_grace = "1s"',
                           store=disk / "segrelay.db")
        text = relay.config.read_text(encoding="utf-8").replace("min_free = 0", 'min_free = "16MiB"')
        relay.config.write_text(text, encoding="utf-8")
        relay.reload()
        poster = Poster(relay)
        statuses = [poster.post(number) for number in range(2 * 64 * MIB // BIG)]
        assert set(statuses) == {200}
        assert relay.lines("webhook intake suspended") == []
        line = relay.said("deliveries expired early")[0]
        assert "disk" in line["reason"] and "disk" in line["action"]
        free_before = relay.metric("segrelay_store_free_bytes")
        (disk / "others").write_bytes(bytes(int(free_before) - 10 * MIB))
        relay.wait(lambda: relay.get("/readyz").status == 200)
        statuses = [poster.post(100000 + number) for number in range(500)]
        assert set(statuses) == {200}
        (disk / "others").unlink()
        segment.wait_for(2 * (len(statuses) + 2 * 64 * MIB // BIG), seconds=120)
        assert segment.repetitions() == 0
        relay.stop()


@pytest.mark.parametrize("kind", ["ignored", "dead"])
def test_what_is_not_sent_at_all(make_relay, segment, kind):
    """An unmapped topic waits for nothing and expires; a dead letter's body stays."""
    relay = make_relay(options='max_store = "8MiB"')
    content = (b"{" if kind == "dead" else b'{"id":%d,' % FIRST) + b'"note":"%s"'
    content += b"" if kind == "dead" else b"}"
    statuses = []
    for number in range(3000 if kind == "dead" else 2 * 8 * MIB // BIG):  # room is looked at once a second
        payload = content % (b"%06d" % number * (BIG // 6))
        statuses.append(relay.post("shop/update", payload).status)
        if statuses[-1] != 200:
            break
    if kind == "ignored":
        assert set(statuses) == {200} and expired(relay) > 100
    else:
        assert statuses[-1] == 503 and expired(relay) == 0
        shown = relay.run("dead", "show", "1").stdout
        assert "000000" in shown
