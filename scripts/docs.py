#!/usr/bin/env python3
"""Writes the generated parts of the documents, or checks them.

    scripts/docs.py          writes them
    scripts/docs.py --check  names what differs; the exit status is 1 then

A generated part stands between two comments: `begin KIND NAME` and `end`. The program gives the facts: `segrelay help
options --json` the options, `segrelay map --events` topics and sources. Types are those of tests/standin/validate.py,
which the tests hold against every message; meanings stand in docs/properties.txt; examples are golden cases.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "golden"))
from standin import exact, validate  # noqa: E402
from tools import golden_common  # noqa: E402

SEGRELAY = os.environ.get("SEGRELAY", str(ROOT / "build/release/segrelay"))
FILES = ("README.md", "docs/events.md", "docs/segrelay.conf.5")
BLOCK = re.compile(r'(?P<begin>(?:<!--|\.\\") begin (?P<kind>\w+) (?P<name>.*?)(?: -->)?\n)'
                   r'.*?(?P<end>(?:<!--|\.\\") end(?: -->)?\n)', re.DOTALL)
TYPES = {
    "text": "string", "shopify_id": "string (digits)", "token": "string", "amount": "number",
    "count": "integer", "step": "integer, 1 to 3", "flag": "boolean", "truth": "`true`",
    "amount_text": "string (amount)", "currency": "string (ISO 4217)", "time": "string (UTC time)",
    "day": "string (date)", "unit": "string", "lower": "string (lower case)",
    "upper": "string (upper case)", "texts": "array of strings",
}
LINE = 118


def lines_of(*words):
    done = subprocess.run([SEGRELAY, *words], capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def rules():
    """{event: its rules}; every identify rule is "identify"."""
    found = {}
    for rule in lines_of("map", "--events"):
        found.setdefault(rule["event"] if rule["call"] == "track" else rule["call"], []).append(rule)
    return found


def meanings():
    """{key: (meaning, source or None)}; a key is `property`, or `Event.property` where one event differs."""
    found = {}
    for line in (ROOT / "docs/properties.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, meaning, *source = line.split("\t")
            assert key not in found, f"docs/properties.txt: {key} stands there twice"
            found[key] = (meaning, source[0] if source else None)
    return found


class Documents:
    def __init__(self):
        self.rules = rules()
        self.meanings = meanings()
        self.used = set()

    # ---- what is known of a property ----

    def meaning(self, owner, name):
        key = next((key for key in (f"{owner}.{name}", name) if key in self.meanings), None)
        if key is None:
            raise KeyError(f"docs/properties.txt does not say what {owner}.{name} is")
        self.used.add(key)
        return self.meanings[key]

    @staticmethod
    def source(path):
        if path == ".":
            return "computed"
        words = {"@order.": "the stored order's ", "@customer.": "the stored customer's "}
        for prefix, owner in words.items():
            if path.startswith(prefix):
                return f"{owner}`{path.removeprefix(prefix)}`"
        return ", else ".join(f"`{one}`" for one in path.split("|"))

    def sources(self, event, name):
        """The sources of all rules of an event, each with its topics where they differ."""
        found = {}
        for rule in self.rules[event]:
            for row in rule["properties"]:
                if row["name"] == name:
                    families = {family(topic) for topic in rule["topics"]}
                    found.setdefault(self.source(row["source"]), set()).update(families)
        if len(found) == 1:
            return next(iter(found))
        return "; ".join(f"{', '.join(sorted(families))}: {source}" for source, families in found.items())

    def row(self, owner, name, kind, source):
        meaning, own_source = self.meaning(owner, name)
        return f"| `{name}` | {type_of(kind)} | {meaning} | {own_source or source} |"

    # ---- generated parts ----

    def topics(self, event):
        topics = sorted({topic for rule in self.rules[event] for topic in rule["topics"]})
        return filled("Topics: " + ", ".join(f"`{topic}`" for topic in topics) + ".")

    def table(self, event):
        """Topics and properties of an event."""
        kinds = validate.TRAITS if event == "identify" else validate.PROPERTIES[event]
        names = list(dict.fromkeys(row["name"] for rule in self.rules[event] for row in rule["properties"]))
        # what the order's rows have and this event never
        names = [name for name in names if name in kinds]
        rows = [self.row(event, name, kinds[name], self.sources(event, name)) for name in names]
        return self.topics(event) + "\n| property | type | meaning | from |\n|---|---|---|---|\n" + \
            "\n".join(rows) + "\n"

    def items(self, words):
        """The members of a property that is an object or a list of objects, in the first rule of such topics."""
        owner, topics = words.rsplit(" ", 1)
        event, name = owner.rsplit(".", 1)
        row = next(row for rule in self.rules[event] for row in rule["properties"]
                   if row["name"] == name and "items" in row and
                   any(family(topic) == topics for topic in rule["topics"]))
        shape = (validate.TRAITS if event == "identify" else validate.PROPERTIES[event])[name]
        shape = shape[0] if isinstance(shape, list) else shape
        rows = [self.row(name, one["name"], shape[one["name"]], self.source(one["source"])) for one in row["items"]]
        return "| property | type | meaning | from |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"

    @staticmethod
    def example(words):
        """The properties or traits of the first message of an event in a golden case."""
        case, event = words.split(" ", 1)
        message = message_of(case, event)
        members = {name: message[name] for name in ("properties", "traits", "previousId", "userId") if name in message}
        shown = members.get("properties", members.get("traits", members))
        return "```json\n" + fill_json(shown) + "\n```\n"

    @staticmethod
    def message(words):
        """A whole message of a golden case."""
        case, event = words.split(" ", 1)
        return "```json\n" + fill_json(message_of(case, event)) + "\n```\n"

    @staticmethod
    def demo(script):
        """What the demonstration prints, before the message in full."""
        done = subprocess.run([ROOT / script, SEGRELAY], capture_output=True, text=True, timeout=120, check=True)
        return "```\n" + done.stdout.split("\n\nOrder Completed in full:")[0] + "\n```\n"

    def options(self, section):
        names = {row["name"] for row in lines_of("help", "options", "--json")}
        rows = [row for row in lines_of("help", "options", "--json") if row["section"] == section]
        return ".Bl -tag -width Ds\n" + "".join(option_text(row, names) for row in rows) + ".El\n"

    def part(self, found):
        content = getattr(self, found["kind"])(found["name"])
        return found["begin"] + content + found["end"]

    def text(self, path):
        return BLOCK.sub(self.part, path.read_text(encoding="utf-8"))


def family(topic):
    """orders, checkouts, recharge …: whose bodies a path stands in."""
    topic = "ReCharge" if topic.startswith("recharge:") else topic.split("/")[0]
    return {"storefront": "hints"}.get(topic, topic)


def type_of(kind):
    if isinstance(kind, list):
        return "array of objects"
    return "object" if isinstance(kind, dict) else TYPES[kind.__name__]


def filled(text, indent=""):
    return textwrap.fill(text, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) + "\n"


# ---- JSON ----

def message_of(case, event):
    read = [exact.loads((ROOT / "tests/golden" / path).read_text(encoding="utf-8"))
            for path in (f"{case}/expected.json", "common.json")]
    version = re.search(r"^VERSION = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    message = next(one for one in read[0] if event in (one.get("event"), one["type"]))
    whole = golden_common.put_back(message, read[1])
    return exact.loads(exact.dumps(whole).replace(golden_common.PLACEHOLDER, version))


def fill_json(value, indent=""):
    """JSON with as many members in a line as fit; an object in a list begins a line."""
    line = " ".join(json_words(value))
    if len(indent) + len(line) <= LINE - 10 or not isinstance(value, (dict, list)) or not value:
        return line
    deeper = indent + "  "
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    members = [(exact.dumps(key) + ": " if isinstance(value, dict) else "", item) for key, item in
               (value.items() if isinstance(value, dict) else ((None, item) for item in value))]
    texts = [key + fill_json(item, deeper) for key, item in members]
    hangs = indent and isinstance(value, dict) and not any("\n" in text for text in texts)
    lines, is_full = [opening if hangs else ""], False
    for index, text in enumerate(texts):
        text += "," if index + 1 < len(texts) else closing if hangs else ""
        breaks = "\n" in text or is_full or len(deeper) + len(lines[-1]) + 1 + len(text) > LINE
        if lines[-1] not in ("", opening) and breaks:
            lines.append("")
        lines[-1] += (" " if lines[-1] not in ("", opening) else "") + text
        is_full = "\n" in text or (isinstance(value, list) and isinstance(members[index][1], dict))
    if hangs:
        return f"\n{deeper}".join(lines)
    return f"{opening}\n{deeper}" + f"\n{deeper}".join(lines) + f"\n{indent}{closing}"


def json_words(value):
    """One line, with a space after each comma and colon."""
    if isinstance(value, dict):
        inner = ", ".join(f"{exact.dumps(key)}: {' '.join(json_words(item))}" for key, item in value.items())
        return ["{" + inner + "}"]
    if isinstance(value, list):
        return ["[" + ", ".join(" ".join(json_words(item)) for item in value) + "]"]
    return [exact.dumps(value)]


# ---- mdoc ----

def option_text(row, names):
    default = f" No (default: {escape(row['default'].replace(',', ', '))})" if "default" in row else ""
    value = re.sub(r"\b(and NAME )?(one of )?Product Added, .*", r"\1the name of an event", row["value"])
    value = re.sub(r"\band NAME one of Page Viewed, .*", "and NAME the name of an event of the browser", value)
    value = re.sub(r' as "\w+", .*?" or "\w+", from', " from", value)
    kind = "A list; each value is " if row["list"] else "Value: "
    return f".It Ic {row['name']}{default}\n" + mdoc(row["description"], names) + wrap_mdoc(kind + value + ".")


def escape(text):
    return text.replace("\\", "\\e").replace('"', "\\(dq")


def wrap_mdoc(text):
    lines = textwrap.wrap(text.replace("\\", "\\e"), 110, break_long_words=False, break_on_hyphens=False)
    return "".join(("\\&" if line[0] in ".'" else "") + line + "\n" for line in lines)


def mdoc(text, names):
    """Sentences with `names` and `values` as mdoc: each sentence on a new line, each of these on a line of its own."""
    out = []
    for sentence in re.split(r"(?<=[.:]) (?=[A-Z`][^ ]*)", text):
        parts = sentence.split("`")
        for index, part in enumerate(parts):
            if index % 2 == 0:
                part = re.sub(r"^[,.;:)]+", "", part) if index else part
                part = part[:-1] if part.endswith("(") and index + 1 < len(parts) else part
                out.append(wrap_mdoc(part.strip()) if part.strip() else "")
                continue
            before = "( " if parts[index - 1].endswith("(") else ""
            after = "".join(" " + mark for mark in re.match(r"[,.;:)]*", parts[index + 1])[0])
            macro = "Ic" if part in names else "Pa" if part.startswith("/") else "Ql"
            out.append(f".{macro} {before}{escape(part)}{after}\n")
    return "".join(out)


def main():
    documents = Documents()
    status = 0
    for name in FILES:
        path = ROOT / name
        text = documents.text(path)
        if text == path.read_text(encoding="utf-8"):
            continue
        if "--check" in sys.argv:
            print(f"{name} differs from what is generated: run make docs", file=sys.stderr)
            status = 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    for key in sorted(set(documents.meanings) - documents.used):
        print(f"docs/properties.txt: no table has {key}", file=sys.stderr)
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
