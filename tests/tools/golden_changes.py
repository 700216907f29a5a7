"""What changed between the messages that golden cases expected and those they give now, grouped for a person to read.

    properties.tax: 9.64 → 9.10, 14 cases
    Order Updated: 1 message more, in order_updated/edited
"""

import collections
import hashlib
import itertools

from standin import exact

LONG = 20  # items of a list that stand in full; of a longer one a digest stands for those in its middle
CASES = 3  # that are named; more are counted


def shorten(value):
    """The value with a digest in place of the middle of each long list."""
    if isinstance(value, dict):
        return {name: shorten(member) for name, member in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) <= LONG or not isinstance(value[0], dict):
        return [shorten(item) for item in value]
    middle = value[2:-1]
    digest = hashlib.sha256(exact.dumps(middle).encode()).hexdigest()
    return [*map(shorten, value[:2]), {"items left out": len(middle), "sha256": digest}, shorten(value[-1])]


def name_of(message):
    return message.get("event", message["type"])


def leaves(value, path=""):
    """(path, text) of each value that is no object; items of a list share the list's path."""
    if isinstance(value, dict) and value:
        return [leaf for name, member in value.items() for leaf in leaves(member, f"{path}.{name}" if path else name)]
    if isinstance(value, list) and value:
        return [leaf for item in value for leaf in leaves(item, f"{path}[]")]
    return [(path, exact.dumps(value))]


def changes(before, after):
    """The lines of one case's difference: its messages are paired by name, in order."""
    found = []
    names = dict.fromkeys(map(name_of, [*before, *after]))
    for name in names:
        old = [message for message in before if name_of(message) == name]
        new = [message for message in after if name_of(message) == name]
        if len(old) != len(new):
            count = abs(len(new) - len(old))
            found.append(f"{name}: {count} message{'s' * (count > 1)} {'more' if len(new) > len(old) else 'less'}")
        for one, other in zip(old, new):
            found += differences(one, other)
    if not found and before != after:
        found.append("the order of messages, or of members")
    return found


def differences(one, other):
    """path: old → new, for each value of a message that is another now."""
    old, new = collections.defaultdict(list), collections.defaultdict(list)
    for values, message in ((old, one), (new, other)):
        for path, text in leaves(message):
            values[path].append(text)
    for path in dict.fromkeys([*old, *new]):
        for was, is_now in itertools.zip_longest(old[path], new[path], fillvalue="(absent)"):
            if was != is_now:
                yield f"{path}: {was} → {is_now}"


def summary(cases):
    """The lines for {case: (messages before, messages now)}, what most cases have in common first."""
    groups = collections.defaultdict(dict)
    for case, (before, after) in cases.items():
        for line in changes(before, after):
            groups[line][case] = True
    lines = []
    for line, named in sorted(groups.items(), key=lambda group: -len(group[1])):
        where = f"{len(named)} cases" if len(named) > CASES else "in " + ", ".join(named)
        lines.append(f"{line}, {where}")
    return lines
