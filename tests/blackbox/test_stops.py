"""A stop that was not in order is said at the next start; one that was, is not."""

import signal

from tools.shop import order

UNCLEAN = "unclean stop detected"


def test_a_killed_relay_says_so_at_the_next_start(relay, segment):
    relay.post("orders/create", order())
    relay.kill()
    relay.start()
    line = relay.said(UNCLEAN)[0]
    assert line["started"].startswith("20") and "same messageId" in line["effect"] and line["action"]
    segment.wait_for(2)
    relay.restart()
    relay.post("orders/create", order(1002, id=5600000001002))
    assert len(relay.lines(UNCLEAN)) == 1


def test_a_verb_in_between_does_not_hide_it(relay):
    relay.post("orders/create", order())
    relay.kill()
    relay.run("status")
    relay.start()
    relay.said(UNCLEAN)


def test_an_orderly_stop_is_not_an_unclean_one(relay):
    relay.restart()
    relay.post("orders/create", order())
    relay.process.send_signal(signal.SIGINT)
    relay.process.wait(60)
    relay.process = None
    relay.start()
    relay.post("orders/create", order(1002, id=5600000001002))
    assert relay.lines(UNCLEAN) == []
