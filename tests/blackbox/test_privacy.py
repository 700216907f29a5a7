"""Forgetting: nothing is left of who is forgotten, and nothing is taken from anybody else."""

import dataclasses
import json
import os
import pty
import re
import sqlite3
import subprocess
import threading
import time

import pytest
from conftest import MAIN_KEY, OTHER_KEY, SEGRELAY
from standin.segment import answer, is_order, poison
from tools import recharge, recharge_signing, storefront
from tools import shop as shops
from tools.journeys import (
    cart, checkout, data_request, email_consent, product, purchasing_summary, redact, shop_redact,
    tags_changed, transaction, uninstalled)
from tools.recharge import NEW, OLD, account_id_of
from tools.shop import (
    ALMA, AURORA, BROWSER_ID, FJORD, NILS, SHIRT, customer, fulfilment, order, order_id_of, refund, tokens_of)
from tools.subscriber import LIFE

ASKED = "customer data requested"
TOKEN = "sgp_thetokenofthepublicapi"
PUBLIC_API = 'public_api_token = "%s" public_api_url = "%s"'
ALMAS_BROWSER = "b7c1f7a0-6f0e-4f5c-9f3e-2f0f6d7a8c11"
NILS_BROWSER = "5d2f7d0c-91a7-4f0b-8d7e-3b1f0c2a9e44"
OF_ALMA = [ALMA.email, "Thorne", "Larkspur", ALMA.phone, str(ALMA.id), ALMAS_BROWSER,
           "c1-5778367001001cart", "chk5778367001001", "5778367001001"]
OF_NILS = [NILS.email, str(NILS.id), NILS_BROWSER]


def all_of(person, number, browser):
    """Webhooks of everything that somebody does."""
    placed = order(number, person=person, browser_id=browser, lines=[SHIRT])
    return [
        ("carts/create", cart([SHIRT], number=number)),
        ("checkouts/update", checkout("completed", lines=[SHIRT], person=person, number=number,
                                      browser_id=browser)),
        ("orders/create", placed),
        ("order_transactions/create", transaction(placed, status="failure")),
        ("fulfillments/create", fulfilment(placed)),
        ("refunds/create", refund(placed, {0: 1})),
        ("customers/update", customer(person)),
        ("customers/purchasing_summary", purchasing_summary(
            person, lastOrderId=f"gid://shopify/Order/{placed['id']}")),
        ("customer.tags_added", tags_changed(person, "vip")),
        ("customers_email_marketing_consent/update", email_consent(person)),
    ]


def found(directory, words):
    """Which of these words stand in any file of the store."""
    files = [path.read_bytes() for path in directory.glob("segrelay.db*")]
    assert files
    return [word for word in words if any(word.encode() in content for content in files)]


def wait_until_gone(relay, words):
    """Behind the commit, a disk may be slow, what was overwritten is taken off the files."""
    relay.wait(lambda: found(relay.directory, words) == [])


def waits(relay, destination="main"):
    return state(relay, destination).get("waiting", 0)


def state(relay, destination="main (deletions)"):
    """A destination of the status; empty until it is there."""
    return next((each for each in relay.status()["destinations"] if each["name"] == destination), {})


@pytest.fixture(name="relay")
def fixture_relay(make_relay, segment):
    """Two people did everything, one message of each is a dead letter, the rest waits."""
    relay = make_relay(destinations={
        "main": (MAIN_KEY, segment.url, PUBLIC_API % (TOKEN, segment.url))}, options="redact_grace = 0",
        shop_options='cart_settle = "50ms"')
    segment.always(poison(is_order(order(1001)["id"])))
    for topic, payload in all_of(ALMA, 1001, ALMAS_BROWSER):
        assert relay.post(topic, payload).status == 200
    relay.wait(lambda: waits(relay) == 0)
    assert relay.destination()["dead"] > 0
    segment.always(answer(503, retry_after=1))
    assert relay.post("products/update", product()).status == 200
    for topic, payload in all_of(NILS, 1002, NILS_BROWSER):
        assert relay.post(topic, payload).status == 200
    assert relay.post("orders/create", order(1003)).status == 200
    relay.wait(lambda: waits(relay) > 10)
    # some wait in the sender's memory, to be tried again
    relay.wait(lambda: relay.destination()["failures"] > 0)
    return relay


