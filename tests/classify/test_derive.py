"""A stored verdict follows again from its evidence, and from nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from bounce_plugin.classify.classification import Classification, Evidence, Reason
from bounce_plugin.classify.classifier import derive_again
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.detectors.finding import Stage
from bounce_plugin.examination import examine
from bounce_plugin.message.report import Action
from tests.classify.judge import add, judge
from tests.classify.replies import verdicts
from tests.mails import REAL, SAMPLES, WITHOUT_CORPUS

EXTRA = 'phrases = [{ phrase = "gone fishing", reason = "mailbox_disabled", example = "550 gone fishing" }]'


def test_every_example_gives_its_verdict_again():
    verdicts = {rule: judge(phrase.example, host=phrase.scope) for rule, phrase in BUILT_IN.phrases.items()}
    again = {rule: derive_again(verdict.evidence, BUILT_IN) for rule, verdict in verdicts.items()}
    assert [rule for rule, verdict in verdicts.items() if again[rule] != verdict] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": Stage.MAIL},
        {"action": Action.DELAYED},
        {"action": Action.DELIVERED},
        {"host": "microsoft"},
        {"diagnostic_type": "x-unix"},
        {"status": "4.1.1"},
    ],
)
def test_gates_stages_scopes_and_types_are_part_of_the_evidence(fields):
    verdict = judge("550 5.1.10 <x@example.org>... User unknown: Access denied", **fields)
    assert derive_again(verdict.evidence, BUILT_IN) == verdict


def test_a_step_whose_line_is_gone_is_left_out():
    verdict = judge("550 gone fishing", tables=add(EXTRA).tables)
    assert verdict.reason is Reason.MAILBOX_DISABLED
    assert derive_again(verdict.evidence, BUILT_IN).reason is Reason.UNKNOWN


@given(verdicts())
@settings(max_examples=100, deadline=None)
def test_every_verdict_follows_from_its_evidence_alone(verdict: Classification):
    assert derive_again(verdict.evidence, BUILT_IN) == verdict


@given(verdicts())
@settings(max_examples=100, deadline=None)
def test_what_evidence_says_of_its_own_verdict_is_not_believed(verdict: Classification):
    bare = [Evidence(rule=step.rule, field=step.field, span=step.span) for step in verdict.evidence]
    assert derive_again(bare, BUILT_IN) == verdict


def failures_to_derive(paths: list[Path]) -> list[Path]:
    """The mails of which a verdict does not follow from its evidence."""
    return [
        path
        for path in paths
        for verdict in examine(path.read_bytes()).classifications
        if derive_again(verdict.evidence, BUILT_IN) != verdict
    ]


def test_every_verdict_on_a_sample_follows_from_its_evidence():
    assert failures_to_derive(SAMPLES) == []


@pytest.mark.skipif(not REAL, reason=WITHOUT_CORPUS)
def test_every_verdict_on_a_real_mail_follows_from_its_evidence():
    assert failures_to_derive(REAL) == []


#: Replies of which it is hard to keep enough.
LONG = f"https://help.example.org/{120 * 'x'}"
GAPS = {
    "a phrase needs a reply code that is in no table, so that no step quotes the code": (
        "499 Requested action not taken: mailbox unavailable"
    ),
    "two words are read as one, and far from the beginning they are not found again": (
        f"550 5.7.1 {'Please ask our postmaster. ' * 9}Prohibited by e mail policy"
    ),
    "where the text is not ASCII, other words are quoted than those that were found": (
        "550 Grüße: Message content rejected. 554 Message rejected: address is not verified"
    ),
    "of three parts that stand far apart the middle is cut out of the quotation": (
        f"452 4.5.3 Maximum {LONG} number of {LONG} recipients"
    ),
}


@pytest.mark.parametrize("gap", GAPS)
def test_the_evidence_suffices_also_where(gap):
    verdict = judge(GAPS[gap])
    assert derive_again(verdict.evidence, BUILT_IN) == verdict


def test_the_verdict_of_a_person_follows_from_its_evidence():
    row = BUILT_IN.reasons[Reason.MAILBOX_FULL]
    said = Evidence(rule="person:erna", field="review", span="", reason=row.reason, decided=True)
    verdict = replace(
        judge("550 no"),
        reason=row.reason,
        type=row.type,
        fault=row.fault,
        counts=row.counts,
        confidence=1.0,
        evidence=(said,),
    )
    assert derive_again(verdict.evidence, BUILT_IN) == verdict
