"""What did the host send, and which of it came back?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Delivery, bare
from bounce_plugin.correlate.fault import find_fault
from bounce_plugin.ledger.addresses import hide_all, remember_all, reveal_all
from bounce_plugin.ledger.columns import bounded, storable
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import addresses, deliveries
from bounce_plugin.ledger.transaction import IfAbsent, Transaction
from bounce_plugin.ledger.volumes import add_volume

_BATCH = 1000
_AT_ONCE = 500  # SQLite allows 999 variables in old builds
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)

#: A delivery, unless it was recorded before.
ADD_DELIVERY = IfAbsent(deliveries)

#: The newest row, of any tenant; and those of ours that came after it.
LAST_NUMBER = select(func.max(deliveries.c.number))
ADDED = select(deliveries.c.fingerprint, deliveries.c.sent_at).where(
    deliveries.c.number > bindparam("last"), deliveries.c.tenant == bindparam("tenant")
)

#: Whose some deliveries are, by the host's keys.
WHOSE = select(deliveries.c.ref, deliveries.c.fingerprint).where(
    deliveries.c.tenant == bindparam("tenant"), deliveries.c.ref.in_(bindparam("refs", expanding=True))
)

_DELIVERY = (
    select(deliveries, func.coalesce(addresses.c.address, "").label("address"))
    .join(
        addresses, (addresses.c.tenant == deliveries.c.tenant) & (addresses.c.fingerprint == deliveries.c.fingerprint)
    )
    .where(deliveries.c.tenant == bindparam("tenant"))
    .order_by(deliveries.c.sent_at.desc(), deliveries.c.number.desc())
)
_TO_ADDRESS = deliveries.c.fingerprint == bindparam("fingerprint")

#: The delivery with the host's key.
BY_REF = _DELIVERY.where(deliveries.c.ref == bindparam("name"))

#: The newest delivery to an address with a Message-ID, or with an ENVID.
BY_MESSAGE_ID = _DELIVERY.where(deliveries.c.message_id == bindparam("name"), _TO_ADDRESS).limit(1)
BY_ENVELOPE_ID = _DELIVERY.where(deliveries.c.envelope_id == bindparam("name"), _TO_ADDRESS).limit(1)

#: Whether anything was sent with a Message-ID, or with an ENVID.
KNOWN_MESSAGE_ID = (
    select(deliveries.c.number)
    .where(deliveries.c.tenant == bindparam("tenant"), deliveries.c.message_id == bindparam("name"))
    .limit(1)
)
KNOWN_ENVELOPE_ID = (
    select(deliveries.c.number)
    .where(deliveries.c.tenant == bindparam("tenant"), deliveries.c.envelope_id == bindparam("name"))
    .limit(1)
)

#: The deliveries to anybody with a Message-ID, or with an ENVID: two are enough to see that there is not only one.
ANY_BY_MESSAGE_ID = _DELIVERY.where(deliveries.c.message_id == bindparam("name")).limit(2)
ANY_BY_ENVELOPE_ID = _DELIVERY.where(deliveries.c.envelope_id == bindparam("name")).limit(2)

#: The newest delivery to an address until some time.
NEWEST_TO = _DELIVERY.where(_TO_ADDRESS, deliveries.c.sent_at <= bindparam("until")).limit(1)

#: All deliveries to an address, newest first.
ALL_TO = _DELIVERY.where(_TO_ADDRESS)


def record_sent(tx: Transaction, sent: Iterable[Delivery]) -> None:
    """Record what the host sent. A delivery whose `ref` is recorded already is passed over.

    Raises ValueError for one with a field of the wrong type, such as a naive `sent_at`, and for a `ref` that is another
    address's: nobody would hear of that bounce. The transaction is to be given up then.
    """
    remaining = map(_faultless, sent)
    while batch := list(islice(remaining, _BATCH)):
        fingerprints = remember_all(tx, [delivery.address for delivery in batch])
        contacts = [_hidden(tx, delivery) for delivery in batch]
        rows = [
            {
                "tenant": tx.tenant,
                "ref": bounded(delivery.ref),
                "fingerprint": fingerprint,
                "contact": contact,
                "message": delivery.message,
                "document": delivery.document or None,
                "category": delivery.category,
                "sent_at": delivery.sent_at,
                "message_id": _bare(delivery.message_id),
                "envelope_id": bounded(delivery.envelope_id),
            }
            for delivery, fingerprint, contact in zip(batch, fingerprints, contacts, strict=True)
        ]
        last = tx.connection.scalar(LAST_NUMBER) or 0
        tx.connection.execute(ADD_DELIVERY.on(tx.connection), rows)
        addresses_of = dict(zip(fingerprints, (delivery.address for delivery in batch), strict=True))
        new = tx.connection.execute(ADDED, {"tenant": tx.tenant, "last": last}).all()
        if len(new) < len(rows):
            _refuse_other_addresses(tx, rows)
        add_volume(tx, ((addresses_of[row.fingerprint], row.sent_at) for row in new))


def _hidden(tx: Transaction, delivery: Delivery) -> str:
    """The contact, its addresses hidden. A host that knows its contacts by their addresses gives the very one."""
    contact = delivery.contact
    return hide_all(tx, [contact], passing="@" in contact and normalise(contact) == normalise(delivery.address))[0]


def _refuse_other_addresses(tx: Transaction, rows: Sequence[Mapping[str, object]]) -> None:
    """See that each `ref` is recorded for the address that it is given with."""
    names, recorded = [storable(str(row["ref"])) for row in rows], dict[str, str]()
    for start in range(0, len(names), _AT_ONCE):
        some = {"tenant": tx.tenant, "refs": names[start : start + _AT_ONCE]}
        recorded |= {row.ref: row.fingerprint for row in tx.connection.execute(WHOSE, some)}
    for name, row in zip(names, rows, strict=True):
        if recorded.get(name) != row["fingerprint"]:
            raise ValueError(f"a delivery cannot be recorded: ref = {row['ref']!r} is that of one to another address")


def _faultless(delivery: Delivery) -> Delivery:
    fault = find_fault(delivery)
    if fault:
        raise ValueError(f"a delivery cannot be recorded: {fault}")
    return delivery


def is_known(ledger: Ledger, clues: Clues) -> bool:
    """Whether it makes sense to `find`: anything was sent under a name that the bounce gives. Far quicker, if not."""
    envelope_id, message_ids = names_of(clues)
    if envelope_id and ledger.ask(KNOWN_ENVELOPE_ID, name=envelope_id) is not None:
        return True
    return any(ledger.ask(KNOWN_MESSAGE_ID, name=name) is not None for name in message_ids)


def names_of(clues: Clues) -> tuple[str, tuple[str, ...]]:
    """The ENVID and the Message-IDs that a bounce gives, as they are recorded of what was sent."""
    message_ids = (clues.message_id, *clues.references)
    return bounded(clues.envelope_id), tuple([_bare(message_id) for message_id in message_ids if message_id])


def find(tx: Transaction, clues: Clues, address: str) -> Delivery | None:
    """The delivery that a bounce is about: by the ENVID, the returned Message-ID, then what the bounce refers to.

    Only a delivery to that address is one. Where one has the ENVID and another one the Message-ID, it is the latter: some hosts
    give all mail to somebody one ENVID. Where the bounce names no address, the one delivery that bears such a name
    tells it; of several none does. That to somebody who was forgotten has the address that was asked for, which nothing
    else knows any more.
    """
    message_ids = (clues.message_id, *clues.references)
    attempts = [
        (BY_ENVELOPE_ID, ANY_BY_ENVELOPE_ID, bounded(clues.envelope_id)),
        *((BY_MESSAGE_ID, ANY_BY_MESSAGE_ID, _bare(message_id)) for message_id in message_ids),
    ]
    returned = _bare(clues.message_id)
    for to_address, to_anybody, name in attempts:
        if not name:
            continue
        if address:
            found = _newest(tx, to_address, name=name, fingerprint=tx.fingerprint(address))
        else:
            found = _only(tx, to_anybody, name=name)
        if to_address is BY_ENVELOPE_ID and found and address and returned and found.message_id not in ("", returned):
            found = _newest(tx, BY_MESSAGE_ID, name=returned, fingerprint=tx.fingerprint(address)) or found
        if found is not None:
            return found if found.address or not address else replace(found, address=normalise(address))
    return None


def delivery_by_ref(tx: Transaction, ref: str, named: Iterable[str] = ()) -> Delivery | None:
    """The delivery with the host's key. Of somebody who was forgotten its address is told by who is `named`, if that is he."""
    row = tx.connection.execute(BY_REF, {"tenant": tx.tenant, "name": bounded(ref)}).first()
    if row is None:
        return None
    found = _delivery(tx, row)
    if found.address:
        return found
    address = next((name for name in named if tx.fingerprint(name) == row.fingerprint), "")
    return replace(found, address=normalise(address))


