"""Whom and which message does a bounce concern, and how do we know? The values that the host's answers become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bounce_plugin.correlate.clues import Clues


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or organisation of the host's; `id` is the host's own key, as text."""

    id: str
    address: str = ""  # the address that the host now has for it
    lists: tuple[str, ...] = ()  # ids of the lists that it is on


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message that the host sent to one address."""

    ref: str  # unique among the host's deliveries; the best key of a distinct message
    address: str
    contact: str = ""  # Contact.id
    message: str = ""  # what was sent: a newsletter's or an invoice's number
    category: str = ""  # a message category of bounce.toml
    sent_at: datetime  # aware
    message_id: str = ""  # the Message-ID header, without <>, by which a bounce finds it
    envelope_id: str = ""  # the ENVID, likewise


class Trust(StrEnum):
    """How far a report is believed, best first."""

    SIGNED_ENVELOPE = "signed_envelope"
    SIGNED_HEADER = "signed_header"
    LOGGED = "logged"
    ADDRESS = "address"
    NONE = "none"

    def suffices(self, required: Trust) -> bool:
        """Whether this level is at least the one required."""
        order = list(Trust)
        return order.index(self) <= order.index(required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Whom a finding concerns. `contacts` holds several for a family's shared address, none for a stranger."""

    address: str  # normalised; empty when the mail names nobody. The state belongs to it
    contacts: tuple[Contact, ...] = ()
    delivery: Delivery | None = None
    message_key: str  # which distinct message failed: "ref:…", "mid:…", "envid:…" or "day:2026-11-23"
    trust: Trust


def correlate(
    address: str,
    *,
    clues: Clues,
    contacts: tuple[Contact, ...],
    delivery: Delivery | None,
    received_at: datetime,
) -> Correlation:
    """Put together what the mail claims about an address and what the host answered.

    A report about a message that we know to have sent to that very address is `LOGGED`; one that only names a known
    contact's address is `ADDRESS`; anything else is believed by nobody.
    """
    if delivery is not None and delivery.address != address:
        delivery = None  # a message to somebody else proves nothing about this address (C-08)
    trust = Trust.NONE if not address or not contacts else Trust.ADDRESS if delivery is None else Trust.LOGGED
    return Correlation(
        address=address,
        contacts=contacts,
        delivery=delivery,
        message_key=_message_key(clues, delivery, received_at),
        trust=trust,
    )


def _message_key(clues: Clues, delivery: Delivery | None, received_at: datetime) -> str:
    """Which distinct message failed: never the bounce's own Message-ID, which its author chooses, and never the reason."""
    if delivery is not None:
        return f"ref:{delivery.ref}"
    if clues.message_id:
        return f"mid:{clues.message_id}"
    if clues.envelope_id:
        return f"envid:{clues.envelope_id}"
    return f"day:{received_at.astimezone(UTC).date().isoformat()}"
