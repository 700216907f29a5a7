"""The verbs, their words, their exit statuses; reloading."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time

import pytest
from conftest import MAIN_KEY, SEGRELAY
from standin.segment import answer
from tools import shop as shops
from tools.shop import AURORA, order

DEFAULT_PATH = "/etc/segrelay/segrelay.conf"
VERBS = ["serve", "check", "map", "post", "status", "dead", "erase", "webhooks"]


def run(*words):
    return subprocess.run([SEGRELAY, *words], capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb):
    for done in (run(verb, "--help"), run("help", verb)):
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: segrelay {verb}")
        assert "example" in done.stdout


def test_words_that_are_wrong():
    assert run("version").stdout.startswith("segrelay ")
    assert "serve" in run("help").stdout
    assert run().returncode == 2
    done = run("chekc")
    assert done.returncode == 2 and "did you mean check?" in done.stderr
    for words in (["status", "--nothing"], ["map"], ["post", "x"], ["dead", "show", "x"],
                  ["dead", "frob"], ["webhooks", "recharge", "frob"], ["webhooks", "shopify", "list"],
                  ["check", "x"], ["erase"], ["erase", "--customer", "1"], ["erase", "x", "--shop", "a"], ["map", "--shop"], ["serve", "--config"]):
        done = run(*words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("segrelay: ") and "usage: segrelay" in done.stderr


def test_help_prints_the_options():
    everything = run("help", "options")
    assert everything.returncode == 0 and everything.stderr == ""
    assert max(map(len, everything.stdout.splitlines())) <= 80
    objects = [json.loads(line) for line in run("help", "options", "--json").stdout.splitlines()]
    assert {row["section"] for row in objects} == {"root", "destination", "shop"}
    for row in objects:
        assert f"\n  {row['name']}" in everything.stdout
        assert row["description"].split()[0] in everything.stdout and row["value"]
    by_name = {row["name"]: row for row in objects if row["section"] == "root"}
    assert by_name["max_store"]["default"] == "10GiB" and not by_name["max_store"]["list"]
    assert by_name["trusted_proxies"]["list"] and "default" not in by_name["public_url"]


def test_help_prints_single_options():
    both = run("help", "options", "min_free", "disable")
    assert both.returncode == 0
    assert [line.split()[0] for line in both.stdout.splitlines() if line.startswith("  ") and line[2] != " "] == [
        "min_free", "disable", "disable"]
    assert "general options" in both.stdout and 'destination "NAME"' in both.stdout
    wrong = run("help", "options", "min_free", "max_stor")
    assert wrong.returncode == 2 and 'unknown option "max_stor"' in wrong.stderr and wrong.stdout == ""
    assert run("help", "options", "--help").stdout.startswith("usage: segrelay help options")


def test_check(relay):
    assert "valid: 2 shops, 1 destination" in relay.run("check").stdout
    bad = relay.directory / "bad.conf"
    bad.write_text(relay.config.read_text().replace("min_free = 0", "min_fre = 0")
                   + 'listen = "x"\n')
    done = run("check", "--config", str(bad))
    assert done.returncode == 2
    assert 'unknown option "min_fre": did you mean "min_free"?' in done.stderr
    assert 'listen = "x" is not allowed' in done.stderr
    done = run("serve", "--config", str(bad))
    assert done.returncode == 2 and "start failed" in done.stderr


def test_check_warns_of_what_is_not_safe(relay):
    """It is good all the same; the daemon logs the same lines."""
    risky = relay.directory / "risky.conf"
    text = relay.config.read_text(encoding="utf-8").replace('listen = "127.0.0.1:', 'listen = "0.0.0.0:')
    text = text.replace(f'{{"{AURORA.secret}"}}', """{"'0f3a9c51d7e2486bb1a0c4d95e7f6a28'"}""")
    risky.write_text(text.replace(str(relay.database), str(relay.directory / "risky.db")) +
                     'log_level = info\nlog_level = info\n', encoding="utf-8")
    risky.chmod(0o644)
    done = run("check", "--config", str(risky))
    for warned in ('risky.conf:1: warning: listen = "0.0.0.0:', "over plain HTTP", "in quotes", "is set twice",
                   "readable by all users", "min_free is less than twice max_in_memory"):
        assert warned in done.stderr, warned
    assert "valid: 2 shops" in done.stdout
    assert "0f3a9c51" not in done.stderr
    risky.chmod(0o600)
    assert "readable by all users" not in run("check", "--config", str(risky)).stderr
    with subprocess.Popen([SEGRELAY, "serve", "--config", risky], stderr=subprocess.PIPE, text=True) as other:
        lines = []
        while not lines or "msg=started" not in lines[-1]:
            lines.append(other.stderr.readline())
            assert lines[-1]
        other.send_signal(signal.SIGTERM)
        assert other.wait(60) == 0
    assert any("<4>" in line and "in quotes" in line for line in lines)


def test_verbs_do_not_repeat_the_warnings(relay):
    assert "warning" in relay.run("check").stderr
    assert relay.run("status").stderr == ""


def test_what_the_service_s_user_may_not_read(relay):
    """What root finds good need not be so for the service, whose user is another."""
    secret = relay.directory / "secret"
    secret.write_text("shpss\n")
    secret.chmod(0)
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write(relay.config.read_text().replace("secrets = ", f'secret_files = {{"{secret}"}}\n secrets = '))
        config.flush()
        for mode, said in ((0o644, "${CREDENTIALS_DIRECTORY}/NAME"), (0, "chmod 644")):
            os.chmod(config.name, mode)
            done = subprocess.run([*other, SEGRELAY, "check", "--config", config.name],
                                  capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 2
            assert "Permission denied: segrelay's user" in done.stderr and said in done.stderr


@pytest.mark.skipif(os.path.exists(DEFAULT_PATH), reason=f"map reads {DEFAULT_PATH} where it is installed")
def test_map_needs_no_network_and_no_store(tmp_path):
    payload = tmp_path / "order.json"
    payload.write_bytes(shops.body(order()))
    done = run("map", "--shop", AURORA.domain, "--now", "2026-11-23T12:00:00Z",
               f"orders/create={payload}", f"orders/paid={payload}")
    assert done.returncode == 0
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [message["type"] for message in told] == ["alias", "identify", "track"]
    payload.write_text("{")
    done = run("map", "--shop", AURORA.domain, f"orders/create={payload}")
    assert done.returncode == 1 and "dead letter" in done.stderr
    assert run("map", "--shop", AURORA.domain, "orders/create=/nonexistent").returncode == 1


def test_post_signs_as_shopify_does(relay, segment, tmp_path):
    payload = tmp_path / "order.json"
    payload.write_bytes(shops.body(order()))
    words = ["post", "--shop", AURORA.domain, "--topic", "orders/create"]
    assert relay.run(*words, str(payload)).stdout.startswith("200")
    segment.wait_for(2)
    done = relay.run(*words, "--header", "X-Shopify-Hmac-Sha256: x", str(payload), status=1)
    assert done.stdout.startswith("401")
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    done = relay.run(*words, "--secret-file", str(secret), str(payload), status=1)
    assert done.stdout.startswith("401")
    done = relay.run("post", "--shop", "no.myshopify.com", "--topic", "a/b", str(payload), status=1)
    assert "is not configured" in done.stderr
    done = relay.run(*words, "--header", "X-Shopify-Test", str(payload), status=2)
    assert "--header needs a name, a colon and a value" in done.stderr


def test_status_with_and_without_a_daemon(relay, segment):
    relay.post("orders/create", order())
    segment.wait_for(2)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    running = relay.run("status").stdout
    assert "orders/create" in running and "main" in running and " ok" in running
    as_json = json.loads(relay.run("status", "--json").stdout)
    assert as_json["topics"][0]["mapped"] == 1
    relay.stop()
    assert relay.run("status").stdout.splitlines()[1] == running.splitlines()[1]
    relay.start()


def test_a_daemon_that_is_not_where_the_configuration_says(relay):
    """As after a change of `admin_socket` that waits for a restart."""
    config = relay.directory / "changed.conf"
    config.write_text(relay.config.read_text(encoding="utf-8") +
                      f'admin_socket = "{relay.directory}/other.sock"\n', encoding="utf-8")
    done = run("status", "--config", str(config))
    assert done.returncode == 1
    assert "the daemon is running" in done.stderr and "another admin_socket" in done.stderr


def test_status_names_a_pause_with_its_reason(relay, segment):
    segment.always(answer(503, b"busy", retry_after=60))
    relay.post("orders/create", order())
    relay.wait(lambda: relay.destination()["failures"] > 0)
    shown = relay.run("status").stdout
    assert "paused until" in shown and "503 busy" in shown
    segment.always(None)


@pytest.mark.parametrize("with_daemon", [True, False])
def test_dead_letters(relay, with_daemon):
    for number in range(3):
        relay.post("orders/create", b'{"note":"Thorne"' + b" " * number)
    if not with_daemon:
        relay.stop()
    listed = relay.run("dead", "list").stdout
    assert listed.count("orders/create") == 3 and "Thorne" not in listed
    assert len(json.loads(relay.run("dead", "list", "--json").stdout)["dead"]) == 3
    assert '"note":"Thorne"' in relay.run("dead", "show", "1").stdout
    assert "no such dead letter" in relay.run("dead", "show", "77", status=1).stderr
    assert "1 dead letter dropped" in relay.run("dead", "drop", "2").stdout
    assert "77: no such dead letter" in relay.run("dead", "requeue", "77", status=1).stderr
    assert "2 dead letters requeued" in relay.run("dead", "requeue", "--all").stdout
    assert "needs --yes" in relay.run("dead", "drop", "--all", status=1, stdin="").stderr
    if with_daemon:
        assert relay.metric("segrelay_dead_letters") == 2
    assert "2 dead letters dropped" in relay.run("dead", "drop", "--all", "--yes").stdout
    assert "no dead letters" in relay.run("dead", "list").stdout
    if not with_daemon:
        relay.start()
    assert relay.metric("segrelay_dead_letters") == 0


def test_a_dead_webhook_can_be_mapped_once_the_cause_is_gone(relay, segment):
    """The id is missing at first; the rule that needs it is the same, so it stays dead."""
    relay.post("orders/create", {"name": "#1"})
    assert "1 dead letter requeued" in relay.run("dead", "requeue", "1").stdout
    letter = json.loads(relay.run("dead", "show", "2", "--json").stdout)
    assert "no id" in letter["reason"] and letter["delivery"] == 1
    assert relay.topic("orders/create")["dead"] == 1


def test_what_ends_with_a_backslash_is_shown_as_it_is(relay):
    relay.post("orders/create", {"note": "C:\\", "list": [1, {"text": 'say "{,}"'}]})
    shown = relay.run("dead", "show", "1").stdout
    assert shown[shown.index("{"):] == '''{
  "note":"C:\\\\",
  "list":[
    1,
    {
      "text":"say \\"{,}\\""
    }
  ]
}
'''


def test_a_second_daemon_is_refused(relay):
    done = subprocess.run([SEGRELAY, "serve", "--config", relay.config], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1 and "in use by another segrelay" in done.stderr


@pytest.mark.parametrize("option", ["listen", "admin"])
@pytest.mark.parametrize("address, why", [(None, "the port is in use"),
                                          ("203.0.113.9:8080", "this machine does not have this address")])
def test_an_address_that_cannot_be_had_is_named(relay, tmp_path, option, address, why):
    address = address or f"127.0.0.1:{relay.port}"
    text = relay.config.read_text().replace(str(relay.database), str(tmp_path / "other.db"))
    other = tmp_path / "other.conf"
    other.write_text(text.replace(f'{option} = "127.0.0.1:0"', f'{option} = "{address}"'))
    done = run("serve", "--config", str(other))
    assert done.returncode == 1
    assert f'{option} = \\"{address}\\": ' in done.stderr and why in done.stderr


def test_reload_takes_a_good_configuration(relay, segment):
    relay.write_config("min_free = 0\nlog_level = debug", {"main": (MAIN_KEY, segment.url, "")},
                       shop_options="test_orders = send")
    relay.reload()
    relay.post("orders/create", order(test=True))
    segment.wait_for(2)
    assert relay.metric("segrelay_config_reload_success") == 1


def test_reload_keeps_the_old_one_when_the_new_one_is_bad(relay, segment):
    good = relay.config.read_text()
    relay.config.write_text(good + "\nnonsense = 1\n")
    relay.reload()
    assert relay.metric("segrelay_config_reload_success") == 0
    assert 'unknown option \\"nonsense\\"' in relay.log()
    relay.post("orders/create", order())
    segment.wait_for(2)
    relay.config.write_text(good)
    relay.reload()
    assert relay.metric("segrelay_config_reload_success") == 1


def test_reload_says_what_needs_a_restart(relay):
    relay.config.write_text(relay.config.read_text() + "\nhttp_threads = 3\n")
    relay.reload()
    assert relay.said("changed options ignored")[0]["options"] == "http_threads"


def test_health_and_readiness(relay):
    assert relay.get("/healthz").status == 200
    assert json.loads(relay.get("/readyz").body) == {"ready": True, "reasons": []}
    assert relay.get("/nothing").status == 404


def test_systemd_is_told_of_a_reload_with_a_time_behind_its_signal(make_relay, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        relay = make_relay()

        def hear(word):
            while not (said := systemd.recv(4096).decode()).startswith(word):
                pass
            return said

        hear("READY=1")
        for _ in range(10):
            signalled = time.monotonic_ns() // 1000
            relay.process.send_signal(signal.SIGHUP)
            assert int(hear("RELOADING=1").split("MONOTONIC_USEC=")[1]) >= signalled
            hear("READY=1")


def test_long_answers_of_the_daemon_are_read_to_their_end(relay):
    """Of many shops and topics, and of a large webhook that cannot be mapped."""
    for number in range(600):
        assert relay.post(f"made/up{number}", {"id": number}).status == 200
    broken = b'{"note": "' + b"x" * 300_000
    assert relay.post("orders/create", broken).status == 200
    assert relay.run("status").stdout.count("made/up") == 600
    assert "x" * 300_000 in relay.run("dead", "show", "1").stdout
