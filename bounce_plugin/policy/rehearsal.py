"""What would the breaker hold if other rules had held all along? All failures at once, as the live one finds them by and by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date

from bounce_plugin.policy.breaker import Cause, Dimension, Failure, Surge, bound_of, merged, most, surges
from bounce_plugin.policy.limits import Bound, Limits

#: How many mails were sent to where a cause is, day by day from the first to the last.
Sent = Callable[[Cause, date, date], Mapping[date, int]]


class Surges:
    """The times in which causes stopped too many."""

    def __init__(self, found: Mapping[Cause, Sequence[Surge]]) -> None:
        self._found = found

    def holds(self, failure: Failure, dimensions: Iterable[Dimension] = tuple(Dimension)) -> bool:
        """Whether a failure was received in such a time of one of its causes."""
        return any(
            surge.holds(failure.at) for dimension in dimensions for surge in self._found.get(failure.of(dimension), ())
        )


def find_surges(failures: Iterable[Failure], released: Container[str], limits: Limits, sent: Sent) -> Surges:
    """Judge the failures that newly stop or pause an address, the narrowest causes first.

    What a person released is not held again, and is history from then on.
    """
    ordered = sorted(failures, key=lambda failure: (failure.at, failure.event))
    found: dict[Cause, list[Surge]] = {}
    surges_ = Surges(found)
    for dimension in Dimension:
        by_cause: defaultdict[Cause, list[Failure]] = defaultdict(list)
        for failure in ordered:
            if not surges_.holds(failure, dimension.narrower):
                by_cause[failure.of(dimension)].append(failure)
        for cause in sorted(by_cause):
            if cause.name and len(by_cause[cause]) > limits.floor:
                _judge(cause, by_cause[cause], released, limits, sent, found)
    return surges_


def _judge(
    cause: Cause,
    failures: Sequence[Failure],
    released: Container[str],
    limits: Limits,
    sent: Sent,
    found: dict[Cause, list[Surge]],
) -> None:
    bounds: dict[date, Bound] = {}
    so_far = found.setdefault(cause, [])

    def bound(day: date, _: int) -> Bound:
        if day not in bounds:
            after, ends, before = limits.history_of(day)
            history = [
                failure
                for failure in failures
                if after < failure.at < before
                and (
                    failure.event in released
                    or (failure.at <= ends and not any(one.holds(failure.at) for one in so_far))
                )
            ]
            bounds[day] = bound_of(
                limits,
                day,
                usual=most(history, cause.dimension, limits.window),
                sent=sent(cause, after.date(), day),
                surges=so_far,
            )
        return bounds[day]

    counted = [failure for failure in failures if failure.event not in released]
    for window in surges(counted, cause.dimension, limits, bound):
        so_far[:] = merged((*so_far, window))
