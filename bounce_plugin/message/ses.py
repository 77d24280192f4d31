"""What does a notification of Amazon SES say? Bounces, complaints and deliveries in JSON, mailed by Amazon SNS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.address import read_recipient
from bounce_plugin.message.dsn import read_diagnostic, read_host
from bounce_plugin.message.report import Action, DeliveryStatus, FeedbackReport, RecipientStatus
from bounce_plugin.message.status import EnhancedStatus

_MARKS: Final = ('"notificationType"', '"eventType"', "notificationType\\")
_DEEPEST: Final = 2  # an SNS envelope holds its message as a string


def read_notification(text: str) -> DeliveryStatus | FeedbackReport | None:
    """The notification in a mail's text, or None where there is none or it is damaged."""
    start = text.find("{")
    if start < 0 or text[:start].strip() or not any(mark in text for mark in _MARKS):
        return None
    body = text[start:].replace("!\n ", "").replace("!\n", "")  # so MTAs cut lines of more than 998 octets
    for _ in range(_DEEPEST):
        try:
            said, _end = json.JSONDecoder(strict=False).raw_decode(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(said, dict):
            return None
        inner = said.get("Message")
        if not isinstance(inner, str):
            return _read(said)
        body = inner
    return None


def _read(said: Mapping[str, object]) -> DeliveryStatus | FeedbackReport | None:
    kind = _text(said, "notificationType") or _text(said, "eventType")
    detail = _object(said, kind[:1].lower() + kind[1:])
    if kind == "Complaint":
        return FeedbackReport(
            feedback_type=_text(detail, "complaintFeedbackType") or "abuse",
            user_agent=_text(detail, "userAgent"),
            original_rcpt_to=tuple(filter(None, (_address(who) for who in _objects(detail, "complainedRecipients")))),
        )
    if kind in ("Bounce", "DeliveryDelay"):
        names = "bouncedRecipients" if kind == "Bounce" else "delayedRecipients"
        usual = Action.FAILED if kind == "Bounce" else Action.DELAYED
        recipients = tuple(_recipient(who, usual) for who in _objects(detail, names)[: limits.RECIPIENTS + 1])
    elif kind == "Delivery":
        reply = _text(detail, "smtpResponse")
        recipients = tuple(
            RecipientStatus(
                final_recipient=read_recipient(who),
                action=Action.DELIVERED,
                status=EnhancedStatus.find(reply),
                diagnostic_code=reply[: limits.DIAGNOSTIC],
                diagnostic_type="smtp",
            )
            for who in _list(detail, "recipients")[: limits.RECIPIENTS + 1]
            if isinstance(who, str)
        )
    else:
        return None
    return DeliveryStatus(reporting_mta=read_host(_text(detail, "reportingMTA")), recipients=recipients)


def _recipient(who: Mapping[str, object], usual: Action) -> RecipientStatus:
    kind, words = read_diagnostic(_text(who, "diagnosticCode"))
    return RecipientStatus(
        final_recipient=_address(who),
        action=Action.DELAYED if _text(who, "action") == "delayed" else usual,
        status=EnhancedStatus.find(_text(who, "status")),
        diagnostic_type=kind,
        diagnostic_code=words,
    )


def _address(who: Mapping[str, object]) -> str:
    return read_recipient(_text(who, "emailAddress"))


def _text(value: Mapping[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _list(value: Mapping[str, object], key: str) -> list[object]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _object(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _objects(value: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    return [item for item in _list(value, key) if isinstance(item, dict)]