def newest_to(tx: Transaction, address: str, *, until: datetime = _LAST_DAY) -> Delivery | None:
    """The newest delivery to an address, sent no later than `until`."""
    return _newest(tx, NEWEST_TO, fingerprint=tx.fingerprint(address), until=until)


def deliveries_to(tx: Transaction, address: str) -> tuple[Delivery, ...]:
    """All deliveries to an address, newest first."""
    rows = tx.connection.execute(ALL_TO, {"tenant": tx.tenant, "fingerprint": tx.fingerprint(address)}).all()
    return tuple(_delivery(tx, row) for row in rows)


def _newest(tx: Transaction, statement: Select[*tuple[Any, ...]], **where: object) -> Delivery | None:
    row = tx.connection.execute(statement, {"tenant": tx.tenant, **where}).first()
    return None if row is None else _delivery(tx, row)


def _only(tx: Transaction, statement: Select[*tuple[Any, ...]], **where: object) -> Delivery | None:
    rows = tx.connection.execute(statement, {"tenant": tx.tenant, **where}).all()
    return _delivery(tx, rows[0]) if len(rows) == 1 else None


def _delivery(tx: Transaction, row: Row[*tuple[Any, ...]]) -> Delivery:
    (contact,) = reveal_all(tx, [row.contact])
    return Delivery(
        ref=row.ref,
        address=row.address,
        contact=contact,
        message=row.message,
        document=row.document or "",
        category=row.category,
        sent_at=row.sent_at,
        message_id=row.message_id,
        envelope_id=row.envelope_id,
    )


def _bare(message_id: str) -> str:
    return bounded(bare(message_id))
