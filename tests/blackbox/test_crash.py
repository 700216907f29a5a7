"""kill -9 in the middle of a load: what was answered 200 arrives, each with its id, none twice."""

import sqlite3
import threading
import time

from standin.segment import answer
from tools.shop import order


class Load:
    """Posts distinct orders from several threads, and notes which were answered 200."""

    def __init__(self, relay, first, threads=2):
        self.relay = relay
        self.answered = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(first + at * 100000,))
                        for at in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        while not self.stopped.is_set():
            try:
                if self.relay.post("orders/create", order(number, id=number)).status == 200:
                    self.answered.append(str(number))
            except OSError:
                time.sleep(0.01)  # it was killed: Shopify, too, tries again
            number += 1

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def test_kill_9_under_load(relay, segment):
    answered = []
    for round_number in range(8):
        if round_number % 2:
            segment.fail(answer(503, retry_after=0))
        load = Load(relay, 5400000000000 + round_number * 1000000)
        time.sleep(0.1 + round_number * 0.03)
        relay.kill()
        load.stop()
        answered += load.answered
        relay.start()
    assert len(answered) > 100
    relay.wait(lambda: relay.destination()["waiting"] == 0, 60)
    arrived = {message["properties"]["order_id"] for message in segment.events("Order Completed")}
    assert set(answered) - arrived == set()
    assert relay.metric("segrelay_counters_balanced") == 1
    events = [message["properties"]["order_id"] for message in segment.events("Order Completed")]
    assert len(events) == len(set(events))
    assert len(segment.identifies()) == len(events)
    relay.stop()
    database = sqlite3.connect(f"file:{relay.directory}/segrelay.db?mode=ro", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    told, different = database.execute("SELECT count(*), count(DISTINCT id) FROM told").fetchone()
    assert told == different == 2 * len(events)
    database.close()
