"""What would become of an address under another policy?"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bounce_plugin.policy.replay import replay
from bounce_plugin.policy.rules import PastEvent, Policy
from bounce_plugin.policy.state import COMPLAINT, Act, Suppression, Verb, derive, in_force, standing
from bounce_plugin.policy.success import Sent


class Standing(StrEnum):
    """What an address is under."""

    FREE = "free"
    PAUSED = "paused"
    STOPPED = "stopped"
    STOPPED_ALL = "stopped_all"  # exempt mail too

    @classmethod
    def of(cls, stop: Suppression | None) -> Standing:
        """That of an address under this stop, which is in force."""
        if stop is None:
            return cls.FREE
        if stop.exempt_too:
            return cls.STOPPED_ALL
        return cls.PAUSED if stop.until else cls.STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """The stop that an address is under, and the one that it would be under; each as far as it is in force."""

    before: Suppression | None
    after: Suppression | None
    held: int = 0  # failures that the breaker would hold

    @property
    def changes(self) -> bool:
        """Whether other mail would be withheld, or until another time."""
        return _extent(self.before) != _extent(self.after)

    @property
    def was(self) -> Standing:
        """What it is under."""
        return Standing.of(self.before)

    @property
    def becomes(self) -> Standing:
        """What it would be under."""
        return Standing.of(self.after)


def simulate(
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    now: datetime,
    *,
    held: Container[str] = (),
    sent: Sequence[Sent] = (),
) -> Simulated:
    """Decide about one address as if this policy had held all along.

    `events` are those since the last lift that nobody undid, and `acts` is all that was done: what people lifted and
    undid stays lifted and undone, and what the host vouched for is vouched for. `sent` is as in `decide`. `held` are the
    events that the breaker would hold, by their ids; what it holds in truth is of no account.
    """
    acts, events = tuple(acts), tuple(events)
    counting = [event for event in events if event.id not in held]
    complaints = tuple(act for act in standing(acts) if act.rule == COMPLAINT)
    kept = (*complaints, *(act for act in acts if act.verb is Verb.SUCCESS))
    before, after = derive(acts), derive((*kept, *replay(counting, policy, now, done=kept, sent=sent)))
    return Simulated(
        before=before if in_force(before, now) else None,
        after=after if in_force(after, now) else None,
        held=len(events) - len(counting),
    )


def _extent(stop: Suppression | None) -> tuple[bool, datetime | None] | None:
    return (stop.exempt_too, stop.until) if stop else None