def wait_until_forgotten(relay, what="customer erased"):
    relay.said(what)
    time.sleep(0.3)  # the sender gives up what it holds


def test_a_customer_is_forgotten_for_good(relay, segment):
    assert relay.post("customers/redact", redact(orders=(1001, 1003))).status == 200
    wait_until_forgotten(relay)
    relay.wait(lambda: segment.deletions)
    segment.always(None)
    relay.wait(lambda: waits(relay) == waits(relay, "main (deletions)") == 0)
    assert segment.deletions == [(TOKEN, "/regulations", [str(ALMA.id)])]
    assert relay.destination()["dead"] == 0
    assert relay.metric("segrelay_counters_balanced") == 1
    wait_until_gone(relay, OF_ALMA)  # from the WAL, too
    relay.stop()
    assert found(relay.directory, OF_ALMA) == []
    assert found(relay.directory, OF_NILS) == OF_NILS
    told = [message for message in segment.unique() if message.get("userId") == str(NILS.id)]
    assert {message.get("event") for message in told} >= {
        "Order Completed", "Payment Failure", "Fulfilment Update", "Order Refunded"}
    after = [message for message in segment.unique() if "5778367001003" in str(message)]
    assert after == []  # it waited, and was of her


def test_what_comes_after_it_is_told(relay, segment):
    assert relay.post("customers/redact", redact()).status == 200
    relay.said("customer erased")
    segment.always(None)
    assert relay.post("orders/create", order(1004)).status == 200
    segment.wait(lambda: any("5778367001004" in str(message) for message in segment.unique()))


def test_a_shop_is_forgotten_for_good(relay, segment):
    segment.always(None)
    assert relay.post("orders/create", order(2001, shop=FJORD, person=NILS), shop=FJORD).status == 200
    assert relay.post("shop/redact", shop_redact()).status == 200
    relay.said("shop erased")
    relay.wait(lambda: segment.deletions)
    assert sorted(segment.deletions[0][2]) == sorted([str(ALMA.id), str(NILS.id)])
    relay.wait(lambda: waits(relay) == 0)
    assert relay.metric("segrelay_counters_balanced") == 1
    assert relay.post("refunds/create", refund(order(2001, shop=FJORD, person=NILS), {0: 1}),
                      shop=FJORD).status == 200
    segment.wait(lambda: "#2001" in [message["properties"].get("order_name")
                                     for message in segment.events("Order Refunded")])
    relay.stop()
    assert found(relay.directory, OF_ALMA[:5]) == []


def test_a_job_survives_a_crash(relay, segment):
    assert relay.post("customers/redact", redact()).status == 200
    relay.kill()
    relay.start()
    relay.said("customer erased")
    segment.always(None)
    relay.wait(lambda: segment.deletions and waits(relay, "main (deletions)") == 0)
    wait_until_gone(relay, OF_ALMA[:2])
    relay.kill()
    relay.start()
    wait_until_gone(relay, OF_ALMA)


def test_ids_that_are_gone_are_passed_over(make_relay, segment):
    relay = make_relay()
    assert relay.post("orders/create", order(1002, person=NILS)).status == 200
    segment.wait_for(1)
    relay.stop()
    with sqlite3.connect(relay.directory / "segrelay.db") as store:
        assert store.execute("UPDATE sqlite_sequence SET seq = seq + 1000000000").rowcount > 1
    store.close()
    relay.start()
    assert relay.post("orders/create", order(1003)).status == 200
    assert relay.post("customers/redact", redact(orders=(1003,))).status == 200
    wait_until_forgotten(relay)
    wait_until_gone(relay, [ALMA.email, "5778367001003"])


def test_large_bodies_are_looked_at_one_by_one(make_relay, segment):
    """Forgetting takes no more memory than telling did."""
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, "")})
    notes = [{"name": f"answer {i}", "value": "x" * 20} for i in range(20000)]
    for number in range(1001, 1031):
        assert relay.post("orders/create", order(number, person=NILS, note_attributes=notes)).status == 200
    segment.wait_for(30)
    before = relay.memory("VmHWM")
    assert relay.post("customers/redact", redact()).status == 200
    wait_until_forgotten(relay)
    assert relay.memory("VmHWM") - before < 24 << 20
    assert found(relay.directory, OF_NILS[:1]) == OF_NILS[:1]


