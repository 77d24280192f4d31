"""What follows from an event? Everything here is written in the transaction that records it, and done after that."""

from __future__ import annotations

from datetime import datetime

from bounce_plugin.announce import Announcements
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.history import acts_of, past_events
from bounce_plugin.ledger.incidents import raise_incident
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.ledger.review import open_item
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import MailOutcome
from bounce_plugin.policy.decide import acts_from, decide
from bounce_plugin.policy.rules import Decision, Policy, PolicyAction

#: What the hook on_threshold_reached is for; manual work and incidents have hooks of their own.
TOLD_AS_THRESHOLD = frozenset(PolicyAction) - {PolicyAction.REVIEW, PolicyAction.INCIDENT}


def announce_event(
    tx: Transaction, announcements: Announcements, policy: Policy, event: BounceEvent, now: datetime
) -> None:
    """Tell everyone of a new event, and the host of an invoice that did not arrive."""
    announcements.bounce_classified(tx, event, now)
    category = policy.category(event.category)
    if event.kind is Kind.BOUNCE and category is not None and category.exempt:
        announcements.exempt_failure(tx, event, now)


def decide_and_act(
    tx: Transaction, announcements: Announcements, policy: Policy, event: BounceEvent, now: datetime
) -> Decision:
    """Decide what follows from a recorded event, and do it."""
    history = past_events(tx, event.address)
    this = next((past for past in history if past.id == event.id), None)
    if this is None:
        return Decision()  # received before somebody lifted the stop: it was known then, or should have been
    decision = decide(this, history, policy, now, done=acts_of(tx, event.address))
    record_acts(tx, event.address, acts_from(decision, now))
    if PolicyAction.INCIDENT in decision.actions:
        _raise_incident(tx, announcements, event, now)
    if decision.actions & TOLD_AS_THRESHOLD:
        announcements.threshold_reached(tx, event, decision, now)
    return decision


def put_before_person(
    tx: Transaction, announcements: Announcements, outcome: MailOutcome, addresses: tuple[str, ...], now: datetime
) -> None:
    """Open an item of manual work for a mail, and tell that it waits."""
    item = open_item(tx, why=outcome.why, now=now, mail_id=outcome.mail_id, kind=outcome.kind, addresses=addresses)
    announcements.review_needed(tx, item, now)


def tell_incident(
    tx: Transaction, announcements: Announcements, *, key: str, title: str, detail: str, now: datetime
) -> None:
    """Raise an incident; the same key is told once a day at most."""
    raised = raise_incident(tx, key=key, title=title, detail=detail, now=now)
    if raised.tell:
        announcements.incident(tx, raised.incident, now)


def _raise_incident(tx: Transaction, announcements: Announcements, event: BounceEvent, now: datetime) -> None:
    """Group by reason and receiving domain: one provider that refuses us is one incident, however many mails."""
    domain = event.address.rpartition("@")[2]
    reply = " ".join(filter(None, (event.reply_code, event.status, event.diagnostic_code)))
    tell_incident(
        tx,
        announcements,
        key=f"refused:{event.reason}:{domain}",
        title=f"{domain} refuses our mail: {event.reason}",
        detail=f"No contact is blamed for it. The last reply: {reply}" if reply else "No contact is blamed for it.",
        now=now,
    )
