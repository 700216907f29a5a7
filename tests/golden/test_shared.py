"""Equal payloads and equal configurations stand once, in `payloads` and `configs`: the cases link to them."""

import collections

import pytest
from test_golden import CASES, HERE, name_of, payloads

PAYLOADS = [path for case in CASES for _, path in payloads(case)]
CONFIGS = [path for case in CASES for path in case.glob("segrelay.conf")]
KINDS = pytest.mark.parametrize("folder, paths", [("payloads", PAYLOADS), ("configs", CONFIGS)],
                                ids=["payloads", "configs"])


def links(paths):
    return [path for path in paths if path.is_symlink()]


@KINDS
def test_no_content_stands_twice(folder, paths):
    own = [path for path in paths if not path.is_symlink()]
    by_content = collections.defaultdict(list)
    for path in [*(HERE / folder).iterdir(), *own]:
        by_content[path.read_bytes()].append(str(path.relative_to(HERE)))
    assert own and len(by_content) > 20
    assert [equal for equal in by_content.values() if len(equal) > 1] == [], \
        f"keep one of each in tests/golden/{folder}, and link to it (CONTRIBUTING.md)"


@KINDS
def test_links_lead_to_the_shared_folder(folder, paths):
    """The path is relative, so that a copy of the tree has its own files."""
    assert links(paths)
    assert [str(path) for path in links(paths) if str(path.readlink()) != f"../../{folder}/{path.resolve().name}"] == []
    assert [str(path) for path in links(paths) if not path.exists()] == []


@KINDS
def test_a_shared_file_has_several_users(folder, paths):
    users = collections.Counter(path.resolve().name for path in links(paths))
    assert {name for name in users if users[name] > 1} == {path.name for path in (HERE / folder).iterdir()}, \
        "move a file that one case uses to that case, and remove those that none uses"


def test_the_payloads_of_a_case_are_numbered_without_a_gap():
    """The unit tests and the fuzzer's seeds read a case up to the first number that is not there."""
    for case in CASES:
        numbers = [int(path.name.split("_")[0]) for _, path in payloads(case)]
        assert numbers == list(range(1, len(numbers) + 1)), name_of(case)
