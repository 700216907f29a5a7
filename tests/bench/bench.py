"""Measures segrelay under a bounded load on loopback and writes the figures to a file.

    bench.py BINARY OUT [--quick]

What is measured, each with the relay as a process of its own (user + system time from /proc):
  webhook   CPU microseconds a webhook: received, stored, mapped to identify and track, sent
  rate      webhooks a second over 64 keep-alive connections, as fast as answers come
  latency   p50 and p99 of the answer at half that rate, counted from when a request was due
  memory    resident MiB after all of that
  backlog   messages a second when 100,000 wait and Segment is there again
  mapping   instructions a webhook for parsing and mapping alone, under callgrind
The load and the stand-in for Segment share the machine's processors with the relay.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHOP = "aurora-outfitters.myshopify.com"
SECRET = "shpss_bench"
AIMS = {  # what each figure should reach: (limit, whether less is better)
    "cpu_us_per_webhook": (150, True),
    "webhooks_per_second": (4000, False),
    "p99_ms_at_half_load": (10, True),
    "memory_mib_after_load": (32, True),
}
CONFIGURATION = """
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
store = "sqlite:{directory}/bench.db"
max_store = "20GiB"
log_level = "info"
destination "main" {{
    write_key = "benchbenchbenchbenchbenchbenchbe"
    url = "http://127.0.0.1:{segment}"
}}
shop "{shop}" {{
    secrets = {{"{secret}"}}
    # two messages an order, so that figures can be compared over time
    alias = no
    disable = {{"Coupon Applied"}}
}}
"""


def build_tool(name, build):
    """Compiles one of the C programs beside this file against the relay's own library."""
    out = build / name
    subprocess.run(
        ["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-g", f"-I{ROOT}/include",
         f"{HERE}/{name}.c", f"{build}/libsegrelay.a", "-o", str(out), "-lcjson", "-lcrypto",
         "-luuid", "-lconfuse", "-pthread"],
        check=True)
    return out


