"""Values to remember, complete but for what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bounce_plugin.classify.classification import Evidence, FailureType, Fault, Reason
from bounce_plugin.correlate.correlation import Contact, Delivery, Trust
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.mails import Mail
from bounce_plugin.ledger.record import event_id, record_event
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
JOE = "joe@example.org"


def an_event(tx: Transaction, address: str = JOE, **changes: Any) -> BounceEvent:
    """A hard bounce of a newsletter."""
    values: dict[str, Any] = {
        "kind": Kind.BOUNCE,
        "address": address,
        "contacts": (Contact(id="7", address=address, lists=("news", "members")),),
        "reason": Reason.ADDRESS_UNKNOWN,
        "type": FailureType.HARD,
        "fault": Fault.RECIPIENT,
        "counts": True,
        "confidence": 0.9,
        "status": "5.1.1",
        "reply_code": "550",
        "diagnostic_code": f"550 5.1.1 <{address}>: Recipient address rejected",
        "remote_mta": "mx.example.org",
        "detector": "delivery_status",
        "evidence": (
            Evidence(rule="status:5.1.1", field="status", span="5.1.1", reason=Reason.ADDRESS_UNKNOWN, decided=True),
            Evidence(rule="phrase:any:rejected", field="diagnostic_code", span=f"<{address}>: Recipient", note="order"),
        ),
        "trust": Trust.ADDRESS,
        "message_key": "mid:1@lists.example",
        "message": "newsletter 12",
        "document": "2026-0815",
        "category": "newsletter",
        "received_at": NOW,
        **changes,
    }
    told = {name: values[name] for name in ("address", "message_key", "kind", "counts")}
    return BounceEvent(**{"id": event_id(tx, **told), **values})


def recorded(tx: Transaction, address: str = JOE, **changes: Any) -> BounceEvent:
    """The same, recorded as new."""
    event = an_event(tx, address, **changes)
    assert record_event(tx, event, weight=1.0)
    return event


def a_mail(uid: str = "1", **changes: Any) -> Mail:
    """A mail that was found in the inbox and is to be filed as processed."""
    values: dict[str, Any] = {
        "mailbox": "bounces",
        "folder": "inbox",
        "uidvalidity": "1700000000",
        "uid": uid,
        "content_sha256": uid.rjust(64, "0"),
        "size": 4500,
        "received_at": NOW,
        "kind": Kind.BOUNCE,
        "handling": Handling.HANDLED,
        "why": f"{JOE} failed.",
        "target": "processed",
        **changes,
    }
    return Mail(**values)


def a_delivery(ref: str = "d1", address: str = JOE, **changes: Any) -> Delivery:
    """A newsletter that was sent."""
    values: dict[str, Any] = {
        "contact": "7",
        "message": "newsletter 12",
        "category": "newsletter",
        "sent_at": NOW,
        "message_id": f"{ref}@lists.example",
        "envelope_id": f"env-{ref}",
        "document": "2026-0815",
        **changes,
    }
    return Delivery(ref=ref, address=address, **values)
