"""Is the argument for a verdict, which is written down late, the tuple of steps that it would have been at once?"""

import pickle
from dataclasses import replace

import pytest

from bounce_plugin import examine
from bounce_plugin.classify.classification import Argument, Evidence
from bounce_plugin.classify.normalise import normalise
from bounce_plugin.classify.phrasebook import Phrasebook
from bounce_plugin.classify.tables import BUILT_IN
from tests.bounces import report
from tests.fuzz import read_samples

STEPS = (Evidence(rule="gate:failed", field="action", span="failed"), Evidence(rule="reply:550", field="", span="550"))


def test_an_argument_is_written_once_and_not_before_somebody_looks() -> None:
    asked = []

    def write() -> tuple[Evidence, ...]:
        asked.append(1)
        return STEPS

    argument = Argument(write)
    assert not asked
    assert (len(argument), argument[0], argument[-1:], list(argument)) == (2, STEPS[0], STEPS[1:], list(STEPS))
    assert STEPS[1] in argument
    assert asked == [1]


def test_an_argument_equals_the_tuple_of_its_steps() -> None:
    argument, other = Argument(lambda: STEPS), Argument(lambda: STEPS[:1])
    assert argument == STEPS == argument == Argument(lambda: STEPS)
    assert argument != other
    assert (hash(argument), repr(argument)) == (hash(STEPS), repr(STEPS))
    assert pickle.loads(pickle.dumps(argument)) == STEPS


def test_a_verdict_travels_with_its_argument() -> None:
    verdict = examine(report("ann@gone.example")).classifications[0]
    there = pickle.loads(pickle.dumps(verdict))
    assert type(there.evidence) is tuple
    assert there == verdict == replace(verdict, evidence=tuple(verdict.evidence))
    assert hash(there) == hash(verdict)


@pytest.mark.parametrize("part", range(4))
def test_what_is_remembered_changes_no_verdict(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words and refusals of other mails are remembered; each mail is judged as if it were the first."""
    first = []
    monkeypatch.setattr("bounce_plugin.classify.phrasebook._MOST", 50)  # so that it is full every few mails
    raws = read_samples()[part::12]
    for raw in raws:
        BUILT_IN.phrasebook.forget()
        first.append(examine(raw).classifications)
    assert [examine(raw).classifications for raw in raws] == first
    assert [examine(raw).classifications for raw in reversed(raws)] == first[::-1]


def test_t_08_words_are_remembered_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bounce_plugin.classify.phrasebook._MOST", 100)
    book = Phrasebook(BUILT_IN.phrases.values())
    for number in range(1_000):
        book.read(normalise(f"no such user {number} {number}.example word{'x' * (number % 20)}"))
    assert len(book._words) <= 100
    assert [phrase.rule for phrase, _, _ in book.read(normalise("550 no such user")).matches]
