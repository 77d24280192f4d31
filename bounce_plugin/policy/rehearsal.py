"""What would the breaker hold if other rules had held all along? All failures at once, as the live one finds them by and by."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bounce_plugin.policy.breaker import Cause, Dimension, Failure, Surge, bound_of, merged, most, surges
from bounce_plugin.policy.limits import Bound, Limits

#: How many mails were sent to where a cause is, day by day from the first to the last.
Sent = Callable[[Cause, date, date], Mapping[date, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What people made of a failure, and when."""

    held_as: Dimension | None  # that of the trip that held it
    released: datetime | None = None
    undone: datetime | None = None  # or discarded, or forgiven with the stop of its address

    @property
    def right(self) -> bool:
        """Whether it was released, and holds."""
        return self.undone is None

    def is_history(self, at: datetime, dimension: Dimension) -> bool | None:
        """Whether it was history to a failure of that time; None: as if nobody had settled it, which was done later.

        To a cause that is narrower than the one for which it was held it was history all the time. What is released is history to
        the whole day.
        """
        if self.undone is not None and self.undone < at:
            return False
        if self.released is not None and self.released.astimezone(UTC).date() <= at.date():
            return True
        return None if self.held_as is None or self.held_as in dimension.wider else False


class Surges:
    """The times in which causes stopped too many."""

    def __init__(self, found: Mapping[Cause, Sequence[Surge]]) -> None:
        self._found = found

    def holds(self, failure: Failure, dimensions: Iterable[Dimension] = tuple(Dimension)) -> bool:
        """Whether a failure was received in such a time of one of its causes."""
        return any(
            surge.holds(failure.at) for dimension in dimensions for surge in self._found.get(failure.of(dimension), ())
        )


def find_surges(failures: Iterable[Failure], settled: Mapping[str, Settlement], limits: Limits, sent: Sent) -> Surges:
    """Judge the failures that newly stop or pause an address, the narrowest causes first.

    What people `settled` stays so: what they released is not held again, and is history from then on; what they discarded
    or undid is none from then on, and counts in its window all the same, for a surge may go on.
    """
    ordered = sorted(failures, key=lambda failure: (failure.at, failure.event))
    found: dict[Cause, list[Surge]] = {}
    surges_ = Surges(found)
    for dimension in Dimension:
        by_cause: defaultdict[Cause, list[Failure]] = defaultdict(list)
        for failure in ordered:
            if not _is_explained(failure, settled.get(failure.event), surges_, dimension):
                by_cause[failure.of(dimension)].append(failure)
        for cause in sorted(by_cause):
            if cause.name and len(by_cause[cause]) > limits.floor:
                _judge(cause, by_cause[cause], settled, limits, sent, found)
    return surges_


def _is_explained(failure: Failure, settlement: Settlement | None, found: Surges, dimension: Dimension) -> bool:
    """Whether a narrower cause explains it: in truth where a person settled it, else by what is found."""
    if settlement is not None:
        return settlement.held_as in dimension.narrower
    return found.holds(failure, dimension.narrower)


def _judge(
    cause: Cause,
    failures: Sequence[Failure],
    settled: Mapping[str, Settlement],
    limits: Limits,
    sent: Sent,
    found: dict[Cause, list[Surge]],
) -> None:
    bounds: dict[tuple[date, int], Bound] = {}
    so_far = found.setdefault(cause, [])
    concerned = (settled[failure.event] for failure in failures if failure.event in settled)
    undone = sorted({one.undone for one in concerned if one.undone is not None})

    def is_history(failure: Failure, at: datetime, *, until: datetime) -> bool:
        settlement = settled.get(failure.event)
        known = settlement.is_history(at, cause.dimension) if settlement is not None else None
        if known is not None:
            return known
        return failure.at <= until and not any(surge.holds(failure.at) for surge in so_far)

    def bound(at: datetime, _: int) -> Bound:
        day, epoch = at.date(), bisect_left(undone, at)
        if (day, epoch) not in bounds:
            after, ends, before = limits.history_of(day)
            history = [
                failure for failure in failures if after < failure.at < before and is_history(failure, at, until=ends)
            ]
            bounds[day, epoch] = bound_of(
                limits,
                day,
                usual=most(history, cause.dimension, limits.window),
                sent=sent(cause, after.date(), day),
                surges=so_far,
            )
        return bounds[day, epoch]

    counted = [failure for failure in failures if failure.event not in settled or not settled[failure.event].right]
    for window in surges(counted, cause.dimension, limits, bound):
        so_far[:] = merged((*so_far, window))