def test_more_ids_than_are_looked_for_are_named(make_relay):
    relay = make_relay()
    said = "customer data found in part"
    assert relay.post("customers/redact", redact(orders=range(10, 1000))).status == 200
    wait_until_forgotten(relay)
    assert relay.lines(said) == []
    assert relay.post("customers/redact", redact(orders=range(10, 20020))).status == 200
    assert "segrelay erase" in relay.said(said)[0]["action"]


def test_a_cart_that_rests_is_forgotten_with_its_timer(make_relay, segment):
    relay = make_relay(shop_options='cart_settle = "60s"')
    for topic, payload in all_of(ALMA, 1001, ALMAS_BROWSER):
        assert relay.post(topic, payload).status == 200
    assert relay.metric("segrelay_timers_waiting") == 1
    assert relay.post("customers/redact", redact()).status == 200
    relay.said("customer erased")
    assert relay.metric("segrelay_timers_waiting") == 0
    wait_until_gone(relay, OF_ALMA)


def test_a_refused_deletion_is_the_operators_task(relay, segment):
    segment.fail_deletions(answer(503))
    segment.fail_deletions(answer(400, b'{"errors": [{"message": "no such user"}]}'))
    assert relay.post("customers/redact", redact()).status == 200
    relay.wait(lambda: state(relay).get("dead") == 1)
    assert "no such user" in relay.run("dead", "list").stdout
    refused = relay.said("deletion moved to dead letters")[0]
    assert "no such user" in refused["answer"] and "by hand" in refused["action"]
    letter = relay.run("dead", "list").stdout.splitlines()[-1].split()[0]
    relay.run("dead", "requeue", letter)
    relay.wait(lambda: segment.deletions)
    assert state(relay)["dead"] == 0
    segment.always(None)


@pytest.mark.parametrize("filters", [["--all"], ["--shop", AURORA.domain], ["--destination", "main (deletions)"]])
def test_only_its_id_drops_a_deletion(relay, segment, filters):
    segment.stop()
    assert relay.post("orders/create", shops.order(1001)).status == 200
    assert relay.post("customers/redact", redact()).status == 200
    relay.wait(lambda: waits(relay, "main (deletions)") == 1)
    printed = relay.run("outbox", "drop", *filters, "--yes").stdout
    assert "deletion requests kept: 1" in printed and waits(relay, "main (deletions)") == 1
    counted = json.loads(relay.run("outbox", "drop", *filters, "--yes", "--json").stdout)
    assert counted["deletions_kept"] == 1  # what the sender had may be dropped by now, too
    page = json.loads(relay.run("outbox", "list", "--json", "--destination", "main (deletions)").stdout)
    assert "dropped: 1\n" in relay.run("outbox", "drop", str(page["messages"][0]["id"])).stdout
    assert waits(relay, "main (deletions)") == 0
    segment.start()
    assert segment.deletions == []


def test_a_refused_token_holds_the_deletions(relay, segment):
    segment.fail_deletions(answer(403))
    assert relay.post("customers/redact", redact()).status == 200
    relay.wait(lambda: state(relay).get("failures", 0) > 0)
    assert waits(relay, "main (deletions)") == 1
    assert TOKEN not in relay.log()
    relay.reload()
    relay.wait(lambda: segment.deletions)
    segment.always(None)


def test_a_customer_who_asks_is_told_of_to_the_operator(relay, segment):
    assert relay.post("customers/data_request", data_request()).status == 200
    line = relay.said(ASKED)[0]
    assert line["request"] == "44017" and line["customer"] == str(ALMA.id)
    assert int(line["deliveries"]) >= 10 and int(line["records"]) >= 4
    assert int(line["messages"]) > 0 and int(line["dead_letters"]) > 0
    assert segment.deletions == []
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)


def test_an_uninstalled_app_is_named(relay, segment):
    assert relay.post("app/uninstalled", uninstalled()).status == 200
    relay.said("app uninstalled")
    segment.always(None)


def erase(relay, *words, shop=AURORA, status=0, stdin=None):
    return relay.run("erase", "--shop", shop.domain, *words, status=status, stdin=stdin)


def of_alma(*words):
    return ["--customer", str(ALMA.id), *words]


def counted(stdout):
    """The table of what would be removed."""
    rows = [line.rsplit(maxsplit=1) for line in stdout.splitlines() if re.search(r"\S  +\d+$", line)]
    return {name.strip(): int(number) for name, number in rows}


