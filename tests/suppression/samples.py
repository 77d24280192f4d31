"""A policy to ask by, and addresses that are stopped in every way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.policy.rules import Category, Policy
from bounce_plugin.policy.state import Act, Verb
from bounce_plugin.suppression.bulk import Bulk

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = Policy(rules=(), categories=(Category(name="newsletter"), Category(name="invoice", exempt=True)))

#: For each address: what was done to it, and which categories are withheld from it.
CASES: dict[str, tuple[tuple[Act, ...], frozenset[str]]] = {
    "free@example.org": ((), frozenset()),
    "stopped@example.org": (
        (Act(verb=Verb.SUPPRESS, at=NOW - DAY, rule="gone", because="It failed twice."),),
        frozenset({"newsletter"}),
    ),
    "owner.changed@example.org": (
        (Act(verb=Verb.SUPPRESS_ALL, at=NOW - DAY, rule="owner", because="Somebody else has it now."),),
        frozenset({"newsletter", "invoice"}),
    ),
    "paused@example.org": (
        (Act(verb=Verb.PAUSE, at=NOW - DAY, until=NOW + DAY, rule="hard", because="It failed."),),
        frozenset({"newsletter"}),
    ),
    "paused.until.now@example.org": (
        (Act(verb=Verb.PAUSE, at=NOW - DAY, until=NOW, because="It failed."),),
        frozenset(),
    ),
    "pause.over@example.org": (
        (Act(verb=Verb.PAUSE, at=NOW - 9 * DAY, until=NOW - 2 * DAY, rule="hard", because="It failed."),),
        frozenset(),
    ),
    "lifted@example.org": (
        (Act(verb=Verb.SUPPRESS_ALL, at=NOW - DAY), Act(verb=Verb.LIFT, at=NOW, because="She called.", actor="ann")),
        frozenset(),
    ),
    "stopped.again@example.org": (
        (Act(verb=Verb.SUPPRESS, at=NOW - 2 * DAY), Act(verb=Verb.LIFT, at=NOW - DAY), Act(verb=Verb.SUPPRESS, at=NOW)),
        frozenset({"newsletter"}),
    ),
}


def fill(ledger: Ledger) -> None:
    """Record all of it."""
    with ledger.transaction() as tx:
        for address, (acts, _) in CASES.items():
            record_acts(tx, address, acts)


def bulk(ledger: Ledger, now: datetime = NOW) -> Bulk:
    """Our own answer about many, at a time of day."""
    return Bulk(ledger, POLICY, lambda: now, lambda odd: None)


def among(ledger: Ledger, addresses: Iterable[str], category: str = "newsletter") -> set[str]:
    """Those of the addresses to which mail must not be sent, by a process that was just started."""
    return set(bulk(ledger).suppressed(list(addresses), category))


def stop(ledger: Ledger, *addresses: str, verb: Verb = Verb.SUPPRESS, until: datetime | None = None) -> None:
    """Stop some addresses, in one transaction."""
    with ledger.transaction() as tx:
        for address in addresses:
            record_acts(tx, address, [Act(verb=verb, at=NOW, until=until, rule="hard", because="It failed.")])
