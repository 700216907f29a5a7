"""What the messages of all cases share stands once, and the program's version nowhere but in the program."""

import test_golden
from standin import exact
from tools.golden_common import PLACEHOLDER, find_common, hide_version, leave_out, put_back

COMMON = exact.loads('{"library": {"name": "segrelay", "version": "VERSION"}, "zone": "UTC"}')
MESSAGE = exact.loads('{"type": "track", "context": {"library": {"name": "segrelay", "version": "VERSION"}, '
                      '"zone": "UTC", "ip": "203.0.113.57"}, "properties": {"tax": 9.640}}')


def changed(**context):
    context = {**MESSAGE["context"], **context}
    return {**MESSAGE, "context": {name: member for name, member in context.items() if member is not None}}


def test_the_version_is_that_of_the_program():
    version = test_golden.version()
    for message in test_golden.run_map(test_golden.CASES[0])[0]:
        assert message["context"]["library"] == {"name": "segrelay", "version": version}
        assert message["context"]["integration"]["version"] == version


def test_no_expected_file_has_the_version():
    files = [test_golden.HERE / "common.json", *test_golden.HERE.glob("*/*/expected.json")]
    assert len(files) > 500
    version = exact.dumps(test_golden.version())
    assert [path for path in files if version in path.read_text(encoding="utf-8")] == []


def test_common_json_is_what_the_expected_messages_share():
    messages = [message for case in test_golden.CASES for message in test_golden.expected_of(case)]
    assert find_common(messages) == test_golden.common()


def test_only_the_programs_version_is_hidden():
    message = changed(library={"name": "segrelay", "version": "1.2.3"}, app={"version": "7"})
    hidden = hide_version(message, "1.2.3")["context"]
    assert hidden["library"] == COMMON["library"] and hidden["app"] == {"version": "7"}
    assert hide_version(message, "1.2.4") == message
    assert PLACEHOLDER == COMMON["library"]["version"]


def test_common_members_are_left_out():
    assert leave_out(MESSAGE, COMMON)["context"] == {"ip": "203.0.113.57"}
    assert exact.dumps(put_back(leave_out(MESSAGE, COMMON), COMMON)) == exact.dumps(MESSAGE)


def test_another_value_is_shown():
    other = changed(zone="CET")
    assert leave_out(other, COMMON)["context"] == {"zone": "CET", "ip": "203.0.113.57"}
    assert put_back(leave_out(other, COMMON), COMMON) == other


def test_a_number_of_other_digits_is_another_value():
    one, other = exact.loads("[1.50, 1.5]")
    assert leave_out(changed(zone=one), {"zone": other})["context"]["zone"].text == "1.50"


def test_a_member_that_a_message_lacks_is_shown():
    lacking = changed(zone=None)
    assert leave_out(lacking, COMMON)["context"] == {"zone": None, "ip": "203.0.113.57"}
    assert put_back(leave_out(lacking, COMMON), COMMON) == lacking


def test_a_message_without_context_stays_as_it_is():
    bare = {"type": "track"}
    assert leave_out(bare, COMMON) == bare == put_back(bare, COMMON) == hide_version(bare, "1")


def test_what_nine_of_ten_messages_share_is_common():
    rest = changed(zone="CET", ip="203.0.113.58")
    assert find_common([MESSAGE] * 9 + [rest]) == {**COMMON, "ip": "203.0.113.57"}
    assert find_common([MESSAGE] * 8 + [rest] * 2) == {"library": COMMON["library"]}