def without_shop(relay, shop=AURORA):
    """Takes a shop out of the configuration."""
    text = relay.config.read_text(encoding="utf-8")
    relay.config.write_text(re.sub(rf'shop "{re.escape(shop.domain)}" {{.*?\n}}\n', "", text, flags=re.S),
                            encoding="utf-8")
    assert shop.domain not in relay.config.read_text(encoding="utf-8")


@pytest.mark.parametrize("running", [True, False])
def test_the_verb(relay, segment, running):
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)
    if not running:
        relay.stop()
    said = erase(relay, *of_alma("--yes"))
    assert f"erased: customer {ALMA.id} of {shops.AURORA.domain}" in said.stdout
    assert "No destination was asked" not in said.stdout
    for no_id in ("x", "", ALMA.email, "1" * 21, "-1"):
        said = erase(relay, "--customer", no_id, "--yes", status=2)
        assert "--customer must be" in said.stderr
    for no_shop in ("", "a shop", "https://x.myshopify.com"):
        said = relay.run("erase", "--shop", no_shop, "--yes", status=2)
        assert "needs --shop" in said.stderr
    if running:
        relay.wait(lambda: segment.deletions)
        relay.stop()
        assert segment.deletions
    # in the other case Segment is still to be asked
    assert found(relay.directory, OF_ALMA[:5]) == ([] if running else [str(ALMA.id)])
    relay.start()
    relay.wait(lambda: segment.deletions)
    relay.wait(lambda: waits(relay, "main (deletions)") == 0)


@pytest.mark.parametrize("running", [True, False])
def test_a_dry_run_shows_how_much_and_removes_nothing(relay, segment, running):
    if not running:
        relay.stop()
    before = found(relay.directory, OF_ALMA)
    shown = erase(relay, *of_alma("--dry-run")).stdout
    counts = counted(shown)
    assert counts["record: order"] == 2 and counts["record: customer"] == 1 and counts["record: link"] >= 1
    assert counts["deliveries"] >= 10 and counts["dead letters"] >= 1 and counts["queued messages"] > 0
    assert [word for word in OF_ALMA if word in shown] == [str(ALMA.id)]  # which was given
    assert counted(erase(relay, *of_alma("--dry-run", "--yes")).stdout) == counts
    of_shop = counted(erase(relay, "--dry-run").stdout)
    assert of_shop["record: customer"] == 2 and of_shop["deliveries"] > counts["deliveries"] + 9
    assert "is stored" in erase(relay, "--customer", "77", "--dry-run").stdout
    assert found(relay.directory, OF_ALMA) == before
    assert segment.deletions == []
    if not running:
        relay.start()
    assert relay.lines("customer erased") == relay.lines("shop erased") == []
    assert erase(relay, *of_alma("--yes")).stdout.startswith(shown)
    log = relay.said("customer erased")[0]
    assert int(log["records"]) == sum(count for kind, count in counts.items() if kind.startswith("record"))
    assert int(log["deliveries"]) == counts["deliveries"] and int(log["dead_letters"]) == counts["dead letters"]
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)


