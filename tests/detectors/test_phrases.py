"""Is every phrase of the tables found, though only its stem is looked for first?"""

import pytest

from bounce_plugin.detectors.phrases import Beginnings, Phrases

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
