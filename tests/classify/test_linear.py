"""T-08: no text, however hostile, takes long to read."""

import time

import pytest

from bounce_plugin.classify import normalise
from bounce_plugin.classify.phrasebook import Phrasebook
from bounce_plugin.classify.phrases import read_phrase
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.errors import SettingsError
from tests.classify.judge import judge

HOSTILE = {
    "one word": "a" * 4096 + "!",
    "digits": "5" * 4096,
    "codes": "550-5.1.1 " * 410,
    "dots": "." * 4096,
    "spaces": " " * 4096 + "x",
    "angles": "<" * 4096,
    "brackets": "(" * 4096,
    "at signs": "@" * 4096,
    "addresses": "a@" * 2048,
    "open address": "<" + "a" * 4000 + "@",
    "links": "http://a" * 512,
    "one link": "http://" + "a?p=" * 1000,
    "firsts": "mailbox " * 512,
    "lasts": "unknown " * 512,
    "pairs": "mailbox unknown " * 256,
    "labels": "a.spamhaus." * 372,
    "signs": "存在しません" * 600,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_t_08_a_hostile_text_is_judged_in_no_time(text):
    judge(text, recipient="")
    began = time.process_time()
    judge(text, recipient="")
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("name", ["_REPEATED", "_ADDRESS", "_LINK", "_SIGNS"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_t_08_each_expression_is_linear(name, text):
    expression = getattr(normalise, name)
    began = time.process_time()
    expression.sub("", text * 4)
    assert time.process_time() - began < 0.05


def test_t_08_code_expressions_hold_no_repeat():
    for phrase in BUILT_IN.phrases.values():
        assert phrase.code is None or not set("*+{") & set(phrase.code.pattern)


def test_the_phrases_need_no_expression_at_all():
    assert isinstance(BUILT_IN.phrasebook, Phrasebook)
    assert not any("re." in name for name in Phrasebook.__slots__)


#: What must be refused, and what of the same kind may stay, at its worst.
CODES = [".?" * 39, "(|)" * 26, "(.|.)?" * 13, r"(\d|.|)" * 11, "(((.?)?)?)?", "(||||||||||||||||)"]
WORST = [
    r".?.?.?5[^0]",
    "(.|.|.|.|.)(.|.|.|.|.)(.|.|.|.|.)0",
    "(|||||)(|||||)(|||||)0",
    r"(?:(?:(?:5|.)|.)|\d)9",
    "4" * 80,
]


@pytest.mark.parametrize("code", CODES)
def test_t_08_a_code_expression_that_could_run_away_is_refused(code):
    row = {"phrase": "a phrase", "reason": "greylisted", "example": "550 a phrase", "code": code}
    with pytest.raises(SettingsError, match=r"could take too long to try: it may hold . \d+ times at most"):
        read_phrase(row, scopes=frozenset(), words={})


@pytest.mark.parametrize("code", WORST)
def test_t_08_the_worst_code_expression_that_is_left_takes_no_time(code):
    row = {"phrase": "a phrase", "reason": "greylisted", "example": "550 a phrase", "code": code.replace("^", "")}
    expression = read_phrase(row, scopes=frozenset(), words={}).code
    began = time.process_time()
    for _ in range(100):
        expression.match("554 5.777.509")
    assert time.process_time() - began < 0.5
