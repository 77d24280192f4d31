"""What does the table of reasons advise for each of them? `classify/reasons.toml`, as rules."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.policy.rules import PolicyAction, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One row of the table, as far as it says what to do; what the reason means is the classifier's."""

    reason: Reason
    confirm: int  # failures of distinct messages that it takes; 0: see `rules_for`
    window_days: int
    min_span_days: int
    action: PolicyAction | None
    pause_days: int


_NAMES: Final = {
    PolicyAction.SUPPRESS: "stop",
    PolicyAction.SUPPRESS_ALL: "stop everything",
    PolicyAction.PAUSE: "pause",
    PolicyAction.REVIEW: "ask a person",
}


def read_advice() -> tuple[Advice, ...]:
    """The advice for each of the 30 reasons, in their order."""
    text = resources.files("bounce_plugin.classify").joinpath("reasons.toml").read_text("utf-8")
    rows = tomllib.loads(text)["reason"]
    return tuple(
        Advice(
            reason=reason,
            confirm=rows[reason]["confirm"],
            window_days=rows[reason]["window_days"],
            min_span_days=rows[reason]["min_span_days"],
            action=None if rows[reason]["action"] == "none" else PolicyAction(rows[reason]["action"]),
            pause_days=rows[reason]["pause_days"],
        )
        for reason in Reason
    )


def rules_for(advice: Advice) -> Iterator[Rule]:
    """The rules that follow from the advice for one reason.

    An incident is one from the first failure on; any other action wants the failures that the table demands, and
    where it demands none there is no rule.
    """
    only, action = frozenset({advice.reason}), advice.action
    if action is PolicyAction.INCIDENT:
        yield Rule(name=f"{advice.reason}: tell the operator", reasons=only, then=(action,))
    elif action and advice.confirm:
        if action is not PolicyAction.PAUSE and advice.pause_days:
            # One hard bounce is not final: in December 2020 Gmail refused existing mailboxes with 550 5.1.1 for hours.
            yield Rule(
                name=f"{advice.reason}: wait for a second failure",
                reasons=only,
                then=(PolicyAction.PAUSE,),
                pause_days=advice.pause_days,
            )
        yield Rule(
            name=f"{advice.reason}: {_NAMES[action]}",
            after=advice.confirm,
            within_days=advice.window_days,
            over_days=advice.min_span_days,
            reasons=only,
            then=(action,),
            pause_days=advice.pause_days if action is PolicyAction.PAUSE else 0,
        )
