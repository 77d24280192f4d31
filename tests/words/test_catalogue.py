"""Can everything be said in each language, and the pipeline's own sentences as well?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

import pytest

from bounce_plugin.classify.classification import FailureType, Fault, Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.detectors.finding import Stage
from bounce_plugin.examination import examine
from bounce_plugin.message.report import Action, Kind
from bounce_plugin.words.catalogue import LANGUAGES, Words, load_words
from tests.bounces import report

PACKAGE = Path(__file__).parents[2] / "bounce_plugin"
HEAD = b"Return-Path: <>\nFrom: MAILER-DAEMON@far.example\nTo: news@club.example\nSubject: failure notice\n"
ENGLISH = load_words("en")

every_language = pytest.mark.parametrize("words", [*map(load_words, LANGUAGES)], ids=LANGUAGES)


def placeholders(tables: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], list[str]]:
    """What each sentence has places for, by its table and its name."""
    return {
        (table, key): sorted({name for _, name, _, _ in Formatter().parse(sentence) if name is not None})
        for table, sentences in tables.items()
        for key, sentence in sentences.items()
    }


@every_language
def test_every_language_says_the_same_things_of_the_same_values(words: Words) -> None:
    assert placeholders(words.tables) == placeholders(ENGLISH.tables)
    assert all(sentence.strip() for table in words.tables.values() for sentence in table.values())


@every_language
def test_every_member_has_its_words(words: Words) -> None:
    tables = words.tables
    assert set(tables["kind"]) == set(tables["mail"]) == set(Kind)
    assert set(tables["reason"]) == set(Reason)
    assert set(tables["fault"]) == set(Fault)
    assert set(tables["type"]) == set(FailureType)
    assert set(tables["gate"]) == set(Action)
    assert set(tables["stage"]) == set(Stage) - {Stage.UNKNOWN}


@every_language
def test_every_reason_has_words_for_whether_it_is_held_against_the_address(words: Words) -> None:
    for row in BUILT_IN.reasons.values():
        assert words.say("held" if row.counts else "not_held", row.fault)


def test_languages_differ() -> None:
    german = load_words("de")
    for table, sentences in ENGLISH.tables.items():
        worded = {one for one in sentences.values() if re.search("[a-z]", re.sub(r"\{\w+\}", "", one))}
        assert not worded & set(german.tables[table].values()), table


@every_language
def test_braces_in_a_value_mean_nothing(words: Words) -> None:
    assert "{reason} {0.__class__}" in words.say("because", "phrase", span="{reason} {0.__class__}")


LIMITS = {
    "message": b"\n" + b"x" * (11 * 1024 * 1024),
    "header_fields": b"X: y\n" * 2000 + b"\n",
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_named_in_words(limit: str) -> None:
    why = examine(HEAD + LIMITS[limit]).why
    assert limit in why
    assert ENGLISH.tables["limit"][limit] in ENGLISH.translate(why)
    assert load_words("de").tables["limit"][limit] in load_words("de").translate(why)


def sentences_of_the_pipeline() -> list[str]:
    """Every sentence that may become `Examination.why`, as the code has it."""
    code = "".join((PACKAGE / name).read_text("utf-8") for name in ("examination.py", "detectors/decision.py"))
    return re.findall(r'f?"((?:The mail|Nothing but)[^"]+\.)"', code)


def test_every_sentence_of_the_pipeline_has_its_german() -> None:
    found = sentences_of_the_pipeline()
    assert len(set(found)) == len(ENGLISH.tables["why"]) == 8
    for sentence in found:
        filled = re.sub(r"\{[^}]*\}", "parts, depth", sentence)
        said = load_words("de").translate(filled)
        assert said != filled
        assert said.startswith(("Die Mail", "Nur die"))


def test_the_english_of_a_sentence_is_itself() -> None:
    why = examine(report("anna@example.com", "550 5.0.0 no")).why
    assert why
    assert ENGLISH.translate(why) == why


@every_language
def test_what_is_no_sentence_of_the_pipeline_stays_as_it_is(words: Words) -> None:
    for sentence in ("", "No contact is known for anna@example.com.", "The mail exceeds"):
        assert words.translate(sentence) == sentence
