"""How is a person forgotten, whose facts stay? (T-23)

Every text of the ledger holds placeholders, so to forget is to empty the rows of one table, and to remove the octets of
mails that name the person. The fingerprint stays, and with it the stop: who is imported again is still not written to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import bindparam, select, update

from bounce_plugin.ledger.schema import addresses, mails
from bounce_plugin.ledger.transaction import IfAbsent, Transaction

_AT_ONCE = 20  # mails in memory: each may have some megabytes

#: The address by itself, so that it cannot be written down again, whoever names it later.
ADD_FORGOTTEN = IfAbsent(addresses)

#: All spellings of an address.
SPELLINGS = (
    select(addresses.c.address)
    .where(
        addresses.c.tenant == bindparam("tenant"),
        addresses.c.same_as == bindparam("same_as"),
        addresses.c.address.is_not(None),
    )
    .order_by(addresses.c.address)
)

#: None of them is written any more, and that stays so.
FORGET = (
    update(addresses)
    .where(addresses.c.tenant == bindparam("of_tenant"), addresses.c.same_as == bindparam("of_address"))
    .values(address=None, passing=None)
)

#: The next mails whose octets are kept.
KEPT = (
    select(mails.c.id, mails.c.raw)
    .where(mails.c.tenant == bindparam("tenant"), mails.c.raw.is_not(None), mails.c.id > bindparam("after"))
    .order_by(mails.c.id)
    .limit(_AT_ONCE)
)

#: A mail is kept no more.
DROP = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(raw=None, raw_since=None)
)


def spellings(tx: Transaction, address: str) -> tuple[str, ...]:
    """How an address is written in this ledger; nothing if it never was, or was forgotten."""
    return tuple(tx.connection.scalars(SPELLINGS, {"tenant": tx.tenant, "same_as": tx.fingerprint(address)}))


def mails_kept(tx: Transaction, naming: Callable[[bytes], bool]) -> Iterator[int]:
    """The numbers of mails whose octets are kept and name somebody."""
    after = 0
    while rows := tx.connection.execute(KEPT, {"tenant": tx.tenant, "after": after}).all():
        yield from (row.id for row in rows if naming(row.raw))
        after = rows[-1].id


def forget(tx: Transaction, address: str, mail_ids: tuple[int, ...]) -> None:
    """Write an address nowhere any more, in no spelling, and keep none of these mails."""
    fingerprint = tx.fingerprint(address)
    row = {"tenant": tx.tenant, "fingerprint": fingerprint, "address": None, "same_as": fingerprint, "passing": None}
    tx.put_spelt(ADD_FORGOTTEN, row)
    tx.connection.execute(FORGET, {"of_tenant": tx.tenant, "of_address": fingerprint})
    if mail_ids:
        tx.connection.execute(DROP, [{"of_tenant": tx.tenant, "of_mail": number} for number in mail_ids])
    tx.known.clear()  # what was read before may name the person
