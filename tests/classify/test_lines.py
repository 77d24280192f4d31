"""On which line does each row stand, however a person writes TOML?"""

import tomllib

import pytest

from bounce_plugin.classify.lines import find_lines

HEADED = '''\
# [[phrases]] in a comment is none
[[mailbox]]
name = """
[[phrases]]
phrase = "no"
"""
[[phrases]]
phrase = "a # b"   # phrase = "x"

reason = 'r'
  [[ phrases ]]

"phrase" = "[c]"
example = """
reason = "no"
"""
reason = "s"
[policy]
reason = "t"
'''
ARRAY = """\
words.who = "[a|b]"
phrases = [
    # { phrase = "gone" },
    { phrase = "a { b", reason = "r" }, { phrase = 'c',
 reason = "s", code = "[45]" },

    { phrase = "d" },
]
more = [{ phrase = "e" }]
"""


def test_tables_under_headers():
    assert len(tomllib.loads(HEADED)["phrases"]) == 2
    first, second = find_lines(HEADED, "phrases")
    assert (first.first, first.of("phrase"), first.of("reason"), first.of("scope")) == (7, 8, 10, 7)
    assert (second.first, second.of("example"), second.of("reason")) == (11, 14, 17)
    assert second.of("phrase") == second.first  # its key stands in quotes


def test_tables_in_an_array():
    first, second, third = find_lines(ARRAY, "phrases")
    assert (first.first, first.of("reason")) == (4, 4)
    assert (second.first, second.of("phrase"), second.of("reason"), second.of("code")) == (4, 4, 5, 5)
    assert third.first == 7


@pytest.mark.parametrize("text", ["", "phrase = []", "phrases = []", "[plugin.x]\na = 1", "phrases = 3"])
def test_there_are_none(text):
    assert find_lines(text, "phrases") == ()


def test_line_ends_of_windows_make_no_difference():
    assert find_lines(HEADED.replace("\n", "\r\n"), "phrases") == find_lines(HEADED, "phrases")
