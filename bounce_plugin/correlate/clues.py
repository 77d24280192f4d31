"""What does the mail itself give to find the message and the contact by? Claims, not proofs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """Everything in a bounce that can lead to the message that came back, strongest first. Empty means absent."""

    envelope_recipients: tuple[str, ...] = ()  # Delivered-To, X-Original-To, Envelope-To, To: where the bounce was sent
    envelope_id: str = ""  # Original-Envelope-Id: the ENVID that we sent (RFC 3461, section 4.4)
    envelope_sender: str = ""  # our own return path: X-Postfix-Sender, or Return-Path of the returned message
    message_id: str = ""  # Message-ID of the returned message, without <>
    references: tuple[str, ...] = ()  # In-Reply-To, References, Original-Message-ID of the bounce, without <>
    list_id: str = ""  # of the returned message (RFC 2919)
    list_unsubscribe: str = ""  # of the returned message (RFC 2369)
    from_address: str = ""  # From of the returned message
    subject: str = ""  # of the returned message, decoded, one line
    remote_mta: str = ""
