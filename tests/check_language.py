#!/usr/bin/env python3
"""Finds words that the glossary bans, in identifiers, comments, texts and documents."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Each word with its replacement. A word is a part of an identifier, or a word of a text.
BANNED = {
    "told": "emitted", "tell": "emit, send", "tells": "emits, sends", "telling": "emitting",
    "bury": "dead_letter_add", "buried": "dead letter", "speak_of": "select_one",
    "doubts": "warnings", "mistakes": "errors", "steady": "retention_clock",
    "memories": "records", "made_up": "derived", "made-up": "derived", "errand": "task", "sweep": "expire",
    "scrub": "wipe", "learnt": "stored, update", "verdict": "outcome",
}
WORDS = re.compile(r"(?<![A-Za-z])(" + "|".join(re.escape(word) for word in sorted(BANNED, key=len, reverse=True)) +
                   r")(?![a-z])", re.IGNORECASE)
KEYS = re.compile(r'LOG_(?:STRING|NUMBER|FLAG)\(\s*"(left_out|more_before|because|detail|cause|next|advice|see|undo)"')

# Rooms that are checked.
PLACES = ("src/send/*.[ch]", "include/send/*.h", "src/admin/*.[ch]", "include/admin/*.h", "src/engine/**/*.[ch]",
          "include/engine/**/*.h", "src/mapping/**/*.[ch]", "include/mapping/**/*.h",
          "src/receive/**/*.[ch]", "include/receive/**/*.h", "src/store/*.[ch]", "include/store/*.h",
          "src/commands/*.[ch]", "include/commands/*.h", "src/base/*.[ch]", "include/base/*.h",
          "src/config/*.[ch]", "include/config/*.h", "storefront/*", "config/*.conf", "config/Caddyfile", "systemd/*",
          "scripts/*")
EXEMPT = {"src/store/sqlite_statements.c"}  # its migrations name the old tables
# A text that messageIds are made from, which therefore stays.
FOREIGN = re.compile(r"\"made-up id\"")


def problems(text):
    """(line number, word, replacement) of each problem of a text."""
    for number, line in enumerate(text.splitlines(), 1):
        for match in WORDS.finditer(FOREIGN.sub("", line)):
            yield number, match.group(1), BANNED[match.group(1).lower()]
    for match in KEYS.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, f'log key "{match.group(1)}"', "reason, action, suppressed"


def main():
    found = 0
    for place in PLACES:
        for path in sorted(ROOT.glob(place)):
            name = str(path.relative_to(ROOT))
            if name in EXEMPT:
                continue
            for number, word, replacement in problems(path.read_text(encoding="utf-8")):
                found += 1
                print(f"{name}:{number}: {word}: use {replacement}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
