"""What becomes of addresses whose failures the breaker holds, or lets go: their stops, and what hosts were told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from bounce_plugin.announce import Announcements
from bounce_plugin.ledger import counting
from bounce_plugin.ledger.addresses import known
from bounce_plugin.ledger.past import past_of, recall
from bounce_plugin.ledger.record import log_acts, store_suppressions
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.ledger.trips import Trip
from bounce_plugin.ledger.withheld import Withheld, held_by_wider
from bounce_plugin.outcome import Lifted
from bounce_plugin.policy.hold import BREAKER, announced, believed, hold, let_go_name, release
from bounce_plugin.policy.rules import PastEvent, Policy, Step
from bounce_plugin.policy.state import Suppression, Verb, standing
from bounce_plugin.policy.undo import Undone


@dataclass(slots=True, kw_only=True)
class Holding:
    """Holds failures, and lets them go, in one transaction."""

    announcements: Announcements
    policy: Policy
    tx: Transaction
    now: datetime
    held: set[str] = field(default_factory=set)  # ids of failures that it holds and that counted before
    restricting: set[str] = field(default_factory=set)  # of all it held, those that would newly stop or pause somebody

    def hold(self, trip: Trip, after: datetime, until: datetime) -> set[int]:
        """Hold the failures of a trip's cause that were received in a time, whether they stopped anybody or not.

        Those that a wider trip holds are this one's from now on. Returns the numbers of these other trips.
        """
        found = counting.counting_of(self.tx, trip.cause, after, until)
        wider = held_by_wider(self.tx, trip.cause, after, until)
        if wider:
            self.hand_over(trip, wider)
        recall(self.tx, found)
        self.restricting |= {event for events in found.values() for event, restricts in events.items() if restricts}
        self.restricting |= {one.event for one in wider if one.restricts}
        chosen_of = {
            fingerprint: [event for event in past_of(self.tx, fingerprint).events if event.id in restricts]
            for fingerprint, restricts in found.items()
        }
        gone = {event.id for chosen in chosen_of.values() for event in chosen}
        names = (
            announced(past_of(self.tx, one).acts, [event.id for event in chosen]) for one, chosen in chosen_of.items()
        )
        self.announcements.threshold_withdrawn(self.tx, set().union(*names))  # as far as nobody was told yet
        pasts = {one: past_of(self.tx, one) for one, chosen in chosen_of.items() if chosen}
        removals = self.announcements.removals_told(self.tx, pasts)
        stops: dict[str, Suppression | None] = {}
        freed: dict[str, set[str]] = {}  # fingerprints, and by which announcements somebody may believe in a stop
        relisted: set[str] = set()
        for fingerprint, past in pasts.items():
            chosen, restricts = chosen_of[fingerprint], found[fingerprint]
            done = tuple(past.acts)
            before = standing(done)
            held = self._hold(past, chosen, trip, removals.get(fingerprint, ()))
            stops[fingerprint] = log_acts(self.tx, fingerprint, held.acts)
            fallen = {event for act in before if act not in standing(past.acts) for event in act.events}
            if held.relists:
                relisted.add(fingerprint)
            if held.after is None and (fallen or not held.relists):
                freed[fingerprint] = believed(done, fallen | {one.id for one in chosen if restricts[one.id]})
        store_suppressions(self.tx, stops)
        self.held |= gone
        self._take_word_back(freed, relisted, _why(trip))
        return {one.trip for one in wider}

    def _take_word_back(self, freed: Mapping[str, set[str]], relisted: Set[str], why: str) -> None:
        """Tell the host of a stop, or of a removal from its lists, that it was told of and is held now."""
        told = self.announcements.threshold_told(self.tx, set().union(*freed.values()))
        lifted = {fingerprint for fingerprint, names in freed.items() if not told.isdisjoint(names)}
        for fingerprint, address in sorted(known(self.tx, lifted | relisted).items()):
            word = Lifted(
                address=address,
                actor=BREAKER,
                why=why,
                at=self.now,
                stop=fingerprint in lifted,
                removal=fingerprint in relisted,
            )
            self.announcements.suppression_lifted(self.tx, word, self.now)

    def hand_over(self, trip: Trip, withheld: Iterable[Withheld]) -> None:
        """Let a trip hold what another one held."""
        stops: dict[str, Suppression | None] = {}
        for fingerprint, events in self._by_address(withheld).items():
            past = past_of(self.tx, fingerprint)
            chosen = [event for event in past.held if event.id in events]
            stops[fingerprint] = log_acts(self.tx, fingerprint, self._hold(past, chosen, trip).acts)
        store_suppressions(self.tx, stops)

    def _hold(self, past: Past, chosen: Sequence[PastEvent], trip: Trip, told: Sequence[Step] = ()) -> Undone:
        return hold(
            chosen,
            past.events,
            past.acts,
            self.policy,
            trip=trip.number,
            why=_why(trip),
            now=self.now,
            sent=past.sent,
            told=told,
        )

    def let_go(self, withheld: Iterable[Withheld], why: str) -> None:
        """Let failures count again, and tell of what follows from that."""
        found = self._by_address(withheld)
        addresses, stops = known(self.tx, found), dict[str, Suppression | None]()
        for fingerprint, events in found.items():
            past = past_of(self.tx, fingerprint)
            chosen = [event for event in past.held if event.id in events]
            gone = release(
                chosen,
                past.events,
                past.acts,
                self.policy,
                actor=BREAKER,
                why=why,
                now=self.now,
                sent=past.sent,
                verb=Verb.LET_GO,
            )
            stops[fingerprint] = log_acts(self.tx, fingerprint, gone.acts)
            if fingerprint in addresses:
                again = let_go_name(past.acts)
                self.announcements.threshold_released(self.tx, addresses[fingerprint], gone, self.now, again=again)
            self.held -= events
        store_suppressions(self.tx, stops)

    def _by_address(self, withheld: Iterable[Withheld]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in withheld:
            found.setdefault(one.fingerprint, set()).add(one.event)
        recall(self.tx, found)
        return found


def _why(trip: Trip) -> str:
    return f"The breaker tripped: {trip.cause} stops far more addresses than usual (trip {trip.number})."