def on_a_terminal(relay, answer, *words):
    """Runs the verb with a terminal as its standard input."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        return subprocess.run([SEGRELAY, "erase", *words, "--config", relay.config], stdin=theirs,
                              capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(ours)
        os.close(theirs)


def test_it_asks_on_a_terminal_and_nowhere_else(relay, segment):
    relay.stop()
    before = found(relay.directory, OF_ALMA)
    for stdin in ("", "yes\n"):
        said = erase(relay, *of_alma(), status=1, stdin=stdin)
        assert "needs --yes without a terminal" in said.stderr and said.stdout == ""
    words = ["--shop", shops.AURORA.domain, *of_alma()]
    for refusal in ("no\n", "\n", "y\n", "YES\n", "yes please\n", "\x04"):
        done = on_a_terminal(relay, refusal, *words)
        assert done.returncode == 1 and "nothing was erased" in done.stderr
        assert "record: order" in done.stdout and "permanently? (yes/no)" in done.stdout
    assert found(relay.directory, OF_ALMA) == before
    done = on_a_terminal(relay, "yes\n", *words)
    assert done.returncode == 0 and "erased: " in done.stdout
    assert found(relay.directory, OF_ALMA[:4]) == []
    segment.always(None)
    relay.start()
    relay.wait(lambda: segment.deletions and waits(relay) == waits(relay, "main (deletions)") == 0)


def test_the_old_verb_is_gone(relay, segment):
    segment.always(None)
    done = subprocess.run([SEGRELAY, "forget", "--help"], capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 2 and "unknown verb" in done.stderr


# ---- what is no longer in the configuration ----

@pytest.mark.parametrize("running", [True, False])
def test_a_shop_that_is_no_longer_configured_is_erased(relay, segment, running):
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)
    assert relay.post("orders/create", order(2001, shop=FJORD, person=NILS), shop=FJORD).status == 200
    relay.stop()
    without_shop(relay)
    relay.start()
    late = relay.post("shop/redact", shop_redact())
    assert late.status in (401, 403, 404)  # nobody can verify it
    if not running:
        relay.stop()
    shown = erase(relay, "--yes")
    assert counted(shown.stdout)["record: customer"] == 2
    assert f"erased: the whole shop {shops.AURORA.domain}" in shown.stdout
    assert "No destination was asked to delete users" in shown.stdout
    wait_until_gone(relay, OF_ALMA[:5])
    assert str(order(2001)["id"]) in found(relay.directory, [str(order(2001)["id"])])
    said = erase(relay, "--yes", status=1)
    assert f'"{shops.AURORA.domain}" is not in ' in said.stderr and "no data of it is stored" in said.stderr
    said = relay.run("erase", "--shop", "nobody.myshopify.com", "--customer", "1", "--yes", status=1)
    assert '"nobody.myshopify.com" is not in ' in said.stderr
    if not running:
        relay.start()
    assert relay.metric("segrelay_counters_balanced") == 1
    assert segment.deletions == []


def test_a_customer_of_a_shop_that_is_no_longer_configured_is_erased(relay, segment):
    relay.stop()
    without_shop(relay)
    relay.start()
    shown = erase(relay, *of_alma("--yes"), shop=dataclasses.replace(AURORA, domain=AURORA.domain.upper()))
    assert counted(shown.stdout)["record: order"] == 2
    wait_until_gone(relay, OF_ALMA)
    assert found(relay.directory, OF_NILS) == OF_NILS
    line = relay.said("Segment not asked to delete users")[0]
    assert line["shop"] == AURORA.domain and line["customer"] == str(ALMA.id) and "by hand" in line["action"]
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)
    assert [message for message in segment.unique() if "5778367001003" in str(message)] == []


def test_a_job_goes_on_when_its_shop_is_taken_out(relay, segment):
    """The webhook came before that; the process was killed before the job ended."""
    assert relay.post("customers/redact", redact(orders=(1001, 1003))).status == 200
    relay.kill()
    without_shop(relay)
    relay.start()
    relay.said("customer erased")
    wait_until_gone(relay, OF_ALMA)
    assert found(relay.directory, OF_NILS) == OF_NILS
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)


def test_a_timer_that_has_outlived_its_record_goes_too(make_relay):
    """Of a shop that is not configured it is put off for ever, and its key is a cart's token."""
    relay = make_relay(shop_options='cart_settle = "60s"')
    for number in (1001, 1002):
        assert relay.post("carts/create", cart([SHIRT], number=number)).status == 200
    assert relay.post("carts/create", cart([SHIRT], number=3, shop=FJORD), shop=FJORD).status == 200
    assert relay.metric("segrelay_timers_waiting") == 3
    relay.stop()
    with sqlite3.connect(relay.directory / "segrelay.db") as store:
        assert store.execute("DELETE FROM records WHERE kind = 'cart' AND key LIKE '%1001cart'").rowcount == 1
    store.close()
    without_shop(relay)
    relay.start()
    erase(relay, "--yes")
    assert relay.metric("segrelay_timers_waiting") == 1
    wait_until_gone(relay, ["5778367001001cart", "5778367001002cart"])


# ---- what else names a person ----

