"""What does a delivery status part say? RFC 3464, and RFC 6533 for addresses beyond ASCII."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.address import read_recipient
from bounce_plugin.message.report import Action, DeliveryStatus, RecipientStatus
from bounce_plugin.message.status import EnhancedStatus

DELIVERY_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})

_ACTIONS: Final = {action.value: action for action in Action} | {
    "failure": Action.FAILED,
    "expired": Action.FAILED,  # some gateways say why instead of what
    "deliverable": Action.DELIVERED,  # sendmail -bv
}
_MESSAGE_FIELDS: Final = frozenset(
    {"reporting-mta", "original-envelope-id", "received-from-mta", "arrival-date", "dsn-gateway"}
)
_RECIPIENT_FIELDS: Final = frozenset(
    {
        "original-recipient", "final-recipient", "action", "status", "remote-mta", "diagnostic-code",
        "last-attempt-date", "final-log-id", "will-retry-until", "x-actual-recipient",
    }
)  # fmt: skip
_SENDER_FIELDS: Final = ("x-postfix-sender", "x-outbound-mail-relay-sender", "x-sendgrid-sender")
_QUOTED_REPLY_FIELDS: Final = ("x-supplementary-info", "x-display-name")
_TYPED: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,30})[ \t]*;[ \t]*(.*)", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z]+")


def read_delivery_status(text: str) -> DeliveryStatus:
    """The fields of a delivery status part, LF line ends.

    Blank lines part the recipients, but are not trusted: they may be missing, or stand within a recipient (D-08).
    """
    message: dict[str, str] = {}
    blocks: list[dict[str, str]] = []
    block = message
    for name, value, after_blank in _fields(text):
        if name in _MESSAGE_FIELDS:
            message.setdefault(name, value)
            continue
        if name in _RECIPIENT_FIELDS and (block is message or _begins_another(block, name, after_blank)):
            block = {}
            blocks.append(block)
        if not block.get(name):
            block[name] = value
    return DeliveryStatus(
        reporting_mta=read_host(message.get("reporting-mta", "")),
        original_envelope_id=message.get("original-envelope-id", ""),
        received_from_mta=read_host(message.get("received-from-mta", "")),
        original_sender=_sender(message),
        recipients=tuple(map(_recipient, blocks[: limits.RECIPIENTS])),
    )


def _fields(text: str) -> Iterator[tuple[str, str, bool]]:
    """Name in lower case, unfolded value, and whether a blank line stands before it.

    A line that is no field continues the one above it, indented or not: gateways unfold and refold carelessly.
    """
    name, value, after_blank, blank = "", "", False, False
    for line in text.split("\n"):
        if not line or line.isspace():
            blank = True
            continue
        key, colon, rest = line.partition(":")
        if colon and line[0].isalpha() and rest[:2] != "//" and key.rstrip().replace("-", "").isalnum():
            if name:
                yield name, value, after_blank
            name, value, after_blank = key.rstrip().lower(), rest.strip(), blank
        elif len(value) < limits.DIAGNOSTIC:
            value = f"{value} {line.strip()}" if value else line.strip()
        blank = False
    if name:
        yield name, value, after_blank


def _begins_another(block: dict[str, str], name: str, after_blank: bool) -> bool:
    named = "final-recipient" in block or "original-recipient" in block
    if name == "final-recipient":
        return name in block or (after_blank and named and "action" in block)
    if name in ("original-recipient", "action"):
        return (name in block and named) or (after_blank and named and "action" in block and "status" in block)
    return after_blank and name == "status" and name in block


def _recipient(block: dict[str, str]) -> RecipientStatus:
    kind, words = read_diagnostic(block.get("diagnostic-code", ""))
    action = _WORD.match(block.get("action", ""))
    return RecipientStatus(
        final_recipient=read_recipient(block.get("final-recipient", "")),
        original_recipient=read_recipient(block.get("original-recipient", "")),
        actual_recipient=read_recipient(block.get("x-actual-recipient", "")),
        action=_ACTIONS.get(action[0].lower()) if action else None,
        status=EnhancedStatus.find(block.get("status", "")),
        diagnostic_type=kind,
        diagnostic_code=words,
        remote_mta=read_host(block.get("remote-mta", "")),
        reply_text=" ".join([block[name] for name in _QUOTED_REPLY_FIELDS if name in block])[: limits.DIAGNOSTIC],
    )


def read_diagnostic(field: str) -> tuple[str, str]:
    """The type of a Diagnostic-Code, lower case, and its words; the type may be missing (D-10)."""
    typed = _TYPED.match(field) if ";" in field else None
    if typed:
        return typed[1].lower(), typed[2][: limits.DIAGNOSTIC].strip()
    return "", field[: limits.DIAGNOSTIC].strip()


def find_fields(text: str, lower: str) -> tuple[int, int] | None:
    """Where in running text the fields of a delivery status begin and end (D-09), or None if there are none.

    Amazon WorkMail writes them there on purpose; gateways that lose a part's header do so by accident.
    """
    at = _line_start(lower, "final-recipient:")
    if at < 0 or _line_start(lower, "action:") < 0:
        return None
    first = lower.rfind("reporting-mta:", 0, at)
    start = first if first >= 0 else max(lower.rfind("\n\n", 0, at), 0)
    end = lower.find("\n--", at)
    return lower.rfind("\n", 0, start) + 1, end if end >= 0 else len(text)


def _line_start(lower: str, name: str) -> int:
    return 0 if lower.startswith(name) else lower.find("\n" + name)


def _sender(message: dict[str, str]) -> str:
    return next((read_recipient(message[name]) for name in _SENDER_FIELDS if name in message), "")


def read_host(field: str) -> str:
    """The name of an MTA without its type and comment: `dns; mx.example.org (192.0.2.1)` is mx.example.org."""
    if not field:
        return ""
    kind, semicolon, value = field.partition(";")
    words = (value if semicolon else kind).split(None, 1)
    return words[0].rstrip(".,").lower() if words else ""
