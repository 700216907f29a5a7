"""The machine's clock against the Date of the destination's answers."""

import pytest
from standin.segment import answer, slow
from tools.shop import order

LINE = "clock offset detected"
METRIC = 'segrelay_clock_offset_seconds{destination="main"}'


def post(relay, segment, number):
    relay.post("orders/create", order(number, id=5600000000000 + number))
    segment.wait_for(number, "Order Completed")
    relay.wait(lambda: relay.destination()["waiting"] == 0)


@pytest.mark.parametrize("ahead, words", [(3600, "behind"), (-3600, "ahead of"), (-86400 * 365 * 20, "ahead of")])
def test_a_clock_that_is_off_is_said_and_shown(relay, segment, ahead, words):
    segment.clock_ahead = ahead
    post(relay, segment, 1)
    line = relay.said(LINE)[0]
    assert words in line["reason"] and line["destination"] == "main"
    assert abs(int(line["seconds"]) + ahead) <= 30
    assert abs(relay.metric(METRIC) + ahead) <= 30
    relay.wait(lambda: abs(relay.destination()["clock_offset_seconds"] + ahead) <= 30)
    assert f"s {words} its own" in relay.run("status").stdout
    post(relay, segment, 2)
    post(relay, segment, 3)
    assert len(relay.lines(LINE)) == 1  # once an hour
    segment.clock_ahead = 0
    post(relay, segment, 4)
    assert abs(relay.metric(METRIC)) < 30
    relay.wait(lambda: relay.destination()["clock_offset_seconds"] == 0)
    assert "its own" not in relay.run("status").stdout


def test_a_refusal_shows_it_too(relay, segment):
    segment.clock_ahead = 600
    segment.always(answer(503))
    relay.post("orders/create", order())
    relay.said(LINE)
    relay.wait(lambda: relay.destination()["clock_offset_seconds"] < -500)
    assert relay.destination()["failures"] > 0


def test_a_slow_answer_and_a_small_offset_are_not_said(relay, segment):
    segment.fail(slow(3), 1)
    post(relay, segment, 1)
    segment.clock_ahead = 20
    post(relay, segment, 2)
    assert relay.lines(LINE) == []
    assert -21 <= relay.metric(METRIC) < 0
