"""How many failures does a rule count, and is it reached? The arithmetic of distinct messages, windows and spans."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bounce_plugin.classify.classification import FailureType
from bounce_plugin.policy.rules import PastEvent, Rule
from bounce_plugin.policy.success import NONE, Successes, is_forgiven

_WHOLE: Final = 2  # halves


def select(rule: Rule, events: Iterable[PastEvent]) -> tuple[PastEvent, ...]:
    """The events that a rule counts, oldest first, one for each message.

    A message that was reported several times failed once, when it was first reported: replays add nothing.
    """
    ordered = [event for event in events if rule.selects(event)]
    if len(ordered) < 2:
        return tuple(ordered)
    ordered.sort(key=_in_order)
    first: dict[str, PastEvent] = {}
    for event in ordered:
        first.setdefault(event.message_key, event)
    return tuple(first.values())


class Tally:
    """What a rule counts, looking back from an event that moves on in time.

    Events are admitted oldest first, one for each message; those that the window has left behind are dropped, and soft
    ones from before the latest success that was known then. An event of weight 0.5 (a passing fault of the network, say)
    counts, but several of one UTC day count once. One that failed behind a forward counts half, so that it reaches no
    rule by itself, nor one that a single failure reaches.
    """

    def __init__(self, rule: Rule, successes: Successes = NONE) -> None:
        self._after = rule.after
        self._over = timedelta(days=rule.over_days)  # so many times 24 hours exactly: UTC knows no summer time
        self._within = None if rule.within_days is None else timedelta(days=rule.within_days)
        if rule.after == 1:  # each failure is enough by itself, and answers for nothing else
            self._within = timedelta(0)
        self._events: deque[PastEvent] = deque()
        self._halves = 0  # of those that count each
        self._soft = 0
        self._days: Counter[tuple[date, int]] = Counter()  # of the others, by the day and the halves of one
        self._successes = successes
        self._success: datetime | None = None  # the latest, looking back from the newest event
        self._forgiven: list[PastEvent] = []  # kept, for what seemed to be a success may turn out to be none

    def admit(self, event: PastEvent) -> None:
        """Look back from this event."""
        if self._successes:
            self._forgive(self._successes.latest(event.received_at))
        self._events.append(event)
        self._add(event, 1)
        while self._within is not None and event.received_at - self._events[0].received_at > self._within:
            self._add(self._events.popleft(), -1)

    def _forgive(self, success: datetime | None) -> None:
        """Count no soft failure from before this success, and all others."""
        before, self._success = self._success, success
        if before is not None and (success is None or success < before):  # it was none, as a late bounce says
            kept = sorted((*self._forgiven, *self._events), key=_in_order)
            self._forgiven, self._events, self._halves, self._soft = [], deque(kept), 0, 0
            self._days.clear()
            for event in kept:
                self._add(event, 1)
        if self._soft and success != before:
            gone = [event for event in self._events if is_forgiven(event, success)]
            self._forgiven += gone
            for event in gone:
                self._add(event, -1)
            if gone:
                self._events = deque(event for event in self._events if not is_forgiven(event, success))

    def _add(self, event: PastEvent, number: int) -> None:
        self._soft += number * (event.type is FailureType.SOFT)
        if _once_a_day(event):
            day = _day(event.received_at), _halves_of(event)
            self._days[day] += number
            if not self._days[day]:
                del self._days[day]
        else:
            self._halves += number * _halves_of(event)

    def holds(self, event: PastEvent) -> bool:
        """Whether an event that was admitted is still in the window."""
        return event.received_at >= self._events[0].received_at and not is_forgiven(event, self._success)

    @property
    def count(self) -> float:
        """How many failures that makes."""
        of_days = sum(halves for day, halves in self._days if halves == _WHOLE or (day, _WHOLE) not in self._days)
        return (self._halves + of_days) / _WHOLE

    @property
    def span(self) -> timedelta:
        """From the oldest to the newest."""
        return self._events[-1].received_at - self._events[0].received_at

    @property
    def reached(self) -> bool:
        """Whether that is enough, over a time that is long enough."""
        return self.count >= self._after and self.span >= self._over

    def counted(self) -> tuple[PastEvent, ...]:
        """The events that make the number, oldest first, the newest always among them."""
        of_day = {_day(event.received_at): event for event in reversed(self._events) if _once_a_day(event)}
        newest = self._events[-1]
        if _once_a_day(newest):
            of_day[_day(newest.received_at)] = newest
        chosen = {event.id for event in of_day.values()}
        return tuple(event for event in self._events if not _once_a_day(event) or event.id in chosen)


def reached_by(
    rule: Rule, selected: Sequence[PastEvent], event: PastEvent, successes: Successes = NONE
) -> tuple[PastEvent, ...]:
    """The events that reach the rule together with this one, oldest first; empty when it is not reached.

    Looking back from `event` itself or, when it came in late, from one that was received after it and has it in its
    window: so that it makes no difference in which order the mails are read. The latest such window is given.
    """
    tally = Tally(rule, successes)
    found: tuple[PastEvent, ...] = ()
    for newest in selected:
        tally.admit(newest)
        if newest.received_at >= event.received_at and tally.reached and tally.holds(event):
            found = tally.counted()
    return found


def rounds(rule: Rule, selected: Iterable[PastEvent], successes: Successes = NONE) -> int:
    """How often the rule was reached when counting begins anew each time that it was."""
    if rule.after == 1 and not rule.over_days:  # each failure by itself, but for those that count half
        return sum(not event.halved for event in selected)
    number, tally = 0, Tally(rule, successes)
    for event in selected:
        tally.admit(event)
        if tally.reached:
            number, tally = number + 1, Tally(rule, successes)
    return number


def _halves_of(event: PastEvent) -> int:
    return 1 if event.halved else _WHOLE


def _in_order(event: PastEvent) -> tuple[datetime, str]:
    return event.received_at, event.id


def _once_a_day(event: PastEvent) -> bool:
    return 0 < event.weight < 1


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
