"""ReCharge's webhooks: which signatures are taken, the pin to the newer one, repetitions, answers."""

import random
import time

import pytest
from tools.recharge_signing import SECRETS, extended, headers, legacy, v1
from tools.shop import AURORA, FJORD, body

CREATED = "subscription/created"
TOPIC = "recharge:subscription/created"
BOTH_SECRETS = 'recharge_secrets = {"%s", "%s"}' % SECRETS
DAY = 86400


def subscription(number=1):
    return {"subscription": {"id": 27363800 + number, "status": "active"}}


@pytest.fixture
def recharged(make_relay):
    return make_relay(shop_options=BOTH_SECRETS)


def refused(relay, reason):
    code = {"recharge_topic": 503, "recharge_shop": 503, "recharge_stale": 503,
            "recharge_legacy": 503}.get(reason, 401)
    return relay.metric(f'segrelay_http_requests_total{{code="{code}",reason="{reason}"}}')


# ---- signatures ----

@pytest.mark.parametrize("scheme", ["v1", "legacy"])
@pytest.mark.parametrize("secret", SECRETS)
def test_both_signatures_and_all_secrets_are_taken(recharged, scheme, secret):
    answer = recharged.post_recharge(CREATED, subscription(), scheme=scheme, secret=secret)
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert recharged.topic(TOPIC)["received"] == 1


@pytest.mark.parametrize("changed, reason", [
    ({"X-Recharge-Hmac-Sha256": None}, "recharge_unsigned"),
    ({"X-Recharge-Hmac-Sha256": "0" * 63}, "recharge_unsigned"),
    ({"X-Recharge-Hmac-Sha256": "0" * 64}, "recharge_signature"),
    ({"X-Recharge-Hmac-Sha256": "sha256=" + "0" * 64}, "recharge_unsigned")])
def test_the_older_signature_alone(recharged, changed, reason):
    answer = recharged.post_recharge(CREATED, subscription(), scheme="legacy", headers=changed)
    assert (answer.status, answer.body) == (401, b"the signature is missing or wrong\n")
    assert refused(recharged, reason) == 1
    assert recharged.topic(TOPIC) is None


def test_upper_case_digits_are_taken(recharged):
    digits = legacy(body(subscription())).upper()
    assert recharged.post_recharge(CREATED, subscription(), scheme="legacy", headers={
        "X-Recharge-Hmac-Sha256": digits}).status == 200


def test_a_wrong_newer_signature_is_not_helped_by_the_older(recharged):
    now = int(time.time())
    for wrong, reason in ((f"t={now},v1={'0' * 64}", "recharge_signature"),
                          (f"v1={'0' * 64}", "recharge_unsigned"),
                          ("", "recharge_unsigned"),
                          (f"t={now + 1},v1={v1(body(subscription()), now)}", "recharge_unsigned")):
        before = refused(recharged, reason) or 0
        answer = recharged.post_recharge(CREATED, subscription(), t=now, headers={
            "X-Recharge-Webhook-Signature": wrong})
        assert answer.status == 401
        assert refused(recharged, reason) == before + 1


def test_unknown_keys_and_further_signatures_are_passed_over(recharged):
    now = int(time.time())
    own = v1(body(subscription()), now)
    answer = recharged.post_recharge(CREATED, subscription(), t=now, headers={
        "X-Recharge-Webhook-Signature": f"v2=?, t={now}, v1={'0' * 64}, v1={own}",
        "X-Recharge-Hmac-Sha256": None})
    assert answer.status == 200


def test_48_hours_are_the_window(recharged):
    now = int(time.time())
    for number, (t, status) in enumerate([(now - 2 * DAY + 60, 200), (now + 2 * DAY - 60, 200),
                                          (now - 2 * DAY - 60, 503), (now + 2 * DAY + 60, 503)]):
        assert recharged.post_recharge(CREATED, subscription(number), t=t).status == status
    assert refused(recharged, "recharge_stale") == 2
    line = recharged.said("webhook rejected")[0]
    assert line["outcome"] == "recharge_stale"
    assert "it was signed long ago" in line["reason"] and "clock" in line["action"]


def test_other_secrets_open_nothing(recharged):
    for secret in (AURORA.secret, "", "00000000000000000000000000000000"):
        for scheme in ("v1", "legacy"):
            assert recharged.post_recharge(CREATED, subscription(), secret=secret,
                                           scheme=scheme).status == 401
    said = recharged.said("webhook rejected")
    assert said[0]["reason"] == "none of the shop's recharge_secrets made its signature"
    assert said[0]["secrets_tried"] == "2"
    assert said[0]["shop"] == AURORA.domain and said[0]["topic"] == CREATED


def test_v1_alone_can_be_demanded(make_relay):
    relay = make_relay(shop_options=BOTH_SECRETS + " recharge_signature = v1")
    assert relay.post_recharge(CREATED, subscription(), scheme="legacy").status == 503
    assert refused(relay, "recharge_legacy") == 1
    assert relay.post_recharge(CREATED, subscription()).status == 200


