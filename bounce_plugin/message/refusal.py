"""Does a disposition notification tell of a refusal? So a Sieve script rejects what was accepted already (RFC 5429)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.dsn import read_delivery_status
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.report import Action, DeliveryStatus

_MARK: Final = "(rejected)"  # in Auto-Submitted (RFC 5429, section 2.1.2); a receipt for a mail deleted unread has none
# What stands in front of the reason; Dovecot, which writes the like for a full mailbox, and Cyrus.
_REASON_AFTER: Final = ("The following reason was given:", "was automatically rejected:")


def read_refusal(headers: Headers, notification: str, text: str) -> DeliveryStatus | None:
    """What the notification part and the text say as a delivery status; None where nothing was refused."""
    if _MARK not in headers.get("auto-submitted").lower():
        return None
    said = read_delivery_status(notification)
    found = [text.find(words) + len(words) for words in _REASON_AFTER if words in text]
    reason = " ".join(text[max(found, default=0) :].split())[: limits.DIAGNOSTIC]
    refused = tuple(
        replace(recipient, action=Action.FAILED, diagnostic_code=f"automatically rejected: {reason}")
        for recipient in said.recipients
    )
    return replace(said, recipients=refused) if refused else None
