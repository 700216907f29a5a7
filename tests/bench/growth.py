"""Measures whether a webhook costs more when the store is full of what waits, or is remembered.

    growth.py BINARY OUT [ROWS]

Each state of the store gets the same loads at a fixed rate: orders alone, and a buyer's whole way.
Two relays, a full one and an empty one, take turns within seconds of each other, and the one whose
turn it is not is stopped: what else runs on the machine strikes both. Each round gives a ratio of
the two; their median counts. Ends with 1 when one of these is over the aim.
  empty       nothing is there; Segment takes what is sent
  remembered  ROWS (1,000,000) records, with the told ids and deliveries that belong to them (the
              bodies cut short); the relay goes through them to find what is old
  down        nothing is there; Segment answers 503
  waiting     ROWS messages wait; Segment answers 503
The store is filled directly, with copies of the rows that a buyer's way leaves in it.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request

import bench
import way

CONFIGURATION = """
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
store = "sqlite:{directory}/bench.db"
max_store = "50GiB"
destination "main" {{
    write_key = "benchbenchbenchbenchbenchbenchbe"
    url = "http://127.0.0.1:{segment}"
}}
shop "{shop}" {{
    secrets = {{"{secret}"}}
    cart_settle = "1s"
}}
"""
AIM = 1.2  # of what it costs when the store is empty
ROUNDS, ROUND, RATE = 11, 1800, 600
FIGURES = ("cpu_us_per_webhook", "p50_ms", "p99_ms")
BUYER = 4000000000001  # whose rows are copied
BODY = 400             # bytes that are kept of a copied delivery's


def settled(relay, is_up):
    """Waits until no cart rests and, where Segment is up, nothing waits."""
    end = time.monotonic() + 120
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{relay.admin}/metrics", timeout=60) as got:
            timers = re.search(r"^segrelay_timers_waiting (\d+)", got.read().decode(), re.M)
        if timers.group(1) == "0" and not (is_up and relay.waiting()):
            return
        if time.monotonic() > end:
            sys.exit("the relay did not come to rest")
        time.sleep(0.1)


# ---- filling ----

def scrambled(number):
    """The token that `load` makes of a number."""
    mask = (1 << 64) - 1
    number = number + 0x9e3779b97f4a7c15 & mask
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9 & mask
    number = (number ^ number >> 27) * 0x94d049bb133111eb & mask
    return f"{number ^ number >> 31:016x}"


class Copier:
    """Makes another buyer's values of those of one."""

    def __init__(self):
        self.number, self.token = str(BUYER), scrambled(BUYER)
        self.chance = random.Random(1)

    def becomes(self, number):
        self.other, self.other_token = str(number), scrambled(number)

    def text(self, value):
        return value.replace(self.number, self.other).replace(self.token, self.other_token)

    def blob(self, value):
        return self.text(value.decode()).encode()

    def leading(self, number):
        """The number of an id; None where it is none of this buyer's."""
        text = str(number)
        return int(text.replace(self.number, self.other)) if self.number in text else None

    def emitted(self, id):
        """Half an id, half random: see emitted_id() in src/engine/enqueue.c."""
        number = self.leading(int.from_bytes(id[:8], "big"))
        return (id[:8] if number is None else number.to_bytes(8, "big")) + self.chance.randbytes(8)

    def hash(self, value):
        """See hash_of() in src/store/sqlite_outbox.c."""
        number = self.leading(value >> 7)
        return self.chance.getrandbits(63) if number is None else number << 7 | value & 127


def open_store(path):
    database = sqlite3.connect(path, isolation_level=None)
    for word in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
        database.execute(f"PRAGMA {word}")
    database.execute("BEGIN")
    return database


def close_store(database):
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()


def numbers(rows, count):
    return range(BUYER + 1, BUYER + 1 + -(-count // rows))


def fill_messages(path, count):
    database, copier = open_store(path), Copier()
    rows = database.execute("SELECT destination, queued, delivery, with_next, message_id, shop,"
                            " event, json FROM messages").fetchall()

    def made():
        for number in numbers(len(rows), count):
            copier.becomes(number)
            for row in rows:
                yield *row[:4], copier.chance.randbytes(16), *row[5:7], copier.text(row[7])
    database.executemany("INSERT INTO messages (destination, queued, delivery, with_next,"
                         " message_id, shop, event, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", made())
    database.execute("UPDATE destinations SET queued = sent + (SELECT count(*) FROM messages)")
    close_store(database)


def fill_memory(path, count):
    database, copier = open_store(path), Copier()
    records = database.execute("SELECT shop, kind, key, expires, json FROM records").fetchall()
    emitted = database.execute("SELECT id, emitted_at FROM emitted").fetchall()
    deliveries = database.execute(
        "SELECT hash, received, shop, topic, test, webhook_id, api_version, triggered_at,"
        " substr(body, 1, ?) FROM deliveries", [BODY]).fetchall()

    def each(rows, make):
        for number in numbers(len(records), count):
            copier.becomes(number)
            for row in rows:
                yield make(row)
    database.executemany(
        "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?)", each(records, lambda row: (
            *row[:2], copier.text(row[2]), row[3], copier.text(row[4]))))
    database.executemany("INSERT INTO emitted VALUES (?, ?)",
                         each(emitted, lambda row: (copier.emitted(row[0]), row[1])))
    database.executemany(
        "INSERT INTO deliveries (hash, received, shop, topic, fingerprint, test, webhook_id,"
        " api_version, triggered_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        each(deliveries, lambda row: (
            copier.hash(row[0]), *row[1:4], copier.chance.randbytes(32), *row[4:8],
            copier.blob(row[8]))))
    counts = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
              for table in ("records", "emitted", "deliveries")}
    close_store(database)
    return counts


