"""Is an address stopped? A quick look at what is kept for it, for one address or for very many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from bounce_plugin.ledger.naming import FINGERPRINT
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import keys, suppressions
from bounce_plugin.ledger.transaction import Transaction

_CHUNK = 900  # SQLite before 3.32 takes 999 variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What is kept of a stop for a quick answer."""

    exempt_too: bool
    since: datetime
    until: datetime | None
    rule: str


#: The stop that an address is under, `since` being null where there is none; and by which key this is the answer.
STOP = select(
    keys.c.check_value,
    suppressions.c.exempt_too,
    suppressions.c.since,
    suppressions.c.until,
    suppressions.c.rule,
).select_from(
    keys.outerjoin(
        suppressions,
        (suppressions.c.tenant == bindparam("tenant")) & (suppressions.c.fingerprint == bindparam("fingerprint")),
    )
)

#: Those who are stopped now, of a list of addresses that is still to be named.
_STOPPED = select(suppressions.c.fingerprint).where(
    suppressions.c.tenant == bindparam("tenant"),
    or_(suppressions.c.until.is_(None), suppressions.c.until > bindparam("now")),
)
#: PostgreSQL takes the list as one value, several times as fast as one for each address.
_IN_ARRAY = suppressions.c.fingerprint == any_(bindparam("fingerprints", type_=ARRAY(FINGERPRINT)))
_IN_LIST = suppressions.c.fingerprint.in_(bindparam("fingerprints", expanding=True))

#: Those of some addresses that are stopped now; with True, those that get no exempt mail either.
STOPPED = {
    "postgresql": {False: _STOPPED.where(_IN_ARRAY), True: _STOPPED.where(_IN_ARRAY, suppressions.c.exempt_too)},
    "sqlite": {False: _STOPPED.where(_IN_LIST), True: _STOPPED.where(_IN_LIST, suppressions.c.exempt_too)},
}


def stop_of(ledger: Ledger, address: str) -> Stop | None:
    """The stop that an address is under now; one that has ended by itself, too."""
    row = ledger.ask_about(address, STOP)
    if row is None:
        return None
    _, exempt_too, since, until, rule = row
    if since is None:
        return None
    return Stop(exempt_too=exempt_too, since=since, until=until, rule=rule)


def stopped(tx: Transaction, fingerprints: Sequence[str], *, exempt: bool, now: datetime) -> Iterator[str]:
    """Those of the fingerprints whose addresses are stopped at `now`; with `exempt`, for exempt mail too."""
    statement = STOPPED[tx.connection.dialect.name][exempt]
    for start in range(0, len(fingerprints), _CHUNK):
        chunk = {"fingerprints": fingerprints[start : start + _CHUNK]}
        where = {"tenant": tx.tenant, "now": now, **chunk}
        yield from tx.connection.scalars(statement, where).all()  # together it is far quicker than one by one
