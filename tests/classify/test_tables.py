"""The tables are whole, and what a host adds to them is checked."""

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN, load_tables
from bounce_plugin.errors import SettingsError
from tests.classify.judge import judge


def test_all_thirty_reasons_are_described():
    assert set(BUILT_IN.reasons) == set(Reason)
    assert all(row.definition for row in BUILT_IN.reasons.values())


def test_every_registered_code_is_known():
    for class_ in (4, 5):
        for subject, details in ((0, 0), (1, 10), (2, 4), (3, 5), (4, 7), (5, 6), (6, 10), (7, 30)):
            for detail in range(details + 1):
                row = BUILT_IN.codes.of_status(f"{class_}.{subject}.{detail}")
                assert row is not None or (subject, detail) in {(1, 5), (1, 9), (3, 6), (6, 4)}


def test_a_code_of_the_future_is_read_as_its_subject():
    row = BUILT_IN.codes.of_status("5.7.99")
    assert row is not None
    assert row.rule == "status:5.7.0"


@pytest.mark.parametrize("rule", ["code:microsoft:5.7.606-5.7.649", "status:5.1.1", "reply:550", "exit:67"])
def test_a_code_row_is_found_by_its_rule(rule):
    row = BUILT_IN.codes.by_rule(rule)
    assert row is not None
    assert row.rule == rule


def test_a_host_adds_phrases_of_its_own():
    tables = load_tables(
        (
            'phrases = [{ phrase = "verein & aufgelöst", reason = "domain_no_mail", example = "550 Verein XY aufgelöst" }]',
        )
    )
    assert judge("550 Verein Eintracht wurde aufgelöst", tables=tables).reason is Reason.DOMAIN_NO_MAIL


GOOD = 'phrase = "a phrase", reason = "unknown", example = "550 a phrase"'


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (GOOD.replace("unknown", "unknwon"), "reason = 'unknwon': is no reason"),
        (GOOD + ', scope = "goggle"', "scope = 'goggle': must be any or one of"),
        (GOOD + ", priority = 7", "priority = 7: must be from 10 to 99"),
        (GOOD + ', priority = "7"', "priority = '7': must be a number"),
        (GOOD + ', weight = "7"', "weight: is no key of a phrase"),
        (GOOD.replace('"a phrase"', '""', 1), "phrase: is missing"),
        (GOOD.replace("a phrase", "a phrase & ", 1), "empty or too short"),
        (GOOD.replace("a phrase", "a phrase | | b", 1), "empty or too short"),
        (GOOD.replace("a phrase", "a* phrase", 1), "`*` at the end"),
        (GOOD.replace("a phrase", "{whom} phrase", 1), "names {whom}"),
        (GOOD.replace(', example = "550 a phrase"', ""), "example: is missing"),
        (GOOD + ', code = "(5+)+"', "code = '(5+)+': may hold digits"),
        (GOOD + ', code = "5.*"', "code = '5.*': may hold digits"),
        (GOOD + ', code = "(5"', "code = '(5': is no regular expression"),
        (GOOD.replace("a phrase", "user unknown|unknown user", 1), ""),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(row, problem):
    text = f'phrases = [\n    {{ phrase = "first", reason = "unknown", example = "first" }},\n    {{ {row} }},\n]'
    if not problem:
        assert load_tables((text,))
        return
    with pytest.raises(SettingsError) as caught:
        load_tables((text,))
    assert problem in str(caught.value)
    assert str(caught.value).startswith(("extra phrases 1, line 3: ", "extra phrases 1, phrase 2: "))


def test_a_phrase_that_is_there_already_is_named():
    text = f"phrases = [{{ {GOOD} }}]"
    with pytest.raises(SettingsError, match=r"extra phrases 2, line 1: phrase = 'a phrase': is there already"):
        load_tables((text, text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("phrases = [", "is no TOML"),
        ("phrase = []", "must hold an array `phrases`"),
        ("phrases = 3", "must hold an array `phrases`"),
        ("phrases = [3]", "must be { phrase"),
    ],
)
def test_a_text_of_another_form_is_refused(text, problem):
    with pytest.raises(SettingsError, match=problem):
        load_tables((text,))
