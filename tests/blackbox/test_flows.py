"""A flow that is dropped silently: neither FIN nor RST, and nothing passes. What waits goes by another one."""

import pytest
from conftest import MAIN_KEY, OTHER_KEY
from standin.flows import Flows
from standin.segment import slow
from tools.shop import order

pytestmark = pytest.mark.threads

CONNECTIONS = 4


@pytest.fixture(name="flows")
def fixture_flows(segment):
    with Flows(segment.port) as flows:
        yield flows


def post(relay, first, last):
    for number in range(first, last + 1):
        relay.post("orders/create", order(number, id=5600000000000 + number))


def open_connections(relay, segment, flows, keys=1):
    """Has the relay hold several connections that are idle."""
    segment.always(slow(0.5))
    number = 1
    while flows.made < CONNECTIONS:
        assert number < 200
        post(relay, number, number)
        number += 1
    segment.always(None)
    segment.wait(lambda: len(segment.events("Order Completed")) >= number - 1)
    relay.wait(lambda: all(each["waiting"] == 0 for each in relay.status()["destinations"]))
    return number


def timeouts(relay, name="main"):
    return relay.metric(f'segrelay_requests_total{{destination="{name}",code="timeout"}}') or 0


@pytest.mark.long(17)
def test_a_dropped_flow_costs_one_timeout(make_relay, segment, flows):
    """However many connections were idle: after the first failure none that is as old is used."""
    relay = make_relay(destinations={"main": (MAIN_KEY, flows.url, "batch_messages = 2")})
    number = open_connections(relay, segment, flows)
    flows.drop()
    for each in range(number, number + 6):
        post(relay, each, each)
        segment.wait_for(each, "Order Completed")
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert timeouts(relay) == 1
    assert segment.repetitions() == 0


@pytest.mark.long(17)
def test_a_dropped_flow_is_learned_from_by_all_who_send_there(make_relay, segment, flows):
    relay = make_relay(destinations={
        "main": (MAIN_KEY, flows.url, "batch_messages = 2"),
        "other": (OTHER_KEY, flows.url, "batch_messages = 2")}, shop_options='destinations = {"main"}')
    number = open_connections(relay, segment, flows)
    flows.drop()
    post(relay, number, number)
    segment.wait_for(number, "Order Completed")
    relay.write_config("", {"main": (MAIN_KEY, flows.url, ""), "other": (OTHER_KEY, flows.url, "")},
                       shop_options='destinations = {"other"}')
    relay.reload()
    for each in range(number + 1, number + 4):
        post(relay, each, each)
        segment.wait_for(each, "Order Completed")
    assert timeouts(relay) == 1 and timeouts(relay, "other") == 0
