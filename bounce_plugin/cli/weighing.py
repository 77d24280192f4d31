"""What became of each piece of evidence? As `examine` tells it: decided, agreed, or overruled, and by which principle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bounce_plugin.classify.classification import Classification, Evidence, Reason
from bounce_plugin.classify.places import find_table_line
from bounce_plugin.classify.tables import BUILT_IN


class Outcome(StrEnum):
    """What became of a piece of evidence; empty for what says nothing of the reason: action, stage, provider."""

    NONE = ""
    DECIDED = "decided"
    AGREED = "agreed"
    OVERRULED = "overruled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A piece of evidence, and what became of it."""

    evidence: Evidence
    outcome: Outcome
    alone: (
        Reason | None
    )  # what its line of the table says; another reason than the evidence's where the stage changed it

    @property
    def kind(self) -> str:
        """What its rule is of: `phrase`, `status`, `code`, `reply`, `exit`, `gate`, `stage`, `provider`."""
        return self.evidence.rule.partition(":")[0]

    @property
    def reread(self) -> bool:
        """Whether the same words mean something else here: after MAIL FROM, or of a large provider's domain."""
        return self.alone is not self.evidence.reason

    @property
    def table_line(self) -> str:
        """Where its rule stands, `phrases.toml:123`; empty for what stands in no packaged table."""
        return find_table_line(self.evidence.rule)


def weigh(verdict: Classification) -> tuple[Weighed, ...]:
    """The evidence of a verdict, in its order."""
    reason = next((step.reason for step in verdict.evidence if step.decided), None)
    return tuple(
        Weighed(evidence=step, outcome=_outcome(step, reason), alone=_alone(step)) for step in verdict.evidence
    )


def _outcome(step: Evidence, decided: Reason | None) -> Outcome:
    if step.decided:
        return Outcome.DECIDED
    if step.reason is None:
        return Outcome.NONE
    return Outcome.AGREED if step.reason is decided else Outcome.OVERRULED


def _alone(step: Evidence) -> Reason | None:
    if step.note not in ("stage", "provider scope"):  # nothing else changes what a rule says
        return step.reason
    phrase = step.rule.startswith("phrase:")
    row = BUILT_IN.phrases.get(step.rule) if phrase else BUILT_IN.codes.by_rule(step.rule)
    return row.reason if row is not None else step.reason  # a phrase of a plugin is in no packaged table