class Sink:
    """The stand-in that answers every batch with 200 at once, or, told to be down, with 503."""

    def __init__(self, program, *words):
        self.process = subprocess.Popen(
            [program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def say(self, word):
        """up or down"""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def stop(self):
        out, _ = self.process.communicate()
        return json.loads(out)


class Relay:
    """A relay of its own with a store in a temporary folder."""

    def __init__(self, binary, directory, segment_port, configuration=CONFIGURATION):
        self.config = directory / "bench.conf"
        self.config.write_text(configuration.format(
            directory=directory, segment=segment_port, shop=SHOP, secret=SECRET))
        self.binary = binary
        self.log = open(directory / "bench.log", "w+", encoding="utf-8")
        self.start()

    def start(self):
        position = self.log.seek(0, os.SEEK_END)
        self.process = subprocess.Popen(
            [self.binary, "serve", "--config", self.config], stderr=self.log)
        for _ in range(1000):
            self.log.seek(position)
            found = re.search(r"msg=started.* listen=\S*:(\d+) admin=\S*:(\d+)", self.log.read())
            if found:
                self.port, self.admin = found.groups()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit(f"the relay did not start: see {self.log.name}")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        ticks = sum(int(value) for value in fields.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024

    def waiting(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        return sum(map(int, re.findall(r"^segrelay_messages_waiting\S* (\d+)", metrics, re.M)))

    def wait_until_sent(self, seconds=300):
        end = time.monotonic() + seconds
        while self.waiting() > 0:
            if time.monotonic() > end:
                sys.exit("the backlog did not drain")
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(30) != 0:
            sys.exit(f"the relay ended with {self.process.returncode}: see {self.log.name}")


class Load:
    """Posts distinct webhooks; each run goes on where the last one ended."""

    def __init__(self, program, templates=HERE / "order.json"):
        self.program = program
        self.templates = templates
        self.next = 5000000000001

    def run(self, relay, count, rate=0):
        out = subprocess.run(
            [self.program, relay.port, SHOP, SECRET, self.templates, str(count), "64",
             str(rate), str(self.next)],
            check=True, capture_output=True, text=True).stdout
        self.next += count
        return json.loads(out)


def bench_webhooks(binary, load, sink_program, directory, count):
    sink = Sink(sink_program)
    relay = Relay(binary, directory, sink.port)
    load.run(relay, 2000)  # warm up
    relay.wait_until_sent()
    before = relay.cpu_seconds()
    full = load.run(relay, count)
    relay.wait_until_sent()
    cpu = relay.cpu_seconds() - before
    half = load.run(relay, min(count, 20000), full["rate"] / 2)
    relay.wait_until_sent()
    figures = {
        "webhooks": count,
        "body_bytes": full["body_bytes"],
        "cpu_us_per_webhook": round(cpu / count * 1e6, 1),
        "webhooks_per_second": full["rate"],
        "p50_ms_at_full_load": full["p50_ms"],
        "p99_ms_at_full_load": full["p99_ms"],
        "p50_ms_at_half_load": half["p50_ms"],
        "p99_ms_at_half_load": half["p99_ms"],
        "memory_mib_after_load": round(relay.memory_mib(), 1),
        "memory_mib_peak": round(relay.peak_mib(), 1),
    }
    relay.stop()
    figures["messages_received"] = sink.stop()["messages"]
    expected = 2 * (2000 + count + min(count, 20000))
    if figures["messages_received"] != expected:
        sys.exit(f"{figures['messages_received']} messages arrived, not {expected}")
    return figures


def bench_backlog(binary, load, sink_program, directory, count):
    """Fills the outbox while nothing listens at Segment's address, then lets it drain."""
    sink = Sink(sink_program)
    port = sink.port
    sink.stop()
    relay = Relay(binary, directory, port)
    load.run(relay, count // 2)
    waiting = relay.waiting()
    relay.stop()
    sink = Sink(sink_program)
    relay.config.write_text(relay.config.read_text().replace(f":{port}", f":{sink.port}"))
    relay.start()  # the pause is remembered: wait for its end before the clock starts
    while relay.waiting() == waiting:
        time.sleep(0.005)
    before = relay.cpu_seconds()
    start = time.monotonic()
    left = relay.waiting()
    relay.wait_until_sent()
    seconds = time.monotonic() - start
    figures = {
        "backlog_messages": waiting,
        "drained_messages_per_second": round(left / seconds),
        "drain_cpu_us_per_message": round((relay.cpu_seconds() - before) / left * 1e6, 1),
        "memory_mib_after_drain": round(relay.memory_mib(), 1),
    }
    relay.stop()
    sink.stop()
    return figures


def bench_mapping(build):
    """Instructions a webhook: the difference of two runs, so that starting does not count."""
    program = build_tool("map_many", build)

    def instructions(count):
        with tempfile.TemporaryDirectory() as directory:
            out = subprocess.run(
                ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out",
                 str(program), str(HERE / "order.json"), str(count)],
                check=True, capture_output=True, text=True).stderr
        return int(re.search(r"Collected : (\d+)", out).group(1))

    return {"mapping_instructions_per_webhook": (instructions(1100) - instructions(100)) // 1000}


def report(figures, out):
    lines = []
    for name, value in figures.items():
        aim = ""
        if name in AIMS:
            limit, less = AIMS[name]
            good = value <= limit if less else value >= limit
            aim = f"  (aim: {'at most' if less else 'at least'} {limit}, {value / limit:.2f} of it" \
                  f"{'' if good else ', MISSED'})"
        lines.append(f"{name:36} {value}{aim}")
    text = "\n".join(lines) + "\n"
    print(text, end="")
    out.write_text(text, encoding="utf-8")
    print(f"written to {out}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="a tenth of the load")
    options = parser.parse_args()
    count = 10000 if options.quick else 100000
    binary = options.binary.resolve()
    build = binary.parent
    load = Load(build_tool("load", build))
    sink = build_tool("sink", build)
    figures = {"machine": f"{os.cpu_count()} processors, {platform.machine()}"}
    with tempfile.TemporaryDirectory(prefix="bench-segrelay-") as directory:
        figures |= bench_webhooks(binary, load, sink, pathlib.Path(directory), count)
    with tempfile.TemporaryDirectory(prefix="bench-segrelay-") as directory:
        figures |= bench_backlog(binary, load, sink, pathlib.Path(directory), count)
    figures |= bench_mapping(build)
    report(figures, options.out)


if __name__ == "__main__":
    main()
