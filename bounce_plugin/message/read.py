"""How does a mail become a `Report`? The one door of this room: octets in, what was said out, never an exception."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.address import find_address
from bounce_plugin.message.arf import FEEDBACK_TYPE, kind_of, read_feedback
from bounce_plugin.message.automatic import is_domain_report
from bounce_plugin.message.dsn import DELIVERY_STATUS_TYPES, find_fields, read_delivery_status
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.forward import find_forwarded, is_bare_forward
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.mime import has_parts, recover
from bounce_plugin.message.part import Part, read_head
from bounce_plugin.message.passage import Passage
from bounce_plugin.message.refusal import read_refusal
from bounce_plugin.message.report import DeliveryStatus, FeedbackReport, Kind, Report
from bounce_plugin.message.returned import RETURNED_TYPES
from bounce_plugin.message.scan import read_block, walk
from bounce_plugin.message.ses import read_notification

# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_BOUNCE: Final = Kind.BOUNCE
_MDN: Final = Kind.MDN
_OTHER: Final = Kind.OTHER
_DISPOSITION_TYPES: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)  # RFC 8098, RFC 6533
_LONE_CR: Final = re.compile(rb"\r(?!\n)")
_HEAD: Final = 4096  # octets that hold the header of a report
#: A mail server's name, or that of who keeps it, in the header of a message.
_FROM_A_DAEMON: Final = re.compile(
    rb"^from:[^\n]{0,200}(?:mailer-daemon|postmaster|mail delivery)", re.IGNORECASE | re.MULTILINE
)
_INSIDE: Final = 64 * 1024  # octets of a returned message that are searched for a report of its own

#: How the subjects of feedback loops begin that write no ARF (D-34): Microsoft, AOL of old, SpamCop.
_COMPLAINTS: Final = ("complaint about message from", "client tos notification", "[spamcop (")


def read_report(raw: bytes) -> Report:
    """Read one mail, whatever its line ends, charsets and damage; what exceeded a cap is named in `Report.limits`."""
    exceeded: list[str] = []
    if len(raw) > limits.MESSAGE:
        exceeded.append("message")
        raw = raw[: limits.HEAD]
    if b"\r" in raw:
        raw = _with_line_feeds(raw)
    return _read(raw, exceeded, outermost=True)


def _with_line_feeds(raw: bytes) -> bytes:
    """The mail with LF line ends. To replace two octets by one is slow; most mails do with one octet for one or none."""
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    if _LONE_CR.search(raw):
        return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw.replace(b"\r", b"")


def _read(raw: bytes, exceeded: list[str], *, outermost: bool) -> Report:
    headers, top = _top(raw, exceeded)
    leaves = walk(raw, top, exceeded)
    declared = top.head.is_multipart
    if not leaves or (not declared and top.type.startswith("text/") and has_parts(raw, top)):
        leaves = recover(raw, top, exceeded)
    return _assemble(headers, top.type, leaves, exceeded, outermost=outermost)


def _top(raw: bytes, exceeded: list[str]) -> tuple[Headers, Part]:
    """The mail as one part; blank lines and an mbox line before its header fields are passed over."""
    start = 0
    end = len(raw)
    if raw.startswith((b"\n", b"From ", b">From ")):
        start = end - len(raw.lstrip(b"\n"))
        if raw.startswith((b"From ", b">From "), start):
            start = raw.find(b"\n", start) + 1 or end
    block, body = read_block(raw, start, end)
    if len(block) >= limits.HEADER_BLOCK:
        exceeded.append("header_block")
    if len(block) > 2 * limits.HEADER_FIELDS and block.count(b"\n") > limits.HEADER_FIELDS:  # none is shorter than 2
        exceeded.append("header_fields")
    return Headers.read(block), Part(raw, read_head(block), body, end)


def _assemble(headers: Headers, media_type: str, leaves: list[Part], exceeded: list[str], *, outermost: bool) -> Report:
    feedback = original = None
    statuses: list[DeliveryStatus] = []
    for part in leaves:
        kind_of_part = part.type
        if kind_of_part in DELIVERY_STATUS_TYPES:
            statuses.append(read_delivery_status(part.text()))
        elif kind_of_part in RETURNED_TYPES:
            original = original or part
        elif kind_of_part == FEEDBACK_TYPE and feedback is None:
            feedback = read_feedback(part.text())
    status = _merge(statuses) if statuses else None
    if status is not None:  # in parts that nobody declared it may be pasted
        kind = _BOUNCE if media_type.startswith("multipart/") else _OTHER
    else:
        kind = _kind(headers, leaves, feedback)
    passage = Passage(leaves, original)
    if kind is _MDN:
        told = next(part.text() for part in leaves if part.type in _DISPOSITION_TYPES)
        status = read_refusal(headers, told, passage.text)
        kind = _MDN if status is None else _BOUNCE
    wrapped = None
    if status is None and feedback is None and kind is _OTHER:
        said = read_notification(passage.whole)
        if isinstance(said, FeedbackReport):
            kind, feedback = kind_of(said), said
        elif said is not None:
            kind, status, passage = _BOUNCE, said, Passage.of("", passage.original)
        else:
            passage, status = _fields_in(passage)
            wrapped = _wrapped(original, passage, headers) if outermost and status is None else None
    return Report(
        kind=kind,
        headers=headers,
        media_type=media_type,
        passage=passage,
        delivery_status=status,
        feedback=feedback,
        wrapped=wrapped,
        limits=tuple(dict.fromkeys(exceeded)) if exceeded else (),
    )


def _kind(headers: Headers, leaves: list[Part], feedback: FeedbackReport | None) -> Kind:
    """The kind that structure and headers tell, in the order in which kinds exclude each other."""
    subject = " ".join(decode_words(headers.get("subject")).lower().split())
    if is_domain_report(headers, subject, [part.head.content_type for part in leaves]):
        return Kind.REPORT
    if feedback is not None:
        return kind_of(feedback)
    if headers.get("x-apple-unsubscribe").lower() == "true":
        return Kind.UNSUBSCRIBE
    if subject.startswith(_COMPLAINTS):
        return Kind.COMPLAINT
    return _OTHER if _DISPOSITION_TYPES.isdisjoint([part.type for part in leaves]) else _MDN


def _merge(statuses: list[DeliveryStatus]) -> DeliveryStatus:
    """Several delivery status parts are one (D-08)."""
    if len(statuses) == 1:
        return statuses[0]
    recipients = dict.fromkeys(recipient for status in statuses for recipient in status.recipients)
    return DeliveryStatus(
        reporting_mta=_first(status.reporting_mta for status in statuses),
        original_envelope_id=_first(status.original_envelope_id for status in statuses),
        received_from_mta=_first(status.received_from_mta for status in statuses),
        original_sender=_first(status.original_sender for status in statuses),
        recipients=tuple(recipients)[: limits.RECIPIENTS + 1],
    )


def _first(values: Iterable[str]) -> str:
    return next(filter(None, values), "")


def _fields_in(passage: Passage) -> tuple[Passage, DeliveryStatus | None]:
    """The fields of a delivery status that stand in the text itself (D-09), and the text without them."""
    text = passage.text
    where = find_fields(text, passage.lower)
    if where is None:
        return passage, None
    start, end = where
    rest = Passage.of(text[:start] + text[end:], passage.original, passage.copied)
    return rest, read_delivery_status(text[start:end])


def _is_of_exim(head: bytes, headers: Headers) -> bool:
    """Whether a message was a report of Exim's, in plain text, to where this mail is now."""
    told = find_address(headers.get("to")).lower().encode("utf-8", "replace")
    lower = head.lower()
    return told != b"" and b"x-failed-recipients:" in lower and told in lower


def _wrapped(original: Part | None, passage: Passage, headers: Headers) -> Report | None:
    """The report that this mail only carries: a gateway's wrapping, or one that somebody forwards (D-13)."""
    if original is None:
        inner = find_forwarded(passage.whole, headers).encode("utf-8", "replace")
    elif original.type == "message/rfc822":
        octets, start, end = original.encoded_or_decoded()
        end = min(end, start + _INSIDE)
        head = octets[start : start + _HEAD]
        told = octets.find(b"delivery-status", start, end) >= 0 or _is_of_exim(head, headers)
        if not told and is_bare_forward(f"{passage.text}\n{passage.below}", headers):  # in plain text: qmail, Yahoo
            told = _FROM_A_DAEMON.search(head) is not None
        inner = octets[start:end] if told else b""
    else:
        inner = b""
    return _read(inner, [], outermost=False) if inner else None
