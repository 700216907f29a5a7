"""`segrelay webhooks recharge`: what is registered at ReCharge, what is missing, and what can fail."""

import json
import subprocess
import time

import pytest
from conftest import CANARIES, MAIN_KEY, SEGRELAY
from standin.recharge import Recharge
from tools.recharge_signing import SECRETS, TOKEN
from tools.shop import AURORA

BASE = "https://relay.example.com"
HERE = f"{BASE}/webhooks/recharge/{AURORA.domain}"
TOPICS = 15


@pytest.fixture
def recharge():
    with Recharge(TOKEN) as standin:
        yield standin
        assert standin.violations == []


@pytest.fixture
def run(recharge, tmp_path):
    """Runs the verb; no relay and no store is needed."""
    config = tmp_path / "segrelay.conf"

    def run(what, *words, status=0, token=TOKEN, general="", url=None):
        config.write_text(f'''{general}
            destination "main" {{ write_key = "{MAIN_KEY}" region = us }}
            shop "{AURORA.domain}" {{ secrets = {{"x"}} recharge_secrets = {{"{SECRETS[0]}"}}
              {f'recharge_token = "{token}"' if token else ""}
              recharge_api_url = "{url or recharge.url}/" }}''', encoding="utf-8")
        done = subprocess.run(
            [SEGRELAY, "webhooks", "recharge", what, "--shop", AURORA.domain, *words, "--config",
             config], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == status, done.stderr
        assert [word for word in CANARIES if word in done.stdout + done.stderr] == []
        return done

    return run


def states(done):
    """{topic: state} of what was printed."""
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    return {row[1]: " ".join(row[2:-1]) for row in rows}


def test_list_names_what_is_missing_and_registers_nothing(run, recharge):
    done = run("list", "--url", BASE, status=1)
    assert set(states(done).values()) == {"missing"} and len(states(done)) == TOPICS
    assert f"{TOPICS} registrations missing: register them with `segrelay webhooks recharge sync`" in done.stderr
    assert recharge.webhooks == []


def test_sync_registers_what_is_missing_once(run, recharge):
    done = run("sync", "--url", BASE + "/")
    assert set(states(done).values()) == {"registered"}
    assert len(recharge.webhooks) == TOPICS
    for webhook in recharge.webhooks:
        assert webhook["address"] == f"{HERE}/{webhook['topic']}"
        included = {"subscription": ["customer"]}.get(webhook["topic"].split("/")[0], [])
        if webhook["topic"] == "customer/payment_method_updated":
            included = ["payment_methods"]
        assert webhook["included_objects"] == included
    again = run("sync", "--url", BASE)
    assert set(states(again).values()) == {"ok"} and len(recharge.webhooks) == TOPICS
    assert set(states(run("list", "--url", BASE)).values()) == {"ok"}


def test_sync_mends_what_recharge_deleted(run, recharge):
    run("sync", "--url", BASE)
    gone = recharge.webhooks.pop(3)
    assert states(run("list", "--url", BASE, status=1))[gone["topic"]] == "missing"
    assert states(run("sync", "--url", BASE))[gone["topic"]] == "registered"
    assert len(recharge.webhooks) == TOPICS


def test_what_belongs_to_others_stays_and_is_told(run, recharge):
    run("sync", "--url", BASE)
    recharge.add("charge/paid", "https://erp.example.com/hook")
    recharge.add("charge/refunded", BASE + ".evil.example/x")
    recharge.add("order/deleted", f"{HERE}/order/deleted")
    recharge.add("order/created", f"{HERE}/order/processed")
    recharge.add("address/created", f"{HERE}/address/created")
    recharge.add("store/updated", HERE)
    found = states(run("sync", "--url", BASE))
    assert found["charge/paid"] == found["charge/refunded"] == "elsewhere"
    assert found["order/deleted"] == found["address/created"] == "not needed"
    assert found["order/created"] == found["store/updated"] == "wrong address"
    assert len(recharge.webhooks) == TOPICS + 6
    assert {method for method, _ in recharge.requests} == {"GET", "POST"}
    recharge.add("order/processed", f"{HERE}/order/processed")
    assert run("list", "--url", BASE).stdout.count(" twice ") == 1


def test_a_subscription_without_its_customer_is_named(run, recharge):
    """Of such webhooks each waits for Shopify's id of the customer."""
    run("sync", "--url", BASE)
    recharge.webhooks[0]["included_objects"] = ["metafields"]
    del recharge.webhooks[1]["included_objects"]  # it is not said
    recharge.webhooks[2]["included_objects"] = ["metafields", "customer"]
    found = states(run("list", "--url", BASE))
    assert found.pop(recharge.webhooks[0]["topic"]) == "no customer"
    assert set(found.values()) == {"ok"}


def test_all_pages_are_read(run, recharge):
    recharge.page = 3
    for number in range(10):
        recharge.add("charge/paid", f"https://erp.example.com/{number}")
    run("sync", "--url", BASE)
    assert len(recharge.webhooks) == 10 + TOPICS
    assert run("list", "--url", BASE).stdout.count("erp.example.com") == 10


def test_the_public_url_is_taken_from_the_configuration(run, recharge):
    run("sync", general=f'public_url = "{BASE}/"')
    assert recharge.webhooks[0]["address"].startswith(HERE + "/")
    assert "pass --url or set public_url" in run("list", status=1).stderr
    assert "is not an https:// URL" in run("list", "--url", "http://relay.example.com", status=2).stderr


# ---- what can fail ----

@pytest.mark.parametrize("status, advice", [
    (401, "check recharge_token"), (403, "read_subscriptions"),
    (404, "recharge_api_url"), (302, "recharge_api_url"), (400, "correct the cause")])
def test_refusals_say_what_to_do(run, recharge, status, advice):
    recharge.fail(status, body=f'{{"errors": "no, {TOKEN} is not \x1b[31m good"}}'.encode())
    said = run("list", "--url", BASE, status=1).stderr
    assert f"ReCharge answered {status}" in said and advice in said
    assert "\x1b" not in said and "said the stand-in" not in said
    assert len(recharge.requests) == 1


def test_a_wrong_token(run):
    assert "answered 401" in run("list", "--url", BASE, status=1, token="sk_wrong").stderr
    assert "API tokens" in run("list", "--url", BASE, status=1, token=None).stderr


def test_it_waits_when_recharge_asks_for_it(run, recharge):
    recharge.fail(429, {"Retry-After": "1"}, times=2)
    start = time.monotonic()
    run("sync", "--url", BASE)
    assert time.monotonic() - start >= 2
    recharge.webhooks.pop()
    recharge.requests.clear()
    recharge.fail(200, body=json.dumps({"webhooks": recharge.webhooks}).encode())
    recharge.fail(429, {"Retry-After": "0"})  # it did nothing: this may be posted again
    run("sync", "--url", BASE)
    assert [method for method, _ in recharge.requests] == ["GET", "POST", "POST"]


def test_it_does_not_wait_for_ever(run, recharge):
    recharge.fail(429, {"Retry-After": "1800"})
    assert "try again later" in run("list", "--url", BASE, status=1).stderr
    recharge.fail(429, {"Retry-After": "0"}, times=4)
    assert "answered 429" in run("list", "--url", BASE, status=1).stderr
    recharge.fail(429, {"Retry-After": "1800"}, body=b"")
    assert "answered 429: other programs" in run("list", "--url", BASE, status=1).stderr


def test_an_outage_is_waited_for_when_nothing_can_happen_twice(run, recharge):
    recharge.fail(503, {"Retry-After": "0"}, times=3)
    run("sync", "--url", BASE)
    recharge.webhooks.clear()
    recharge.requests.clear()
    recharge.fail(200, body=b'{"webhooks": []}')
    recharge.fail(502, {"Retry-After": "0"})
    done = run("sync", "--url", BASE, status=1)
    assert "subscription/created: ReCharge answered 502" in done.stderr
    assert "1 registration missing" in done.stderr and len(recharge.webhooks) == TOPICS - 1
    assert states(done)["subscription/created"] == "failed"
    assert len(recharge.requests) == 1 + TOPICS  # none of them twice
    assert states(run("sync", "--url", BASE))["subscription/created"] == "registered"


def test_what_all_fail_for_is_said_once(run, recharge):
    recharge.fail(200, body=b'{"webhooks": []}')
    recharge.fail(403, times=TOPICS)
    done = run("sync", "--url", BASE, status=1)
    assert done.stderr.count("answered 403") == 1 and f"{TOPICS} registrations missing" in done.stderr
    assert set(states(done).values()) == {"failed"}


def test_a_connection_that_ends_is_no_answer(run, recharge):
    recharge.fail(200, body=b'{"webhooks": []}')
    recharge.fail(0)
    said = run("sync", "--url", BASE, status=1).stderr
    assert "subscription/created: ReCharge did not answer" in said and "try again later" in said
    assert len(recharge.requests) == 1 + TOPICS  # it may be registered: the next list tells


def test_objects_that_recharge_does_not_have_are_left_out(run, recharge):
    recharge.refused_objects = {"payment_methods"}
    run("sync", "--url", BASE)
    assert len(recharge.webhooks) == TOPICS
    assert recharge.webhooks[-1]["included_objects"] == []


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"", b'{"webhooks": 1}', b'{"webhooks": []'])
def test_an_answer_that_is_no_list(run, recharge, body):
    recharge.fail(200, body=body)
    assert "is not a list of webhooks" in run("sync", "--url", BASE, status=1).stderr
    assert len(recharge.requests) == 1


def test_nobody_there(run):
    said = run("list", "--url", BASE, status=1, url="http://127.0.0.1:1").stderr
    assert "ReCharge did not answer" in said and "127.0.0.1:1/webhooks" in said
    assert "try again later" in said


def test_every_topic_that_is_told_is_registered(run, recharge):
    """The verb's table against the catalogue's rules."""
    run("sync", "--url", BASE)
    registered = {"recharge:" + webhook["topic"] for webhook in recharge.webhooks}
    events = subprocess.run([SEGRELAY, "map", "--events"], capture_output=True, text=True,
                            check=True).stdout
    told = {topic for line in events.splitlines() for topic in json.loads(line)["topics"]
            if topic.startswith("recharge:")}
    assert told <= registered
    # and what names a new subscriber by Shopify's id
    assert registered - told == {"recharge:charge/created", "recharge:customer/created"}
