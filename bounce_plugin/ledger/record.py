"""How is a failure recorded, and what was decided upon it? Appended, and once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert

from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.addresses import hide_all, remember
from bounce_plugin.ledger.enclosed import CONTACTS, EVIDENCE
from bounce_plugin.ledger.history import acts_of_fingerprint
from bounce_plugin.ledger.schema import acts as acts_table
from bounce_plugin.ledger.schema import events, suppressions
from bounce_plugin.ledger.transaction import IfAbsent, Transaction, keyed
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.state import Act, Suppression, derive

_LONGEST_KEY = 255  # characters; PostgreSQL cannot index more than 2,704 octets, and a Message-ID may have any length

#: An event, unless that failure was recorded before.
ADD_EVENT = IfAbsent(events, returning=events.c.number)

#: Append to what was done to an address.
ADD_ACTS = insert(acts_table)

#: What follows from the acts is put anew, whatever was there.
FORGET_SUPPRESSION = delete(suppressions).where(
    suppressions.c.tenant == bindparam("of_tenant"), suppressions.c.fingerprint == bindparam("of_fingerprint")
)
ADD_SUPPRESSION = insert(suppressions)


def event_id(tx: Transaction, *, address: str, message_key: str, kind: Kind, counts: bool) -> str:
    """The id of an event: the same whenever the same failure is recorded, also after a backup was restored."""
    parts = (str(tx.tenant), bounded(message_key), tx.fingerprint(address), kind.value, str(int(counts)))
    return keyed(tx.key, "event", "\0".join(parts))


def record_event(tx: Transaction, event: BounceEvent, *, weight: float) -> bool:
    """Record what happened to one recipient; False when that was known already.

    At most one event that counts exists for each distinct message and address. `weight` is that of the event's reason
    at this time: 0.5 is counted at most once a day, 0 never. The event must name an address.
    """
    if not event.address:
        raise ValueError(f"event {event.id!r} names no address: it can be reviewed, but not recorded")
    diagnostic_code, remote_mta = hide_all(tx, [event.diagnostic_code, event.remote_mta])
    row = {
        "tenant": tx.tenant,
        "id": event.id,
        "mail_id": event.mail_id or None,
        "fingerprint": remember(tx, event.address),
        "message_key": bounded(event.message_key),
        "kind": event.kind,
        "counts": event.counts,
        "weight": weight,
        "reason": event.reason,
        "type": event.type,
        "fault": event.fault,
        "confidence": event.confidence,
        "status": event.status,
        "reply_code": event.reply_code,
        "diagnostic_code": diagnostic_code,
        "remote_mta": remote_mta,
        "detector": event.detector,
        "trust": event.trust,
        "delivery_ref": event.delivery_ref,
        "message": event.message,
        "category": event.category,
        "received_at": event.received_at,
        "contacts": CONTACTS.pack(tx, event.contacts),
        "evidence": EVIDENCE.pack(tx, event.evidence),
    }
    return tx.connection.execute(ADD_EVENT.on(tx.connection), row).scalar() is not None


def record_acts(tx: Transaction, address: str, acts: Iterable[Act]) -> Suppression | None:
    """Append to what was done to an address, and keep the stop that follows from it; returns that stop."""
    fingerprint = remember(tx, address)
    rows = []
    for act in acts:
        because, actor = hide_all(tx, [act.because, act.actor])
        rows.append(
            {
                "tenant": tx.tenant,
                "fingerprint": fingerprint,
                "verb": act.verb,
                "at": act.at,
                "until": act.until,
                "rule": act.rule,
                "because": because,
                "actor": actor,
                "events": json.dumps(act.events),
            }
        )
    if rows:
        tx.connection.execute(ADD_ACTS, rows)
    suppression = derive(acts_of_fingerprint(tx, fingerprint))
    store_suppression(tx, fingerprint, suppression)
    return suppression


def store_suppression(tx: Transaction, fingerprint: str, suppression: Suppression | None) -> None:
    """Put the stop that an address is under, or none, in the place of what was there."""
    tx.connection.execute(FORGET_SUPPRESSION, {"of_tenant": tx.tenant, "of_fingerprint": fingerprint})
    if suppression is not None:
        row = {
            "tenant": tx.tenant,
            "fingerprint": fingerprint,
            "exempt_too": suppression.exempt_too,
            "since": suppression.since,
            "until": suppression.until,
            "rule": suppression.rule,
        }
        tx.connection.execute(ADD_SUPPRESSION, row)


def bounded(key: str) -> str:
    """A key that a mail's author may have made long, in a length that can be indexed; equal keys stay equal."""
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:100]}…{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"
