"""How does a host mark what it sends, so that a bounce is known to be genuine, and about which mail?"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.correlate.seal import ReturnPath, Seal
from bounce_plugin.desk.doubts import Doubts
from bounce_plugin.errors import SettingsError
from bounce_plugin.ledger.deliveries import record_sent
from bounce_plugin.ledger.open import Ledger

#: Deliveries that are recorded in one transaction. So many at most were recorded and not sent, if the host stops.
BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Makes return paths for one host, and records the deliveries that they are of."""

    ledger: Ledger
    seal: Seal | None  # None: the settings name no key
    doubts: Doubts
    clock: Callable[[], datetime]
    source: str  # the settings, for messages

    def all(self, contacts: Iterable[Contact], *, message: str, category: str) -> Iterator[ReturnPath]:
        """A return path for each contact, in their order. Each delivery is recorded before its path is given."""
        return self._all(self._seal(category), contacts, message=message, category=category)

    def one(self, contact: Contact, *, message: str, category: str, message_id: str, document: str = "") -> ReturnPath:
        """The return path of one mail, which may have a Message-ID of the host's."""
        seal, now = self._seal(category), self.clock()
        path = seal.mark(
            delivery=secrets.randbits(64), category=category, recipient=contact.address, now=now, message_id=message_id
        )
        _record(self.ledger, [(path, contact)], message=message, category=category, document=document, now=now)
        return path

    def _all(self, seal: Seal, contacts: Iterable[Contact], *, message: str, category: str) -> Iterator[ReturnPath]:
        remaining = iter(contacts)
        while batch := list(islice(remaining, BATCH)):
            now = self.clock()
            paths = [
                seal.mark(delivery=secrets.randbits(64), category=category, recipient=contact.address, now=now)
                for contact in batch
            ]
            _record(self.ledger, zip(paths, batch, strict=True), message=message, category=category, now=now)
            yield from paths

    def _seal(self, category: str) -> Seal:
        if self.seal is None:
            problem = "nothing can be signed without trust.bounce_domain and a [[trust.key]]"
            raise SettingsError(problem, key="[trust]", source=self.source)
        if category:  # one that is unknown is said as such, and its reports go to review
            self.doubts.note_category(category)
        return self.seal


def _record(
    ledger: Ledger,
    signed: Iterable[tuple[ReturnPath, Contact]],
    *,
    message: str,
    category: str,
    now: datetime,
    document: str = "",
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
                    document=document,
                    category=category,
                    sent_at=now,
                    message_id=path.message_id,
                )
                for path, contact in signed
            ),
        )