def test_what_a_browser_did_under_other_carts_is_erased(make_relay, segment):
    """The links name nobody, but the browser is hers. Those that name somebody else stay."""
    from test_storefront import GENERAL, SHOP, collect  # noqa: PLC0415
    relay = make_relay(options=GENERAL, shop_options=SHOP)
    browser, others = "0b9f6c1e-1111-4c52-9a39-9c3d3f7a0001", "0b9f6c1e-2222-4c52-9a39-9c3d3f7a0002"
    for number in (1001, 1005, 1006, 1007):
        hint = storefront.posted(number=number, browser_id=others if number == 1007 else browser)
        assert collect(relay, hint).status == 204
    assert relay.post("orders/create", order(1001, browser_id=browser)).status == 200
    assert relay.post("orders/create", order(1006, person=NILS, browser_id=browser)).status == 200
    tokens = {number: tokens_of(order_id_of(number))[0] for number in (1001, 1005, 1006, 1007)}

    def links():
        store = sqlite3.connect(f"file:{relay.database}?mode=ro", uri=True)
        try:
            keys = {key for (key,) in store.execute("SELECT key FROM records WHERE kind = 'link'")}
        finally:
            store.close()
        return {number for number, token in tokens.items() if token in keys}

    relay.wait(lambda: waits(relay) == 0)
    relay.stop()
    assert links() == {1001, 1005, 1006, 1007}
    relay.start()
    assert relay.post("customers/redact", redact()).status == 200
    wait_until_forgotten(relay)
    wait_until_gone(relay, [tokens[1001], tokens[1005], ALMA.email])
    relay.stop()
    assert links() == {1006, 1007}
    assert found(relay.directory, [NILS.email, others]) == [NILS.email, others]


def test_what_a_destination_answered_is_erased(make_relay, segment):
    """Segment may quote a message; the status shows the excerpt, and the store keeps it."""
    quoted = f'{{"message": "cannot take {ALMA.email}, Larkspur Lane"}}'.encode()
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, ""), "other": (OTHER_KEY, segment.url, "")})
    segment.always(answer(503, quoted, retry_after=600))
    assert relay.post("orders/create", order(1001)).status == 200
    relay.wait(lambda: all("Larkspur" in state(relay, name).get("reason", "") for name in ("main", "other")))
    relay.stop()
    assert found(relay.directory, [ALMA.email, "Larkspur Lane"]) == [ALMA.email, "Larkspur Lane"]
    relay.log_path.write_text("")  # the answer is logged, too: the stand-in's quote is no relay's
    relay.start()
    assert relay.post("customers/redact", redact()).status == 200
    relay.said("customer erased")
    for name in ("main", "other"):
        assert state(relay, name)["reason"] == "503 (the answer was removed by an erasure)"
        assert state(relay, name)["failures"] > 0
    wait_until_gone(relay, [ALMA.email, "Larkspur"])
    relay.restart()
    assert "paused until" in relay.run("status").stdout
    segment.always(None)


def test_an_answer_that_comes_after_an_erasure_is_not_logged(make_relay, segment):
    """Segment may quote a message that was erased while it was on its way."""
    relay = make_relay()
    arrived, released = threading.Event(), threading.Event()
    quoted = f'{{"message": "cannot take {ALMA.email}, Larkspur Lane"}}'.encode()

    def waits_then_refuses(request):
        arrived.set()
        assert released.wait(60)
        return answer(503, quoted, retry_after=600)(request)

    segment.always(waits_then_refuses)
    assert relay.post("orders/create", order(1001)).status == 200
    assert arrived.wait(60)
    assert relay.post("customers/redact", redact()).status == 200
    relay.said("customer erased")
    released.set()
    assert relay.said("delivery paused")[0]["answer"] == "503 (the answer was removed by an erasure)"
    assert "Larkspur" not in relay.log_path.read_text()
    segment.always(None)


def test_deletions_of_one_source(make_relay, segment):
    relay = make_relay(destinations={
        "main": (MAIN_KEY, segment.url, PUBLIC_API % (TOKEN, segment.url) + ' source_id = "src1"'),
        "other": (OTHER_KEY, segment.url, "")}, shop_options="user_id = email")
    assert relay.post("orders/create", order()).status == 200
    assert relay.post("customers/redact", redact()).status == 200
    relay.wait(lambda: segment.deletions)
    assert segment.deletions == [(TOKEN, "/regulations/sources/src1", [ALMA.email])]


