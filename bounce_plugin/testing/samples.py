"""What does a hook get? One plausible value of each type, to try an implementation with.

    sample_event(address="joe@example.org", contacts=(Contact(id="7"),))
    dataclasses.replace(sample_decision(), steps=())

All of them tell the same story: newsletter 2026-11 to joe@example.org failed, for the third time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from bounce_plugin.classify.classification import Evidence, FailureType, Fault, Reason
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery, Trust
from bounce_plugin.event import BounceEvent
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, Incident, Lifted, MailOutcome, ReviewItem, RunSummary
from bounce_plugin.policy.rules import Decision, PolicyAction, Step

#: When it all happened.
SAMPLE_TIME: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_ADDRESS: Final = "joe@example.org"


def sample_clues(*, message_id: str = "newsletter-2026-11.joe@lists.example") -> Clues:
    """What a bounce gives to find its message by."""
    return Clues(message_id=message_id, envelope_recipients=("bounces@lists.example",), subject="News of November")


def sample_delivery(*, address: str = _ADDRESS, ref: str = "newsletter-2026-11:7") -> Delivery:
    """A newsletter that the host sent."""
    return Delivery(
        ref=ref,
        address=address,
        contact="7",
        message="newsletter-2026-11",
        category="newsletter",
        sent_at=SAMPLE_TIME,
        message_id="newsletter-2026-11.joe@lists.example",
    )


def sample_event(
    *,
    id: str = "5f2b8a5e0c1d4f6a9b7c3e2d1a0f4b6c",  # noqa: A002 - as the field is called
    address: str = _ADDRESS,
    contacts: tuple[Contact, ...] = (Contact(id="7", address=_ADDRESS, lists=("members", "news")),),
    diagnostic_code: str = "smtp; 550 5.1.1 <joe@example.org>: user unknown",
    category: str = "newsletter",
    message: str = "newsletter-2026-11",
    document: str = "",
    mail_id: int = 0,
) -> BounceEvent:
    """A failure that counts against the recipient."""
    return BounceEvent(
        id=id,
        kind=Kind.BOUNCE,
        address=address,
        contacts=contacts,
        reason=Reason.ADDRESS_UNKNOWN,
        type=FailureType.HARD,
        fault=Fault.RECIPIENT,
        counts=True,
        confidence=0.98,
        status="5.1.1",
        reply_code="550",
        diagnostic_code=diagnostic_code,
        remote_mta="mx.example.org",
        detector="delivery_status",
        evidence=(
            Evidence(
                rule="status:5.1.1",
                field="status",
                span="5.1.1",
                reason=Reason.ADDRESS_UNKNOWN,
                decided=True,
            ),
        ),
        trust=Trust.ADDRESS,
        message_key="mid:newsletter-2026-11.joe@lists.example",
        message=message,
        document=document,
        category=category,
        received_at=SAMPLE_TIME,
        mail_id=mail_id,
    )


def sample_decision(*, actions: tuple[PolicyAction, ...] = (PolicyAction.REMOVE_FROM_LIST,)) -> Decision:
    """A rule that was reached by three failures."""
    return Decision(
        steps=tuple(
            Step(
                action=action,
                rule="three-strikes",
                because="3 messages failed.",
                events=("first", "second", "third"),
                until=datetime(2026, 11, 30, 12, 0, tzinfo=UTC) if action is PolicyAction.PAUSE else None,
            )
            for action in actions
        )
    )


def sample_outcome(*, handling: Handling = Handling.HANDLED, why: str = "", mail_id: int = 41) -> MailOutcome:
    """A mail of the bounce mailbox."""
    return MailOutcome(
        mail_id=mail_id, mailbox="bounces", kind=Kind.BOUNCE, handling=handling, why=why, received_at=SAMPLE_TIME
    )


def sample_item(
    *,
    id: int = 3,  # noqa: A002 - as the field is called
    mail_id: int = 41,
    addresses: tuple[str, ...] = (_ADDRESS,),
) -> ReviewItem:
    """A mail that waits for a person."""
    return ReviewItem(
        id=id,
        mail_id=mail_id,
        kind=Kind.BOUNCE if mail_id else None,
        addresses=addresses,
        why=f"No contact is known for {_ADDRESS}.",
        opened_at=SAMPLE_TIME,
    )


def sample_incident(*, key: str = "refused:reputation_block:example.org") -> Incident:
    """A provider that refuses the host's mail."""
    return Incident(
        key=key,
        title="example.org refuses our mail: reputation_block",
        detail="The last reply: 550 5.7.1 blocked.",
        count=12,
        first_at=SAMPLE_TIME,
        last_at=SAMPLE_TIME,
    )


def sample_lifted(*, address: str = _ADDRESS) -> Lifted:
    """A stop that a person took back."""
    return Lifted(address=address, actor="alice", why="Joe has a new mailbox.", at=SAMPLE_TIME)


def sample_summary(*, outcomes: tuple[MailOutcome, ...] = (), errors: tuple[str, ...] = ()) -> RunSummary:
    """A run over the mailboxes."""
    return RunSummary(started_at=SAMPLE_TIME, finished_at=SAMPLE_TIME, outcomes=outcomes, errors=errors)
