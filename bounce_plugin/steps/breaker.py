"""What if one provider, phrase or reason suddenly stops very many? What it does is held until a person decides (T-05).

Everything happens in the transaction that records the failures: nobody sees a stop that is held in the same batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from bounce_plugin.announce import Announcements
from bounce_plugin.classify.providers import Providers
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger import counting
from bounce_plugin.ledger.causes import State, failures_of, flag, note_cause, put_fates
from bounce_plugin.ledger.incidents import raise_incident
from bounce_plugin.ledger.past import forgiven, past_of
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.ledger.trips import (
    Trip,
    TripState,
    add_trip,
    extend,
    reopen,
    settle,
    surges_of,
    touched,
    trip_by_number,
    trips_around,
)
from bounce_plugin.ledger.volumes import volumes_of
from bounce_plugin.ledger.withheld import Withheld, set_aside
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.breaker import (
    INSTANT,
    Cause,
    Dimension,
    Failure,
    Surge,
    bound_of,
    failure_of,
    merged,
    surge_of,
    surges,
)
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.hold import BREAKER
from bounce_plugin.policy.limits import Bound, Limits
from bounce_plugin.policy.replay import restricting
from bounce_plugin.policy.rules import RESTRICTING, Decision, Policy
from bounce_plugin.policy.state import Verb
from bounce_plugin.steps.holding import Holding
from bounce_plugin.steps.trip_in_words import explained_in_words, tripped_in_words
from bounce_plugin.steps.usual import Usual

_FEW: Final = 8  # causes that are counted one by one, each as far as need be
#: A failure that is decided so much later than it was received may have led to a pause that is over by then.
_LATE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Watches over what failures lead to."""

    announcements: Announcements
    policy: Policy
    providers: Providers
    limits: Limits | None  # None: it is off; what it needs to know is recorded all the same
    usual: Usual


