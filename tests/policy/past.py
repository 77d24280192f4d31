"""Events to decide about, written shortly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.correlate.correlation import Caveat
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.confirm import decide_as_trusted
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.rules import Decision, PastEvent, Policy
from bounce_plugin.policy.state import Act
from bounce_plugin.policy.success import Sent, successes

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
_numbers = itertools.count(1)


def event(
    reason: Reason | None = Reason.ADDRESS_UNKNOWN,
    *,
    days: float = 0,
    at: datetime = START,
    kind: Kind = Kind.BOUNCE,
    counts: bool | None = None,
    weight: float | None = None,
    message: str = "",
    category: str = "",
    name: str = "",
    caveat: Caveat | None = None,
) -> PastEvent:
    """An event so many days after `at`, of a message of its own, as the table of reasons has it."""
    row = BUILT_IN.reasons[reason] if reason else None
    number = next(_numbers)
    return PastEvent(
        id=name or f"event-{number:06}",
        kind=kind,
        type=row.type if row else None,
        reason=reason,
        counts=counts if counts is not None else row is not None and row.counts and kind is Kind.BOUNCE,
        weight=weight if weight is not None else row.weight if row else 0.0,
        message_key=message or f"ref:{number}",
        category=category,
        received_at=at + timedelta(days=days),
        caveat=caveat,
    )


def live(
    events: Iterable[PastEvent],
    policy: Policy,
    now: datetime | None = None,
    *,
    vouched: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
) -> tuple[list[Decision], list[Act]]:
    """What happens when the events come in in this order, each decided when it was received or at `now`.

    `vouched` is the host's word that mail got through, `sent` what it recorded.
    """
    word = tuple(vouched)
    decisions: list[Decision] = []
    acts: list[Act] = []
    history: list[PastEvent] = []
    for past in events:
        history.append(past)
        at = now or past.received_at
        found = successes(history, word, sent, policy)
        decision = decide_as_trusted(past, history, policy, at, required=policy.required, found=found, done=acts)
        decisions.append(decision)
        acts.extend(acts_from(decision, at))
    return decisions, acts


def decisions(events: Sequence[PastEvent], policy: Policy) -> list[set[str]]:
    """The actions that each event leads to, by name."""
    return [{action.value for action in decision.actions} for decision in live(events, policy)[0]]
