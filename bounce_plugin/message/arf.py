"""What does an abuse report say? RFC 5965."""

from __future__ import annotations

from typing import Final

from bounce_plugin.message.address import read_recipient
from bounce_plugin.message.headers import split_fields
from bounce_plugin.message.report import FeedbackReport, Kind

FEEDBACK_TYPE: Final = "message/feedback-report"

_KINDS: Final = {
    "abuse": Kind.COMPLAINT,
    "fraud": Kind.COMPLAINT,
    "virus": Kind.COMPLAINT,
    "other": Kind.COMPLAINT,
    "miscategorized": Kind.COMPLAINT,
    "opt-out": Kind.UNSUBSCRIBE,  # of the drafts before the RFC, still sent
    "opt-out-list": Kind.UNSUBSCRIBE,
    "auth-failure": Kind.REPORT,  # RFC 6591: a DMARC failure report concerns whoever used our domain
    "dmarc": Kind.REPORT,
    "not-spam": Kind.REPORT,  # RFC 6430: the opposite of a complaint
}


def read_feedback(text: str) -> FeedbackReport:
    """The fields of a feedback report, LF line ends; a field given twice counts once (D-35)."""
    fields: dict[str, str] = {}
    recipients: list[str] = []
    for name, value in split_fields(text.lstrip("\n")):
        fields.setdefault(name, value)
        if name == "original-rcpt-to" and (address := read_recipient(value)):
            recipients.append(address)
    return FeedbackReport(
        feedback_type=fields.get("feedback-type", "").partition(";")[0].strip().lower(),
        user_agent=fields.get("user-agent", ""),
        original_mail_from=read_recipient(fields.get("original-mail-from", "")),
        original_rcpt_to=tuple(dict.fromkeys(recipients)),
        source_ip=fields.get("source-ip", ""),
        reported_domain=fields.get("reported-domain", "").lower(),
    )


def kind_of(feedback: FeedbackReport) -> Kind:
    """A type that nobody has registered is a complaint, as RFC 5965 says of `other`."""
    return _KINDS.get(feedback.feedback_type, Kind.COMPLAINT)