@dataclass(slots=True, kw_only=True)
class Watch:
    """What the failures of one transaction led to. Tell of each (`note`), then `judge` them."""

    breaker: Breaker
    tx: Transaction
    now: datetime
    _noted: list[datetime] = field(default_factory=list)  # when those that count were received
    _new: set[str] = field(default_factory=set)  # their ids
    _stops: list[Failure] = field(default_factory=list)  # those that newly stop or pause somebody
    _bounds: dict[tuple[Cause, date], tuple[Bound, bool]] = field(default_factory=dict)  # and whether it is exact
    _holding: Holding = field(init=False)
    _taken: dict[int, Trip] = field(default_factory=dict)  # by the number of a trip which one took failures from it

    def __post_init__(self) -> None:
        breaker = self.breaker
        self._holding = Holding(announcements=breaker.announcements, policy=breaker.policy, tx=self.tx, now=self.now)

    def note(self, event: BounceEvent, decision: Decision) -> None:
        """Record why a failure that counts happened, and whether it takes something away from its address."""
        past = past_of(self.tx, self.tx.fingerprint(event.address))
        if event.kind is not Kind.BOUNCE or not event.counts or all(one.id != event.id for one in past.events):
            return  # or it was forgiven or undone before it was recorded
        failure = failure_of(event, self.tx.fingerprint(event.address), self.breaker.providers)
        self._noted.append(failure.at)
        self._new.add(failure.event)
        stops = bool(RESTRICTING & decision.actions)
        if self._is_plain(past, failure, decision, stops=stops):
            note_cause(self.tx, failure, restricts=stops)
            self._stops += [failure] if stops else []
            return
        gone = forgiven(self.tx, [failure.who])[failure.who]
        every = (*past.events, *past.held, *gone)
        stopping = restricting(every, self.breaker.policy, done=past.acts, sent=past.sent)
        note_cause(self.tx, failure, restricts=event.id in stopping)
        flag(self.tx, {one.id for one in every if one.counts}, stopping)
        self._stops += [one for one in failures_of(self.tx, stopping) if one.at >= failure.at]

    def _is_plain(self, past: Past, failure: Failure, decision: Decision, *, stops: bool) -> bool:
        """Whether the decision tells what it would be if all failures had come in, and counted, as they happened."""
        newest = all(one.received_at < failure.at or one.id == failure.event for one in past.events[-2:])
        made = len(acts_from(decision, self.now))
        timely = stops or self.now - failure.at < _LATE
        undone = any(act.verb is Verb.UNDO for act in past.acts)
        return newest and timely and not past.held and not undone and not (stops and len(past.acts) > made)

    def judge(self) -> frozenset[str]:
        """Hold what a cause does that stops far too many; the ids of the failures that are held by it now."""
        limits = self.breaker.limits
        if limits is None or not self._noted:
            return frozenset()
        self.breaker.usual.forget(min(self._noted), limits)
        first, last = min(self._noted), max(self._noted)
        around = trips_around(self.tx, first, last)
        for dimension in Dimension:
            # what was held as it came is, and was, nothing to a wider cause: neither a stop nor history
            passing = self._new & self._holding.held
            for trip in around:
                if trip.cause.dimension is dimension and trip.state is TripState.OPEN:
                    self._hold(trip, max(first - INSTANT, trip.surge.after), min(last, trip.surge.until))
            self._judge_again(dimension, limits)
            for trip in around:
                if trip.cause.dimension is dimension and trip.state is TripState.DISCARDED:
                    self._go_on(trip, min(self._noted), max(self._noted), limits)
            times: dict[Cause, list[datetime]] = {}
            for failure in self._stops:
                if failure.event not in passing:
                    times.setdefault(failure.of(dimension), []).append(failure.at)
            for cause in sorted(self._many(times, limits)):
                self._trip_each(cause, times[cause], limits)
            # without what is held by now, others may be too many: of each wider cause the largest part is left out
            self._stops += failures_of(self.tx, self._holding.restricting - {failure.event for failure in self._stops})
        return frozenset(self._holding.held)

    def _judge_again(self, dimension: Dimension, limits: Limits) -> None:
        """Judge anew what trips were for from which narrower ones took failures: as if these had tripped first."""
        for number, narrower in sorted(self._taken.items()):
            trip = trip_by_number(self.tx, number)
            if trip.cause.dimension is dimension:
                del self._taken[number]
                self._judge_trip_again(trip, narrower, limits)

    def _judge_trip_again(self, trip: Trip, narrower: Trip, limits: Limits) -> None:
        """See for how much of its time there are still too many; what is left is let go."""
        why = f"Trip {narrower.number} explains it: {narrower.cause} stops far more addresses than usual."
        left = set_aside(self.tx, trip.number)
        settle(self.tx, trip.number, TripState.EXPLAINED, actor=BREAKER, why=why, now=self.now)
        self.breaker.usual.forget_cause(trip.cause)
        self._bounds.clear()
        times, again = [one.at for one in left if one.restricts], False
        while (surge := self._first_surge(trip.cause, times, limits)) is not None:
            inside = [one for one in left if surge.holds(one.at)]
            left = [one for one in left if not surge.holds(one.at)]
            if again:
                self._trip(trip.cause, surge, limits, inside)
            else:
                reopen(self.tx, trip.number)
                extend(self.tx, trip, surge)
                put_fates(self.tx, {one.event: (State.HELD, trip.number) for one in inside})
                self._hold(replace(trip, surge=surge), surge.after, surge.until)
            again, times = True, [at for at in times if at > surge.until]
            self._bounds.clear()
        self._holding.let_go(left, why)
        self._noted += [one.at for one in left]
        self._stops += failures_of(self.tx, [one.event for one in left if one.restricts])
        if not again:
            self._tell(f"breaker:{trip.number}:explained", explained_in_words(trip, why))

    def _go_on(self, discarded: Trip, first: datetime, last: datetime, limits: Limits) -> None:
        """Hold what a surge does after it was discarded, as another trip: also failures that stop nobody."""
        cause = discarded.cause
        if counting.counting_of(self.tx, cause, first - INSTANT, last):
            for surge in self._surges(cause, limits, first - limits.window, last):
                if counting.counting_of(self.tx, cause, surge.after, surge.until):
                    self._trip(cause, surge, limits)

    def _trip_each(self, cause: Cause, times: Sequence[datetime], limits: Limits) -> None:
        """Hold each surge around these times. The earliest first: what is held of it is not usual for the next."""
        while (surge := self._first_surge(cause, times, limits)) is not None:
            self._trip(cause, surge, limits)
            times = [at for at in times if at > surge.until]

    def _first_surge(self, cause: Cause, times: Sequence[datetime], limits: Limits) -> Surge | None:
        return next(iter(self._surges(cause, limits, min(times), max(times))), None) if times else None

    def _many(self, times: Mapping[Cause, Sequence[datetime]], limits: Limits) -> Collection[Cause]:
        """Those of some causes that stopped more addresses around these times than are never too many."""
        named = [cause for cause in times if cause.name]
        every = [at for cause in named for at in times[cause]]
        if not every:
            return ()
        after, before = min(every) - limits.window, max(every) + limits.window
        if len(named) <= _FEW:
            most = limits.floor + 1
            return [one for one in named if counting.number_up_to(self.tx, one, after, before, most) == most]
        return counting.numbers_of(self.tx, named, after, before, above=limits.floor)

    def _surges(self, cause: Cause, limits: Limits, first: datetime, last: datetime) -> list[Surge]:
        """The times around these failures in which a cause stopped too many."""

        def bound(at: datetime, number: int) -> Bound:
            return self._bound(cause, at.date(), number, limits)

        if (
            not cause.dimension.narrower  # else these numbers are too large by those that a narrower cause explains
            and first.date() == last.date()
            and not counting.number_up_to(self.tx, cause, last, last + limits.window, 1)  # none came later
        ):
            limit = self._exceeded(cause, first - limits.window, last + INSTANT, limits)
            if limit is None:
                return []  # not in all windows together
            most = limit.limit + 1
            throughout = counting.number_up_to(self.tx, cause, last - limits.window, first + INSTANT, most)
            if throughout == most:  # in each of the windows
                number = self._number(cause, last - limits.window, last + INSTANT)
                until = counting.latest_of(self.tx, cause, last - limits.window, place=limit.limit) + limits.window
                return [surge_of(first - limits.window, until, last, number, limit)]
        found = counting.window_of(self.tx, cause, first - limits.window, last + limits.window)
        return merged(surges(found, cause.dimension, limits, bound, since=first))

    def _exceeded(self, cause: Cause, after: datetime, before: datetime, limits: Limits) -> Bound | None:
        """The limit of the day before which a time ends, if more addresses were stopped in it; the rest is not counted."""
        number = 0
        while True:
            limit = self._bound(cause, (before - INSTANT).date(), number, limits)
            found = counting.number_up_to(self.tx, cause, after, before, limit.limit + 1)
            if found <= limit.limit:
                return None
            if found == number:
                return limit
            number = found

    def _number(self, cause: Cause, after: datetime, before: datetime) -> int:
        return counting.numbers_of(self.tx, [cause], after, before).get(cause, 0)

    def _bound(self, cause: Cause, day: date, number: int, limits: Limits) -> Bound:
        """The limit of a cause on a day; one that allows for `number` may be less than all of its history does."""
        found, exact = self._bounds.get((cause, day), (None, False))
        if found is None or (number > found.limit and not exact):
            begin, *_ = limits.history_of(day)
            sent, surges = volumes_of(self.tx, cause, begin.date(), day), surges_of(self.tx, cause, begin)
            found = bound_of(limits, day, usual=0, sent=sent, surges=surges)
            if number > found.limit:  # else the mails sent explain them, and nobody need look into the history
                usual = self.breaker.usual.of(self.tx, cause, day, limits, number)
                found = bound_of(limits, day, usual=usual, sent=sent, surges=surges)
            self._bounds[cause, day] = found, number > found.limit
        return found

    def _trip(self, cause: Cause, surge: Surge, limits: Limits, held: Sequence[Withheld] = ()) -> None:
        """Hold what happened in a surge, also what another trip `held` of it, and tell the operator."""
        before = touched(self.tx, cause, surge)
        if before:
            trip = replace(before[0], surge=before[0].surge.joined(surge))
            extend(self.tx, trip, trip.surge)
        else:
            trip = add_trip(self.tx, cause, surge, self.now)
        put_fates(self.tx, {one.event: (State.HELD, trip.number) for one in held})
        self._holding.hand_over(trip, [one for one in held if one.trip != trip.number])
        self._hold(trip, self._not_held_yet(surge, before), surge.until)
        self._bounds.clear()
        self._tell(f"breaker:{trip.number}", tripped_in_words(trip, limits))

    def _not_held_yet(self, surge: Surge, before: Sequence[Trip]) -> datetime:
        """From when on failures of a surge may count: a trip that was there before holds what earlier batches recorded."""
        if not before or surge.after < before[0].surge.after:
            return surge.after
        return max(surge.after, min(before[0].surge.until, min(self._noted) - INSTANT))

    def _hold(self, trip: Trip, after: datetime, until: datetime) -> None:
        """Hold the failures of a trip's cause that were received in a time; those of a wider one are judged anew."""
        self._taken |= dict.fromkeys(self._holding.hold(trip, after, until), trip)
        self.breaker.usual.forget_cause(trip.cause)

    def _tell(self, key: str, words: tuple[str, str]) -> None:
        title, detail = words
        raised = raise_incident(self.tx, key=key, title=title, detail=detail, now=self.now)
        if raised.tell:
            self.breaker.announcements.incident(self.tx, raised.incident, self.now)
