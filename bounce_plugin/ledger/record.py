"""How is a failure recorded, and what was decided upon it? Appended, and once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

from sqlalchemy import bindparam, delete, insert

from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.addresses import hide_all, remember
from bounce_plugin.ledger.causes import mark
from bounce_plugin.ledger.columns import bounded, storable
from bounce_plugin.ledger.enclosed import CONTACTS, pack_evidence
from bounce_plugin.ledger.past import add_act, add_event, past_of, recall
from bounce_plugin.ledger.rows import Row
from bounce_plugin.ledger.schema import acts as acts_table
from bounce_plugin.ledger.schema import events, suppressions
from bounce_plugin.ledger.transaction import Failed, InPlace, NewRows, Transaction, keyed
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.rules import PastEvent
from bounce_plugin.policy.state import ABOUT_FAILURES, Act, Suppression, derive

#: Events, but for those of failures that were recorded before.
ADD_EVENTS = NewRows(events, number=events.c.number, returning=(events.c.id,))

#: Append to what was done to an address.
ADD_ACTS = insert(acts_table)

#: What follows from the acts is put in the place of what was there: nothing, or a stop.
FORGET_SUPPRESSION = delete(suppressions).where(
    suppressions.c.tenant == bindparam("of_tenant"), suppressions.c.fingerprint == bindparam("of_fingerprint")
)
PUT_SUPPRESSION = InPlace(suppressions)


def event_id(tx: Transaction, *, address: str, message_key: str, kind: Kind, counts: bool) -> str:
    """The id of an event: the same whenever the same failure is recorded, also after a backup was restored."""
    parts = (str(tx.tenant), bounded(message_key), tx.fingerprint(address), kind.value, str(int(counts)))
    return keyed(tx.key, "event", "\0".join(parts))


def record_event(tx: Transaction, event: BounceEvent, *, weight: float) -> bool:
    """Record what happened to one recipient; False when that was known already."""
    if event.id not in record_events(tx, [(event, weight)]):
        return False
    note_event(tx, event, weight=weight)
    return True


def record_events(tx: Transaction, found: Sequence[tuple[BounceEvent, float]]) -> set[str]:
    """Record what happened to recipients, each with its weight; returns the ids of the events that are new.

    At most one event that counts exists for each distinct message and address. The weight is that of the event's reason
    at this time: 0.5 is counted at most once a day, 0 never. An event must name an address. Whoever decides upon them
    tells of each in its turn (`note_event`), so that no decision knows of an event that came later.
    """
    rows = [_row(tx, event, weight) for event, weight in found]
    if not rows:
        return set()
    recall(tx, [str(row["fingerprint"]) for row in rows])  # as it was before them
    return {new.id for new in ADD_EVENTS.add(tx, rows)}


def note_event(tx: Transaction, event: BounceEvent, *, weight: float) -> None:
    """See that decisions know of an event that was recorded."""
    past = PastEvent(
        id=event.id,
        kind=event.kind,
        type=event.type,
        reason=event.reason,
        counts=event.counts,
        weight=weight,
        message_key=storable(bounded(event.message_key)),
        category=storable(event.category),
        received_at=event.received_at.astimezone(UTC),
        trust=event.trust,
        caveat=event.caveat,
    )
    about = past_of(tx, tx.fingerprint(event.address))
    add_event(about, past)
    if event.kind is Kind.BOUNCE:
        about.failed.append(Failed(names_of(event), event.counts))


def names_of(event: BounceEvent) -> tuple[str, ...]:
    """The key of the message that failed, and its aliases, as they are recorded."""
    return tuple([storable(bounded(name)) for name in (event.message_key, *event.aliases)])


def _row(tx: Transaction, event: BounceEvent, weight: float) -> Row:
    if not event.address:
        raise ValueError(f"event {event.id!r} names no address: it can be reviewed, but not recorded")
    diagnostic_code, remote_mta = hide_all(tx, [event.diagnostic_code, event.remote_mta])
    return {
        "tenant": tx.tenant,
        "id": event.id,
        "mail_id": event.mail_id or None,
        "fingerprint": remember(tx, event.address),
        "message_key": bounded(event.message_key),
        "aliases": json.dumps(names_of(event)[1:]) if event.aliases else None,
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
        "caveat": event.caveat,
        "delivery_ref": event.delivery_ref,
        "message": event.message,
        "document": event.document or None,
        "category": event.category,
        "received_at": event.received_at,
        "contacts": CONTACTS.pack(tx, event.contacts),
        "evidence": pack_evidence(tx, event.evidence),
    }


def record_acts(tx: Transaction, address: str, acts: Iterable[Act]) -> Suppression | None:
    """Append to what was done to an address, and keep the stop that follows from it; returns that stop."""
    return append_acts(tx, remember(tx, address), acts)


def append_acts(tx: Transaction, fingerprint: str, acts: Iterable[Act]) -> Suppression | None:
    """The same for an address whose row is there; the person may be forgotten."""
    suppression = log_acts(tx, fingerprint, acts)
    store_suppressions(tx, {fingerprint: suppression})
    return suppression


def log_acts(tx: Transaction, fingerprint: str, acts: Iterable[Act]) -> Suppression | None:
    """The same, but the stop is only returned: whoever does it to many stores their stops together."""
    past = past_of(tx, fingerprint)
    for act in acts:
        because, actor = hide_all(tx, [act.because, act.actor])
        row = {
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
        tx.put(ADD_ACTS, row)
        add_act(past, act)
        if act.verb in ABOUT_FAILURES:
            mark(tx, past.acts)
    return derive(past.acts)


def store_suppressions(tx: Transaction, stops: Mapping[str, Suppression | None]) -> None:
    """Put the stops that addresses are under, or none, in the place of what was there; by fingerprint."""
    freed = [{"of_tenant": tx.tenant, "of_fingerprint": one} for one, stop in stops.items() if stop is None]
    if freed:
        tx.connection.execute(FORGET_SUPPRESSION, freed)
    for fingerprint, stop in stops.items():
        if stop is not None:
            row = {
                "tenant": tx.tenant,
                "fingerprint": fingerprint,
                "exempt_too": stop.exempt_too,
                "since": stop.since,
                "until": stop.until,
                "rule": stop.rule,
            }
            tx.put_spelt(PUT_SUPPRESSION, row)
