"""How is a person forgotten, whose facts stay? (T-23)

Every text of the ledger holds placeholders, so to forget is to empty the rows of one table, and to remove the octets of
mails that name the person. The fingerprint stays, and with it the stop: who is imported again is still not written to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from unicodedata import normalize

from sqlalchemy import bindparam, select, update

from bounce_plugin.correlate.correlation import without_address
from bounce_plugin.correlate.within import addresses_within
from bounce_plugin.ledger.schema import addresses, deliveries, mails
from bounce_plugin.ledger.transaction import IfAbsent, Transaction

_TEXTS = 2000  # in memory
_AT_ONCE = 20  # mails in memory: each may have some megabytes

#: The address by itself, so that it cannot be written down again, whoever names it later.
ADD_FORGOTTEN = IfAbsent(addresses)

#: All spellings of an address.
SPELLINGS = select(addresses.c.address).where(
    addresses.c.tenant == bindparam("tenant"),
    addresses.c.same_as == bindparam("same_as"),
    addresses.c.address.is_not(None),
)

#: The next texts that were taken for addresses, of everybody.
NEXT_TEXTS = (
    select(addresses.c.fingerprint, addresses.c.address)
    .where(
        addresses.c.tenant == bindparam("tenant"),
        addresses.c.fingerprint > bindparam("after"),
        addresses.c.address.is_not(None),
    )
    .order_by(addresses.c.fingerprint)
    .limit(_TEXTS)
)

#: None of them is written any more, and that stays so.
FORGET = (
    update(addresses)
    .where(addresses.c.tenant == bindparam("of_tenant"), addresses.c.same_as == bindparam("of_address"))
    .values(address=None, passing=None)
)

#: Nor are these.
FORGET_TEXT = (
    update(addresses)
    .where(addresses.c.tenant == bindparam("of_tenant"), addresses.c.fingerprint == bindparam("of_text"))
    .values(address=None, passing=None)
)

#: What the mails to a person were called, and how they are called from then on: some software makes that of the address.
NAMES_OF_SENT = select(deliveries.c.number, deliveries.c.message_id, deliveries.c.envelope_id).where(
    deliveries.c.tenant == bindparam("tenant"), deliveries.c.fingerprint == bindparam("fingerprint")
)
RENAME_SENT = (
    update(deliveries)
    .where(deliveries.c.tenant == bindparam("of_tenant"), deliveries.c.number == bindparam("of_number"))
    .values(message_id=bindparam("new_message_id"), envelope_id=bindparam("new_envelope_id"))
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
    """How an address is written in this ledger, also within others; nothing if it never was, or was forgotten."""
    written = set(tx.connection.scalars(SPELLINGS, {"tenant": tx.tenant, "same_as": tx.fingerprint(address)}))
    return tuple(sorted(written.union(text for _, text in _holding(tx, address))))


def _holding(tx: Transaction, address: str) -> Iterator[tuple[str, str]]:
    """Fingerprint and text of everything that was taken for an address and holds this one, given in its normal spelling."""
    local, after = _folded(address.rpartition("@")[0]), ""
    while rows := tx.connection.execute(NEXT_TEXTS, {"tenant": tx.tenant, "after": after}).all():
        likely = (row for row in rows if local in _folded(row.address))  # far quicker than to look into each
        yield from ((row.fingerprint, row.address) for row in likely if address in addresses_within(row.address))
        after = rows[-1].fingerprint


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFC", text).lower())


def mails_kept(tx: Transaction, naming: Callable[[bytes], bool]) -> Iterator[int]:
    """The numbers of mails whose octets are kept and name somebody."""
    after = 0
    while rows := tx.connection.execute(KEPT, {"tenant": tx.tenant, "after": after}).all():
        yield from (row.id for row in rows if naming(row.raw))
        after = rows[-1].id


def forget(tx: Transaction, address: str, mail_ids: tuple[int, ...]) -> None:
    """Write an address, given in its normal spelling, nowhere any more, in no spelling and within no other address, and keep
    none of these mails.
    """
    fingerprint = tx.fingerprint(address)
    row = {"tenant": tx.tenant, "fingerprint": fingerprint, "address": None, "same_as": fingerprint, "passing": None}
    tx.put_spelt(ADD_FORGOTTEN, row)
    tx.connection.execute(FORGET, {"of_tenant": tx.tenant, "of_address": fingerprint})
    holding = [{"of_tenant": tx.tenant, "of_text": one} for one, _ in _holding(tx, address)]
    if holding:
        tx.connection.execute(FORGET_TEXT, holding)
    _rename_sent(tx, fingerprint, address)
    if mail_ids:
        tx.connection.execute(DROP, [{"of_tenant": tx.tenant, "of_mail": number} for number in mail_ids])
    tx.known.clear()  # what was read before may name the person


def _rename_sent(tx: Transaction, fingerprint: str, address: str) -> None:
    renamed = [
        {"of_tenant": tx.tenant, "of_number": row.number, "new_message_id": message_id, "new_envelope_id": envelope_id}
        for row in tx.connection.execute(NAMES_OF_SENT, {"tenant": tx.tenant, "fingerprint": fingerprint}).all()
        for message_id, envelope_id in [[without_address(one, address) for one in (row.message_id, row.envelope_id)]]
        if (message_id, envelope_id) != (row.message_id, row.envelope_id)
    ]
    if renamed:
        tx.connection.execute(RENAME_SENT, renamed)
