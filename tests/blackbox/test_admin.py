"""The admin API: health and metrics at an address, everything else on a socket that only its owner reaches."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile

import pytest
from conftest import SEGRELAY
from tools.shop import order
from tools.unix_http import UnixConnection

ORDERS = {"Content-Type": "application/json"}
FOREIGN = ["evil.example", "localhost.evil.example", "127.evil.example", "1.2.3.4.evil.example", "[evil.example]",
           "evil.example:80", "a b", "127.0.0.1@evil.example", "/", "127.0.0.1/evil",
           "127.0.0.1:80evil", "[::1]evil", "[::1]:80x", "127.0.0.1#x"]
OWN = ["127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:9464", "192.0.2.7:80"]


def serve(relay, config, **options):
    return subprocess.run([SEGRELAY, "serve", "--config", config], capture_output=True, text=True, timeout=60,
                          check=False, **options)


def configured(relay, name, **replaced):
    """Another configuration, with a store of its own; its options at the end."""
    path = relay.directory / f"{name}.conf"
    text = relay.config.read_text(encoding="utf-8").replace(str(relay.database), str(relay.directory / f"{name}.db"))
    path.write_text(text + "".join(f'{key} = "{value}"\n' for key, value in replaced.items()), encoding="utf-8")
    return path


# ---- who is answered ----

def test_the_address_serves_health_and_metrics_only(relay):
    relay.post("orders/create", b'{"note":"Thorne"')
    for path in ("/healthz", "/readyz", "/metrics"):
        assert relay.ask_address(path).status == 200 and relay.ask(path).status == 200
        assert relay.ask_address(path, "HEAD").status == 200
    for method, path in (("GET", "/status"), ("HEAD", "/status"), ("GET", "/dead"), ("GET", "/dead/1"),
                         ("GET", "/dead?limit=1"), ("POST", "/dead/drop"), ("POST", "/dead/requeue"),
                         ("POST", "/dead/1"), ("PUT", "/status"), ("DELETE", "/dead")):
        refused = relay.ask_address(path, method, '{"all":true}' if method == "POST" else None, ORDERS)
        assert refused.status == 403, path
        assert method == "HEAD" or relay.socket in json.loads(refused.body)["error"]
    for path in ("/nothing", "/dead/", "/dead/x", "/statuses", "/metrics/", "/"):
        assert relay.ask_address(path).status == 404 and relay.ask(path).status == 404
    assert json.loads(relay.ask("/dead/1").body)["body"] == '{"note":"Thorne"'
    assert relay.metric("segrelay_dead_letters") == 1


@pytest.mark.parametrize("way", ["ask_address", "ask"])
def test_a_name_of_somebody_else_is_not_answered(relay, way):
    """As a page sends it whose name leads to this machine (DNS rebinding)."""
    paths = ["/healthz", "/readyz", "/metrics", "/status", "/dead", "/nothing"]
    for host in FOREIGN:
        for path in paths:
            refused = getattr(relay, way)(path, headers={"Host": host})
            assert refused.status in (400, 403), (host, path)
            assert b"segrelay_" not in refused.body and b"alive" not in refused.body
    for host in OWN:
        assert getattr(relay, way)("/metrics", headers={"Host": host}).status == 200, host


def test_a_probe_without_a_host_is_answered(relay):
    with socket.create_connection(("127.0.0.1", relay.admin), timeout=40) as probe:
        probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b" 200 " in probe.recv(64)


def test_the_name_in_admin_is_answered(make_relay):
    relay = make_relay()
    relay.stop()
    text = relay.config.read_text(encoding="utf-8").replace('admin = "127.0.0.1:0"', 'admin = "localhost:0"')
    relay.config.write_text(text, encoding="utf-8")
    relay.start()
    assert relay.ask_address("/metrics", headers={"Host": f"localhost:{relay.admin}"}).status == 200


def test_what_modifies_is_not_taken_from_pages(relay):
    relay.post("orders/create", b"{broken")
    for headers in ({}, {"Content-Type": "text/plain"}, ORDERS | {"Origin": "https://evil.example"},
                    ORDERS | {"Origin": "null"}, ORDERS | {"Host": "evil.example"}):
        assert relay.ask("/dead/drop", "POST", '{"all":true}', headers).status == 403, headers
    assert relay.metric("segrelay_dead_letters") == 1
    assert relay.ask("/dead/drop", "POST", '{"all":true}', ORDERS).status == 200
    assert relay.metric("segrelay_dead_letters") == 0


# ---- the socket's file ----

def test_only_its_owner_reaches_the_socket(make_relay):
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        relay = make_relay(options=f'admin_socket = "{directory}/admin.sock"')
        status = os.lstat(relay.socket)
        assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o600
        if os.geteuid() == 0:
            ask = f"import socket; socket.socket(socket.AF_UNIX).connect({relay.socket!r})"
            other = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                    sys.executable, "-c", ask],
                                   capture_output=True, text=True, timeout=40, check=False)
            assert "PermissionError" in other.stderr
        relay.stop()


def test_the_mode_does_not_hang_on_the_umask(make_relay):
    before = os.umask(0)
    try:
        relay = make_relay()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.lstat(relay.socket).st_mode) == 0o600


def test_the_socket_goes_with_the_daemon(relay):
    relay.stop()
    assert not os.path.lexists(relay.socket)
    relay.start()
    assert relay.status()["topics"] == []


def test_the_file_of_a_killed_daemon_is_replaced(relay):
    relay.kill()
    assert os.path.lexists(relay.socket)
    assert "no deliveries" in relay.run("status").stdout  # from the store
    relay.start()
    assert "no deliveries" in relay.run("status").stdout


def test_a_socket_in_use_is_not_taken(relay):
    inode = os.lstat(relay.socket).st_ino
    done = serve(relay, configured(relay, "second", admin_socket=relay.socket))
    assert done.returncode == 1 and "another process listens at this socket" in done.stderr
    assert os.lstat(relay.socket).st_ino == inode
    assert relay.ask("/status").status == 200


def test_a_busy_socket_is_in_use_too(relay):
    """Of a process that is stopped, or has no thread free: it does not answer, but listens."""
    relay.process.send_signal(signal.SIGSTOP)
    try:
        done = serve(relay, configured(relay, "second", admin_socket=relay.socket))
    finally:
        relay.process.send_signal(signal.SIGCONT)
    assert done.returncode == 1 and "another process listens at this socket" in done.stderr
    assert relay.ask("/status").status == 200


def test_the_socket_of_a_successor_is_left_alone(relay):
    """Somebody removed the file, and another daemon has it now."""
    os.unlink(relay.socket)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(relay.socket)
        relay.stop()
        assert os.path.lexists(relay.socket)
    os.unlink(relay.socket)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling", "pipe"])
def test_a_file_that_is_not_a_socket_is_refused(relay, kind):
    path = relay.directory / "taken.sock"
    {"file": lambda: path.write_text("kept"), "folder": path.mkdir,
     "link": lambda: path.symlink_to(relay.config), "dangling": lambda: path.symlink_to("nowhere"),
     "pipe": lambda: os.mkfifo(path)}[kind]()
    before = os.lstat(path)
    done = serve(relay, configured(relay, "second", admin_socket=path))
    assert done.returncode == 1
    assert f'admin_socket = \\"{path}\\": the file exists and is not a socket' in done.stderr
    assert os.lstat(path).st_ino == before.st_ino


def test_a_directory_that_is_missing_is_named(relay):
    done = serve(relay, configured(relay, "second", admin_socket=relay.directory / "no" / "admin.sock"))
    assert done.returncode == 1
    assert "admin_socket = " in done.stderr and "socket's directory: No such file or directory" in done.stderr


def test_a_relative_path_is_refused(relay):
    done = serve(relay, configured(relay, "second", admin_socket="admin.sock"))
    assert done.returncode == 2 and 'admin_socket = \\"admin.sock\\" is not allowed' in done.stderr


def test_two_that_start_at_once_do_not_share_one(relay, tmp_path):
    """The one takes the stale file, the other is refused."""
    relay.stop()
    shared = relay.directory / "shared.sock"
    for round_number in range(5):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(shared))
        with open(tmp_path / f"log{round_number}", "w+b") as log:
            both = [subprocess.Popen([SEGRELAY, "serve", "--config", configured(relay, name, admin_socket=shared)],
                                     stderr=log) for name in ("one", "two")]
            relay.wait(lambda: any(each.poll() is not None for each in both))
            ended = [each for each in both if each.poll() is not None]
            assert [each.returncode for each in ended] == [1]
            left = next(each for each in both if each.poll() is None)
            relay.wait(lambda: b"msg=started" in pathlib.Path(log.name).read_bytes())
            connection = UnixConnection(shared)
            connection.request("GET", "/status")
            assert connection.getresponse().status == 200
            left.send_signal(signal.SIGTERM)
            assert left.wait(60) == 0
        assert not os.path.lexists(shared)
    relay.start()


# ---- where it stands ----

def test_the_verbs_find_it_beside_the_store(relay):
    assert relay.socket == str(relay.database.with_suffix(".sock"))
    relay.post("orders/create", order())
    assert "orders/create" in relay.run("status").stdout


def test_a_path_that_is_longer_than_an_address_holds(make_relay, tmp_path):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    relay = make_relay(store=deep / "segrelay.db")
    assert relay.socket == str(deep / "segrelay.sock")
    assert relay.ask("/status").status == 200
    assert "no deliveries" in relay.run("status").stdout
    relay.kill()
    relay.start()
    relay.stop()
    assert not os.path.lexists(relay.socket)
    relay.start()


def test_a_chosen_path(make_relay, tmp_path):
    chosen = tmp_path / "run"
    chosen.mkdir()
    relay = make_relay(options=f'admin_socket = "{chosen}/own.sock"')
    assert relay.socket == f"{chosen}/own.sock"
    assert "no deliveries" in relay.run("status").stdout


def test_a_store_in_memory_has_none(make_relay, tmp_path):
    config = tmp_path / "memory.conf"
    relay = make_relay()
    config.write_text(relay.config.read_text(encoding="utf-8").replace(f"sqlite:{relay.database}", "sqlite::memory:"),
                      encoding="utf-8")
    with open(tmp_path / "log", "w+b") as log, subprocess.Popen(
            [SEGRELAY, "serve", "--config", config], stderr=log) as other:
        relay.wait(lambda: b"msg=started" in pathlib.Path(log.name).read_bytes())
        admin = int(pathlib.Path(log.name).read_text(encoding="utf-8").split("admin=127.0.0.1:")[1].split()[0])
        connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=40)
        connection.request("GET", "/status")
        refused = connection.getresponse()
        assert refused.status == 403 and b"which is not set" in refused.read()
        other.send_signal(signal.SIGTERM)
        assert other.wait(60) == 0


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs a mount namespace")
def test_the_service_has_it_in_its_runtime_directory(relay, tmp_path):
    """A store in /var/lib/NAME, and /run/NAME beside it."""
    name = f"segrelay-test-{os.getpid()}"
    config = configured(relay, "service")
    config.write_text(config.read_text(encoding="utf-8").replace(
        f"sqlite:{relay.directory}/service.db", f"sqlite:/var/lib/{name}/segrelay.db"), encoding="utf-8")
    script = (f"mount -t tmpfs none /run && mount -t tmpfs none /var/lib && mkdir /run/{name} /var/lib/{name} && "
              f"{{ {SEGRELAY} serve --config {config} 2>{tmp_path}/log & }} && "
              f"until grep -q msg=started {tmp_path}/log; do sleep 0.1; done && "
              f"{SEGRELAY} status --config {config}; kill $!; wait $!; ls -A /run/{name}")
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=120,
                          check=False)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(done.stderr)
    assert f"admin_socket=/run/{name}/admin.sock" in (tmp_path / "log").read_text(encoding="utf-8")
    assert "no deliveries received yet" in done.stdout and "admin.sock" not in done.stdout
