"""What does the table of reasons advise for each of them? `classify/reasons.toml`, as rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bounce_plugin.classify.tables import ReasonRow
from bounce_plugin.policy.rules import PolicyAction, Rule

_NAMES: Final = {
    PolicyAction.SUPPRESS: "stop",
    PolicyAction.SUPPRESS_ALL: "stop everything",
    PolicyAction.PAUSE: "pause",
    PolicyAction.REVIEW: "ask a person",
}


def rules_for(row: ReasonRow) -> Iterator[Rule]:
    """The rules that follow from one row of the table.

    An incident is one from the first failure on; any other action wants the failures that the row demands, and a row
    that demands none has no rule.
    """
    only = frozenset({row.reason})
    action = None if row.action == "none" else PolicyAction(row.action)
    if action is PolicyAction.INCIDENT:
        yield Rule(name=f"{row.reason}: tell the operator", reasons=only, then=(action,))
    elif action and row.confirm:
        if action is not PolicyAction.PAUSE and row.pause_days:
            # One hard bounce is not final: in December 2020 Gmail refused existing mailboxes with 550 5.1.1 for hours.
            yield Rule(
                name=f"{row.reason}: wait for a second failure",
                reasons=only,
                then=(PolicyAction.PAUSE,),
                pause_days=row.pause_days,
            )
        yield Rule(
            name=f"{row.reason}: {_NAMES[action]}",
            after=row.confirm,
            within_days=row.window_days,
            over_days=row.min_span_days,
            reasons=only,
            then=(action,),
            pause_days=row.pause_days if action is PolicyAction.PAUSE else 0,
        )
