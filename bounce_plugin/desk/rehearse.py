"""Who would be stopped, paused or released under another policy? The record is replayed, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bounce_plugin.ledger.causes import Recorded, State, failures_to
from bounce_plugin.ledger.everyone import in_chunks
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import forgiven
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.ledger.volumes import volumes_of
from bounce_plugin.policy.breaker import Cause, Failure
from bounce_plugin.policy.limits import Limits
from bounce_plugin.policy.rehearsal import Settlement, Surges, find_surges
from bounce_plugin.policy.replay import restricting
from bounce_plugin.policy.rules import PastEvent, Policy
from bounce_plugin.policy.simulate import Simulated, simulate
from bounce_plugin.policy.state import settled_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One address under the other policy."""

    address: str  # empty once it was forgotten
    simulated: Simulated


def rehearse(
    ledger: Ledger, policy: Policy, now: datetime, *, since: datetime | None = None, limits: Limits | None = None
) -> Iterator[Rehearsed]:
    """Each address to which something happened from `since` on, with all that happened to it before as well.

    With the `limits` of a breaker, what it would hold does not count; without them everything counts that no person
    undid. Of a ledger of any size only a few hundred addresses are in memory at a time; with a breaker also a line for
    each failure that would stop or pause somebody.
    """
    with ledger.reading() as tx:
        found = _surges(tx, policy, limits) if limits else None
        for people in in_chunks(tx, since=since):
            known = failures_to(tx, [person.fingerprint for person in people]) if found else {}
            held = {event for event, one in known.items() if found and _is_held(found, one)}
            for person in people:
                simulated = simulate(
                    _counted(person.past), person.past.acts, policy, now, held=held, sent=person.past.sent
                )
                yield Rehearsed(address=person.address, simulated=simulated)


def _surges(tx: Transaction, policy: Policy, limits: Limits) -> Surges:
    """When the breaker would have tripped."""
    failures: list[Failure] = []
    settled: dict[str, Settlement] = {}
    for people in in_chunks(tx):
        fingerprints = [person.fingerprint for person in people]
        known, gone = failures_to(tx, fingerprints), forgiven(tx, fingerprints)
        for person in people:
            past, every = person.past, [*_counted(person.past), *gone[person.fingerprint]]
            stopping = restricting(every, policy, done=past.acts, sent=past.sent) & known.keys()
            failures += [known[event].failure for event in stopping]
            times = settled_at(past.acts)
            settled |= {event: _settlement(known[event], *times[event]) for event in stopping & times.keys()}

    def sent(cause: Cause, first: date, last: date) -> Mapping[date, int]:
        return volumes_of(tx, cause, first, last)

    return find_surges(failures, settled, limits, sent)


def _settlement(recorded: Recorded, released: datetime | None, undone: datetime | None) -> Settlement:
    return Settlement(held_as=recorded.held_as, released=released, undone=undone)


def _is_held(found: Surges, recorded: Recorded) -> bool:
    return recorded.state is not State.RELEASED and found.holds(recorded.failure)


def _counted(past: Past) -> list[PastEvent]:
    """What happened to an address, whether the breaker holds it in truth or not."""
    return [*past.events, *past.held]
