"""What somebody adds to the phrases is checked, and what is wrong is named with its line."""

import pytest

from bounce_plugin.classify.additions import read_addition
from bounce_plugin.classify.classification import Reason
from bounce_plugin.errors import SettingsError
from tests.classify.judge import add, judge

GOOD = 'phrase = "a phrase", reason = "greylisted", example = "550 a phrase"'


def row(**fields: object) -> str:
    """A row of TOML."""
    return "{ " + ", ".join(f"{key} = {value!r}" for key, value in fields.items()) + " }"


def text(*rows: str) -> str:
    return "phrases = [\n" + ",\n".join(rows) + "\n]"


def faults(*rows: str) -> list[str]:
    return [str(fault) for fault in add(text(*rows)).faults]


def test_a_host_adds_phrases_of_its_own():
    extended = add(text(row(phrase="verein & aufgelöst", reason="domain_no_mail", example="550 Verein XY aufgelöst")))
    assert extended.faults == ()
    assert judge("550 Verein Eintracht wurde aufgelöst", tables=extended.tables).reason is Reason.DOMAIN_NO_MAIL
    assert extended.tables.source_of("phrase:any:verein & aufgelöst") == "one.toml, line 2"


def test_a_host_names_words_of_its_own_and_uses_ours():
    mine = 'words.club = "verein|klub"\n' + text(
        row(phrase="{club} & zu", reason="domain_no_mail", example="550 klub ist zu"),
        row(phrase="{who} verreist", reason="mailbox_disabled", example="550 mailbox verreist"),
    )
    assert add(mine).faults == ()


def test_words_of_one_addition_are_not_those_of_another():
    mine = 'words.club = "verein|klub"\nphrases = []'
    (fault,) = add(mine, text(row(phrase="{club} & zu", reason="greylisted", example="550 klub ist zu"))).faults
    assert str(fault).startswith("two.toml, line 2: phrase = '{club} & zu': names {club}, which is not among")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (GOOD.replace("greylisted", "greylistd"), "reason = 'greylistd': is no reason; did you mean greylisted?"),
        (GOOD.replace("greylisted", "zzz"), "reason = 'zzz': is no reason"),
        (GOOD + ', scope = "goggle"', "scope = 'goggle': must be any or one of"),
        (GOOD + ", priority = 7", "priority = 7: must be from 10 to 99"),
        (GOOD + ", priority = 100", "priority = 100: must be from 10 to 99"),
        (GOOD + ', priority = "7"', "priority = '7': must be a number"),
        (GOOD + ', weight = "7"', "weight = '7': is no key of a phrase"),
        (GOOD.replace('"a phrase"', '""', 1), "phrase: is missing"),
        (GOOD.replace("a phrase", "a phrase & ", 1), "empty or too short"),
        (GOOD.replace("a phrase", "a phrase | | b", 1), "empty or too short"),
        (GOOD.replace("a phrase", "a* phrase", 1), "`*` at the end"),
        (GOOD.replace("a phrase", "{whom} phrase", 1), "names {whom}"),
        (GOOD.replace(', example = "550 a phrase"', ""), "example: is missing"),
        (GOOD + ', code = "(5+)+"', "code = '(5+)+': may hold digits"),
        (GOOD + ', code = "5.*"', "code = '5.*': may hold digits"),
        (GOOD + ", code = '(5)\\1'", r"code = '(5)\\1': may hold digits"),
        (GOOD + ', code = "(5"', "code = '(5': is no regular expression"),
        (GOOD + ', code = "[[5]"', "code = '[[5]': is no regular expression: Possible nested set"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(written, problem):
    (fault,) = faults(row(phrase="first", reason="greylisted", example="first"), f"{{ {written} }}")
    assert fault.startswith("one.toml, line 3: ")
    assert problem in fault


def test_where_lines_cannot_be_told_the_row_is_counted():
    assert faults("3", row(phrase="x")) == [
        "one.toml, phrase 1: phrases = 3: must be { phrase = …, reason = …, example = … }",
        "one.toml, phrase 2: reason: is missing",
    ]


def test_everything_that_is_wrong_is_found_at_once_in_the_order_of_the_lines():
    found = faults(
        row(phrase="nothing such", reason="greylisted", example="550 something else"),
        row(phrase="x", reason="greylisted", example="550 x"),
        row(phrase="is good", reason="greylisted", example="550 is good"),
        row(phrase="also good", reason="zzz", example="550 also good"),
    )
    assert [fault.split(": ")[0] for fault in found] == ["one.toml, line 2", "one.toml, line 3", "one.toml, line 5"]


def test_a_row_that_cannot_be_read_is_left_out_of_the_tables():
    tables = add(text(row(phrase="is good", reason="greylisted", example="550 is good"), row(phrase="x"))).tables
    assert list(tables.sources) == ["phrase:any:is good"]


def test_a_phrase_that_is_there_already_is_named_with_the_place_of_the_other():
    once = f"phrases = [{{ {GOOD} }}]"
    assert [str(fault) for fault in add(once, once).faults] == [
        "two.toml, line 1: phrase = 'a phrase': is there already (one.toml, line 1)"
    ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("phrases = [", "is no TOML"),
        ("phrase = []", "must hold an array `phrases`"),
        ("phrases = 3", "must hold an array `phrases`"),
        ("words = 3\nphrases = []", "must hold an array `phrases`"),
    ],
)
def test_a_text_of_another_form_is_refused(written, problem):
    with pytest.raises(SettingsError, match=f"^plugin 'x': .*{problem}"):
        read_addition(written, source="plugin 'x'")
