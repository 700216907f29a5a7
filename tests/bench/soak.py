"""Keeps the relay under a bounded load for long, and says whether it stays as it was.

    soak.py BINARY OUT.csv [MINUTES]

RATE webhooks a second of buyers' whole ways; Segment is down for a while now and then. Every ten
seconds a row of the table: resident memory, size of the store's file and of its WAL, answer times,
what waits. What grows by design is what is kept of each webhook (deliveries for at least an hour,
records, told ids): the file is judged by its bytes a webhook, all else as it is. Compared are the
medians of the first and the last third, without the first minute.
"""

import argparse
import csv
import pathlib
import statistics
import sys
import tempfile
import time

import bench
import way

CONFIGURATION = """
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
store = "sqlite:{directory}/bench.db"
max_store = "50GiB"
keep_deliveries = "1h"
destination "main" {{
    write_key = "benchbenchbenchbenchbenchbenchbe"
    url = "http://127.0.0.1:{segment}"
}}
shop "{shop}" {{
    secrets = {{"{secret}"}}
}}
"""
RATE = 200
STEP = 10                # seconds
WARM = 60                # seconds that are not judged
UP, DOWN = 60, 20        # seconds of Segment's times
KEPT_SECONDS = 3600      # keep_deliveries
FLAT = 1.10
COLUMNS = ["seconds", "webhooks", "rss_mib", "db_mib", "wal_mib", "p50_ms", "p99_ms", "waiting",
           "segment"]


def size_mib(path):
    return path.stat().st_size / (1 << 20) if path.exists() else 0.0


def soak(binary, directory, table, minutes):
    """Yields the rows as they come."""
    store = directory / "bench.db"
    sink = bench.Sink(bench.build_tool("sink", binary.parent))
    load = bench.Load(bench.build_tool("load", binary.parent), way.write(directory))
    relay = bench.Relay(binary, directory, sink.port, CONFIGURATION)
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    rows, posted, start, is_up = [], 0, time.monotonic(), True
    while time.monotonic() < start + minutes * 60:
        should_be_up = (time.monotonic() - start) % (UP + DOWN) < UP
        if should_be_up != is_up:
            is_up = should_be_up
            sink.say("up" if is_up else "down")
        answers = load.run(relay, RATE * STEP, RATE)
        posted += answers["answered"]
        row = {"seconds": round(time.monotonic() - start, 1), "webhooks": posted,
               "rss_mib": round(relay.memory_mib(), 1), "db_mib": round(size_mib(store), 1),
               "wal_mib": round(size_mib(directory / "bench.db-wal"), 1),
               "p50_ms": answers["p50_ms"], "p99_ms": answers["p99_ms"],
               "waiting": relay.waiting(), "segment": "up" if is_up else "down"}
        rows.append(row)
        writer.writerow(row)
        table.flush()
        print(" ".join(f"{name}={value}" for name, value in row.items()), flush=True)
    sink.say("up")
    relay.wait_until_sent()
    relay.stop()
    sink.stop()
    return rows


def by_design(rows):
    """What grows by design, a webhook at a time, in MiB: how the file grew in the last third."""
    first, last = rows[-len(rows) // 3], rows[-1]
    return (last["db_mib"] - first["db_mib"]) / (last["webhooks"] - first["webhooks"])


def verdict(rows):
    """Lines that say of each column whether it is flat; whether all are."""
    judged = [row for row in rows if row["seconds"] > WARM] or rows
    third = max(1, len(judged) // 3)
    first, last = judged[:third], judged[-third:]
    lines, good = [], True
    for row in judged:
        row["db_bytes_per_webhook"] = row["db_mib"] * (1 << 20) / row["webhooks"]
    # what must not grow, and what is less than a measurement can tell apart; the WAL's file keeps
    # the size of its largest moment, a checkpoint is due at 4 MiB
    for name, least in (("rss_mib", 1.0), ("wal_mib", 4.0), ("p50_ms", 0.5), ("p99_ms", 5.0),
                        ("db_bytes_per_webhook", 0)):
        before, after = (statistics.median(row[name] for row in part) for part in (first, last))
        flat = after <= max(before * FLAT, before + least)
        good &= flat
        lines.append(f"{name:22} {before:10.2f} -> {after:10.2f}  {'flat' if flat else 'GREW'}")
    lines.append(
        f"the file grows by design, in the last third by {by_design(judged) * 1024:.1f} KiB a "
        f"webhook: for the first {KEPT_SECONDS // 60} minutes by their bodies, always by what is "
        "remembered; while Segment is down by what waits, which is room for more afterwards")
    return lines, good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("minutes", type=float, nargs="?", default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-segrelay-") as directory, \
            open(options.out, "w", encoding="utf-8", newline="") as table:
        rows = soak(options.binary.resolve(), pathlib.Path(directory), table, options.minutes)
    lines, good = verdict(rows)
    print("\n".join(lines))
    print(f"written to {options.out}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