def test_each_user_id_of_a_customer_is_deleted(make_relay, segment):
    """Also those of an e-mail that the customer, or one who was merged into them, does not have any more."""
    relay = make_relay(destinations={"main": (MAIN_KEY, segment.url, PUBLIC_API % (TOKEN, segment.url))},
                       shop_options="user_id = email")
    assert relay.post("customers/create", customer(ALMA)).status == 200
    assert relay.post("customers/create", customer(NILS)).status == 200
    for at, email in (("2030-01-01T00:00:00Z", "b@example.com"), ("2030-01-02T00:00:00Z", "c@example.com")):
        changed = customer(ALMA) | {"email": email, "updated_at": at}
        assert relay.post("customers/update", changed).status == 200
    assert relay.post("customers/merge", {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{ALMA.id}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{NILS.id}",
        "status": "completed"}).status == 200
    assert relay.run("erase", "--yes", "--shop", AURORA.domain, "--customer", str(ALMA.id)).returncode == 0
    relay.wait(lambda: segment.deletions)
    assert sorted(segment.deletions[0][2]) == sorted([ALMA.email, "b@example.com", "c@example.com", NILS.email])


# ---- subscribers ----

RECHARGED = ('recharge_identity_wait = 1h recharge_currency = USD recharge_secrets = {"%s", "%s"}'
             % recharge_signing.SECRETS)
OF_SUBSCRIBER = [ALMA.email, "Thorne", ALMA.phone, str(ALMA.id), str(account_id_of(ALMA)), BROWSER_ID,
                 recharge.PORTAL_HASH, str(recharge.subscription_id_of(1)),
                 str(recharge.charge_id_of(4)), str(recharge.contract()["id"])]


def tell(relay, webhooks):
    for topic, payload in webhooks:
        answered = relay.post_recharge(topic.removeprefix("recharge:"), payload) \
            if topic.startswith("recharge:") else relay.post(topic, payload)
        assert answered.status == 200, topic


def of_contract():
    """An attempt waits for its order."""
    return [("subscription_contracts/create", recharge.contract()),
            ("subscription_billing_attempts/success", recharge.attempt(shopify_number=3001))]


@pytest.mark.parametrize("by_verb", [True, False])
def test_a_subscriber_is_forgotten_for_good(make_relay, segment, by_verb):
    relay = make_relay(shop_options=RECHARGED)
    tell(relay, LIFE[:10])
    relay.wait(lambda: waits(relay) == 0)
    segment.always(answer(503, retry_after=1))
    tell(relay, LIFE[10:] + of_contract())
    tell(relay, [("recharge:customer/updated", recharge.customer(NEW, NILS, hash="61b9ofnils")),
                 ("recharge:subscription/created", recharge.subscription(NEW, number=7, person=NILS))])
    for version in (OLD, NEW):  # nothing leads from Shopify to this topic's body but its account
        tell(relay, [("recharge:address/updated", {"address": {
            "id": 5, "customer_id": account_id_of(ALMA), "first_name": version, "last_name": "Thorne"}})])
    assert found(relay.directory, OF_SUBSCRIBER) == OF_SUBSCRIBER
    if by_verb:
        relay.run("erase", "--shop", shops.AURORA.domain, "--customer", str(ALMA.id), "--yes")
    else:
        assert relay.post("customers/redact", redact()).status == 200
    wait_until_forgotten(relay)
    wait_until_gone(relay, OF_SUBSCRIBER)
    of_nils = [str(NILS.id), str(account_id_of(NILS)), str(recharge.subscription_id_of(7))]
    assert found(relay.directory, of_nils) == of_nils
    assert relay.metric("segrelay_counters_balanced") == 1
    segment.always(None)
    relay.wait(lambda: waits(relay) == 0)
    assert [message["userId"] for message in segment.unique()
            if message.get("event") == "Customer Update"] == [str(NILS.id)]


def test_what_waits_for_a_customer_s_id_is_forgotten_by_its_e_mail(make_relay):
    """ReCharge has not said yet who it is at Shopify."""
    relay = make_relay(shop_options=RECHARGED)
    tell(relay, [("recharge:subscription/created", recharge.subscription(OLD)),
                 ("recharge:charge/failed", recharge.charge(OLD, failed=1)),
                 ("recharge:subscription/created", recharge.subscription(OLD, number=7, person=NILS))])
    assert relay.metric("segrelay_timers_waiting") == 2
    assert relay.post("customers/redact", redact()).status == 200
    wait_until_forgotten(relay)
    assert relay.metric("segrelay_timers_waiting") == 1
    wait_until_gone(relay, OF_SUBSCRIBER)
    assert found(relay.directory, [NILS.email, str(account_id_of(NILS))]) != []
