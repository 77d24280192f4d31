"""When did mail last get through to an address? Soft failures before that are forgiven, hard ones never.

Three things prove it: a receipt with our own mark, the host's word (a login, a click, an answer), and a delivery whose
failure nobody reported in the days that a mail server tries for. What anybody can write proves nothing.

Each look back from a failure knows what was known when that failure was received, and nothing that came later. So it makes
no difference in which order mails are read, nor how late.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bounce_plugin.classify.classification import FailureType
from bounce_plugin.correlate.correlation import OF_DELIVERY, Caveat, Trust
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.rules import PastEvent, Policy
from bounce_plugin.policy.state import Act, Verb

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A delivery that the host recorded."""

    message_key: str  # as its events have it
    at: datetime
    failed_at: datetime | None = None  # when a report of its failure was received first; None: none was yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """Mail got through. It is known from some time on, and may turn out not to be true."""

    at: datetime  # soft failures that were received before are forgiven
    since: datetime
    until: datetime = _NEVER


class Successes:
    """All successes of one address."""

    __slots__ = ("_latest", "_times")

    def __init__(self, found: Iterable[Success] = ()) -> None:
        self._times: list[datetime] = []  # at which another success becomes the latest that is known
        self._latest: list[datetime | None] = [None]  # which one: before the first of these times, from it on, …
        for time, latest in _sweep(sorted(found, key=lambda one: one.since)):
            if latest != self._latest[-1]:
                self._times.append(time)
                self._latest.append(latest)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._times)

    def __eq__(self, other: object) -> bool:
        """Whether they forgive the same."""
        return isinstance(other, Successes) and (self._times, self._latest) == (other._times, other._latest)

    __hash__ = None  # type: ignore[assignment]

    def latest(self, at: datetime) -> datetime | None:
        """The latest success that was known at this time."""
        return self._latest[bisect_right(self._times, at)] if self._times else None

    def forgive(self, event: PastEvent, at: datetime) -> bool:
        """Whether an event counts no more in a look back from this time."""
        return is_forgiven(event, self.latest(at))


def is_forgiven(event: PastEvent, success: datetime | None) -> bool:
    """Whether a success outweighs an event: a full mailbox that took a mail since is full no more."""
    return success is not None and event.type is FailureType.SOFT and event.received_at < success


def successes(events: Iterable[PastEvent], acts: Iterable[Act], sent: Sequence[Sent], policy: Policy) -> Successes:
    """What got through to an address, by its events, the host's word among its acts, and what was sent to it."""
    known = tuple(events)
    if oldest_soft(known) is None:
        return NONE  # and so nothing is to be forgiven
    return find_successes(known, acts, sent, policy)


def oldest_soft(events: Iterable[PastEvent]) -> datetime | None:
    """When the first failure was received that a success could forgive; None: there is none."""
    return min((one.received_at for one in events if one.counts and one.type is FailureType.SOFT), default=None)


def find_successes(events: Iterable[PastEvent], acts: Iterable[Act], sent: Sequence[Sent], policy: Policy) -> Successes:
    """The same, whether there is anything to forgive or not."""
    known = tuple(events)
    proven = (Success(at=one.received_at, since=one.received_at) for one in known if _proves(one))
    word = (Success(at=act.until, since=act.at) for act in acts if act.verb is Verb.SUCCESS and act.until is not None)
    return Successes((*proven, *word, *_unreported(known, sent, policy)))


def _proves(event: PastEvent) -> bool:
    """Whether it is a receipt that its author could not make without our mail, from the server that has the mailbox."""
    return (
        event.kind is Kind.DELIVERED
        and event.trust is Trust.SIGNED_ENVELOPE
        and event.caveat in (None, Caveat.FORWARDED)
    )


def _unreported(events: Sequence[PastEvent], sent: Sequence[Sent], policy: Policy) -> Iterator[Success]:
    """The deliveries of which no failure was reported while it could have been.

    A failure of which nobody knows the message may be that of any delivery of the days before: then none of them proves
    anything. Where bounces never say which message failed, silence is no sign of success.
    """
    lifetime = timedelta(days=policy.success_after_days)
    failures = sorted((event for event in events if event.kind is Kind.BOUNCE), key=lambda event: event.received_at)
    failed: dict[str, datetime] = {}
    nameless: list[datetime] = []
    for event in failures:
        if event.message_key.startswith(OF_DELIVERY):
            failed.setdefault(event.message_key, event.received_at)
        elif event.trust.suffices(policy.required):
            nameless.append(event.received_at)
    for one in sent:
        due = one.at + lifetime
        ends = min(one.failed_at or _NEVER, failed.get(one.message_key, _NEVER))
        next_ = bisect_left(nameless, one.at)
        doubtful = next_ < len(nameless) and nameless[next_] <= due
        if due < ends and not doubtful:
            yield Success(at=one.at, since=due, until=ends)


def _sweep(found: Sequence[Success]) -> Iterator[tuple[datetime, datetime | None]]:
    """The latest success that is known, at each time at which one begins or ceases to be."""
    times = sorted({time for one in found for time in (one.since, one.until) if time != _NEVER})
    waiting, position = list[tuple[float, int]](), 0
    for time in times:
        while position < len(found) and found[position].since <= time:
            heapq.heappush(waiting, (-found[position].at.timestamp(), position))
            position += 1
        while waiting and found[waiting[0][1]].until <= time:
            heapq.heappop(waiting)
        yield time, found[waiting[0][1]].at if waiting else None


#: Nothing ever got through, as far as is known.
NONE: Final = Successes()