# ---- the pin ----

def test_a_shop_that_was_seen_with_the_newer_signature_is_held_to_it(recharged):
    relay = recharged
    assert relay.post_recharge(CREATED, subscription(1), scheme="legacy").status == 200
    assert relay.post_recharge(CREATED, subscription(2)).status == 200
    assert relay.post_recharge(CREATED, subscription(3)).status == 200
    pinned = relay.said("ReCharge signature pinned")
    assert [line["shop"] for line in pinned] == [AURORA.domain]
    answer = relay.post_recharge(CREATED, subscription(4), scheme="legacy")
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0  # ReCharge keeps it
    # what is wrong as well is 401, as ever
    assert relay.post_recharge(CREATED, subscription(4), scheme="legacy", secret="x").status == 401
    line = next(line for line in relay.said("webhook rejected") if line["outcome"] == "recharge_legacy")
    assert "recharge_signature = either" in line["action"]
    # another shop is not
    assert relay.post_recharge(CREATED, subscription(5), FJORD.domain, scheme="legacy").status == 200
    relay.restart()
    assert relay.post_recharge(CREATED, subscription(6), scheme="legacy").status == 503
    assert relay.topic(TOPIC)["received"] == 3
    assert len(relay.said("ReCharge signature pinned")) == 1


def test_the_pin_can_be_taken_off(recharged):
    assert recharged.post_recharge(CREATED, subscription(1)).status == 200
    recharged.write_config(destinations={"main": ("k" * 32, "http://127.0.0.1:9", "")},
                           shop_options=BOTH_SECRETS + " recharge_signature = either")
    recharged.reload()
    assert recharged.post_recharge(CREATED, subscription(2), scheme="legacy").status == 200
    assert recharged.post_recharge(CREATED, subscription(3)).status == 200


# ---- repetitions ----

def test_a_repetition_is_known_under_another_time_and_signature(recharged):
    now = int(time.time())
    for t in (now - 3600, now - 60, now):
        assert recharged.post_recharge(CREATED, subscription(), t=t).status == 200
    topic = recharged.topic(TOPIC)
    assert (topic["received"], topic["repeated"]) == (3, 2)
    # the same body under another topic is another webhook
    assert recharged.post_recharge("subscription/updated", subscription()).status == 200
    assert recharged.topic("recharge:subscription/updated")["repeated"] == 0


# ---- the path and the topic ----

def test_the_topic_is_in_the_path_or_in_the_header(recharged):
    base = f"/webhooks/recharge/{AURORA.domain}"
    for number, (path, header, status) in enumerate([
            (base, CREATED, 200), (base + "/", CREATED, 200), (base + "/" + CREATED, None, 200),
            (base + "/" + CREATED + "?from=recharge", CREATED, 200),
            (f"/webhooks/recharge/{AURORA.domain.upper()}/{CREATED}", CREATED.upper(), 200),
            (base, CREATED.upper(), 200), (base + "/Subscription/Created", None, 200),
            (base, None, 503), (base, "created", 503),
            (base + "/subscription/updated", CREATED, 503),
            (base + "/subscription", CREATED, 404), (base + "/a/b/c", None, 404),
            (base + "//created", None, 404), (base + "/a/", None, 404),
            (base + "/a%2fb%0a", None, 404), ("/webhooks/recharge", CREATED, 404),
            ("/webhooks/recharge/", CREATED, 404), ("/webhooks/recharge//a/b", None, 404),
            (base + "/a/" + "b" * 200, None, 404)]):
        answer = recharged.post_recharge(CREATED, subscription(number), path=path,
                                         headers={"X-Recharge-Topic": header})
        assert answer.status == status, path
    assert recharged.topic(TOPIC)["received"] == 7
    assert refused(recharged, "recharge_topic") == 3


def test_shopifys_headers_say_nothing_here(recharged):
    assert recharged.post_recharge(CREATED, subscription(), headers={
        "X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": FJORD.domain,
        "X-Shopify-Test": "true"}).status == 200
    assert recharged.topic(TOPIC)["received"] == 1
    assert recharged.lines("test webhook skipped") == []


# ---- answers ----

@pytest.mark.parametrize("domain, detail", [
    (AURORA.domain, "the shop has no recharge_secrets"),
    ("unknown.myshopify.com", "the shop is not configured")])
def test_faults_of_ours_are_503(relay, domain, detail):
    """ReCharge may drop a webhook that was answered 4xx, so 4xx is not for what the relay lacks."""
    answer = relay.post_recharge(CREATED, subscription(), domain)
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    line = relay.said("webhook rejected")[0]
    assert line["reason"] == f"the relay has no secret for ReCharge's signature: {detail}"
    assert "recharge_secret_files" in line["action"]
    assert relay.topic(TOPIC) is None


