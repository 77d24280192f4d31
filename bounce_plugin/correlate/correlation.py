"""Whom and which message does a bounce concern, and how do we know? The values that the host's answers become."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.token import OLDEST_DAYS
from bounce_plugin.correlate.unwrap import without_detail
from bounce_plugin.correlate.within import addresses_within

#: How the key of a distinct message begins that is a delivery of the host's.
OF_DELIVERY: Final = "ref:"
_OF_MESSAGE_ID: Final = "mid:"
LOG_WINDOW: Final = timedelta(days=OLDEST_DAYS)  # that a report about a logged message may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or organisation of the host's; `id` is the host's own key, as text."""

    id: str
    address: str = ""  # the address that the host now has for it
    lists: tuple[str, ...] = ()  # ids of the lists that it is on


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message that the host sent to one address."""

    #: Unique among the host's deliveries; the best key of a distinct message. It stays for good: no address may be in it.
    ref: str
    address: str
    contact: str = ""  # Contact.id
    message: str = ""  # what was sent: a newsletter's or an invoice's number
    category: str = ""  # a message category of bounce.toml
    sent_at: datetime  # aware
    message_id: str = ""  # the Message-ID header, without <>, by which a bounce finds it
    envelope_id: str = ""  # the ENVID, likewise
    document: str = ""  # the host's number of the document that was sent, such as an invoice's: people find it by that


class Trust(StrEnum):
    """How far a report is believed, best first."""

    SIGNED_ENVELOPE = "signed_envelope"
    SIGNED_HEADER = "signed_header"
    LOGGED = "logged"
    ADDRESS = "address"
    NONE = "none"

    __hash__ = str.__hash__  # that of Enum is written in Python, and each event asks for several ranks

    def suffices(self, required: Trust) -> bool:
        """Whether this level is at least the one required."""
        return _RANKS[self] <= _RANKS[required]


_RANKS: Final = {level: rank for rank, level in enumerate(Trust)}


class Caveat(StrEnum):
    """What is to be said against a report, most of it against one with our own mark: it is recorded, and does not count by itself.

    One about a forwarded mailbox counts half.
    """

    EXPIRED = "expired"  # the mark is older than any report should be (C-04)
    LOST = "lost"  # the ledger does not hold its delivery: a backup was restored (C-06)
    OTHER_CATEGORY = "other_category"  # mark and ledger disagree (C-05)
    NO_CATEGORY = "no_category"  # it was sent without one: it might have been an invoice
    MOVED = "moved"  # its contact has another address by now: history, and nobody's business (C-08)
    RELAYED = "relayed"  # it was handed on to a server that reports no deliveries: nobody knows whether it arrived
    FORWARDED = "forwarded"  # the contact's address works; another one, to which it is forwarded, does not
    COUNTED = "counted"  # another report of this failure counted, which called the message otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Whom a finding concerns. `contacts` holds several for a family's shared address, none for a stranger."""

    address: str  # normalised; empty when the mail names nobody. The state belongs to it
    contacts: tuple[Contact, ...] = ()
    delivery: Delivery | None = None
    message_key: str  # which distinct message failed: "ref:…", "mid:…", "envid:…" or "day:2026-11-23"
    aliases: tuple[str, ...] = ()  # what else that message is known by: another report may give nothing but these
    trust: Trust
    caveat: Caveat | None = None


def correlate(
    address: str,
    *,
    clues: Clues,
    contacts: tuple[Contact, ...],
    delivery: Delivery | None,
    received_at: datetime,
    window: timedelta = LOG_WINDOW,
    failed: Sequence[str] = (),
) -> Correlation:
    """Put together what the mail claims about an address and what the host answered.

    A report about a message that we know to have sent to that very address, in the `window` before it, is `LOGGED`;
    one that only names a known contact's address is `ADDRESS`; anything else is believed by nobody. `failed` are the
    names of the recipient that failed itself, which may be behind a forward of the address (4.5).
    """
    if delivery is not None and delivery.address != address:
        delivery = None  # a message to somebody else proves nothing about this address (C-08)
    logged = delivery is not None and received_at - delivery.sent_at <= window
    trust = Trust.NONE if not address or not contacts else Trust.LOGGED if logged else Trust.ADDRESS
    key = _message_key(clues, delivery, received_at, address)
    return Correlation(
        address=address,
        contacts=contacts,
        delivery=delivery,
        message_key=key,
        aliases=_aliases(key, clues, delivery, address),
        trust=trust,
        caveat=Caveat.FORWARDED if contacts and _is_elsewhere(failed, address) else None,
    )


