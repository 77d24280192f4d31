"""Does a report bear our own mark, and what does the ledger know of that delivery?"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import LOG_WINDOW, Caveat, Delivery, Trust
from bounce_plugin.correlate.seal import Proof, Seal, number_of
from bounce_plugin.correlate.token import Purpose
from bounce_plugin.ledger.deliveries import delivery_by_ref
from bounce_plugin.ledger.open import Ledger

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a report's mark is worth."""

    proof: Proof | None = None
    delivery: Delivery | None = None  # that it leads to, its address in the normal spelling
    caveat: Caveat | None = None  # why it counts for nothing by itself, whomever the report names
    forged: int = 0  # marks in it that only look like ours

    @property
    def is_lost(self) -> bool:
        """Whether its delivery is no longer in the ledger, or was to somebody forgotten whom the report does not name."""
        return self.delivery is None or not self.delivery.address

    @property
    def reports(self) -> Proof | None:
        """The proof, where it is one that a report about a delivery can bear."""
        return self.proof if self.proof is not None and self.proof.purpose is not Purpose.UNSUBSCRIBE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Looks for marks in reports. Without a seal it finds none."""

    ledger: Ledger
    seal: Seal | None
    required: Trust  # the least that has a report count

    @property
    def window(self) -> timedelta:
        """How long after a message a report about it may come."""
        return LOG_WINDOW if self.seal is None else timedelta(days=self.seal.oldest_days)

    def look(self, clues: Clues, received_at: datetime, named: Iterable[str]) -> Proven:
        """What the first mark of ours in a report leads to. `received_at` is our mailbox's time, no date of the mail's;
        `named` are the addresses of the report, one of which may be that of somebody who was forgotten.
        """
        if self.seal is None:
            return Proven()
        inspection = self.seal.inspect(clues, received_at)
        proof = inspection.proof
        if proof is None:
            return Proven(forged=inspection.forged)
        with self.ledger.reading() as tx:
            delivery = delivery_by_ref(tx, proof.ref, named)
        if delivery is not None:
            delivery = replace(delivery, address=normalise(delivery.address))
        caveat = _caveat(proof, delivery)
        if caveat is not None:
            log.warning("a report about delivery %s… is not counted by itself: %s", proof.signed.short, caveat)
        return Proven(proof=proof, delivery=delivery, caveat=caveat, forged=inspection.forged)


def _caveat(proof: Proof, delivery: Delivery | None) -> Caveat | None:
    if not proof.current:
        return Caveat.EXPIRED  # the ledger may hold its delivery no more
    if delivery is None or not delivery.address:
        return Caveat.LOST
    if proof.signed.category != number_of(delivery.category):
        return Caveat.OTHER_CATEGORY
    return Caveat.NO_CATEGORY if not delivery.category else None
