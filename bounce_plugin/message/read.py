"""How does a mail become a `Report`? The one door of this room: octets in, what was said out, never an exception."""

from __future__ import annotations

from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.arf import FEEDBACK_TYPE, kind_of, read_feedback
from bounce_plugin.message.dsn import DELIVERY_STATUS_TYPES, read_delivery_status
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.markup import html_to_text
from bounce_plugin.message.report import DeliveryStatus, FeedbackReport, Kind, Report
from bounce_plugin.message.returned import RETURNED_TYPES, find_returned, read_returned, read_returned_text
from bounce_plugin.message.scan import Part, read_headers, walk

_DISPOSITION_TYPES: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)  # RFC 8098, RFC 6533


def read_report(raw: bytes) -> Report:
    """Read one mail, whatever its line ends, charsets and damage; what exceeded a cap is named in `Report.limits`."""
    exceeded: list[str] = []
    if len(raw) > limits.MESSAGE:
        exceeded.append("message")
        raw = raw[: limits.HEAD]
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    top = _top(raw)
    return _read(raw, top, walk(raw, top, exceeded), exceeded)


def _top(raw: bytes) -> Part:
    """The mail as one part; blank lines and an mbox line before its header fields are passed over."""
    start = len(raw) - len(raw.lstrip(b"\n"))
    if raw.startswith((b"From ", b">From "), start):
        start = raw.find(b"\n", start) + 1 or len(raw)
    headers, body = read_headers(raw, start, len(raw))
    return Part(raw, headers, body, len(raw))


def _read(raw: bytes, top: Part, leaves: list[Part], exceeded: list[str]) -> Report:
    statuses = [part for part in leaves if part.type in DELIVERY_STATUS_TYPES]
    status = _merge([read_delivery_status(part.text()) for part in statuses]) if statuses else None
    feedback = next((read_feedback(part.text()) for part in leaves if part.type == FEEDBACK_TYPE), None)
    returned = next((read_returned(part) for part in leaves if part.type in RETURNED_TYPES), None)
    text = _text(leaves)
    if returned is None and text:
        at = find_returned(text, text.lower())
        if at < len(text):
            returned = read_returned_text(text, at)
            text = text[:at]
    return Report(
        kind=_kind(top.headers, leaves, status, feedback),
        headers=top.headers,
        text=text,
        delivery_status=status,
        feedback=feedback,
        returned=returned,
        limits=tuple(exceeded),
    )


def _kind(headers: Headers, leaves: list[Part], status: DeliveryStatus | None, feedback: FeedbackReport | None) -> Kind:
    if feedback is not None:
        return kind_of(feedback)
    if any(part.type in _DISPOSITION_TYPES for part in leaves):
        return Kind.MDN
    return Kind.BOUNCE if status is not None else Kind.OTHER


def _merge(statuses: list[DeliveryStatus]) -> DeliveryStatus:
    """Several delivery status parts are one (D-08)."""
    first = statuses[0]
    if len(statuses) == 1:
        return first
    recipients = tuple(dict.fromkeys(recipient for status in statuses for recipient in status.recipients))
    return DeliveryStatus(
        reporting_mta=next((status.reporting_mta for status in statuses if status.reporting_mta), ""),
        original_envelope_id=next(
            (status.original_envelope_id for status in statuses if status.original_envelope_id), ""
        ),
        received_from_mta=first.received_from_mta,
        original_sender=next((status.original_sender for status in statuses if status.original_sender), ""),
        recipients=recipients[: limits.RECIPIENTS],
    )


def _text(leaves: list[Part]) -> str:
    """What people read: the plain text parts before the returned message; where there is none, the HTML part."""
    before: list[Part] = []
    for part in leaves:
        if part.type in RETURNED_TYPES:
            break
        before.append(part)
    plain = [part.text() for part in before if part.type in ("text/plain", "text")]
    text = "\n".join(plain)
    if text and not text.isspace():
        return text[: limits.DECODED]
    page = next((part for part in before if part.type == "text/html"), None)
    return html_to_text(page.text())[: limits.DECODED] if page else text