def correlate_signed(
    delivery: Delivery,
    *,
    clues: Clues,
    trust: Trust,
    failed: Sequence[str],
    contacts: tuple[Contact, ...],
    caveat: Caveat | None = None,
) -> Correlation:
    """Put together what our own mark says about a delivery, and what the host answered.

    It concerns the address that the mail went to, whichever others the report says to have `failed` (4.5).
    """
    if caveat is None and not any(_has(contact, delivery.address) for contact in contacts):
        caveat = Caveat.MOVED
    if caveat is None and _is_elsewhere(failed, delivery.address):
        caveat = Caveat.FORWARDED
    key = f"{OF_DELIVERY}{delivery.ref}"
    return Correlation(
        address=delivery.address,
        contacts=contacts,
        delivery=delivery,
        message_key=key,
        aliases=_aliases(key, clues, delivery, delivery.address),
        trust=trust,
        caveat=caveat,
    )


def same_mailbox(one: str, other: str) -> bool:
    """Whether two normal spellings differ by a sub-address at most (D-36)."""
    return without_detail(one) == without_detail(other)


def same_domain(one: str, other: str) -> bool:
    """Whether two addresses are of one domain: then they may be aliases."""
    return one.rpartition("@")[2] == other.rpartition("@")[2]


def _is_elsewhere(failed: Sequence[str], address: str) -> bool:
    """Whether what failed is at another domain than an address, and so behind a forward of it (4.5 c).

    A host within the domain, or one that has no domain, is what a server calls its own mailboxes.
    """
    domain = address.rpartition("@")[2]
    others = [name.rpartition("@")[2] for name in failed]
    return bool(others) and not any(
        other == domain or "." not in other or other.endswith(f".{domain}") or domain.endswith(f".{other}")
        for other in others
    )


def _has(contact: Contact, address: str) -> bool:
    """Whether the contact has this address still. A host that does not say which one it has was asked by this one."""
    return not contact.address or same_mailbox(normalise(contact.address), address)


def same_message(one: Set[str], other: Set[str]) -> bool:
    """Whether two messages to one address are one, each by its key and all its aliases.

    A delivery of the host's tells for sure, and after it a Message-ID, where both have one. Some senders give all their mail
    to somebody one ENVID, so that tells only where one of them has nothing else.
    """
    for sure in (OF_DELIVERY, _OF_MESSAGE_ID):
        ours, theirs = _of_kind(one, sure), _of_kind(other, sure)
        if ours and theirs:
            return not ours.isdisjoint(theirs)
    return not one.isdisjoint(other)


def _of_kind(names: Set[str], kind: str) -> Set[str]:
    return {name for name in names if name.startswith(kind)}


def _message_key(clues: Clues, delivery: Delivery | None, received_at: datetime, address: str) -> str:
    """Which distinct message failed: never the bounce's own Message-ID, which its author chooses, and never the reason."""
    if delivery is not None:
        return f"{OF_DELIVERY}{delivery.ref}"
    if clues.message_id:
        return f"{_OF_MESSAGE_ID}{without_address(clues.message_id, address)}"
    if clues.envelope_id:
        return f"envid:{without_address(clues.envelope_id, address)}"
    return f"day:{received_at.astimezone(UTC).date().isoformat()}"


def _aliases(key: str, clues: Clues, delivery: Delivery | None, address: str) -> tuple[str, ...]:
    """What a report beside this one may call the message: all that this one, and the host's record, know it by.

    What a bounce refers to is the message where nothing else is said and it is one; of a thread it may be any.
    """
    message_ids, envelope_ids = [clues.message_id], [clues.envelope_id]
    if not clues.message_id and len(clues.references) == 1:
        message_ids.append(clues.references[0])
    if delivery is not None:
        message_ids.append(bare(delivery.message_id))
        envelope_ids.append(delivery.envelope_id)
    names = [f"{_OF_MESSAGE_ID}{without_address(one, address)}" for one in message_ids if one]
    names += [f"envid:{without_address(one, address)}" for one in envelope_ids if one]
    return tuple(name for name in dict.fromkeys(names) if name != key)


def without_address(name: str, address: str) -> str:
    """A Message-ID or ENVID; a digest of it where it was made of the address (VERP), which could never be forgotten (T-23)."""
    lower = name.lower()
    if not address or address.rpartition("@")[0] not in lower:
        return name
    if not (address in lower or address.replace("@", "=") in lower or address in addresses_within(lower)):
        return name
    return f"#{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:32]}"


def bare(message_id: str) -> str:
    """A Message-ID without its angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")
