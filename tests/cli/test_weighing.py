"""What became of a piece of evidence, and what it means alone."""

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.cli.weighing import Outcome, weigh
from bounce_plugin.detectors.finding import Stage
from tests.classify.judge import add, judge

EXTRA = 'phrases = [{ phrase = "gone fishing", reason = "mailbox_disabled", example = "550 gone fishing" }]'


@pytest.mark.parametrize(
    ("reply", "stage", "outcomes"),
    [
        ("550 5.1.1 User unknown", Stage.RCPT, ["", "", "decided", "agreed", "overruled"]),
        ("550 5.1.8 No such domain", Stage.MAIL, ["", "", "decided", "agreed", "overruled"]),
        ("554 5.2.2 Mailbox full", Stage.CONNECT, ["", "", "overruled", "overruled", "decided"]),
    ],
)
def test_each_step_decided_agreed_or_was_overruled(reply: str, stage: Stage, outcomes: list[str]) -> None:
    assert [one.outcome for one in weigh(judge(reply, stage=stage))] == outcomes


def test_what_the_stage_changed_has_another_meaning_alone() -> None:
    first = next(one for one in weigh(judge("550 No such domain", stage=Stage.MAIL)) if one.outcome is Outcome.DECIDED)
    assert (first.alone, first.evidence.reason, first.reread) == (Reason.DOMAIN_UNKNOWN, Reason.SENDER_INVALID, True)


def test_what_the_stage_overruled_means_the_same_alone() -> None:
    steps = weigh(judge("554 5.2.2 Mailbox full", stage=Stage.CONNECT))
    assert [one.reread for one in steps] == [False] * len(steps)


def test_the_phrase_of_a_plugin_has_no_line_in_our_tables() -> None:
    verdict = judge("550 5.1.1 gone fishing", tables=add(EXTRA).tables, stage=Stage.MAIL)
    (said,) = (one for one in weigh(verdict) if one.kind == "phrase")
    assert said.table_line == ""
    assert said.alone is said.evidence.reason