def test_a_full_store_is_503(make_relay, segment):
    relay = make_relay(options='max_store = "1MiB"\nstop_grace = "1s"', shop_options=BOTH_SECRETS)
    segment.stop()  # only what waits fills it
    number, answer = 0, None
    while (answer is None or answer.status == 200) and number < 100:
        number += 1
        answer = relay.post_recharge(CREATED, subscription(number)
                                     | {"note": random.randbytes(20000).hex()})
        time.sleep(0.03)  # the room is looked at once a second
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    assert relay.topic(TOPIC)["received"] == number - 1
    line = relay.said("webhook rejected")[0]
    assert line["outcome"] == "store" and "max_store" in line["reason"] and "ReCharge for 48" in line["action"]
    segment.start()


def test_methods_and_empty_bodies(recharged):
    path = f"/webhooks/recharge/{AURORA.domain}/{CREATED}"
    answer = recharged.post("orders/create", b"", path=path, method="GET")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert recharged.post_recharge(CREATED, b"").status == 400


def test_what_is_appended_to_a_body_is_refused(recharged):
    """The older signature can be made to fit a longer body by whoever has one webhook."""
    first = body(subscription())
    longer, digest = extended(first, legacy(first), len(SECRETS[0]), body(subscription(2)))
    assert legacy(longer) == digest
    followed = [(longer, {"X-Recharge-Hmac-Sha256": digest})]
    followed += [(first + more, {}) for more in (b"\0", b"x", b"{}", b" \0", b"\n]")]
    for content, changed in followed:
        answer = recharged.post_recharge(CREATED, content, scheme="legacy", headers=changed)
        assert answer.status == 401, content
    assert refused(recharged, "recharge_followed") == len(followed)
    assert recharged.topic(TOPIC) is None
    assert recharged.post_recharge(CREATED, first + b" \r\n", scheme="legacy").status == 200


def test_a_broken_body_is_kept_and_set_aside(recharged):
    for content in (b"{", b'{"subscription":', b"\xff", b'{"subscription":{"id":x}}'):
        assert recharged.post_recharge(CREATED, content).status == 200
    assert recharged.topic(TOPIC)["dead"] == 4


@pytest.mark.threads
def test_many_at_once(recharged):
    for number in range(40):
        scheme = "legacy" if number < 20 else "v1"
        assert recharged.post_recharge(CREATED, subscription(number), scheme=scheme).status == 200
    assert recharged.topic(TOPIC)["received"] == 40


def test_headers_as_recharge_sends_them():
    """The tool that signs here agrees with a vector computed elsewhere."""
    made = headers(CREATED, b'{"charge": {"id": 1}}', t=1790000000,
                   secret="recharge-client-secret-for-tests-0123456789")
    assert made["X-Recharge-Hmac-Sha256"] == (
        "180addb04c586449771b7e11f6cbeb9578c9492a5d945314b5afa695980c61a5")
    assert made["X-Recharge-Webhook-Signature"] == (
        "t=1790000000,v1=2822c893fe7d6a6bbf0a3f6e6b10e99a9c01b3989f8c53e9404df6b4e1dc7d1f")


# ---- the verbs ----

def test_post_signs_as_recharge_does(recharged, tmp_path):
    payload = tmp_path / "subscription.json"
    payload.write_bytes(body(subscription()))
    words = ["post", "--recharge", "--shop", AURORA.domain, "--topic", CREATED, str(payload)]
    assert recharged.run(*words, "--legacy").stdout == "200 ok\n"
    assert recharged.run(*words).stdout == "200 ok\n"
    assert recharged.topic(TOPIC)["repeated"] == 1
    assert recharged.run(*words, "--legacy", status=1).stdout.startswith("503")  # pinned by now
    done = recharged.run(*words, "--header", "X-Recharge-Topic: a/b", status=1)
    assert done.stdout.startswith("503")
    secret = tmp_path / "secret"
    secret.write_text(SECRETS[1] + "\n")
    assert recharged.run(*words, "--secret-file", str(secret)).stdout.startswith("200")


def test_post_says_what_it_lacks(relay, tmp_path):
    payload = tmp_path / "subscription.json"
    payload.write_bytes(body(subscription()))
    words = ["--shop", AURORA.domain, "--topic", CREATED, str(payload)]
    assert "has no recharge_secrets" in relay.run("post", "--recharge", *words, status=1).stderr
    assert "requires --recharge" in relay.run("post", "--legacy", *words, status=2).stderr


def test_map_takes_recharges_topics(recharged, tmp_path):
    payload = tmp_path / "subscription.json"
    payload.write_bytes(body({"store": {"id": 1}}))
    done = recharged.run("map", "--shop", AURORA.domain, f"recharge:store/updated={payload}")
    assert "recharge:store/updated" in done.stderr and "skipped: " in done.stderr
