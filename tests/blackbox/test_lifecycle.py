"""Starting, stopping and reloading: what is said meanwhile, and how long it takes."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import MAIN_KEY, SEGRELAY, signed_headers
from standin.segment import slow
from test_disk import serve
from tools.shop import AURORA, body, order


def begin_post(relay):
    """A webhook whose body does not end: the listener waits for it while it stops."""
    content = body(order())
    lines = [f"{name}: {value}" for name, value in signed_headers("orders/create", content).items()]
    head = "\r\n".join(["POST /webhooks/shopify HTTP/1.1", f"Host: {AURORA.domain}", *lines,
                        f"Content-Length: {len(content)}", "", ""])
    connection = socket.create_connection(("127.0.0.1", relay.port), timeout=60)
    connection.sendall(head.encode() + content[:100])
    return connection, content[100:]


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False


def test_readiness_says_stopping_before_anything_stops(make_relay):
    relay = make_relay(options='stop_grace = "60s"')
    connection, rest = begin_post(relay)
    relay.wait(lambda: relay.metric("segrelay_http_connections") == 1)
    relay.process.send_signal(signal.SIGTERM)
    relay.wait(lambda: relay.get("/readyz").status == 503)
    assert b"stopping" in relay.get("/readyz").body
    relay.wait(lambda: is_refused(relay.port))
    # What is asked of the operator's listener is answered until the end.
    assert relay.get("/readyz").status == 503 and relay.get("/healthz").status == 200
    assert relay.get("/metrics").status == 200 and relay.get("/status").status == 200
    assert relay.run("status").returncode == 0
    connection.sendall(rest)
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    connection.close()
    assert relay.process.wait(60) == 0
    relay.process = None


@pytest.mark.long(12)
def test_stop_grace_is_spent_once(make_relay, segment):
    """A webhook that does not end and a batch without an answer: both have stop_grace, not one after
    the other. The answer would come when it had been spent nearly twice."""
    relay = make_relay(options='stop_grace = "12s"')
    segment.fail(slow(20))
    assert relay.post("orders/create", order()).status == 200
    segment.wait(lambda: len(segment.requests) > 0)
    connection, _ = begin_post(relay)
    relay.wait(lambda: relay.metric("segrelay_http_connections") == 1)
    relay.stop()
    connection.close()
    waiting = relay.run("status", "--json").stdout
    assert '"waiting":2' in waiting.replace(" ", "")
    relay.start()
    relay.wait(lambda: relay.destination()["waiting"] == 0)


def test_a_change_that_needs_a_restart_is_compared_with_what_runs(relay):
    good = relay.config.read_text(encoding="utf-8")
    said = "changed options ignored"
    needs = "segrelay_config_needs_restart"
    assert relay.metric(needs) == 0
    relay.config.write_text(good + "http_threads = 3\n", encoding="utf-8")
    relay.reload()
    assert [line["options"] for line in relay.lines(said)] == ["http_threads"]
    relay.reload()  # the file is as it was at the last reload, and still not what runs
    assert [line["options"] for line in relay.lines(said)] == ["http_threads"] * 2
    assert relay.metric(needs) == 1
    relay.config.write_text(good + "http_threads = 3\nmax_connections = 50\n", encoding="utf-8")
    relay.reload()
    assert relay.lines(said)[-1]["options"] == "http_threads, max_connections"
    relay.config.write_text("nonsense", encoding="utf-8")
    relay.reload()  # what failed changes nothing
    assert relay.metric(needs) == 1
    relay.config.write_text(good, encoding="utf-8")
    relay.reload()
    assert len(relay.lines(said)) == 3 and relay.metric(needs) == 0


@pytest.mark.parametrize("option", ["listen", "admin"])
def test_a_start_that_fails_leaves_the_store_alone(make_relay, tmp_path, option):
    """A port that is taken is found before the store is opened, at each of systemd's tries."""
    relay = make_relay()
    relay.stop()
    relay.write_config("", {"main": (MAIN_KEY, "http://127.0.0.1:9", "")}, store=tmp_path / "new.db")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = relay.config.read_text(encoding="utf-8")
        relay.config.write_text(re.sub(rf'^{option} = .*', f'{option} = "127.0.0.1:{port}"', text, flags=re.M),
                                encoding="utf-8")
        status, log = serve(relay)
    assert status == 1 and "the port is in use" in log
    assert list(tmp_path.glob("new.db*")) == []
    relay.config.write_text(text, encoding="utf-8")
    relay.start()


@pytest.mark.long(20)
def test_a_verb_waits_for_a_daemon_that_is_at_work(relay):
    """Longer than an answer of Segment is waited for, and it says so."""
    assert relay.post("orders/create", order()).status == 200
    verb = relay.directory / "verbs.conf"
    relay.run("status")  # writes it
    os.kill(relay.process.pid, signal.SIGSTOP)
    try:
        with subprocess.Popen([SEGRELAY, "status", "--config", verb], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            lines = [process.stderr.readline() for _ in range(2)]  # one in ten seconds
            assert process.poll() is None
            os.kill(relay.process.pid, signal.SIGCONT)
            out, rest = process.communicate(timeout=60)
    finally:
        os.kill(relay.process.pid, signal.SIGCONT)
    assert process.returncode == 0 and "orders/create" in out
    assert all("waiting for the daemon" in line for line in lines) and "error" not in rest


def test_a_verb_waits_for_a_daemon_that_starts(relay):
    """The store is locked before anybody listens."""
    relay.stop()
    relay.fix_ports()
    with subprocess.Popen(["flock", f"{relay.database}.lock", "cat"], stdin=subprocess.PIPE) as holder:
        relay.wait(lambda: subprocess.run(["flock", "-n", f"{relay.database}.lock", "true"],
                                          check=False).returncode != 0)
        threading.Timer(1, holder.stdin.close).start()
        began = time.monotonic()
        assert relay.run("status").stderr == ""
        assert time.monotonic() - began > 0.5
        holder.wait(60)
    relay.start()
