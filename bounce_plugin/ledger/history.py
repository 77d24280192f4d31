"""What happened to an address, and what was done about it? Read back as the values that were recorded."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from bounce_plugin.classify.classification import FailureType, Fault, Reason
from bounce_plugin.correlate.correlation import Caveat, Contact, Trust
from bounce_plugin.errors import NotFoundError
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.addresses import PLACEHOLDER, reveal_all
from bounce_plugin.ledger.columns import word
from bounce_plugin.ledger.enclosed import read_contacts, read_evidence
from bounce_plugin.ledger.past import acts_of
from bounce_plugin.ledger.schema import addresses, events
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.state import Suppression, derive

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_EVERYTHING = 1 << 62  # rows
_CHUNK = 500  # SQLite allows 999 variables in old builds

_EVENT = select(
    *(column for column in events.c if column.name not in {"number", "tenant", "fingerprint", "weight"}),
    func.coalesce(addresses.c.address, "").label("address"),
).join(addresses, (addresses.c.tenant == events.c.tenant) & (addresses.c.fingerprint == events.c.fingerprint))

#: The events of an address, newest first.
EVENTS_OF = (
    _EVENT.where(events.c.tenant == bindparam("tenant"), events.c.fingerprint == bindparam("fingerprint"))
    .order_by(events.c.received_at.desc(), events.c.number.desc())
    .limit(bindparam("limit"))
)

#: The events of everybody, newest first.
LATEST_EVENTS = (
    _EVENT.where(events.c.tenant == bindparam("tenant"), events.c.received_at >= bindparam("since"))
    .order_by(events.c.received_at.desc(), events.c.number.desc())
    .limit(bindparam("limit"))
)

#: Some events by their ids.
EVENTS_BY_IDS = _EVENT.where(events.c.tenant == bindparam("tenant"), events.c.id.in_(bindparam("ids", expanding=True)))

#: Those of some addresses to which mail failed of which nobody knows what it was.
NAMELESS = (
    select(events.c.fingerprint)
    .distinct()
    .where(
        events.c.tenant == bindparam("tenant"),
        events.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
        events.c.kind == Kind.BOUNCE,
        events.c.delivery_ref == "",
    )
)


def events_of(tx: Transaction, address: str, limit: int = _EVERYTHING) -> tuple[BounceEvent, ...]:
    """The events of an address, newest last; with a limit, the newest ones."""
    where = {"tenant": tx.tenant, "fingerprint": tx.fingerprint(address), "limit": limit}
    return _events(tx, tx.connection.execute(EVENTS_OF, where).all()[::-1])


def with_nameless_failures(tx: Transaction, fingerprints: Collection[str]) -> set[str]:
    """Those of some addresses to which mail failed that was not recorded as sent, or not yet."""
    wanted, found = sorted(fingerprints), set[str]()
    for start in range(0, len(wanted), _CHUNK):
        where = {"tenant": tx.tenant, "fingerprints": wanted[start : start + _CHUNK]}
        found.update(tx.connection.scalars(NAMELESS, where))
    return found


def latest_events(tx: Transaction, limit: int = 50, *, since: datetime = _FIRST_DAY) -> tuple[BounceEvent, ...]:
    """The newest events of all addresses, newest last."""
    where = {"tenant": tx.tenant, "since": since, "limit": limit}
    return _events(tx, tx.connection.execute(LATEST_EVENTS, where).all()[::-1])


def event_by_id(tx: Transaction, event_id: str) -> BounceEvent:
    """One event; `NotFoundError` if there is none with that id."""
    found = events_by_ids(tx, [event_id])
    if not found:
        raise NotFoundError(f"there is no event {event_id}")
    return found[0]


def events_by_ids(tx: Transaction, event_ids: Iterable[str]) -> tuple[BounceEvent, ...]:
    """Events in the order asked for; those that do not exist are left out."""
    wanted = list(event_ids)
    rows = tx.connection.execute(EVENTS_BY_IDS, {"tenant": tx.tenant, "ids": wanted}).all()
    by_id = {event.id: event for event in _events(tx, rows)}
    return tuple(by_id[event_id] for event_id in wanted if event_id in by_id)


def suppression_of(tx: Transaction, address: str) -> Suppression | None:
    """The stop that an address is under; one that has ended by itself, too (see `policy.state.in_force`)."""
    return derive(acts_of(tx, address))


def _events(tx: Transaction, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[BounceEvent, ...]:
    hidden = [text for row in rows for text in (row.diagnostic_code, row.remote_mta, row.contacts, row.evidence)]
    texts = iter(reveal_all(tx, hidden))
    return tuple(
        BounceEvent(
            id=row.id,
            kind=Kind(row.kind),
            address=row.address,
            reason=word(Reason, row.reason),
            type=word(FailureType, row.type),
            fault=word(Fault, row.fault),
            counts=row.counts,
            confidence=row.confidence,
            status=row.status,
            reply_code=row.reply_code,
            diagnostic_code=next(texts),
            remote_mta=next(texts),
            contacts=tuple(_known(contact) for contact in read_contacts(next(texts))),
            evidence=read_evidence(next(texts)),
            detector=row.detector,
            trust=Trust(row.trust),
            caveat=word(Caveat, row.caveat),
            message_key=row.message_key,
            aliases=tuple(json.loads(row.aliases)) if row.aliases else (),
            delivery_ref=row.delivery_ref,
            message=row.message,
            document=row.document or "",
            category=row.category,
            received_at=row.received_at,
            mail_id=row.mail_id or 0,
        )
        for row in rows
    )


def _known(contact: Contact) -> Contact:
    """The contact, without an address that was forgotten."""
    if PLACEHOLDER.fullmatch(contact.address):
        return Contact(id=contact.id, lists=contact.lists)
    return contact
