"""JSON that keeps the digits of numbers: 404.90 stays 404.90, and an id of 19 digits stays itself."""

import json
import re
from decimal import Decimal

WIDTH = 100
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")


class Number(Decimal):
    """A number of a JSON text: compares as a decimal, and remembers how it was written."""

    def __new__(cls, text):
        if not NUMBER.match(text):
            raise ValueError(f"{text} is no JSON number")
        number = super().__new__(cls, text)
        number.text = text
        return number


def loads(text):
    """Parses JSON strictly: no NaN, no Infinity, no key twice."""
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number,
                      object_pairs_hook=_object)


def _object(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return members


def dumps(value, escape_slashes=False):
    """One line without spaces; with escape_slashes as Shopify sends it."""
    text = _compact(value, ",", ":")
    return text.replace("/", "\\/") if escape_slashes else text


def pretty(value, indent=""):
    """Two spaces a level; what fits into a line stands in one."""
    line = _compact(value, ", ", ": ")
    if not isinstance(value, (dict, list)) or not value or len(indent) + len(line) <= WIDTH - 20:
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [f"{_string(key)}: {pretty(item, deeper)}" for key, item in value.items()]
        opening, closing = "{}"
    else:
        items = [pretty(item, deeper) for item in value]
        opening, closing = "[]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(items) + f"\n{indent}{closing}"


def _string(value):
    return json.dumps(value, ensure_ascii=False)


def _compact(value, comma, colon):
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        members = (_string(key) + colon + _compact(item, comma, colon)
                   for key, item in value.items())
        return "{" + comma.join(members) + "}"
    if isinstance(value, list):
        return "[" + comma.join(_compact(item, comma, colon) for item in value) + "]"
    if value is None or isinstance(value, (str, bool, int)):
        return _string(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
