"""What does the mail itself give to find the message and the contact by? Claims, not proofs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bounce_plugin.message.address import find_address, find_addresses
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.report import Report

# What our own mail server writes for the address that the bounce was sent to, then To:, which anybody writes.
_ENVELOPE_RECIPIENT_FIELDS: Final = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "to",
)
_SHORT: Final = 500  # characters of a field whose addresses are kept in mind
#: And what it says of the last step: `Received: from … by … for <address>; …` (RFC 5321, section 4.4).
_RECEIVED_FOR: Final = re.compile(r"\bfor <?([^<>\s;]{3,254})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """Everything in a bounce that can lead to the message that came back, strongest first. Empty means absent."""

    envelope_recipients: tuple[
        str, ...
    ] = ()  # Delivered-To, X-Original-To, Envelope-To, To, Received: where the bounce was sent
    envelope_id: str = ""  # Original-Envelope-Id: the ENVID that we sent (RFC 3461, section 4.4)
    envelope_sender: str = ""  # our own return path: X-Postfix-Sender, Original-Mail-From, or the returned Return-Path
    message_id: str = ""  # Message-ID of the returned message, without <>
    header_ref: str = ""  # X-Bounce-Ref of the returned message: our own mark
    references: tuple[str, ...] = ()  # In-Reply-To, References, Original-Message-ID of the bounce, without <>
    list_id: str = ""  # of the returned message (RFC 2919)
    list_unsubscribe: str = ""  # of the returned message (RFC 2369)
    from_address: str = ""  # From of the returned message
    subject: str = ""  # of the returned message, decoded, one line
    remote_mta: str = ""


def read_clues(report: Report) -> Clues:
    """What a report gives, claims as they stand: nothing is verified or unwrapped here."""
    headers = report.headers
    status = report.delivery_status
    returned = report.returned.headers if report.returned else Headers()
    sender = status.original_sender if status else ""
    if not sender and report.feedback is not None:
        sender = report.feedback.original_mail_from
    return Clues(
        envelope_recipients=_envelope_recipients(headers),
        envelope_id=status.original_envelope_id if status else "",
        envelope_sender=sender or _address(returned.get("return-path")),
        message_id=_message_id(returned.get("message-id")),
        header_ref=returned.get("x-bounce-ref").strip(),
        references=_references(headers),
        list_id=returned.get("list-id"),
        list_unsubscribe=returned.get("list-unsubscribe"),
        from_address=_address(returned.get("from")),
        subject=" ".join(decode_words(returned.get("subject")).split()),
        remote_mta=next((recipient.remote_mta for recipient in status.recipients), "") if status else "",
    )


def _envelope_recipients(headers: Headers) -> tuple[str, ...]:
    present = [name for name in _ENVELOPE_RECIPIENT_FIELDS if name in headers]
    found = [address for name in present for value in headers.all(name) for address in _addresses(value)]
    last_step = _RECEIVED_FOR.search(headers.get("received")) if "received" in headers else None
    if last_step:
        found.extend(_addresses(last_step[1]))
    return tuple(dict.fromkeys(found))


def _address(value: str) -> str:
    return next(iter(_few_addresses(value)), "") if len(value) <= _SHORT else find_address(value)


def _addresses(value: str) -> tuple[str, ...]:
    return _few_addresses(value) if len(value) <= _SHORT else find_addresses(value)


@lru_cache(maxsize=256)  # the bounces of one mailbox came to a few addresses, and return mail of a few senders
def _few_addresses(value: str) -> tuple[str, ...]:
    return find_addresses(value)


def _references(headers: Headers) -> tuple[str, ...]:
    found = [
        _message_id(word)
        for name in ("in-reply-to", "references", "original-message-id", "x-original-message-id")
        for word in headers.get(name).split()
    ]
    return tuple(dict.fromkeys(filter(None, found)))


def _message_id(value: str) -> str:
    """The identifier without its angle brackets, or empty."""
    word = value.strip().partition(" ")[0]
    return word[1:].partition(">")[0] if word[:1] == "<" else word
