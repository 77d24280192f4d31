"""What must a decision about an address know? Read at once for many, and kept true while a transaction writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, select

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.correlate.correlation import Caveat, Trust
from bounce_plugin.ledger.addresses import reveal_all
from bounce_plugin.ledger.columns import word
from bounce_plugin.ledger.schema import acts, events
from bounce_plugin.ledger.sent import recall_sent
from bounce_plugin.ledger.transaction import Failed, Past, Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.rules import PastEvent
from bounce_plugin.policy.state import ABOUT_FAILURES, FORGIVING, Act, Verb, forgives, held_events, undone_events
from bounce_plugin.policy.success import Sent

_CHUNK: Final = 500  # SQLite allows 999 variables in old builds
_BOUNCE: Final = Kind.BOUNCE.value

#: Everything that was received about some addresses.
EVERY_EVENT: Final = (
    select(
        events.c.fingerprint,
        events.c.id,
        events.c.kind,
        events.c.type,
        events.c.reason,
        events.c.counts,
        events.c.weight,
        events.c.message_key,
        events.c.aliases,
        events.c.category,
        events.c.received_at,
        events.c.trust,
        events.c.caveat,
    )
    .where(events.c.tenant == bindparam("tenant"), events.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
    .order_by(events.c.received_at, events.c.number)
)

#: What was done to some addresses, oldest first.
ACTS_OF: Final = (
    select(
        acts.c.fingerprint,
        acts.c.verb,
        acts.c.at,
        acts.c.until,
        acts.c.rule,
        acts.c.because,
        acts.c.actor,
        acts.c.events,
    )
    .where(acts.c.tenant == bindparam("tenant"), acts.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
    .order_by(acts.c.number)
)


def recall(tx: Transaction, fingerprints: Iterable[str]) -> None:
    """Read what is known of these addresses, unless this transaction did so already."""
    wanted = [fingerprint for fingerprint in dict.fromkeys(fingerprints) if fingerprint not in tx.known]
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        found = {fingerprint: Past() for fingerprint in chunk}
        where = {"tenant": tx.tenant, "fingerprints": chunk}
        rows = tx.connection.execute(ACTS_OF, where).all()
        lifted: dict[str, datetime] = {}
        for row, act in zip(rows, read_acts(tx, rows), strict=True):
            found[row.fingerprint].acts.append(act)
            if act.verb is Verb.LIFT:
                lifted[row.fingerprint] = max(act.at, lifted.get(row.fingerprint, act.at))
        for event in tx.connection.execute(EVERY_EVENT, where):
            past = found[event.fingerprint]
            if event.kind == _BOUNCE:
                aliases = json.loads(event.aliases) if event.aliases else ()
                past.failed.append(Failed((event.message_key, *aliases), event.counts))
            if event.fingerprint not in lifted or event.received_at > lifted[event.fingerprint]:
                past.events.append(_past_event(event))
        for past in found.values():
            _sort(past)
        recall_sent(tx, found)
        tx.known.update(found)


def past_of(tx: Transaction, fingerprint: str) -> Past:
    """What is known of the address with this fingerprint. To be changed by who writes the same into the ledger alone."""
    if fingerprint not in tx.known:
        recall(tx, [fingerprint])
    return tx.known[fingerprint]


def forgiven(tx: Transaction, fingerprints: Iterable[str]) -> dict[str, list[PastEvent]]:
    """What was received about some addresses and counts no more, because a person lifted a stop or undid it."""
    acts = {one: [act for act in past_of(tx, one).acts if act.verb in FORGIVING] for one in fingerprints}
    wanted = [fingerprint for fingerprint in acts if acts[fingerprint]]
    found: dict[str, list[PastEvent]] = {fingerprint: [] for fingerprint in acts}
    for start in range(0, len(wanted), _CHUNK):
        where = {"tenant": tx.tenant, "fingerprints": wanted[start : start + _CHUNK]}
        for row in tx.connection.execute(EVERY_EVENT, where):
            event = _past_event(row)
            if any(forgives(act, event) for act in acts[row.fingerprint]):
                found[row.fingerprint].append(event)
    return found


def sent_to(tx: Transaction, address: str) -> tuple[Sent, ...]:
    """What was sent to an address since the oldest failure of it that a success could forgive."""
    fingerprint = tx.fingerprint(address)
    past = past_of(tx, fingerprint)
    recall_sent(tx, {fingerprint: past})
    return tuple(past.sent)


def past_events(tx: Transaction, address: str) -> tuple[PastEvent, ...]:
    """What happened to an address, oldest first: what was received after the last lift, is not held, and nobody undid.

    A mail that arrived before a lift and is read after it tells nothing that the person who lifted did not outweigh.
    """
    return tuple(past_of(tx, tx.fingerprint(address)).events)


def acts_of(tx: Transaction, address: str) -> tuple[Act, ...]:
    """What was done to an address, oldest first."""
    return tuple(past_of(tx, tx.fingerprint(address)).acts)


def add_event(past: Past, event: PastEvent) -> None:
    """See that an event that was just recorded is known, unless its address was lifted after it had been received."""
    if any(act.verb is Verb.LIFT and act.at >= event.received_at for act in past.acts):
        return
    if event.id in undone_events(past.acts):  # the record was lost, and read again from the mails
        return
    _insert(past.held if event.id in held_events(past.acts) else past.events, event)


def add_act(past: Past, act: Act) -> None:
    """See that an act that was just recorded is known, and what it forgives, undoes or holds does not count."""
    past.acts.append(act)
    if act.verb is Verb.LIFT:
        past.events[:] = [event for event in past.events if event.received_at > act.at]
        past.held[:] = [event for event in past.held if event.received_at > act.at]
    elif act.verb in ABOUT_FAILURES:
        _sort(past)


def _sort(past: Past) -> None:
    """Keep apart what counts and what is held, and leave out what counts no more."""
    undone, held = undone_events(past.acts), held_events(past.acts)
    if not undone and not held and not past.held:
        return
    known = [event for event in (*past.events, *past.held) if event.id not in undone]
    past.events[:], past.held[:] = [], []
    for event in known:
        _insert(past.held if event.id in held else past.events, event)


def _insert(events: list[PastEvent], event: PastEvent) -> None:
    place = len(events)
    while place and events[place - 1].received_at > event.received_at:
        place -= 1
    events.insert(place, event)


def read_acts(tx: Transaction, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Act, ...]:
    """Rows of `acts` as values."""
    texts = iter(reveal_all(tx, [text for row in rows for text in (row.because, row.actor)]))
    return tuple(
        Act(
            verb=Verb(row.verb),
            at=row.at,
            until=row.until,
            rule=row.rule,
            because=next(texts),
            actor=next(texts),
            events=tuple(json.loads(row.events)),
        )
        for row in rows
    )


def _past_event(row: Row[*tuple[Any, ...]]) -> PastEvent:
    return PastEvent(
        id=row.id,
        kind=Kind(row.kind),
        type=word(FailureType, row.type),
        reason=word(Reason, row.reason),
        counts=row.counts,
        weight=row.weight,
        message_key=row.message_key,
        category=row.category,
        received_at=row.received_at,
        trust=Trust(row.trust),
        caveat=word(Caveat, row.caveat),
    )
