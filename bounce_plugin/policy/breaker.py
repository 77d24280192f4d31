"""Does one cause stop far more addresses than its history and the volume sent explain? When, and for how long?

A cause is a provider, a phrase or a reason. Everything here is about the time of receipt of failures: neither the order in
which mails are read nor the time at which that is done makes a difference.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from bounce_plugin.classify.providers import Providers
from bounce_plugin.event import BounceEvent
from bounce_plugin.policy.limits import Bound, Limits

INSTANT: Final = timedelta(microseconds=1)
_LONGEST_NAME: Final = 200  # characters: a name is indexed, and a phrase may be somebody's own


class Dimension(StrEnum):
    """What may have gone wrong, the narrowest first: what one explains is no matter of the next."""

    PROVIDER = "provider"  # it refuses existing mailboxes
    PHRASE = "phrase"  # a rule of classification is wrong, or what it reads has changed its meaning
    REASON = "reason"  # our own resolver is broken, say

    @property
    def narrower(self) -> tuple[Dimension, ...]:
        """Those that come before it."""
        every = tuple(Dimension)
        return every[: every.index(self)]

    @property
    def wider(self) -> tuple[Dimension, ...]:
        """Those that come after it."""
        every = tuple(Dimension)
        return every[every.index(self) + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cause:
    """One thing that may have gone wrong."""

    dimension: Dimension
    name: str

    def __str__(self) -> str:
        return f"{self.dimension} {self.name!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure that newly stops or pauses an address, or would."""

    event: str
    who: str  # the address, or what stands for it
    at: datetime  # when it was received
    provider: str
    phrase: str
    reason: str

    def of(self, dimension: Dimension) -> Cause:
        """Its cause in one dimension."""
        return Cause(dimension=dimension, name=getattr(self, dimension.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """A time in which a cause stopped too many."""

    after: datetime  # this moment not included
    until: datetime  # so long a window may end in which there are too many, if no more come
    last: datetime  # when the last failure was received that stopped or paused somebody, or would have
    number: int  # the most addresses in one window
    limit: int  # this and the next two as in `limits.Bound`
    usual: int
    more_sent: int

    def holds(self, at: datetime) -> bool:
        """Whether a failure that was received then is one of it."""
        return self.after < at <= self.until

    def touches(self, day: date) -> bool:
        """Whether it was on that day, or began or ended then."""
        return self.after.date() <= day <= self.until.date()

    def joined(self, other: Surge) -> Surge:
        """Both as one, with the numbers of the larger."""
        larger = max(self, other, key=lambda surge: surge.number)
        after, until, last = min(self.after, other.after), max(self.until, other.until), max(self.last, other.last)
        return replace(larger, after=after, until=until, last=last)


def failure_of(event: BounceEvent, who: str, providers: Providers) -> Failure:
    """Why an address failed: the provider, the phrase and the reason. The phrase is the rule that the verdict follows.

    None of them has an address in it, though an operator's own phrase may: it is a name here, and only compared.
    """
    provider = providers.name_of(host=event.remote_mta, address=event.address)
    decided = next((step.rule for step in event.evidence if step.decided), "")
    return Failure(
        event=event.id,
        who=who,
        at=event.received_at.astimezone(UTC),
        provider=provider[:_LONGEST_NAME],
        phrase=decided.replace("@", " ")[:_LONGEST_NAME],
        reason=str(event.reason or ""),
    )


def most(failures: Iterable[Failure], dimension: Dimension, window: timedelta) -> int:
    """The most addresses of one cause in any window, counted as `surges` does; the failures in their order."""
    slide = _Slide(window, dimension)
    return max((slide.admit(failure) for failure in failures), default=0)


def surges(
    failures: Sequence[Failure],
    dimension: Dimension,
    limits: Limits,
    bound: Callable[[datetime, int], Bound],
    *,
    since: datetime | None = None,
) -> Iterator[Surge]:
    """The windows in which one cause stopped too many; its failures in their order, without what others explain.

    Of a wider cause that one which most of its failures share in a narrower dimension is left out, for it would explain
    them: an outage of one provider says nothing against a phrase or a reason. Windows that end before `since` are
    passed over.
    """
    slide = _Slide(limits.window, dimension)
    for place, failure in enumerate(failures):
        number = slide.admit(failure)
        last = place + 1 == len(failures) or failures[place + 1].at != failure.at
        if not last or (since is not None and failure.at < since) or number <= limits.floor:
            continue
        allowed = bound(failure.at.astimezone(UTC), number)
        if number > allowed.limit:
            until = slide.latest(len(slide) - number + allowed.limit) + limits.window
            yield surge_of(failure.at - limits.window, until, failure.at, number, allowed)


def surge_of(after: datetime, until: datetime, last: datetime, number: int, bound: Bound) -> Surge:
    """A time in which there are too many in a window for the limit of that day; `until` is just over."""
    return Surge(
        after=after,
        until=until - INSTANT,
        last=last,
        number=number,
        limit=bound.limit,
        usual=bound.usual,
        more_sent=bound.more_sent,
    )


def bound_of(limits: Limits, day: date, *, usual: int, sent: Mapping[date, int], surges: Iterable[Surge]) -> Bound:
    """The limit of a cause on a day. What was sent on the days of its earlier `surges` that nobody released is no
    history, as what was held of them is none: how many addresses those mails would have stopped is not known.
    """
    first, held = limits.first_day(day), tuple(surges)
    known = {one: sent[one] for one in sent if one >= first or not any(surge.touches(one) for surge in held)}
    return limits.bound(day, usual=usual, sent=known)


def merged(windows: Iterable[Surge]) -> list[Surge]:
    """Windows in their order as times without a gap between."""
    found: list[Surge] = []
    for window in windows:
        if found and window.after <= found[-1].until:
            found[-1] = found[-1].joined(window)
        else:
            found.append(window)
    return found


class _Slide:
    """A window that moves on over failures, and counts their addresses."""

    def __init__(self, window: timedelta, dimension: Dimension) -> None:
        self._window = window
        self._inside: deque[Failure] = deque()
        self._addresses: Counter[str] = Counter()
        self._newest: dict[str, datetime] = {}  # of each address the time of its last failure, in their order
        self._groups = {narrower: _Groups(narrower) for narrower in dimension.narrower}

    def admit(self, failure: Failure) -> int:
        """How many addresses are in the window that ends with this one, without the largest narrower group."""
        self._inside.append(failure)
        self._addresses[failure.who] += 1
        self._newest.pop(failure.who, None)
        self._newest[failure.who] = failure.at
        for groups in self._groups.values():
            groups.add(failure)
        while self._inside[0].at <= failure.at - self._window:
            self._drop(self._inside.popleft())
        return len(self._addresses) - max((groups.largest for groups in self._groups.values()), default=0)

    def __len__(self) -> int:
        """How many addresses are in the window, those of the largest group too."""
        return len(self._addresses)

    def latest(self, place: int) -> datetime:
        """The time of the last failure of an address, counted from the one that failed last of all, which is 0."""
        return next(islice(reversed(self._newest.values()), place, None))

    def _drop(self, failure: Failure) -> None:
        self._addresses[failure.who] -= 1
        if not self._addresses[failure.who]:
            del self._addresses[failure.who]
            del self._newest[failure.who]
        for groups in self._groups.values():
            groups.drop(failure)


class _Groups:
    """How many addresses each cause of one dimension has in the window."""

    def __init__(self, dimension: Dimension) -> None:
        self._name = dimension.value
        self._failures: Counter[tuple[str, str]] = Counter()  # by cause and address
        self._addresses: Counter[str] = Counter()  # by cause
        self.largest = 0

    def add(self, failure: Failure) -> None:
        name = getattr(failure, self._name)
        self._failures[name, failure.who] += 1
        if self._failures[name, failure.who] == 1:
            self._addresses[name] += 1
            self.largest = max(self.largest, self._addresses[name])

    def drop(self, failure: Failure) -> None:
        name = getattr(failure, self._name)
        self._failures[name, failure.who] -= 1
        if self._failures[name, failure.who]:
            return
        del self._failures[name, failure.who]
        was = self._addresses[name]
        self._addresses[name] -= 1
        if was == self.largest:
            self.largest = max(self._addresses.values())
