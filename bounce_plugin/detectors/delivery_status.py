"""Which recipients does a delivery status part name (RFC 3464)? Several blocks are several findings (D-01)."""

from __future__ import annotations

from typing import Final

from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.reply import read_reply, read_stage
from bounce_plugin.message.report import Action, DeliveryStatus, RecipientStatus, Report
from bounce_plugin.message.status import EnhancedStatus

NAME: Final = "delivery_status"

_GIVEN_UP: Final = ("expired", "given up", "giving up", "could not be delivered", "returned to sender", "too long")


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    status = notice.report.delivery_status
    if status is None:
        return ()
    return tuple(_finding(notice.report, status, recipient) for recipient in status.recipients)


def _finding(report: Report, whole: DeliveryStatus, said: RecipientStatus) -> Finding:
    names = tuple(dict.fromkeys(filter(None, (said.final_recipient, said.original_recipient, said.actual_recipient))))
    reply = read_reply(said.diagnostic_code)
    return Finding(
        recipient=names[0] if names else "",
        other_recipients=names[1:],
        action=said.action or _infer_action(report, said.status),
        status=most_specific(said.status, reply.status),
        reply_code=reply.code,
        diagnostic_code=said.diagnostic_code,
        diagnostic_type=said.diagnostic_type,
        stage=read_stage(said.diagnostic_code),
        remote_mta=said.remote_mta,
        reporting_mta=whole.reporting_mta,
        detector=NAME,
    )


def most_specific(field: EnhancedStatus | None, quoted: EnhancedStatus | None) -> EnhancedStatus | None:
    """The Status field, unless the remote host's own reply says more (D-11)."""
    if field is None or (quoted is not None and not quoted.generic):
        return quoted
    return field


def _infer_action(report: Report, status: EnhancedStatus | None) -> Action:
    """An Action that is missing follows the class of the status; class 4 is a delay unless it was given up (D-03)."""
    if status is not None and status.class_ == 2:
        return Action.DELIVERED
    if status is not None and status.class_ == 5:
        return Action.FAILED
    words = f"{report.headers.get('subject')} {report.text}".lower()
    return Action.FAILED if any(phrase in words for phrase in _GIVEN_UP) else Action.DELAYED
