"""The members that all messages of the golden cases share in `context`: they stand once, in tests/golden/common.json.

    {"library": {"name": "segrelay", "version": "VERSION"}, …}

An expected message leaves out the members of `context` that are equal to these. A member with another value stands in
the case's own file; one that the message lacks stands there as null. VERSION stands for the program's version.
"""

import collections

from standin import exact

PLACEHOLDER = "VERSION"
SHARE = 0.9  # of the messages: so many have a member with one value, or it is not a common one


def hide_version(message, version):
    """The message with the placeholder for the program's version in the members of its context."""
    if "context" not in message:
        return message
    context = {name: {**member, "version": PLACEHOLDER}
               if isinstance(member, dict) and member.get("version") == version else member
               for name, member in message["context"].items()}
    return {**message, "context": context}


def leave_out(message, common):
    """The message without the common members; null for those that it lacks."""
    if "context" not in message:
        return message
    context = message["context"]
    lacking = {name: None for name in common if name not in context}
    own = {name: member for name, member in context.items()
           if name not in common or exact.dumps(member) != exact.dumps(common[name])}
    return {**message, "context": {**lacking, **own}}


def put_back(message, common):
    """The whole message of one that leave_out() shortened, the common members first."""
    if "context" not in message:
        return message
    context = {name: member for name, member in {**common, **message["context"]}.items() if member is not None}
    return {**message, "context": context}


def find_common(messages):
    """The members of context that most messages have, each with its most frequent value."""
    counts = collections.defaultdict(collections.Counter)
    for message in messages:
        for name, member in message.get("context", {}).items():
            counts[name][exact.dumps(member)] += 1
    frequent = {name: values.most_common(1)[0] for name, values in counts.items()}
    return {name: exact.loads(text) for name, (text, count) in frequent.items() if count >= SHARE * len(messages)}
