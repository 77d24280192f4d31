"""What does the breaker hold, and how does a person settle it? Looked at first, and then released or discarded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bounce_plugin.announce import Announcements
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.addresses import known
from bounce_plugin.ledger.causes import held_by
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import past_of, recall
from bounce_plugin.ledger.record import append_acts
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.ledger.trips import Trip, TripState, all_trips, settle, trip_by_number
from bounce_plugin.policy.answerable import require_words
from bounce_plugin.policy.hold import Released, release, trip_name, trip_number
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction
from bounce_plugin.policy.state import Suppression, held_events
from bounce_plugin.policy.undo import Undone, undo
from bounce_plugin.steps.act import Consequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What settling a trip does to one address."""

    address: str  # empty once it was forgotten
    failures: int
    before: Suppression | None  # as far as they are in force
    after: Suppression | None
    removes: bool = False  # the host is told to take it from its lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Releases what a trip of the breaker holds, or discards it, under a person's name."""

    ledger: Ledger
    announcements: Announcements
    policy: Policy
    trip: int
    state: TripState  # what becomes of it: released or discarded
    actor: str
    why: str
    now: datetime

    def look(self) -> Iterator[Settled]:
        """What it would do, address by address. Changes nothing. `NotFoundError` when there is no such trip."""
        after = ""
        while True:
            with self.ledger.reading() as tx:
                trip_by_number(tx, self.trip)
                chunk = self._next(tx, after)
                found = [self._settled(tx, chunk, fingerprint) for fingerprint in chunk]
            yield from (settled for settled in found if settled.failures)
            if not chunk:
                return
            after = max(chunk)

    def do(self) -> Iterator[Settled]:
        """Do it, and tell of each stop that follows. What was done holds, also if it ends halfway: begin again then.

        Raises SettingsError where `actor` or `why` is empty; NotFoundError in the end where somebody has settled the rest
        otherwise in the meantime, as the breaker does once a narrower cause explains it.
        """
        require_words(actor=self.actor, why=self.why)
        after, ended = "", False
        while not ended:
            with self.ledger.transaction() as tx:
                trip_by_number(tx, self.trip)
                chunk, anew = self._next(tx, after), False
                if not chunk and after:  # a surge may have gone on meanwhile
                    chunk, anew = self._next(tx, ""), True
                found = [self._settled(tx, chunk, fingerprint) for fingerprint in chunk]
                for fingerprint in chunk:
                    self._record(tx, fingerprint, chunk[fingerprint])
                ended = not chunk or (anew and not any(settled.failures for settled in found))
                if ended and self._is_open(tx):
                    settle(tx, self.trip, self.state, actor=self.actor, why=self.why, now=self.now)
            yield from (settled for settled in found if settled.failures)
            after = max(chunk, default="")
        with self.ledger.reading() as tx:
            _refuse_settled(trip_by_number(tx, self.trip), self.state)

    def _is_open(self, tx: Transaction) -> bool:
        return trip_by_number(tx, self.trip).state is TripState.OPEN

    def _next(self, tx: Transaction, after: str) -> dict[str, str]:
        """The next addresses of which it holds failures, by fingerprint."""
        fingerprints = held_by(tx, self.trip, after)
        recall(tx, fingerprints)
        addresses = known(tx, fingerprints)
        return {fingerprint: addresses.get(fingerprint, "") for fingerprint in fingerprints}

    def _settled(self, tx: Transaction, chunk: dict[str, str], fingerprint: str) -> Settled:
        past = past_of(tx, fingerprint)
        outcome = self._outcome(past)
        return Settled(
            address=chunk[fingerprint],
            failures=len(outcome.events),
            before=outcome.before,
            after=outcome.after,
            removes=isinstance(outcome, Released)
            and any(PolicyAction.REMOVE_FROM_LIST in decision.actions for _, decision in outcome.decided),
        )

    def _outcome(self, past: Past) -> Released | Undone:
        chosen, what = self._held(past), undo if self.state is TripState.DISCARDED else release
        return what(
            chosen,
            past.events,
            past.acts,
            self.policy,
            actor=self.actor,
            why=self.why,
            now=self.now,
            sent=past.sent,
        )

    def _held(self, past: Past) -> tuple[PastEvent, ...]:
        """The failures of an address that this trip holds; what a person forgave by a lift since then is no matter."""
        holding = {event for event, act in held_events(past.acts).items() if trip_number(act) == self.trip}
        return tuple(event for event in past.held if event.id in holding)

    def _record(self, tx: Transaction, fingerprint: str, address: str) -> None:
        outcome = self._outcome(past_of(tx, fingerprint))
        append_acts(tx, fingerprint, outcome.acts)
        if isinstance(outcome, Released) and address:
            self.announcements.threshold_released(tx, address, outcome, self.now, again=trip_name(self.trip))


def _refuse_settled(trip: Trip, state: TripState) -> None:
    """See that a trip is open, or was settled as it is to be."""
    if trip.state not in {TripState.OPEN, state}:
        by, why = f" by {trip.actor}" if trip.actor else "", f" ({trip.why.removesuffix('.')})" if trip.why else ""
        raise NotFoundError(
            f"trip {trip.number} was {trip.state}{by}{why} and holds nothing any more; failures that count can be undone"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """What the breaker holds, for a host and its people."""

    consequences: Consequences
    ledger: Ledger
    tell: Callable[[], None]
    clock: Callable[[], datetime]

    def all(self) -> tuple[Trip, ...]:
        """Every trip, newest first."""
        with self.ledger.reading() as tx:
            return all_trips(tx)

    def release(self, number: int, *, actor: str, why: str) -> int:
        """Let what a trip holds count again: it was right. Returns of how many addresses. Raises NotFoundError."""
        return self._settle(number, TripState.RELEASED, actor, why)

    def discard(self, number: int, *, actor: str, why: str) -> int:
        """Let what a trip holds count no more: it was wrong. Returns of how many addresses. Raises NotFoundError."""
        return self._settle(number, TripState.DISCARDED, actor, why)

    def settling(self, number: int, state: TripState, *, actor: str, why: str) -> Settling:
        """The work of doing so, to be looked at first. Raises NotFoundError where it was settled the other way."""
        with self.ledger.reading() as tx:
            _refuse_settled(trip_by_number(tx, number), state)
        return Settling(
            ledger=self.ledger,
            announcements=self.consequences.announcements,
            policy=self.consequences.policy,
            trip=number,
            state=state,
            actor=actor,
            why=why,
            now=self.clock(),
        )

    def _settle(self, number: int, state: TripState, actor: str, why: str) -> int:
        settled = sum(1 for _ in self.settling(number, state, actor=actor, why=why).do())
        self.tell()
        return settled