# ---- measuring ----

class Bench:
    """The loads, and a store with one buyer in it."""

    def __init__(self, binary, directory):
        self.binary, self.directory = binary, directory
        program = bench.build_tool("load", binary.parent)
        self.sink = bench.build_tool("sink", binary.parent)
        whole = way.write(directory)
        orders = way.write(directory, ["orders/create"])
        self.loads = {"order": bench.Load(program, orders), "way": bench.Load(program, whole)}
        self.seed = directory / "seed"
        self.seed.mkdir()
        sink = bench.Sink(self.sink, "down")
        relay = bench.Relay(binary, self.seed, sink.port, CONFIGURATION)
        first = bench.Load(program, whole)
        first.next = BUYER
        first.run(relay, len(way.payloads()))
        settled(relay, is_up=False)
        relay.stop()
        sink.stop()

    def start(self, name, is_up, fill=None, rows=0):
        """A relay whose store is in a state."""
        directory = self.directory / name
        shutil.copytree(self.seed, directory)
        start = time.monotonic()
        filled = fill(directory / "bench.db", rows) if fill else None
        size = os.stat(directory / "bench.db").st_size
        print(f"{name}: {filled or rows}, {size >> 20} MiB, filled in "
              f"{time.monotonic() - start:.0f} s", flush=True)
        return State(self, name, directory, is_up)

    def compare(self, full, empty):
        """The lines of a report on two states, which end with it."""
        lines = []
        for name, load in self.loads.items():
            rounds = [take_turns(load, full, empty, number) for number in range(-1, ROUNDS)][1:]
            for index, what in enumerate(FIGURES):
                at, before = ([figures[index] for figures in state] for state in zip(*rounds))
                ratio = statistics.median(full / empty for full, empty in zip(at, before))
                lines.append(f"{full.name:10} {name:5} {what:18} {statistics.median(at):8.2f}  "
                             f"{empty.name:5} {statistics.median(before):8.2f}  "
                             f"ratio {ratio:.2f}{'' if ratio <= AIM else ', MISSED'}")
        full.stop()
        empty.stop()
        return lines


def take_turns(load, full, empty, number):
    """A round: the figures of the full state, and of the empty one."""
    pair = (full, empty) if number % 2 else (empty, full)
    figures = {state: state.measure(load) for state in pair}
    return figures[full], figures[empty]


class State:
    """A relay with its store in a state; it stands still but while it is measured."""

    def __init__(self, own, name, directory, is_up):
        self.name, self.directory, self.is_up = name, directory, is_up
        self.sink = bench.Sink(own.sink, *([] if is_up else ["down"]))
        self.relay = bench.Relay(own.binary, directory, self.sink.port, CONFIGURATION)
        self.relay.process.send_signal(signal.SIGSTOP)

    def measure(self, load):
        """The figures of a load: CPU, p50 and p99."""
        self.relay.process.send_signal(signal.SIGCONT)
        before = self.relay.cpu_seconds()
        answers = load.run(self.relay, ROUND, RATE)
        settled(self.relay, self.is_up)
        cpu = self.relay.cpu_seconds() - before
        self.relay.process.send_signal(signal.SIGSTOP)
        return cpu / ROUND * 1e6, answers["p50_ms"], answers["p99_ms"]

    def stop(self):
        self.relay.process.send_signal(signal.SIGCONT)
        self.relay.stop()
        self.sink.stop()
        shutil.rmtree(self.directory)


def report(lines, out):
    text = "\n".join(lines) + f"\n(aim: at most {AIM})\n"
    print(text, end="")
    out.write_text(text, encoding="utf-8")
    print(f"written to {out}")
    if "MISSED" in text:
        sys.exit("the aim is missed: see the lines that say so")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("rows", type=int, nargs="?", default=1000000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-segrelay-") as directory:
        own = Bench(options.binary.resolve(), pathlib.Path(directory))
        lines = own.compare(own.start("remembered", True, fill_memory, options.rows),
                            own.start("empty", True))
        lines += own.compare(own.start("waiting", False, fill_messages, options.rows),
                             own.start("down", False))
    report(lines, options.out)


if __name__ == "__main__":
    main()
