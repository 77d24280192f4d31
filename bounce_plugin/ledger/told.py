"""What were plugins told already, or must they still be told?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from pydantic import ValidationError
from sqlalchemy import bindparam, select

from bounce_plugin.ledger.outbox import PAYLOAD
from bounce_plugin.ledger.schema import outbox
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.policy.hold import announced
from bounce_plugin.policy.rules import Decision
from bounce_plugin.policy.state import Verb

_CHUNK: Final = 500  # SQLite allows 999 variables in old builds

#: Those of some announcements that plugins were told, or may be told just now.
TOLD: Final = (
    select(outbox.c.announcement)
    .distinct()
    .where(
        outbox.c.tenant == bindparam("tenant"), outbox.c.announcement.in_(bindparam("announcements", expanding=True))
    )
)

#: What plugins are told, by the names of the announcements.
PAYLOADS: Final = (
    select(outbox.c.fingerprint, outbox.c.payload)
    .where(
        outbox.c.tenant == bindparam("tenant"), outbox.c.announcement.in_(bindparam("announcements", expanding=True))
    )
    .order_by(outbox.c.number)
)


def is_announced(tx: Transaction, hook: str, events: Iterable[str]) -> bool:
    """Whether a hook was, or still is to be, told of any of these events."""
    return bool(told_of(tx, hook, events))


def told_of(tx: Transaction, hook: str, events: Iterable[str]) -> frozenset[str]:
    """Those of some events of which a plugin was told by a hook, or must still be."""
    names = sorted(events)
    found: set[str] = set()
    for start in range(0, len(names), _CHUNK):
        wanted = [f"{hook}:{event}" for event in names[start : start + _CHUNK]]
        found.update(tx.connection.scalars(TOLD, {"tenant": tx.tenant, "announcements": wanted}))
    return frozenset(name.partition(":")[2] for name in found)


def decisions_told(tx: Transaction, hook: str, pasts: Mapping[str, Past]) -> dict[str, list[Decision]]:
    """The decisions upon what happened to some addresses, by fingerprint, that a plugin was told by a hook, or must still
    be; also those upon what the breaker held and was released or let go. One that cannot be read was told to nobody.
    """
    names = list(dict.fromkeys(f"{hook}:{subject}" for past in pasts.values() for subject in _subjects(past)))
    found: dict[str, list[Decision]] = {}
    for start in range(0, len(names), _CHUNK):
        wanted = {"tenant": tx.tenant, "announcements": names[start : start + _CHUNK]}
        for fingerprint, text in tx.connection.execute(PAYLOADS, wanted):
            with suppress(ValidationError):
                if (decision := PAYLOAD.unpack(text).decision) is not None:
                    found.setdefault(fingerprint, []).append(decision)
    return found


def _subjects(past: Past) -> Iterator[str]:
    """What announcements about an address are recognised by: failures that count, and those that were undone or held."""
    events = [event.id for event in past.events if event.counts]
    events += [event for act in past.acts if act.verb in (Verb.UNDO, Verb.HOLD) for event in act.events]
    yield from announced(past.acts, events)
