"""Is a file that was made of the stops still of use, and what was done since?

A stop is only ever written together with an act, and acts are numbered in the order in which they are committed: writers of
one tenant wait for each other until the commit (`Ledger.transaction`), also on PostgreSQL, whose sequences by themselves
promise no such thing. So whoever was stopped after a snapshot was begun is named by an act with a greater number than
the one that it was entered with. `rebuild` alone writes stops without acts, and strikes out all snapshots.

That a snapshot is entered here, in the ledger, and before the stops are read, is what tells of a restored backup: one
that was made before the entry does not have it; one that was made after it has every act up to its number, and
whatever is recorded from then on has a greater one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select

from bounce_plugin.ledger.schema import acts, snapshots, suppressions
from bounce_plugin.ledger.transaction import Transaction

_CHUNK = 20_000  # fingerprints read at once
_KEPT = timedelta(days=90)  # an older entry goes when the next is made; its file, if it is still used, is made anew

#: The last act of all.
LAST_ACT = select(func.max(acts.c.number))

#: The act that a snapshot was entered with.
BEGUN_AT = select(snapshots.c.act).where(
    snapshots.c.tenant == bindparam("tenant"), snapshots.c.mark == bindparam("mark")
)

#: Enter a snapshot.
ENTER = insert(snapshots)

#: Strike out those that are old.
STRIKE_OLD = delete(snapshots).where(
    snapshots.c.tenant == bindparam("of_tenant"), snapshots.c.made_at < bindparam("before")
)

#: Strike out all.
STRIKE_ALL = delete(snapshots).where(snapshots.c.tenant == bindparam("of_tenant"))

#: How many are stopped, or were until a pause ended.
STOPS = select(func.count()).select_from(suppressions).where(suppressions.c.tenant == bindparam("tenant"))

#: The same, if it is not more than some number; that number, if it is.
STOPS_AT_MOST = select(func.count()).select_from(
    select(suppressions.c.tenant)
    .where(suppressions.c.tenant == bindparam("tenant"))
    .limit(bindparam("most"))
    .subquery()
)

#: The fingerprints of all of them, in their order.
NEXT_STOPS = (
    select(suppressions.c.fingerprint)
    .where(suppressions.c.tenant == bindparam("tenant"), suppressions.c.fingerprint > bindparam("after"))
    .order_by(suppressions.c.fingerprint)
    .limit(_CHUNK)
)

#: What was done from some act on, that one included. By the number alone: SQLite would take the tenant's index, and sort.
ACTS_FROM = (
    select(acts.c.number, acts.c.fingerprint, acts.c.at)
    .where(acts.c.number >= bindparam("first"), acts.c.tenant + 0 == bindparam("tenant"))
    .order_by(acts.c.number)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An act, as far as it must be told from any other."""

    number: int
    fingerprint: str
    at: datetime


def enter(tx: Transaction, now: datetime) -> str:
    """Enter a snapshot that is about to be made, and return its mark. To be committed before the stops are read."""
    mark = secrets.token_hex(16)
    act = tx.connection.scalar(LAST_ACT) or 0
    tx.connection.execute(STRIKE_OLD, {"of_tenant": tx.tenant, "before": now - _KEPT})
    tx.connection.execute(ENTER, {"tenant": tx.tenant, "mark": mark, "act": act, "made_at": now})
    return mark


def begun_at(tx: Transaction, mark: str) -> int | None:
    """The act up to which a snapshot has everything; None: it is not this ledger's, or of use no more."""
    return tx.connection.scalar(BEGUN_AT, {"tenant": tx.tenant, "mark": mark})


def strike_out(tx: Transaction) -> None:
    """See that no snapshot is used any more. Whoever writes stops without acts, or renames fingerprints, must."""
    tx.connection.execute(STRIKE_ALL, {"of_tenant": tx.tenant})


def stops_at_most(tx: Transaction, most: int) -> int:
    """How many stops there are, or `most`."""
    return tx.connection.scalar(STOPS_AT_MOST, {"tenant": tx.tenant, "most": most}) or 0


def count_stops(tx: Transaction) -> int:
    """How many stops there are, ended pauses included. Takes as long as to look at each."""
    return tx.connection.scalar(STOPS, {"tenant": tx.tenant}) or 0


def all_stops(tx: Transaction) -> Iterator[Sequence[str]]:
    """The fingerprints of all stops, ended pauses included, many at a time."""
    after = ""
    while chunk := tx.connection.scalars(NEXT_STOPS, {"tenant": tx.tenant, "after": after}).all():
        yield chunk
        after = chunk[-1]


def done_from(tx: Transaction, first: int, most: int) -> list[Done]:
    """What was done from act `first` on, itself included, at most so much."""
    rows = tx.connection.execute(ACTS_FROM, {"tenant": tx.tenant, "first": first, "most": most})
    return [Done(number=row.number, fingerprint=row.fingerprint, at=row.at) for row in rows]
