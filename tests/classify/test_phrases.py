"""Each packaged phrase is found in the reply that it is for, and that reply is judged as the phrase says."""

import pytest

from bounce_plugin.classify.normalise import normalise
from bounce_plugin.classify.phrase import JOINING
from bounce_plugin.classify.phrasebook import Phrasebook
from bounce_plugin.classify.phrases import read_phrase
from bounce_plugin.classify.tables import BUILT_IN
from tests.classify.judge import judge

PHRASES = BUILT_IN.phrases


def test_each_phrase_is_found_in_its_own_example():
    readings = {rule: BUILT_IN.phrasebook.read(normalise(phrase.example)) for rule, phrase in PHRASES.items()}
    found = {rule: [phrase for phrase, _, _ in reading.matches] for rule, reading in readings.items()}
    assert [rule for rule, phrase in PHRASES.items() if phrase not in found[rule]] == []


def test_words_that_join_are_looked_for_as_texts_have_them():
    assert [word for word in JOINING if normalise(word) != [word]] == []


def test_of_two_that_may_stand_before_the_one_of_more_words_is_tried_too():
    row = {"phrase": "ящик|почтовый ящик абонента ~ заблокирован", "reason": "mailbox_disabled", "example": "x"}
    book = Phrasebook([read_phrase(row, scopes={"any"}, words={})])
    assert book.read(normalise("почтовый ящик абонента был был был заблокирован")).matches


def test_each_example_is_judged_as_its_phrase_says():
    wrong = {}
    for rule, phrase in PHRASES.items():
        verdict = judge(phrase.example, host=phrase.scope)
        # Another phrase of the same reason may stand before it; it is then the one that is quoted.
        decided = next(step.rule for step in verdict.evidence if step.decided)
        if verdict.reason is not phrase.reason or BUILT_IN.phrases.get(decided, phrase).reason is not phrase.reason:
            wrong[rule] = (verdict.reason, decided)
    assert wrong == {}


def test_a_link_speaks_by_its_host_and_by_the_page_of_help():
    assert normalise("see https://support.google.com/mail/?p=OverQuotaPerm now") == [
        "see", "support.google.com", "overquotaperm", "now",
    ]  # fmt: skip


def test_addresses_frames_accents_and_contractions_are_levelled():
    text = "550 <jörg.voll@example.org>: Boîte_pleine! He can't (or doesn't) e-mail"
    assert normalise(text) == ["550", "@", "boite", "pleine", "!", "he", "can", "not", "or", "does", "not", "email"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(end):
    lines = ("550-5.2.1 The user you are trying to contact is receiving mail at a rate that", "550-5.2.1 prevents")
    assert normalise(end.join(lines)) == normalise(" ".join(lines))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the kiosk shut", True),
        ("the kiosk has been shut", True),
        ("the old kiosk of Ann is shut", True),  # the longer alternative is the one that ends beside it
        ("the kiosk next door is shut", False),
        ("the kiosk. Shut", False),
        ("the kiosk is now being and was shut", False),
    ],
)
def test_parts_side_by_side_have_only_joining_words_between(text, found):
    row = {"phrase": "kiosk|kiosk of ann ~ shut", "reason": "system_error", "example": "the kiosk shut"}
    book = Phrasebook([read_phrase(row, scopes=set(), words={})])
    assert bool(book.read(normalise(text)).matches) is found
