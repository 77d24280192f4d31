"""What does a host say that it has sent? And which of it came back before it said so?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bounce_plugin.case import as_sent
from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Caveat, Delivery, Trust, correlate
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.deliveries import record_sent
from bounce_plugin.ledger.history import events_of, with_nameless_failures
from bounce_plugin.ledger.past import past_of
from bounce_plugin.ledger.record import event_id, names_of
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.steps.act import Consequences
from bounce_plugin.steps.once import Messages
from bounce_plugin.steps.proofs import Proofs

#: How much later than its failure a mail may say that it was sent: clocks differ, and some hosts record the time of recording.
_SLACK: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Records deliveries, and tells of exempt ones whose failure is on record already, under the Message-ID or the ENVID alone.

    Of invoices that are recorded once a night some have come back by then, and nobody knew that they were invoices.
    """

    consequences: Consequences
    proofs: Proofs

    def record(self, tx: Transaction, deliveries: Iterable[Delivery], now: datetime) -> None:
        """Record what the host sent; see `ledger.deliveries.record_sent` for what is refused."""
        sent = tuple(deliveries)
        record_sent(tx, sent)
        for event in self._failed(tx, sent):
            self.consequences.learn_message(tx, event, self.proofs.required, now)

    def _failed(self, tx: Transaction, sent: Iterable[Delivery]) -> Iterator[BounceEvent]:
        """The failures of exempt deliveries, each with what is known of it now."""
        exempt = [one for one in sent if (one.message_id or one.envelope_id) and self._is_exempt(one)]
        failing = with_nameless_failures(tx, {tx.fingerprint(delivery.address) for delivery in exempt})
        for delivery in exempt:
            if tx.fingerprint(delivery.address) in failing:
                yield from self._failures_of(tx, replace(delivery, address=normalise(delivery.address)))

    def _is_exempt(self, delivery: Delivery) -> bool:
        category = self.consequences.policy.category(delivery.category)
        return category is not None and category.exempt

    def _failures_of(self, tx: Transaction, delivery: Delivery) -> Iterator[BounceEvent]:
        messages = Messages(past_of(tx, tx.fingerprint(delivery.address)).failed)
        for event in events_of(tx, delivery.address):
            if event.kind is not Kind.BOUNCE or event.delivery_ref or event.received_at + _SLACK < delivery.sent_at:
                continue
            found = correlate(
                delivery.address,
                clues=Clues(),
                contacts=event.contacts if event.trust is not Trust.NONE else (),
                delivery=delivery,
                received_at=event.received_at,
                window=self.proofs.window,
            )
            named = replace(
                event,
                address=delivery.address,  # which the ledger may have forgotten
                contacts=event.contacts or as_sent(delivery),
                counts=False,
                caveat=event.caveat or (Caveat.COUNTED if event.counts else None),
                trust=found.trust,
                message_key=found.message_key,
                aliases=found.aliases,
                delivery_ref=delivery.ref,
                message=delivery.message,
                document=delivery.document,
                category=delivery.category,
            )
            if messages.is_one(names_of(event), names_of(named)):
                key = {"address": delivery.address, "message_key": named.message_key}
                yield replace(named, id=event_id(tx, **key, kind=event.kind, counts=False))
