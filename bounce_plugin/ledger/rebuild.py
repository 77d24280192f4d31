"""Is what we keep for a quick answer what follows from the record? Recomputed, compared, mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import bindparam, select

from bounce_plugin.ledger.past import read_acts
from bounce_plugin.ledger.record import store_suppressions
from bounce_plugin.ledger.schema import acts, suppressions
from bounce_plugin.ledger.snapshots import strike_out
from bounce_plugin.ledger.stops import Stop
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.state import Suppression, derive

_CHUNK = 500  # addresses compared at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An address whose stored stop was not the one that follows from its acts."""

    fingerprint: str
    stored: Stop | None
    right: Stop | None


#: Those to whom anything was done, or who are stopped: the next ones in their order.
CONCERNED = (
    select(acts.c.fingerprint)
    .where(acts.c.tenant == bindparam("tenant"), acts.c.fingerprint > bindparam("after"))
    .union(
        select(suppressions.c.fingerprint).where(
            suppressions.c.tenant == bindparam("tenant"), suppressions.c.fingerprint > bindparam("after")
        )
    )
    .order_by("fingerprint")
    .limit(_CHUNK)
)

#: What was done to some addresses, each one's in its order.
ACTS_OF_SEVERAL = (
    select(acts)
    .where(acts.c.tenant == bindparam("tenant"), acts.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
    .order_by(acts.c.fingerprint, acts.c.number)
)

#: The stops that are stored for some addresses.
STORED = select(suppressions).where(
    suppressions.c.tenant == bindparam("tenant"),
    suppressions.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
)


def rebuild(tx: Transaction) -> tuple[Difference, ...]:
    """Derive every stop anew from the acts; returns those that were stored otherwise, and mends them.

    It finds nothing unless somebody changed the database by hand, or the way in which stops are derived.
    """
    return tuple(compare(tx, mend=True))


def compare(tx: Transaction, *, mend: bool) -> Iterator[Difference]:
    """The same, difference by difference; without `mend` nothing is changed."""
    for chunk in _chunks(tx):
        yield from _compare(tx, chunk, mend=mend)


def _chunks(tx: Transaction) -> Iterator[Sequence[str]]:
    after = ""
    while chunk := tx.connection.scalars(CONCERNED, {"tenant": tx.tenant, "after": after}).all():
        yield chunk
        after = chunk[-1]


def _compare(tx: Transaction, fingerprints: Sequence[str], *, mend: bool) -> Iterator[Difference]:
    where = {"tenant": tx.tenant, "fingerprints": list(fingerprints)}
    stored = {
        row.fingerprint: Stop(exempt_too=row.exempt_too, since=row.since, until=row.until, rule=row.rule)
        for row in tx.connection.execute(STORED, where)
    }
    rows = tx.connection.execute(ACTS_OF_SEVERAL, where).all()
    derived = {
        fingerprint: derive(read_acts(tx, list(group)))
        for fingerprint, group in groupby(rows, key=lambda row: row.fingerprint)
    }
    for fingerprint in fingerprints:
        suppression = derived.get(fingerprint)
        right, kept = _stop(suppression), stored.get(fingerprint)
        if right != kept:
            if mend:
                strike_out(tx)  # no act tells of this stop
                store_suppressions(tx, {fingerprint: suppression})
            yield Difference(fingerprint=fingerprint, stored=kept, right=right)


def _stop(suppression: Suppression | None) -> Stop | None:
    if suppression is None:
        return None
    return Stop(
        exempt_too=suppression.exempt_too,
        since=suppression.since,
        until=suppression.until,
        rule=suppression.rule,
    )
