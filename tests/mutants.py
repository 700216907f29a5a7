#!/usr/bin/env python3
"""Makes small wrong changes in the code and looks whether a test notices each.

    python3 tests/mutants.py [--count 200] [--seed 1] [--skip 0] [--jobs 2] [--only AREA] [--list]

The changes are drawn by a seed from the files of AREAS: money, identity, deduplication, sending, retention, erasure. Each
is built and tested in a copy of the tree: the unit tests first, then the golden cases, then the black-box modules of its
area. What no test notices is printed, and ends the run with status 1 unless tests/mutants.known explains it. A wrong
change may ask for any memory: each program has MEMORY at most. What was started ends with the run, however that ends.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
KNOWN = ROOT / "tests/mutants.known"
PATIENCE = 600  # seconds for one program of tests; what takes longer hangs, and is noticed
MEMORY = 4 << 30  # bytes of address space of one process; a sanitizer's build would need far more

MAKE = ["make", "-j2", "WARNINGS=-w"]  # a function that is no longer used is not what should notice
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]

# area → its files, the unit tests and the black-box modules that may notice (names or their beginnings)
AREAS = {
    "money": (["base/money.c", "mapping/refund_sums.c", "mapping/coupons.c", "mapping/**/refund*.c", "mapping/**/coupons.c"],
              ["money", "mapping"], []),
    "identity": (["mapping/identity/*.c"],
                 ["mapping", "records", "hints"], ["buyer", "storefront"]),
    "deduplication": (["mapping/calls.c", "engine/queueing.c", "engine/apply.c", "base/ids.c", "engine/outbox.c"],
                      ["base", "mapping", "engine"], ["way", "verbs", "webhooks"]),
    "sending": (["send/*.c"], ["retry", "batch", "sender"], ["sending"]),
    "retention": (["engine/retention_clock.c", "engine/upkeep.c", "engine/timers.c",
                   "store/sqlite_upkeep.c", "store/sqlite_gaps.c"],
                  ["engine", "sqlite", "store"], ["disk", "answers", "buyer"]),
    "erasure": (["engine/privacy*.c", "engine/person_data.c", "engine/words.c", "engine/deletions.c", "engine/privacy/*.c"],
                ["person_data", "engine"], ["privacy"]),
}

# What is looked for in a line of code, and what comes in its place.
CHANGES = [
    (r"(?<![<>=!+\-*/&|])<(?![<=>])", "<="), (r"(?<!-)(?<![<>])>(?![>=])", ">="), (r"<=", "<"), (r">=", ">"),
    (r"==", "!="), (r"!=", "=="), (r"&&", "||"), (r"\|\|", "&&"),
    (r"(?<=[\w)\]] )\+(?= [\w(])", "-"), (r"(?<=[\w)\]] )-(?= [\w(])", "+"),
    (r"(?<=[\w)\]] )\*(?= [\w(])", "+"), (r"\+=", "-="), (r"-=", "+="),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"(?<=[(&| ])!(?=[\w(])", ""), (r"\breturn 0;", "return -1;"), (r"\bcontinue;", "break;"),
    (r"\b0\b(?=[;,)])", "1"), (r"\b1\b(?=[;,)])", "2"), (r"^\t+\w[\w.>\-]*\([^;{}]*\);$", "\t;"),
    (r"^(\t+)(\w[\w.>\-\[\]]*) = [^;{}]*;$", r"\1;"),
]
NEVER = re.compile(r"^\s*(#|/?\*|//|static const|enum|case\b|return;|\}|\(void\)(?:log|snprintf|pthread|text_)|log_)|"
                   r"LOG_|error_set|fail_msg|assert|destroy|release|_free\(|free\(|mutex|sizeof|NULL\)\s*$")


@dataclasses.dataclass(frozen=True)
class Mutant:
    area: str
    file: str
    number: int
    before: str
    after: str

    @property
    def name(self):
        """What stays the same when lines above it come and go."""
        return f"{self.file}: {self.before.strip()} => {self.after.strip()}"


def code_lines(path):
    """(number, line) of each line outside of comments."""
    within = False
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")):
        starts, ends = "/*" in line, "*/" in line
        if not within and not starts:
            yield number, line
        within = (within or starts) and not ends


def sites(area):
    files = sorted({path for pattern in AREAS[area][0] for path in (ROOT / "src").glob(pattern)})
    for path in files:
        for number, line in code_lines(path):
            if NEVER.search(line) or '"' in line:
                continue
            for pattern, replacement in CHANGES:
                for found in re.finditer(pattern, line):
                    changed = line[:found.start()] + found.expand(replacement) + line[found.end():]
                    if changed != line:
                        yield Mutant(area, str(path.relative_to(ROOT)), number, line, changed)


def draw(count, seed, only):
    """As many of each area, by the seed."""
    chance = random.Random(seed)
    areas = [area for area in AREAS if only in (None, area)]
    chosen = []
    for at, area in enumerate(areas):
        own = sorted(set(sites(area)), key=lambda mutant: (mutant.file, mutant.number, mutant.after))
        chance.shuffle(own)
        chosen += own[:count // len(areas) + (at < count % len(areas))]
    return chosen


# ---- trying one ----

class Programs:
    """Those that run, each with all that it starts: a process group of its own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = set()
        self.is_over = False

    def run(self, words, folder, environment):
        """Its status; 1 when it took too long, or the run is over."""
        with self.lock:
            if self.is_over:
                return 1
            program = subprocess.Popen(["prlimit", f"--as={MEMORY}", *words], cwd=folder, env=environment,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            self.running.add(program)
        try:
            return _status_within(PATIENCE, program)
        finally:
            with self.lock:
                self.running.remove(program)
                _end_group(program)
            program.wait()

    def end(self):
        with self.lock:
            self.is_over = True
            for program in self.running:
                _end_group(program)


def _status_within(seconds, program):
    """Leaves it to be waited for: until then nothing else gets its id."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended = os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if ended:
            return ended.si_status
        time.sleep(0.02)
    return 1


def _end_group(program):
    """A relay may be left of a test that failed, when the program itself has ended."""
    os.killpg(program.pid, signal.SIGKILL)


PROGRAMS = Programs()


class Tree:
    """A copy of the sources, built once, in which one change after the other is tried."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(ROOT, folder, symlinks=True,
                        ignore=shutil.ignore_patterns("node_modules", "__pycache__", "build", ".git"))
        assert self.run(*MAKE, "all", "unit-tests") == 0, "the tree does not build"
        assert self.run(*PYTEST, "tests/golden", environment=self.environment()) == 0, "the golden cases fail"

    def run(self, *words, environment=None):
        return PROGRAMS.run(words, self.folder, os.environ | (environment or {}))

    def environment(self):
        """The tests run this tree's program, and leave nothing outside of it."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        return {"SEGRELAY": str(self.folder / "build/release/segrelay"), "TMPDIR": str(self.folder / "tmp")}

    def noticed_by(self, mutant):
        """The first program of tests that fails; "build" when the change does not build, None for none."""
        path = self.folder / mutant.file
        original = path.read_text(encoding="utf-8")
        lines = original.split("\n")
        lines[mutant.number] = mutant.after
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            return self._first_that_fails(mutant)
        finally:
            path.write_text(original, encoding="utf-8")

    def _first_that_fails(self, mutant):
        _, units, modules = AREAS[mutant.area]
        names = [path.stem for path in sorted((self.folder / "tests/unit").glob("test_*.c"))
                 if path.stem.removeprefix("test_").startswith(tuple(units))]
        programs = [f"build/release/tests/unit/{name}" for name in names]
        if self.run(*MAKE, "all", *programs) != 0:
            return "build"
        for program in programs:
            if self.run(program) != 0:
                return program.rpartition("/")[2]
        if mutant.file.startswith(("src/mapping", "src/base")) and \
                self.run(*PYTEST, "tests/golden", environment=self.environment()) != 0:
            return "golden"
        for module in modules:
            if self.run(*PYTEST, f"tests/blackbox/test_{module}.py", environment=self.environment()) != 0:
                return f"test_{module}.py"
        return None


def known():
    """change → why nothing can notice it."""
    explained = {}
    if KNOWN.exists():
        for paragraph in KNOWN.read_text(encoding="utf-8").split("\n\n"):
            lines = [line for line in paragraph.split("\n") if line and not line.startswith("#")]
            if len(lines) >= 2:
                explained[lines[0]] = " ".join(line.strip() for line in lines[1:])
    return explained


def try_all(mutants, jobs):
    """(mutant, who noticed) as they are done."""
    with tempfile.TemporaryDirectory(prefix="mutants.") as folder:
        trees = [Tree(pathlib.Path(folder) / str(number)) for number in range(jobs)]
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            def one(mutant):
                tree = trees.pop()
                try:
                    return mutant, tree.noticed_by(mutant)
                finally:
                    trees.append(tree)
            try:
                for future in concurrent.futures.as_completed([pool.submit(one, mutant) for mutant in mutants]):
                    yield future.result()
            finally:  # when interrupted, too
                PROGRAMS.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="leave out so many at the beginning")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=AREAS)
    parser.add_argument("--list", action="store_true", help="print the changes, try none")
    arguments = parser.parse_args()
    mutants = draw(arguments.count, arguments.seed, arguments.only)[arguments.skip:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if arguments.list:
        print("\n".join(f"{mutant.area}: {mutant.name}" for mutant in mutants))
        return 0
    explained, survivors, counts = known(), [], {}
    with contextlib.closing(try_all(mutants, arguments.jobs)) as tried:
        for at, (mutant, who) in enumerate(tried, 1):
            counts[who or "nobody"] = counts.get(who or "nobody", 0) + 1
            print(f"{at}/{len(mutants)} {mutant.area} {mutant.name}: {who or 'NOT NOTICED'}", flush=True)
            if who is None:
                survivors.append(mutant)
    print("\nnoticed by: " + ", ".join(f"{who} {count}" for who, count in sorted(counts.items())))
    unexplained = [mutant for mutant in survivors if mutant.name not in explained]
    for mutant in survivors:
        print(f"survives: {mutant.file}:{mutant.number + 1}: {mutant.before.strip()} => {mutant.after.strip()}"
              f" ({explained.get(mutant.name, 'not explained')})")
    print(f"{len(mutants) - len(unexplained)} passed, {len(unexplained)} failed")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
