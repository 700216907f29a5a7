"""Many destinations that hang: what is in memory for them has one bound, and the others keep their pace."""

import socket
import threading

import pytest
from conftest import MAIN_KEY
from tools.shop import order

HANGING = 60
ORDERS = 60
MIB = 1 << 20
# The bound of 64 MiB, what blocks of memory leave free, connections and all else. Four batches and their
# requests of each destination would be more than 200 MiB.
MOST = 140 * MIB


@pytest.fixture(name="hanging")
def fixture_hanging():
    """The URL of a server that reads and never answers."""
    server = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def read(connection):
        with connection:
            try:
                while connection.recv(65536):
                    pass
            except OSError:
                pass

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=read, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def large_order(number):
    """One of some 20 KB."""
    made = order(number, id=5600000000000 + number)
    line = made["line_items"][0]
    made["line_items"] = [dict(line, id=number * 1000 + at, title="A long title. " * 15) for at in range(45)]
    return made


@pytest.mark.long(55)
def test_hanging_destinations_share_one_bound_of_memory(make_relay, segment, hanging):
    destinations = {f"hanging{number}": (f"{number:032}", hanging, "") for number in range(HANGING)}
    relay = make_relay(destinations=destinations | {"main": (MAIN_KEY, segment.url, "")}, options='stop_grace = 1s')
    for number in range(ORDERS):
        relay.post("orders/create", large_order(number))
    segment.wait_for(ORDERS, "Order Completed")
    relay.restart()  # all claim at once what waits
    relay.wait(lambda: len(relay.lines("delivery paused")) >= HANGING)
    relay.wait(lambda: relay.metric("segrelay_claimed_bytes") > 0)
    before = len(segment.requests)
    for number in range(ORDERS, 2 * ORDERS):
        relay.post("orders/create", large_order(number))
    segment.wait_for(2 * ORDERS, "Order Completed")
    assert len(segment.requests) > before and relay.lines("delivery paused")
    assert all(line["destination"] != "main" for line in relay.lines("delivery paused"))
    assert relay.metric("segrelay_claimed_bytes") < 32 * MIB
    assert relay.memory("VmHWM") < MOST
    assert all(each["dead"] == 0 for each in relay.status()["destinations"])
    assert relay.destination("hanging0")["waiting"] == 4 * ORDERS
