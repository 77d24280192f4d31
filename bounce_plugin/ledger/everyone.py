"""Whose past is there? Address by address, so that a ledger of any size fits into memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import bindparam, select

from bounce_plugin.ledger.addresses import known
from bounce_plugin.ledger.past import past_of, recall
from bounce_plugin.ledger.schema import acts, events
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.policy.state import Verb

#: Addresses whose pasts are read at once.
CHUNK: Final = 500

_BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)

#: The next addresses, in the order of their fingerprints, to which something happened in a time.
CONCERNED: Final = (
    select(events.c.fingerprint)
    .distinct()
    .where(
        events.c.tenant == bindparam("tenant"),
        events.c.fingerprint > bindparam("after"),
        events.c.received_at >= bindparam("since"),
        events.c.received_at < bindparam("until"),
    )
    .order_by(events.c.fingerprint)
    .limit(CHUNK)
)

#: The failures that people undid.
UNDONE: Final = select(acts.c.events).where(acts.c.tenant == bindparam("tenant"), acts.c.verb == Verb.UNDO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An address, and what a decision about it must know."""

    fingerprint: str
    address: str  # in its normal spelling; empty once it was forgotten
    past: Past


def concerned(
    tx: Transaction, after: str = "", *, since: datetime | None = None, until: datetime | None = None
) -> tuple[Person, ...]:
    """The next addresses to which something happened from `since` on and before `until`; ask again after the last.

    Their pasts are whole, not those of that time alone.
    """
    where = {"tenant": tx.tenant, "after": after, "since": since or _BEGINNING, "until": until or _END}
    found: Sequence[str] = tx.connection.scalars(CONCERNED, where).all()
    recall(tx, found)
    addresses = known(tx, found)
    return tuple(Person(fingerprint=one, address=addresses.get(one, ""), past=past_of(tx, one)) for one in found)


def by_address(tx: Transaction, address: str) -> Person:
    """One address, given in its normal spelling."""
    fingerprint = tx.fingerprint(address)
    return Person(fingerprint=fingerprint, address=address, past=past_of(tx, fingerprint))


def everyone(tx: Transaction, *, since: datetime | None = None) -> Iterator[Person]:
    """Each address to which something happened from `since` on; nothing of them is kept."""
    for chunk in in_chunks(tx, since=since):
        yield from chunk


def in_chunks(tx: Transaction, *, since: datetime | None = None) -> Iterator[tuple[Person, ...]]:
    """The same, as many at a time as are read at once."""
    after = ""
    while chunk := concerned(tx, after, since=since):
        yield chunk
        after = chunk[-1].fingerprint
        for person in chunk:
            del tx.known[person.fingerprint]


def undone(tx: Transaction) -> frozenset[str]:
    """The ids of all events that count no more, because a person undid them."""
    rows = tx.connection.scalars(UNDONE, {"tenant": tx.tenant})
    return frozenset(event for row in rows for event in json.loads(row))
