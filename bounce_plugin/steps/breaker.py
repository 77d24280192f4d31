"""What if one provider, phrase or reason suddenly stops very many? What it does is held until a person decides (T-05).

Everything happens in the transaction that records the failures: nobody sees a stop that is held in the same batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from bounce_plugin.announce import Announcements
from bounce_plugin.classify.providers import Providers
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger import causes, counting
from bounce_plugin.ledger.addresses import known
from bounce_plugin.ledger.incidents import raise_incident
from bounce_plugin.ledger.past import forgiven, past_of, recall
from bounce_plugin.ledger.record import log_acts, store_suppressions
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.ledger.trips import Trip, TripState, add_trip, extend, stamp_of, surges_of, touched, trips_around
from bounce_plugin.ledger.volumes import volumes_of
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Lifted
from bounce_plugin.policy.breaker import (
    INSTANT,
    Cause,
    Dimension,
    Failure,
    Surge,
    bound_of,
    failure_of,
    merged,
    most,
    surge_of,
    surges,
)
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.hold import hold
from bounce_plugin.policy.limits import Bound, Limits
from bounce_plugin.policy.replay import restricting
from bounce_plugin.policy.rules import RESTRICTING, Decision, Policy
from bounce_plugin.policy.state import Suppression, Verb, standing
from bounce_plugin.steps.trip_in_words import in_numbers

#: A failure that is decided so much later than it was received may have led to a pause that is over by then.
_LATE: Final = timedelta(days=1)
_MANY: Final = 1000  # causes and days that are remembered


class Usual:
    """What causes did before a day: found once, until a trip is there or settled, or older failures come to light."""

    def __init__(self) -> None:
        self._found: dict[tuple[Cause, date], tuple[int, datetime]] = {}  # the most, of what was looked at back to then
        self._stamp: tuple[int, int] | None = None

    def of(self, tx: Transaction, cause: Cause, day: date, limits: Limits, number: int) -> int:
        """The most addresses that a cause stopped in one window; or fewer, if so many explain as many as `number`.

        The newest failures are looked at first, for a usual day is explained by the days just before it.
        """
        stamp = stamp_of(tx)
        if stamp != self._stamp or len(self._found) >= _MANY:
            self._found, self._stamp = {}, stamp
        after, ends, before = limits.history_of(day)
        usual, back_to = self._found.get((cause, day), (0, before))
        while back_to > after and not limits.is_usual(number, usual):
            begin = max(after, back_to - max(2 * limits.window, before - back_to))
            found = counting.history_of(tx, cause, max(after, begin - limits.window), ends, back_to)
            usual, back_to = max(usual, most(found, cause.dimension, limits.window)), begin
        self._found[cause, day] = usual, back_to
        return usual

    def forget(self, at: datetime, limits: Limits) -> None:
        """A failure was recorded that was received then: it is history to some days."""
        for cause, day in [key for key in self._found if at <= limits.history_of(key[1])[1]]:
            del self._found[cause, day]


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
    _stops: list[Failure] = field(default_factory=list)  # those that newly stop or pause somebody
    _bounds: dict[tuple[Cause, date], tuple[Bound, bool]] = field(default_factory=dict)  # and whether it is exact
    _held: set[str] = field(default_factory=set)

    def note(self, event: BounceEvent, decision: Decision) -> None:
        """Record why a failure that counts happened, and whether it takes something away from its address."""
        past = past_of(self.tx, self.tx.fingerprint(event.address))
        if event.kind is not Kind.BOUNCE or not event.counts or all(one.id != event.id for one in past.events):
            return  # or it was forgiven or undone before it was recorded
        failure = failure_of(event, self.tx.fingerprint(event.address), self.breaker.providers)
        self._noted.append(failure.at)
        stops = bool(RESTRICTING & decision.actions)
        if self._is_plain(past, failure, decision, stops=stops):
            causes.note_cause(self.tx, failure, restricts=stops)
            self._stops += [failure] if stops else []
            return
        gone = forgiven(self.tx, [failure.who])[failure.who]
        every = (*past.events, *past.held, *gone)
        stopping = restricting(every, self.breaker.policy, done=past.acts, sent=past.sent)
        causes.note_cause(self.tx, failure, restricts=event.id in stopping)
        causes.flag(self.tx, {one.id for one in every if one.counts}, stopping)
        self._stops += [one for one in causes.failures_of(self.tx, stopping) if one.at >= failure.at]

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
        for trip in around:
            if trip.state is TripState.OPEN:
                self._hold(trip, max(first - INSTANT, trip.surge.after), min(last, trip.surge.until))
        for dimension in Dimension:
            for trip in around:
                if trip.state is TripState.DISCARDED and trip.cause.dimension is dimension:
                    self._go_on(trip, first, last, limits)
            times: dict[Cause, list[datetime]] = {}
            for failure in self._stops:
                times.setdefault(failure.of(dimension), []).append(failure.at)
            for cause in sorted(self._many(times, limits)):
                self._trip_each(cause, times[cause], limits)
        return frozenset(self._held)

    def _go_on(self, discarded: Trip, first: datetime, last: datetime, limits: Limits) -> None:
        """Hold what a surge does after it was discarded, as another trip: also failures that stop nobody."""
        cause = discarded.cause
        if counting.counting_of(self.tx, cause, first - INSTANT, last):
            for surge in self._surges(cause, limits, first - limits.window, last):
                if counting.counting_of(self.tx, cause, surge.after, surge.until):
                    self._trip(cause, surge, limits)
                    self._bounds.clear()

    def _trip_each(self, cause: Cause, times: Sequence[datetime], limits: Limits) -> None:
        """Hold each surge around these times. The earliest first: what is held of it is not usual for the next."""
        while times:
            surge = next(iter(self._surges(cause, limits, min(times), max(times))), None)
            if surge is None:
                return
            self._trip(cause, surge, limits)
            self._bounds.clear()
            times = [at for at in times if at > surge.until]

    def _many(self, times: Mapping[Cause, Sequence[datetime]], limits: Limits) -> Collection[Cause]:
        """Those of some causes that stopped more addresses around these times than are never too many."""
        named = [cause for cause in times if cause.name]
        every = [at for cause in named for at in times[cause]]
        if not every:
            return ()
        after, before = min(every) - limits.window, max(every) + limits.window
        return counting.numbers_of(self.tx, named, after, before, above=limits.floor)

    def _surges(self, cause: Cause, limits: Limits, first: datetime, last: datetime) -> list[Surge]:
        """The times around these failures in which a cause stopped too many."""

        def bound(day: date, number: int) -> Bound:
            return self._bound(cause, day, number, limits)

        if (
            not cause.dimension.narrower  # else these numbers are too large by those that a narrower cause explains
            and first.date() == last.date()
            and not self._number(cause, last, last + limits.window)  # none came later
        ):
            every = self._number(cause, first - limits.window, last + INSTANT)
            limit = bound(first.date(), every)
            if every <= limit.limit:
                return []  # not in all windows together
            throughout = self._number(cause, last - limits.window, first + INSTANT)  # they are in each of the windows
            if throughout > limit.limit:
                number = self._number(cause, last - limits.window, last + INSTANT)
                until = counting.latest_of(self.tx, cause, last - limits.window, place=limit.limit) + limits.window
                return [surge_of(first - limits.window, until, last, number, limit)]
        found = counting.window_of(self.tx, cause, first - limits.window, last + limits.window)
        return merged(surges(found, cause.dimension, limits, bound, since=first))

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

    def _trip(self, cause: Cause, surge: Surge, limits: Limits) -> None:
        """Hold what happened in a surge, and tell the operator."""
        before = touched(self.tx, cause, surge)
        if before:
            trip = replace(before[0], surge=before[0].surge.joined(surge))
            extend(self.tx, trip, trip.surge)
        else:
            trip = add_trip(self.tx, cause, surge, self.now)
        self._hold(trip, surge.after, surge.until)
        self._tell(trip, limits)

    def _hold(self, trip: Trip, after: datetime, until: datetime) -> None:
        """Hold the failures of a trip's cause that were received in a time, whether they stopped anybody or not."""
        found = counting.counting_of(self.tx, trip.cause, after, until)
        recall(self.tx, found)
        why = f"The breaker tripped: {trip.cause} stops far more addresses than usual (trip {trip.number})."
        chosen_of = {
            fingerprint: [event for event in past_of(self.tx, fingerprint).events if event.id in restricts]
            for fingerprint, restricts in found.items()
        }
        gone = {event.id for chosen in chosen_of.values() for event in chosen}
        announcements = self.breaker.announcements
        announcements.threshold_withdrawn(self.tx, gone)  # nobody is told any more what nobody was told yet
        pasts = {one: past_of(self.tx, one) for one, chosen in chosen_of.items() if chosen}
        removals = announcements.removals_told(self.tx, pasts)
        stops: dict[str, Suppression | None] = {}
        freed: dict[str, set[str]] = {}  # fingerprints, and the failures by which somebody may have been told of a stop
        relisted: set[str] = set()
        for fingerprint, past in pasts.items():
            chosen, restricts = chosen_of[fingerprint], found[fingerprint]
            before = standing(past.acts)
            held = hold(
                chosen,
                past.events,
                past.acts,
                self.breaker.policy,
                trip=trip.number,
                why=why,
                now=self.now,
                sent=past.sent,
                told=removals.get(fingerprint, ()),
            )
            stops[fingerprint] = log_acts(self.tx, fingerprint, held.acts)
            fallen = {event for act in before if act not in standing(past.acts) for event in act.events}
            if held.relists:
                relisted.add(fingerprint)
            if held.after is None and (fallen or not held.relists):
                freed[fingerprint] = fallen | {event.id for event in chosen if restricts[event.id]}
        store_suppressions(self.tx, stops)
        self._held |= gone
        self._take_word_back(freed, relisted, why)

    def _take_word_back(self, freed: Mapping[str, set[str]], relisted: Set[str], why: str) -> None:
        """Tell the host of a stop, or of a removal from its lists, that it was told of and is held now."""
        announcements = self.breaker.announcements
        told = announcements.threshold_told(self.tx, {event for events in freed.values() for event in events})
        lifted = {fingerprint for fingerprint, events in freed.items() if not told.isdisjoint(events)}
        for fingerprint, address in sorted(known(self.tx, lifted | relisted).items()):
            word = Lifted(
                address=address,
                actor="breaker",
                why=why,
                at=self.now,
                stop=fingerprint in lifted,
                removal=fingerprint in relisted,
            )
            announcements.suppression_lifted(self.tx, word, self.now)

    def _tell(self, trip: Trip, limits: Limits) -> None:
        raised = raise_incident(
            self.tx,
            key=f"breaker:{trip.number}",
            title=f"{trip.cause} stops far more addresses than usual: held",
            detail=in_numbers(trip, limits),
            now=self.now,
        )
        if raised.tell:
            self.breaker.announcements.incident(self.tx, raised.incident, self.now)
