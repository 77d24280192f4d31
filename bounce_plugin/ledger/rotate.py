"""How does the ledger get another key? Every fingerprint that can be made anew is, all at once or not at all.

An address that is written down has its fingerprint made anew. Of a person who was forgotten only the fingerprint is
there: it stays, and so does the need of the key that it was made with (`former_fingerprints`). Ids of events and of
announcements stay as well, although the key is in them: plugins know them. That a failure which is reported once more is
no new one is the doing of what `events` is unique on, whatever its id would be today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.hidden import rename_hidden
from bounce_plugin.ledger.naming import FINGERPRINT
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.ring import check_value, read_ring
from bounce_plugin.ledger.schema import addresses, former_fingerprints, keys, metadata, snapshots
from bounce_plugin.ledger.transaction import fingerprint, keyed

_CHUNK: Final = 2000  # addresses in memory at once

#: Which fingerprint becomes which; gone with the transaction.
renamed = Table(
    "renamed_fingerprints",
    MetaData(),
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("old", FINGERPRINT, primary_key=True),
    Column("new", FINGERPRINT, nullable=False),
    Column("same_as", FINGERPRINT, nullable=False),
    prefixes=["TEMPORARY"],
)

#: How many addresses are written down, and how many fingerprints are those of people who were forgotten.
COUNT: Final = select(func.count(addresses.c.address), func.count().filter(addresses.c.address.is_(None)))

#: The next addresses that are written down, of all tenants.
NEXT_ADDRESSES: Final = (
    select(addresses)
    .where(
        addresses.c.address.is_not(None),
        tuple_(addresses.c.tenant, addresses.c.fingerprint) > tuple_(bindparam("tenant"), bindparam("after")),
    )
    .order_by(addresses.c.tenant, addresses.c.fingerprint)
    .limit(_CHUNK)
)

#: Which fingerprint becomes which.
ADD_RENAMED: Final = insert(renamed)

_IS_RENAMED = exists().where(renamed.c.tenant == addresses.c.tenant, renamed.c.old == addresses.c.same_as)
_IS_FORMER = exists().where(
    former_fingerprints.c.tenant == addresses.c.tenant, former_fingerprints.c.fingerprint == addresses.c.same_as
)

#: Whoever keeps the fingerprint that he has, and by which key that was made.
LEAVE: Final = insert(former_fingerprints).from_select(
    ["tenant", "fingerprint", "check_value"],
    select(addresses.c.tenant, addresses.c.same_as, bindparam("check_value", type_=keys.c.check_value.type))
    .distinct()
    .where(
        ~exists().where(renamed.c.tenant == addresses.c.tenant, renamed.c.old == addresses.c.fingerprint),
        ~_IS_RENAMED,
        ~_IS_FORMER,
    ),
)

#: Every address under its new fingerprint, beside the old one until nothing refers to that any more.
COPY_ADDRESSES: Final = insert(addresses).from_select(
    ["tenant", "fingerprint", "address", "same_as", "passing"],
    select(renamed.c.tenant, renamed.c.new, addresses.c.address, renamed.c.same_as, addresses.c.passing).join(
        addresses, (addresses.c.tenant == renamed.c.tenant) & (addresses.c.fingerprint == renamed.c.old)
    ),
)

#: The old ones go.
REMOVE_ADDRESSES: Final = delete(addresses).where(
    exists().where(renamed.c.tenant == addresses.c.tenant, renamed.c.old == addresses.c.fingerprint)
)

#: Every column that refers to an address by its fingerprint.
REFERRING: Final = tuple(
    column
    for table in metadata.sorted_tables
    for column in table.c
    if column.type is FINGERPRINT and table is not former_fingerprints and column is not addresses.c.fingerprint
)

#: The fingerprints of one column become the new ones.
RENAME: Final = tuple(
    update(column.table)
    .values(
        {
            column.name: select(renamed.c.new)
            .where(renamed.c.tenant == column.table.c.tenant, renamed.c.old == column)
            .scalar_subquery()
        }
    )
    .where(exists().where(renamed.c.tenant == column.table.c.tenant, renamed.c.old == column))
    for column in REFERRING
)

#: What was made of the old fingerprints, outside the database, is of use no more.
STRIKE_SNAPSHOTS: Final = delete(snapshots)

#: From now on the ledger is that of another key.
CHANGE_KEY: Final = update(keys).values(check_value=bindparam("new_check_value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a change of the key is about, or was."""

    due: bool  # False: the ledger has this key already
    addresses: int  # spellings that are written down: they get another fingerprint
    forgotten: int  # fingerprints of people who were forgotten: they stay, and need the key that they were made with
    texts: int = 0  # rows with an address in their texts that were changed


def look_ahead(ledger: Ledger) -> Rotation:
    """What `rotate` would do. Changes nothing."""
    with ledger.reading() as tx:
        written, forgotten = tx.connection.execute(COUNT).one()
        return Rotation(due=ledger.has_former_key(tx), addresses=written, forgotten=forgotten)


def rotate(ledger: Ledger) -> Rotation:
    """Make the first key that the ledger was opened with the one of the ledger, for all tenants, in one transaction.

    Writers wait for it, readers see the ledger as it was until it is done; whoever has both keys goes on with the new one
    by itself, and whoever has only the old one gets a `LedgerError` from then on: nobody looks for anybody in vain.
    """
    with ledger.alone() as (connection, given):
        ring = read_ring(connection, ledger.tenant, given)
        new = given[0]
        written, forgotten = connection.execute(COUNT).one()
        if ring is None or ring.key == new:
            return Rotation(due=False, addresses=written, forgotten=forgotten)
        if any(key == new for key, _ in ring.former):
            raise LedgerError("ledger.key_file is a former key of this ledger, which was given up: make another one")
        texts = _rename_all(connection, ring.key, new)
        connection.execute(STRIKE_SNAPSHOTS)
        connection.execute(CHANGE_KEY, {"new_check_value": check_value(new)})
    return Rotation(due=True, addresses=written, forgotten=forgotten, texts=texts)


def _rename_all(connection: Connection, old: bytes, new: bytes) -> int:
    renamed.create(connection, checkfirst=False)
    for rows in _new_names(connection, old, new):
        connection.execute(ADD_RENAMED, rows)
    connection.execute(LEAVE, {"check_value": check_value(old)})
    connection.execute(COPY_ADDRESSES)
    for statement in RENAME:
        connection.execute(statement)
    connection.execute(REMOVE_ADDRESSES)
    texts = rename_hidden(connection, renamed)
    renamed.drop(connection, checkfirst=False)
    return texts


def _new_names(connection: Connection, old: bytes, new: bytes) -> Iterator[list[dict[str, object]]]:
    """The new fingerprints, chunk by chunk.

    One that was not made of the address as it is written, but of octets that no database can hold, cannot be made anew.
    """
    where: dict[str, object] = {"tenant": 0, "after": ""}
    while rows := connection.execute(NEXT_ADDRESSES, where).all():
        where = {"tenant": rows[-1].tenant, "after": rows[-1].fingerprint}
        names: list[dict[str, object]] = [
            {
                "tenant": row.tenant,
                "old": row.fingerprint,
                "new": keyed(new, "address", row.address),
                "same_as": fingerprint(new, row.address)
                if fingerprint(old, row.address) == row.same_as
                else row.same_as,
            }
            for row in rows
            if keyed(old, "address", row.address) == row.fingerprint
        ]
        if names:
            yield names
