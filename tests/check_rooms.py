#!/usr/bin/env python3
"""Holds the code against the map of the house: who may include whom, and how large things may grow."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A room may include itself and the rooms below it (CONTRIBUTING.md).
BELOW = {
    "base": set(),
    "config": {"base"},
    "store": {"config", "base"},
    "mapping": {"store", "config", "base"},
    "engine": {"mapping", "store", "config", "base"},
    "send": {"engine", "mapping", "store", "config", "base"},
    "receive": {"engine", "mapping", "store", "config", "base"},
    "admin": {"receive", "send", "engine", "mapping", "store", "config", "base"},
    "commands": {"admin", "receive", "send", "engine", "mapping", "store", "config", "base"},
}
# The rooms of each outside library; cJSON's reading is lent by json.h.
LIBRARIES = {
    "microhttpd.h": {"receive", "admin"},
    "curl/curl.h": {"send"},
    "zlib.h": {"base"},
    "sqlite3.h": {"store"},
    "openssl/": {"base"},
    "uuid/": {"base"},
    "cjson/": {"base"},
    "confuse.h": {"config"},
    "systemd/": {"commands"},
}
FILE_LINES, FUNCTION_LINES = 350, 100
TABLES = {"src/store/sqlite_statements.c"}


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return "commands" if parts[:2] == ("src", "main.c") else parts[1]


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = re.match(r'#include ["<]([^">]+)[">]', line)
        if found:
            yield number, found.group(1)


def check_includes(path):
    room = room_of(path)
    for number, name in includes(path):
        other = name.split("/")[0]
        if other in BELOW and other != room and other not in BELOW[room]:
            yield f"{path}:{number}: {room} may not include {name}"
        for library, owners in LIBRARIES.items():
            if name.startswith(library) and room not in owners:
                yield f"{path}:{number}: {name} belongs to {' and '.join(sorted(owners))}"


def check_sizes(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > FILE_LINES and str(path.relative_to(ROOT)) not in TABLES:
        yield f"{path}: {len(lines)} lines, at most {FILE_LINES}"
    if not lines[0].startswith("/* "):
        yield f"{path}:1: does not say what the file is for"
    start = 0
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start and number - start - 1 > FUNCTION_LINES:
            yield f"{path}:{start}: a function of {number - start - 1} lines"


def bare(path):
    """A source without comments, strings and preprocessor lines."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', " ", text, flags=re.DOTALL)
    return re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)


def defined_in(text):
    """The functions with external linkage that a source defines: clang-format puts the first word of each, and the
    brace of its body, at a line's beginning."""
    for found in re.finditer(r"^(?!static\b|typedef\b|extern\b)[A-Za-z_][\w \t*]*?\b(\w+)\([^;{}]*\)\n\{", text,
                             re.MULTILINE):
        yield found.group(1)


def calls_between(sources):
    """Of each source, the other sources whose functions it calls, with one such function."""
    texts = {path: bare(path) for path in sources}
    owner = {name: path for path, text in texts.items() for name in defined_in(text)}
    graph = {}
    for path, text in texts.items():
        own = set(re.findall(r"^static\b[^;{}()]*?\b(\w+)\(", text, re.MULTILINE))
        called = set(re.findall(r"\b(\w+)\(", text)) - own
        graph[path] = {owner[name]: name for name in sorted(called) if owner.get(name, path) != path}
    return graph


def check_circles(graph):
    """No source may be called by what it calls, however far around. A function that is handed over, or that stands in
    a table, is not a call: so does one below answer to one above."""
    seen = {}

    def visit(path, trail):
        seen[path] = "open"
        for other in sorted(graph[path]):
            if seen.get(other) == "open":
                circle = [*trail[trail.index(other):], other]
                yield "a circle of calls: " + ", ".join(
                    f"{one} calls {graph[one][two]} in {two}" for one, two in zip(circle, circle[1:]))
            elif other not in seen:
                yield from visit(other, [*trail, other])
        seen[path] = "done"

    for path in sorted(graph):
        if path not in seen:
            yield from visit(path, [path])


def check_names(paths):
    """No two files have one base name: a name says where something is."""
    by_name = {}
    for path in paths:
        by_name.setdefault(path.name, []).append(path)
    for same in by_name.values():
        if len(same) > 1:
            yield " and ".join(map(str, same)) + " have one name"


def check_rings(headers):
    """No header may come back to itself through what it includes."""
    graph = {str(path.relative_to(ROOT / "include")): [name for _, name in includes(path)]
             for path in headers}

    def reach(name, trail):
        if name in trail:
            yield "a ring of headers: " + " -> ".join(trail[trail.index(name):] + [name])
            return
        for other in graph.get(name, []):
            yield from reach(other, trail + [name])

    for name in graph:
        yield from reach(name, [])


def main():
    headers = sorted((ROOT / "include").glob("**/*.h"))
    sources = sorted((ROOT / "src").glob("**/*.c"))
    problems = [problem for path in headers + sources
                for problem in (*check_includes(path), *check_sizes(path))]
    problems += sorted(set(check_rings(headers)))
    problems += check_circles(calls_between(sources))
    problems += [*check_names(sources), *check_names(headers)]
    for problem in problems:
        print(problem.replace(str(ROOT) + "/", ""))
    if not problems:
        print(f"rooms: {len(sources)} sources and {len(headers)} headers are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
