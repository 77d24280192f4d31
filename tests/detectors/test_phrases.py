"""Is every phrase of the tables found, though only its stem is looked for first?"""

import pytest

from bounce_plugin.detectors.phrases import Beginnings, Phrases, Sentences

PHRASES = ("could not be delivered", "user unknown", "zzz", "nie można dostarczyć", "не доставлено", "退信")


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("around", ["{}", "abc {} def", "é {} 信", "{}\n" + "x" * 5000])
def test_each_phrase_is_found_wherever_it_stands(phrase: str, around: str) -> None:
    assert Phrases(PHRASES).stand_in(around.format(phrase))


@pytest.mark.parametrize(
    "text", ["", "delivered", "unknown user", "could not be deliver ed", "не", "信退", "доставлено не"]
)
def test_a_stem_alone_is_no_phrase(text: str) -> None:
    assert not Phrases(PHRASES).stand_in(text)


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_text_begins_with_a_phrase(phrase: str) -> None:
    beginnings = Beginnings(PHRASES)
    assert beginnings.begin(phrase + " and more")
    assert not beginnings.begin(" " + phrase)
    assert not beginnings.begin(phrase[:1])


SENTENCES = Sentences({"nicht|keinesfalls": "zugestellt|ausgeliefert", "не": "достав"})


@pytest.mark.parametrize(
    "text",
    [
        "die nachricht an @ konnte nicht zugestellt werden",
        "nicht, wie gewünscht, ausgeliefert",
        "ist keinesfalls zugestellt",
        "wird nicht gedruckt. sie wurde nicht zugestellt",
        "письмо не было доставлено",
    ],
)
def test_a_sentence_is_found_by_two_of_its_words(text: str) -> None:
    assert SENTENCES.stand_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zugestellt, nicht",
        "bitte nicht antworten. ihr paket wurde zugestellt",
        "bitte nicht antworten!\nzugestellt",
        "nichts wurde zugestellt",
        "nicht " + "x" * Sentences.REACH + " zugestellt",
        "неважно, доставлено",
    ],
)
def test_words_of_two_sentences_are_none(text: str) -> None:
    assert not SENTENCES.stand_in(text)
