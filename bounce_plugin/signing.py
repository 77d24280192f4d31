"""How does a host mark what it sends, so that a bounce is known to be genuine, and about which mail?"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.correlate.seal import ReturnPath, Seal
from bounce_plugin.ledger.deliveries import record_sent
from bounce_plugin.ledger.open import Ledger

#: Deliveries that are recorded in one transaction. So many at most were recorded and not sent, if the host stops.
BATCH: Final = 1000


def sign_all(
    ledger: Ledger,
    seal: Seal,
    contacts: Iterable[Contact],
    *,
    message: str,
    category: str,
    clock: Callable[[], datetime],
) -> Iterator[ReturnPath]:
    """A return path for each contact, in their order. Each delivery is recorded before its path is given."""
    remaining = iter(contacts)
    while batch := list(islice(remaining, BATCH)):
        now = clock()
        paths = [
            seal.mark(delivery=secrets.randbits(64), category=category, recipient=contact.address, now=now)
            for contact in batch
        ]
        _record(ledger, zip(paths, batch, strict=True), message=message, category=category, now=now)
        yield from paths


def sign_one(
    ledger: Ledger, seal: Seal, contact: Contact, *, message: str, category: str, message_id: str, now: datetime
) -> ReturnPath:
    """The return path of one mail, which may have a Message-ID of the host's."""
    path = seal.mark(
        delivery=secrets.randbits(64), category=category, recipient=contact.address, now=now, message_id=message_id
    )
    _record(ledger, [(path, contact)], message=message, category=category, now=now)
    return path


def _record(
    ledger: Ledger, signed: Iterable[tuple[ReturnPath, Contact]], *, message: str, category: str, now: datetime
) -> None:
    """The ENVID is not recorded: it proves itself, and a copy of the ledger must not be able to."""
    with ledger.transaction() as tx:
        record_sent(
            tx,
            (
                Delivery(
                    ref=path.ref,
                    address=contact.address,
                    contact=contact.id,
                    message=message,
                    category=category,
                    sent_at=now,
                    message_id=path.message_id,
                )
                for path, contact in signed
            ),
        )
