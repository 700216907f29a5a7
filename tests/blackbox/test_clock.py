"""The machine's clock against the Date of the destination's answers."""

import datetime
import os
import subprocess

import pytest
from conftest import ROOT
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
    assert f"s {words} the destination" in relay.run("status").stdout
    post(relay, segment, 2)
    post(relay, segment, 3)
    assert len(relay.lines(LINE)) == 1  # once an hour
    segment.clock_ahead = 0
    post(relay, segment, 4)
    segment.violations.clear()  # of the batch before the first answer by the other clock
    assert abs(relay.metric(METRIC)) < 30
    relay.wait(lambda: relay.destination()["clock_offset_seconds"] == 0)
    assert "the destination's" not in relay.run("status").stdout


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


@pytest.fixture(name="other_date", scope="module")
def fixture_other_date(tmp_path_factory):
    """The environment of a relay whose machine has another date, made of the date."""
    library = tmp_path_factory.mktemp("date") / "other_date.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/tools/other_date.c"], check=True)

    def environment(date):
        offset = datetime.datetime.fromisoformat(date) - datetime.datetime.now(datetime.timezone.utc)
        preloaded = [str(library), *filter(None, [os.environ.get("RELAY_PRELOAD")])]
        return {"LD_PRELOAD": " ".join(preloaded), "CLOCK_OFFSET": str(int(offset.total_seconds())),
                "ASAN_OPTIONS": "verify_asan_link_order=0"}
    return environment


@pytest.mark.skipif("CLOCK_OFFSET" in os.environ, reason="the tests themselves have another date")
@pytest.mark.parametrize("date, words", [
    ("1970-01-01T00:00:10+00:00", "behind"), ("2019-03-01T00:00:00+00:00", "behind"),
    ("2100-02-28T23:59:55+00:00", "ahead of")])
def test_a_machine_with_another_date_loses_nothing(relay, segment, other_date, date, words):
    """From its first start on, as one without a battery; then the clock is set, and the relay starts again."""
    relay.stop()
    for path in relay.directory.glob("segrelay.db*"):
        path.unlink()
    relay.environment = other_date(date)
    relay.start()
    post(relay, segment, 1)
    assert words in relay.said(LINE)[0]["reason"]
    assert all(message["timestamp"][:4] <= date[:4] for message in segment.unique())  # none lies in the future
    assert segment.violations and all("sentAt" in violation for violation in segment.violations)
    segment.violations.clear()  # the destination sees it, too
    post(relay, segment, 2)
    assert (segment.violations == []) == (words == "ahead of")  # from then on sentAt is by the destination's clock
    segment.violations.clear()
    relay.environment = {}
    relay.restart()
    relay.post("orders/create", order(1, id=5600000000001))  # it is still known
    post(relay, segment, 3)
    assert segment.repetitions() == 0 and len(segment.events("Order Completed")) == 3
    assert relay.topic("orders/create")["dead"] == 0
