"""How many failures does a rule count, and is it reached? The arithmetic of distinct messages, windows and spans."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from bounce_plugin.policy.rules import PastEvent, Rule


def select(rule: Rule, events: Iterable[PastEvent]) -> tuple[PastEvent, ...]:
    """The events that a rule counts, oldest first, one for each message.

    A message that was reported several times failed once, when it was first reported: replays add nothing.
    """
    ordered = [event for event in events if rule.selects(event)]
    if len(ordered) < 2:
        return tuple(ordered)
    ordered.sort(key=lambda event: (event.received_at, event.id))
    first: dict[str, PastEvent] = {}
    for event in ordered:
        first.setdefault(event.message_key, event)
    return tuple(first.values())


class Tally:
    """What a rule counts, looking back from an event that moves on in time.

    Events are admitted oldest first, one for each message; those that the window has left behind are dropped. An
    event of weight 0.5 (a passing fault of the network, say) counts, but several of one UTC day count once.
    """

    def __init__(self, rule: Rule) -> None:
        self._after = rule.after
        self._over = timedelta(days=rule.over_days)  # so many times 24 hours exactly: UTC knows no summer time
        self._within = None if rule.within_days is None else timedelta(days=rule.within_days)
        if rule.after == 1:  # each failure is enough by itself, and answers for nothing else
            self._within = timedelta(0)
        self._events: deque[PastEvent] = deque()
        self._single = 0
        self._days: Counter[date] = Counter()

    def admit(self, event: PastEvent) -> None:
        """Look back from this event."""
        self._events.append(event)
        self._add(event, 1)
        while self._within is not None and event.received_at - self._events[0].received_at > self._within:
            self._add(self._events.popleft(), -1)

    def _add(self, event: PastEvent, number: int) -> None:
        if _once_a_day(event):
            day = _day(event.received_at)
            self._days[day] += number
            if not self._days[day]:
                del self._days[day]
        else:
            self._single += number

    def holds(self, event: PastEvent) -> bool:
        """Whether an event that was admitted is still in the window."""
        return event.received_at >= self._events[0].received_at

    @property
    def count(self) -> int:
        """How many failures that makes."""
        return self._single + len(self._days)

    @property
    def span(self) -> timedelta:
        """From the oldest to the newest."""
        return self._events[-1].received_at - self._events[0].received_at

    @property
    def reached(self) -> bool:
        """Whether that is enough, over a time that is long enough."""
        return self.count >= self._after and self.span >= self._over

    def counted(self) -> tuple[PastEvent, ...]:
        """The events that make the number, oldest first, the newest always among them: `count` of them."""
        of_day = {_day(event.received_at): event for event in reversed(self._events) if _once_a_day(event)}
        newest = self._events[-1]
        if _once_a_day(newest):
            of_day[_day(newest.received_at)] = newest
        chosen = {event.id for event in of_day.values()}
        return tuple(event for event in self._events if not _once_a_day(event) or event.id in chosen)


def reached_by(rule: Rule, selected: Sequence[PastEvent], event: PastEvent) -> tuple[PastEvent, ...]:
    """The events that reach the rule together with this one, oldest first; empty when it is not reached.

    Looking back from `event` itself or, when it came in late, from one that was received after it and has it in its
    window: so that it makes no difference in which order the mails are read. The latest such window is given.
    """
    tally = Tally(rule)
    found: tuple[PastEvent, ...] = ()
    for newest in selected:
        tally.admit(newest)
        if newest.received_at >= event.received_at and tally.reached and tally.holds(event):
            found = tally.counted()
    return found


def rounds(rule: Rule, selected: Iterable[PastEvent]) -> int:
    """How often the rule was reached when counting begins anew each time that it was."""
    if rule.after == 1 and not rule.over_days:  # each failure by itself
        return sum(1 for _ in selected)
    number, tally = 0, Tally(rule)
    for event in selected:
        tally.admit(event)
        if tally.reached:
            number, tally = number + 1, Tally(rule)
    return number


def _once_a_day(event: PastEvent) -> bool:
    return 0 < event.weight < 1


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
