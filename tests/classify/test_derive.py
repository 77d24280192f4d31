"""A stored verdict follows again from its evidence, and from nothing else."""

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.classifier import derive_again
from bounce_plugin.classify.tables import BUILT_IN, load_tables
from bounce_plugin.detectors.finding import Stage
from bounce_plugin.message.report import Action
from tests.classify.judge import judge

EXTRA = 'phrases = [{ phrase = "gone fishing", reason = "mailbox_disabled", example = "550 gone fishing" }]'


@pytest.mark.parametrize("rule", BUILT_IN.phrases)
def test_every_example_gives_its_verdict_again(rule):
    phrase = BUILT_IN.phrases[rule]
    verdict = judge(phrase.example, host="any" if phrase.scope == "any" else phrase.scope)
    assert derive_again(verdict.evidence, BUILT_IN) == verdict


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
    verdict = judge("550 gone fishing", tables=load_tables((EXTRA,)))
    assert verdict.reason is Reason.MAILBOX_DISABLED
    assert derive_again(verdict.evidence, BUILT_IN).reason is Reason.UNKNOWN
