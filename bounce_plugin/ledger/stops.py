"""Is an address stopped? A quick look at what is kept for it, for one address or for very many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import suppressions
from bounce_plugin.ledger.transaction import Transaction

_CHUNK = 900  # SQLite before 3.32 takes 999 variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What is kept of a stop for a quick answer."""

    exempt_too: bool
    since: datetime
    until: datetime | None
    rule: str


#: The stop that an address is under.
STOP = select(suppressions.c.exempt_too, suppressions.c.since, suppressions.c.until, suppressions.c.rule).where(
    suppressions.c.tenant == bindparam("tenant"), suppressions.c.fingerprint == bindparam("fingerprint")
)

#: Those of some addresses that are stopped now.
STOPPED = select(suppressions.c.fingerprint).where(
    suppressions.c.tenant == bindparam("tenant"),
    suppressions.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    or_(suppressions.c.until.is_(None), suppressions.c.until > bindparam("now")),
)

#: Those of them that get no exempt mail either.
STOPPED_FOR_EXEMPT = STOPPED.where(suppressions.c.exempt_too)


def stop_of(ledger: Ledger, address: str) -> Stop | None:
    """The stop that an address is under now; one that has ended by itself, too."""
    row = ledger.ask(STOP, fingerprint=ledger.fingerprint(address))
    if row is None:
        return None
    return Stop(exempt_too=row.exempt_too, since=row.since, until=row.until, rule=row.rule)


def stopped(tx: Transaction, fingerprints: Sequence[str], *, exempt: bool, now: datetime) -> Iterator[str]:
    """Those of the fingerprints whose addresses are stopped at `now`; with `exempt`, for exempt mail too."""
    statement = STOPPED_FOR_EXEMPT if exempt else STOPPED
    for start in range(0, len(fingerprints), _CHUNK):
        chunk = {"fingerprints": fingerprints[start : start + _CHUNK]}
        yield from tx.connection.scalars(statement, {"tenant": tx.tenant, "now": now, **chunk})
