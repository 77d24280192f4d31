"""Who would be stopped, paused or released under another policy? The record is replayed, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bounce_plugin.ledger.causes import State, failures_to
from bounce_plugin.ledger.everyone import in_chunks
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.ledger.volumes import volumes_of
from bounce_plugin.policy.breaker import Cause, Failure
from bounce_plugin.policy.limits import Limits
from bounce_plugin.policy.rehearsal import Surges, find_surges
from bounce_plugin.policy.replay import restricting
from bounce_plugin.policy.rules import PastEvent, Policy
from bounce_plugin.policy.simulate import Simulated, simulate


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
            held = {event for event, (failure, state) in known.items() if found and _held(found, failure, state)}
            for person in people:
                simulated = simulate(
                    _counted(person.past), person.past.acts, policy, now, held=held, sent=person.past.sent
                )
                yield Rehearsed(address=person.address, simulated=simulated)


def _surges(tx: Transaction, policy: Policy, limits: Limits) -> Surges:
    """When the breaker would have tripped."""
    failures: list[Failure] = []
    released: set[str] = set()
    for people in in_chunks(tx):
        known = failures_to(tx, [person.fingerprint for person in people])
        for person in people:
            stopping = (
                restricting(_counted(person.past), policy, done=person.past.acts, sent=person.past.sent) & known.keys()
            )
            failures += [known[event][0] for event in stopping]
            released.update(event for event in stopping if known[event][1] is State.RELEASED)

    def sent(cause: Cause, first: date, last: date) -> Mapping[date, int]:
        return volumes_of(tx, cause, first, last)

    return find_surges(failures, released, limits, sent)


def _held(found: Surges, failure: Failure, state: State) -> bool:
    return state is not State.RELEASED and found.holds(failure)


def _counted(past: Past) -> list[PastEvent]:
    """What happened to an address, whether the breaker holds it in truth or not."""
    return [*past.events, *past.held]
