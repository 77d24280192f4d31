"""What does the table of reasons advise for each of them? `classify/reasons.toml`, as rules."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.policy.rules import PolicyAction, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One reason of the table, as far as it is about what to do."""

    reason: Reason
    type: FailureType
    weight: float
    counts: bool  # whether it is ever held against the recipient
    confirm: int  # failures of distinct messages; 0: one is enough for an incident, and never for anything else
    window_days: int
    min_span_days: int
    action: PolicyAction | None
    pause_days: int


@cache
def read_advice() -> tuple[Advice, ...]:
    """The advice for each of the 30 reasons, in their order."""
    table = tomllib.loads(files("bounce_plugin.classify").joinpath("reasons.toml").read_text("utf-8"))["reason"]
    return tuple(
        Advice(
            reason=reason,
            type=FailureType(table[reason]["type"]),
            weight=table[reason]["weight"],
            counts=table[reason]["weight"] > 0 and table[reason].get("counts", True),
            confirm=table[reason]["confirm"],
            window_days=table[reason]["window_days"],
            min_span_days=table[reason]["min_span_days"],
            action=None if table[reason]["action"] == "none" else PolicyAction(table[reason]["action"]),
            pause_days=table[reason]["pause_days"],
        )
        for reason in Reason
    )


def rules_for(advice: Advice) -> Iterator[Rule]:
    """The rules that follow from the advice for one reason."""
    only = frozenset({advice.reason})
    if advice.action is PolicyAction.INCIDENT:
        yield Rule(name=f"{advice.reason}: tell the operator", reasons=only, then=(PolicyAction.INCIDENT,))
    elif advice.action and advice.confirm:
        if advice.action is not PolicyAction.PAUSE and advice.pause_days:
            # One hard bounce is not final: in December 2020 Gmail refused existing mailboxes with 550 5.1.1 for hours.
            yield Rule(
                name=f"{advice.reason}: wait for a second failure",
                reasons=only,
                then=(PolicyAction.PAUSE,),
                pause_days=advice.pause_days,
            )
        yield Rule(
            name=f"{advice.reason}: {_NAMES[advice.action]}",
            after=advice.confirm,
            within_days=advice.window_days,
            over_days=advice.min_span_days,
            reasons=only,
            then=(advice.action,),
            pause_days=advice.pause_days if advice.action is PolicyAction.PAUSE else 0,
        )


_NAMES = {
    PolicyAction.SUPPRESS: "stop",
    PolicyAction.SUPPRESS_ALL: "stop everything",
    PolicyAction.PAUSE: "pause",
    PolicyAction.REVIEW: "ask a person",
}
