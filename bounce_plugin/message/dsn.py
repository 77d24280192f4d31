"""What does a delivery status part say? RFC 3464, and RFC 6533 for addresses beyond ASCII."""

from __future__ import annotations

import re
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
# Names as nearly everybody spells them: found as they stand, they need neither be judged nor brought to lower case.
_SPELLED: Final = {
    name: name.lower()
    for name in (
        "Reporting-MTA", "Original-Envelope-Id", "Received-From-MTA", "Arrival-Date", "DSN-Gateway", "X-Postfix-Queue-ID", "X-Postfix-Queue-Id", "X-Postfix-Sender",
        "Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code", "Last-Attempt-Date", "Final-Log-Id", "Final-Log-ID",
        "Will-Retry-Until", "X-Actual-Recipient", "X-Display-Name", "X-Supplementary-Info",
    )
}  # fmt: skip
_SENDER_FIELDS: Final = ("x-postfix-sender", "x-outbound-mail-relay-sender", "x-sendgrid-sender")
_QUOTED_REPLY_FIELDS: Final = ("x-supplementary-info", "x-display-name")
_TYPED: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,30})[ \t]*;[ \t]*(.*)", re.DOTALL)
_REPLY_CODE: Final = re.compile(r"[245][0-5]\d")
_WORD: Final = re.compile(r"[A-Za-z]+")
_PLAIN_HOST: Final = re.compile(r"(?:dns|smtp);[ \t]*([a-z0-9.-]*[a-z0-9])")  # as nearly all are written


def read_delivery_status(text: str) -> DeliveryStatus:
    """The fields of a delivery status part, LF line ends.

    Blank lines part the recipients, but are not trusted: they may be missing, or stand within a recipient (D-08).
    """
    message, blocks = _read_blocks(text)
    given = message.get
    return DeliveryStatus(
        reporting_mta=read_host(given("reporting-mta", "")),
        original_envelope_id=given("original-envelope-id", ""),
        received_from_mta=read_host(given("received-from-mta", "")),
        original_sender=_sender(message),
        recipients=tuple([_recipient(block) for block in blocks[: limits.RECIPIENTS + 1]]),
    )


def _read_blocks(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The fields of the message and those of each recipient: names in lower case, values unfolded, in one pass.

    A line that is no field continues the one above it, indented or not: gateways unfold and refold carelessly.
    """
    message: dict[str, str] = {}
    blocks: list[dict[str, str]] = []
    block = home = message
    name = value = ""
    taken = blank = False
    spelled_as = _SPELLED.get
    for line in text.split("\n"):
        key, colon, rest = line.partition(":")
        spelled = spelled_as(key) if colon and rest[:2] != "//" else None
        if spelled is None:
            if not line or line.isspace():
                blank = True
                continue
            spelled = _read_name(key, colon, rest)
            if not spelled:
                if name and len(value) < limits.DIAGNOSTIC:
                    value = f"{value} {line.strip()}" if value else line.strip()
                    if taken:
                        home[name] = value
                blank = False
                continue
        name, value = spelled, rest.strip()
        if name in _MESSAGE_FIELDS:
            home = message
            taken = name not in message
        else:
            taken = True
            if blank or block is message or name in block:  # else it belongs to the block, as mostly
                if name in _RECIPIENT_FIELDS and (block is message or _begins_another(block, name, blank)):
                    block = {}
                    blocks.append(block)
                taken = not block.get(name)
            home = block
        if taken:
            home[name] = value
        blank = False
    return message, blocks


def _read_name(key: str, colon: str, rest: str) -> str:
    """The name of a field that hardly anybody writes, in lower case; empty for what is no field."""
    name = key.rstrip()
    is_name = colon and key[:1].isalpha() and rest[:2] != "//" and name.replace("-", "").isalnum()
    return name.lower() if is_name else ""


def _begins_another(block: dict[str, str], name: str, after_blank: bool) -> bool:
    """Whether a field belongs to another recipient than the block, in which it stands already or after a blank line."""
    named = "final-recipient" in block or "original-recipient" in block
    if name == "final-recipient":
        return name in block or (after_blank and named and "action" in block)
    if name in ("original-recipient", "action"):
        return (name in block and named) or (after_blank and named and "action" in block and "status" in block)
    return after_blank and name == "status" and name in block


def _recipient(block: dict[str, str]) -> RecipientStatus:
    given = block.get
    kind, words = read_diagnostic(given("diagnostic-code", ""))
    status = given("status", "")
    # Zoho writes the reply code there, and not before its words.
    if _REPLY_CODE.fullmatch(status) and not words.startswith(status):
        words = f"{status} {words}"
    quoted = [block[name] for name in _QUOTED_REPLY_FIELDS if name in block]
    return RecipientStatus(
        final_recipient=read_recipient(given("final-recipient", "")),
        original_recipient=read_recipient(given("original-recipient", "")),
        actual_recipient=read_recipient(given("x-actual-recipient", "")),
        action=_read_action(given("action", "")),
        status=EnhancedStatus.find(status),
        diagnostic_type=kind,
        diagnostic_code=words,
        remote_mta=read_host(given("remote-mta", "")),
        reply_text=" ".join(quoted)[: limits.DIAGNOSTIC] if quoted else "",
    )


def _read_action(field: str) -> Action | None:
    action = _ACTIONS.get(field)
    if action is None and field:
        word = _WORD.match(field)
        action = _ACTIONS.get(word[0].lower()) if word else None
    return action


def read_diagnostic(field: str) -> tuple[str, str]:
    """The type of a Diagnostic-Code, lower case, and its words; the type may be missing (D-10)."""
    if field.startswith("smtp;"):
        return "smtp", field[5:].lstrip(" \t")[: limits.DIAGNOSTIC].strip()
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
    for name in _SENDER_FIELDS:
        if name in message:
            return read_recipient(message[name])
    return ""


def read_host(field: str) -> str:
    """The name of an MTA without its type and comment: `dns; mx.example.org (192.0.2.1)` is mx.example.org."""
    if not field:
        return ""
    plain = _PLAIN_HOST.fullmatch(field)
    if plain:
        return plain[1]
    kind, semicolon, value = field.partition(";")
    words = (value if semicolon else kind).split(None, 1)
    return words[0].rstrip(".,").lower() if words else ""
