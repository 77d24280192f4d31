"""What do we know of one mail, once it is read and the host has answered, and before anything is decided?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.correlate.correlation import Caveat, Contact, Correlation, Delivery, Trust
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.event import BounceEvent
from bounce_plugin.examination import Examination
from bounce_plugin.message.report import Action, Kind
from bounce_plugin.outcome import Handling

#: Below this a verdict is a suggestion, and a person looks.
SURE: Final = 0.6

#: What is no failure report stays where it is: the inbox may be a person's own.
ORDINARY: Final = frozenset({Kind.OTHER, Kind.AUTO_REPLY, Kind.MDN, Kind.CHALLENGE, Kind.REPORT})


#: What a report says of a mail that left its writer's sight: that it arrived it does not say (RFC 3464, section 2.3.3).
_HANDED_ON: Final = frozenset({Action.RELAYED, Action.EXPANDED})

#: The types of feedback (RFC 5965, section 7.3) by which a reader says that he wants no such mail.
_UNWANTED: Final = frozenset({"abuse", "fraud"})

#: What stands with a mail that nobody is told of by itself.
SWAMPED: Final = "One of a flood of reports without proof, which are told as one. In the inbox it is read once more."

#: What a person has to know of a report that counts for nothing by itself; `MOVED` is of no interest to anybody, and
#: `FORWARDED` counts half.
_CAVEATS: Final = {
    Caveat.EXPIRED: "The report about {address} is signed, but it comes too late to be believed by itself.",
    Caveat.LOST: "The report is signed by us, but the ledger does not hold its delivery. Was a backup restored?",
    Caveat.OTHER_CATEGORY: "The report about {address} is signed for mail of another category than the ledger holds.",
    Caveat.NO_CATEGORY: "The report about {address} is signed, but for mail of no category; it may be an invoice.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a mail tells of a canary: a mail that we sent to a dead address, so that its report shows that reports come."""

    token: str  # of the canary; empty where the mail names no message
    fingerprint: str  # of the dead address
    failed: bool  # for good: that is the report which is awaited


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail with everything that is known of it."""

    examination: Examination
    correlations: tuple[Correlation, ...]  # one for each finding, in their order
    received_at: datetime
    trouble: str = ""  # a plugin that could not answer who it is about
    ours: bool = False  # what came back is a mail of our own and no other: a notice to the operator, or a canary
    canary: Sighting | None = None  # what it tells of a canary; no finding is about that
    required: Trust = Trust.ADDRESS  # the least that has the report count
    marked: Delivery | None = None  # that our own mark in it names, if nothing speaks against it
    forged: int = 0  # marks in it that only look like ours
    swamped: bool = False  # one of so many unproven reports that they are told as one (`steps/flood.py`)

    @property
    def is_unproven(self) -> bool:
        """Whether proof is required of such a report, and it has none at all: neither a mark nor a message that we sent."""
        return (
            self.required is not Trust.ADDRESS
            and self.examination.kind is Kind.BOUNCE
            and not (self.ours or self.canary or self.trouble or self.marked)
            and not any(one.caveat or one.trust.suffices(self.required) for one in self.correlations)
        )

    @property
    def complaint(self) -> Delivery | None:
        """The delivery that its reader marked as spam, if that is proven (D-33)."""
        if self.examination.kind is not Kind.COMPLAINT or self.marked is None:
            return None
        feedback = self.examination.report.feedback
        return self.marked if feedback is not None and feedback.feedback_type in _UNWANTED else None


def as_sent(delivery: Delivery | None) -> tuple[Contact, ...]:
    """Whom the host sent it to, where nobody has that address any more: an invoice still has to reach him."""
    return (Contact(id=delivery.contact, address=delivery.address),) if delivery and delivery.contact else ()


class NameEvent(Protocol):
    """Gives an event its stable name: the same failure has the same one, however often it is reported."""

    def __call__(self, *, address: str, message_key: str, kind: Kind, counts: bool) -> str: ...


def read_events(case: Case, name: NameEvent, mail_id: int = 0) -> tuple[BounceEvent, ...]:
    """One event for each recipient that the mail names.

    A failure counts only if the verdict says so, if both who failed and why are sure, and if the report is trusted
    enough and nothing is to be said against it but that the mail was forwarded; otherwise a person may make it count. Events of the same address of one mail are one: the one that counts,
    or else the first.
    """
    examination = case.examination
    events: dict[str, BounceEvent] = {}
    for finding, verdict, correlation in zip(
        examination.findings, examination.classifications, case.correlations, strict=True
    ):
        if not correlation.address:
            continue
        sure = min(finding.confidence, verdict.confidence) >= SURE
        trusted = correlation.trust.suffices(case.required) and correlation.caveat in (None, Caveat.FORWARDED)
        counts = verdict.counts and sure and trusted
        known = events.get(correlation.address)
        if known is None or (counts and not known.counts):
            events[correlation.address] = _event(case, finding, verdict, correlation, counts, name, mail_id)
    return tuple(events.values())


def _event(
    case: Case,
    finding: Finding,
    verdict: Classification,
    correlation: Correlation,
    counts: bool,
    name: NameEvent,
    mail_id: int,
) -> BounceEvent:
    delivery = correlation.delivery
    return BounceEvent(
        id=name(
            address=correlation.address,
            message_key=correlation.message_key,
            kind=verdict.kind,
            counts=counts,
        ),
        kind=verdict.kind,
        address=correlation.address,
        contacts=correlation.contacts or as_sent(delivery),
        reason=verdict.reason,
        type=verdict.type,
        fault=verdict.fault,
        counts=counts,
        confidence=verdict.confidence,
        status=str(finding.status or ""),
        reply_code=finding.reply_code,
        diagnostic_code=finding.diagnostic_code,
        remote_mta=finding.remote_mta,
        detector=finding.detector,
        evidence=tuple(verdict.evidence),
        trust=correlation.trust,
        caveat=correlation.caveat or (Caveat.RELAYED if finding.action in _HANDED_ON else None),
        message_key=correlation.message_key,
        aliases=correlation.aliases,
        delivery_ref=delivery.ref if delivery else "",
        message=delivery.message if delivery else "",
        document=delivery.document if delivery else "",
        category=delivery.category if delivery else "",
        received_at=case.received_at,
        mail_id=mail_id,
    )


def needs_person(case: Case, events: tuple[BounceEvent, ...], *, dedicated: bool) -> str:
    """Why a person has to look at the mail, in one sentence; empty when nobody has to.

    In a mailbox that is not `dedicated` nobody is bothered with mail that is no failure report, however large; only
    with what may be one.
    """
    examination = case.examination
    if case.swamped:
        return SWAMPED
    if examination.kind in ORDINARY and not dedicated:
        return "" if examination.limits else examination.why
    if case.ours:
        return ""  # a notice about it would come back, too (T-15)
    if examination.limits:
        return f"The mail exceeds a limit: {', '.join(examination.limits)}."
    if examination.kind is Kind.OTHER:
        return examination.why or "The mail is no failure report, and this mailbox is for nothing else."
    if examination.kind in ORDINARY:
        return ""
    if case.trouble:
        return case.trouble
    if examination.kind in {Kind.COMPLAINT, Kind.UNSUBSCRIBE}:
        about = f" It is about mail to {case.marked.address}, and signed." if case.marked else ""
        return f"A person asks for something: {examination.kind}.{about}"
    if not examination.findings or not all(correlation.address for correlation in case.correlations):
        return examination.why or "The mail does not say which address failed."
    return _unproven(case) or next((why for event in events if (why := _unclear(event))), examination.why)


def _unproven(case: Case) -> str:
    """Why a failure that would be held against somebody is not, by whom the report is from."""
    for verdict, correlation in zip(case.examination.classifications, case.correlations, strict=True):
        if verdict.kind is not Kind.BOUNCE or correlation.caveat in (Caveat.MOVED, Caveat.FORWARDED):
            continue
        if correlation.caveat is not None:
            return _CAVEATS[correlation.caveat].format(address=correlation.address)
        known = correlation.trust is not Trust.NONE
        if verdict.counts and known and not correlation.trust.suffices(case.required):
            level = "signed" if case.required is Trust.SIGNED_HEADER else case.required
            return f"The report about {correlation.address} is not {level}, as trust.require demands: it may be forged."
    return ""


def _unclear(event: BounceEvent) -> str:
    """What a person has to find out about one failed recipient. Warnings and receipts ask nothing of anybody."""
    if event.kind is not Kind.BOUNCE:
        return ""
    if event.trust is Trust.NONE:
        return f"No contact is known for {event.address}."
    if event.reason is Reason.UNKNOWN or event.confidence < SURE:
        return f"It is not clear why mail to {event.address} failed."
    return ""


def stays(case: Case, *, dedicated: bool) -> bool:
    """Whether the mail stays where it is, whatever becomes of it: it may be private."""
    return case.examination.kind in ORDINARY and not dedicated


def handling_of(case: Case, person: str, *, dedicated: bool, news: bool) -> Handling:
    """What becomes of the mail: `person` says why a person must look, `news` whether it told anything new."""
    if person:
        return Handling.REVIEW
    if case.examination.kind in ORDINARY:
        return Handling.HANDLED if dedicated else Handling.LEFT
    return Handling.HANDLED if news else Handling.DUPLICATE
