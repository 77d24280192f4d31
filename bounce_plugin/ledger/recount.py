"""Does what the breaker counts follow from the record? Recomputed, compared, mended; beside `rebuild`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import bindparam, select

from bounce_plugin.ledger.causes import Fate, State, fates, put_fates
from bounce_plugin.ledger.past import read_acts
from bounce_plugin.ledger.rebuild import ACTS_OF_SEVERAL
from bounce_plugin.ledger.schema import acts, causes
from bounce_plugin.ledger.transaction import Transaction

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Miscount:
    """A failure of an address whose stored state was not the one that follows from the acts on it."""

    fingerprint: str
    event: str
    stored: State
    right: State


#: Those to whom anything was done, or of whom a failure does not simply count: the next ones in their order.
CONCERNED: Final = (
    select(acts.c.fingerprint)
    .where(acts.c.tenant == bindparam("tenant"), acts.c.fingerprint > bindparam("after"))
    .union(
        select(causes.c.fingerprint).where(
            causes.c.tenant == bindparam("tenant"),
            causes.c.state != State.COUNTS,
            causes.c.fingerprint > bindparam("after"),
        )
    )
    .order_by("fingerprint")
    .limit(_CHUNK)
)

#: The failures of some addresses, and what is stored of them.
STORED: Final = (
    select(causes.c.fingerprint, causes.c.event, causes.c.state, causes.c.trip)
    .where(causes.c.tenant == bindparam("tenant"), causes.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
    .order_by(causes.c.fingerprint, causes.c.event)
)


def recount(tx: Transaction, *, mend: bool) -> Iterator[Miscount]:
    """Each failure that is stored as held, released or undone and is not, or the other way round."""
    after = ""
    while chunk := tx.connection.scalars(CONCERNED, {"tenant": tx.tenant, "after": after}).all():
        yield from _recount(tx, chunk, mend=mend)
        after = chunk[-1]


def _recount(tx: Transaction, fingerprints: Sequence[str], *, mend: bool) -> Iterator[Miscount]:
    where = {"tenant": tx.tenant, "fingerprints": list(fingerprints)}
    rows = tx.connection.execute(ACTS_OF_SEVERAL, where).all()
    right = {
        fingerprint: fates(read_acts(tx, list(group)))
        for fingerprint, group in groupby(rows, key=lambda row: row.fingerprint)
    }
    for row in tx.connection.execute(STORED, where).all():
        stored: Fate = (State(row.state), row.trip)
        fate: Fate = right.get(row.fingerprint, {}).get(row.event, (State.COUNTS, None))
        if fate != stored:
            if mend:
                put_fates(tx, {row.event: fate})
            yield Miscount(fingerprint=row.fingerprint, event=row.event, stored=stored[0], right=fate[0])
