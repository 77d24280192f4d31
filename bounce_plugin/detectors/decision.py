"""What kind of mail is it in the end? Kinds exclude each other; a failure is believed only of a mail server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.evidence import BOUNCE, REVIEW, Evidence
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.automatic import is_auto_reply, is_challenge, is_receipt, may_be_auto_reply
from bounce_plugin.message.forward import is_bare_forward
from bounce_plugin.message.report import Action, Kind, Report

# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_BOUNCE: Final = Kind.BOUNCE
_FAILED: Final = Action.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What kind of mail it is, and what it says of each recipient."""

    kind: Kind
    findings: tuple[Finding, ...] = ()
    doubt: str = ""  # why a person should look, one sentence; empty when nobody need


def decide_kind(findings: tuple[Finding, ...]) -> Detection | None:
    """A bounce if any recipient failed for good, else a delay if any is still tried, else a delivery (D-02)."""
    if not findings:
        return None
    actions = [finding.action for finding in findings]
    if _FAILED in actions:
        return Detection(kind=_BOUNCE, findings=findings)
    return Detection(kind=Kind.DELAY if Action.DELAYED in actions else Kind.DELIVERED, findings=findings)


def find_doubt(notice: Notice, evidence: Evidence) -> Detection:
    """What to make of a mail that names no recipient."""
    own = notice.report.kind is _BOUNCE
    if own or (notice.report.returned is not None and evidence.score >= BOUNCE):
        return Detection(kind=Kind.BOUNCE, doubt="The mail reports a failure, but names no recipient.")
    if evidence.score >= REVIEW and evidence.known and evidence.origin > 0:
        return Detection(kind=Kind.OTHER, doubt="The mail may report a failure, but does not say so clearly.")
    return Detection(kind=Kind.OTHER)


def is_report_by_structure(report: Report) -> bool:
    """Whether the mail as a whole is a report (RFC 6522), and no letter that has one among its parts."""
    return report.media_type == "multipart/report"


def speaks_for_itself(notice: Notice, evidence: Evidence) -> bool:
    """Whether a delivery status is this mail's own, and not one that a person pasted or attached (D-09, D-20)."""
    if notice.report.delivery_status is None or is_report_by_structure(notice.report):
        return True
    return evidence.origin > 0 or is_bare_forward(notice.report.text, notice.headers)


def may_speak_for_another(notice: Notice, evidence: Evidence) -> bool:
    """Whether the report within is what this mail is about: a gateway wrapped it, or somebody forwards it bare (D-13)."""
    return evidence.origin > 0 or is_bare_forward(notice.report.text, notice.headers)


def recognise_ordinary(notice: Notice, evidence: Evidence) -> Kind | None:
    """An automatic mail that reports no failure; None where it may be a report in plain text."""
    headers, subject = notice.headers, notice.subject
    if is_challenge(notice.lower, notice.sender):
        return Kind.CHALLENGE
    if is_receipt(headers, subject):
        return Kind.MDN
    if is_auto_reply(headers, subject):
        return Kind.AUTO_REPLY
    if may_be_auto_reply(headers) and (evidence.score < BOUNCE or (not evidence.machine and "in-reply-to" in headers)):
        return Kind.AUTO_REPLY
    return None
