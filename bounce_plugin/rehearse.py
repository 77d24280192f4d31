"""Who would be stopped, paused or released under another policy? The record is replayed, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bounce_plugin.ledger.everyone import everyone
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.simulate import Simulated, simulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One address under the other policy."""

    address: str  # empty once it was forgotten
    simulated: Simulated


def rehearse(ledger: Ledger, policy: Policy, now: datetime, *, since: datetime | None = None) -> Iterator[Rehearsed]:
    """Each address to which something happened from `since` on, with all that happened to it before as well.

    Of a ledger of any size only a few hundred addresses are in memory at a time.
    """
    with ledger.reading() as tx:
        for person in everyone(tx, since=since):
            past = person.past
            simulated = simulate(past.events, past.acts, policy, now, sent=past.sent)
            yield Rehearsed(address=person.address, simulated=simulated)
