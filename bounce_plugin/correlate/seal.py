"""How do we mark what we send, and is this mark in a report ours? Return paths, ENVIDs and header fields, made and read.

Whatever the report says besides, a mark that is ours leads to one delivery, and no further: whoever holds the mark of
his own mail can write reports about that mail alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.correlate.token import LENGTH, OLDEST_DAYS, Keyring, Purpose, Signed
from bounce_plugin.correlate.unwrap import unwrap

_TOKEN: Final = re.compile(rf"[a-z2-7]{{{LENGTH}}}", re.IGNORECASE)

#: What a mark for each purpose proves. One that asks for no more mail proves no delivery.
_PROVES: Final = {
    Purpose.ENVELOPE: Trust.SIGNED_ENVELOPE,
    Purpose.ENVELOPE_ID: Trust.SIGNED_ENVELOPE,
    Purpose.HEADER: Trust.SIGNED_HEADER,
    Purpose.UNSUBSCRIBE: Trust.NONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """The marks of one delivery. Every mail has its own; each is recorded before it is given."""

    recipient: str  # the address that the mail goes to
    address: str  # the envelope sender (MAIL FROM): bounces come back to it
    envelope_id: str  # the ENVID, for servers that offer DSN (RFC 3461)
    message_id: str  # for the header Message-ID, without <>: the host's own, or a signed one
    header: str  # for the header X-Bounce-Ref, which reports return even where another Message-ID was put in
    unsubscribe: str  # an address for the header List-Unsubscribe, as mailto:
    ref: str  # Delivery.ref

    @property
    def mail_options(self) -> tuple[str, ...]:
        """For smtplib, where the server offers DSN: reports name our ENVID, and return headers alone (D-25)."""
        return ("RET=HDRS", f"ENVID={self.envelope_id}")

    @property
    def rcpt_options(self) -> tuple[str, ...]:
        """Likewise: a failure or a delay is reported, a success is not, and the address comes back as it was."""
        notify = "NOTIFY=FAILURE,DELAY"
        return (notify, f"ORCPT=rfc822;{_xtext(self.recipient)}") if self.recipient.isascii() else (notify,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A mark of ours that was found in a report."""

    purpose: Purpose
    signed: Signed
    current: bool  # False: it has expired

    @property
    def trust(self) -> Trust:
        """How far it has the report believed."""
        return _PROVES[self.purpose]

    @property
    def ref(self) -> str:
        """Delivery.ref."""
        return write_ref(self.signed.delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What marks a report bears."""

    proof: Proof | None = None  # the first that is ours, in the order of what it proves
    forged: int = 0  # addresses of our bounce domain that look like marks, and are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """How one host marks what it sends."""

    keyring: Keyring
    prefix: str = "b+"
    oldest_days: int = OLDEST_DAYS

    @property
    def words(self) -> tuple[str, ...]:
        """What stands in each return path that we signed, in lower case."""
        return tuple(filter(None, (self.prefix.lower(), f"@{self.keyring.domain}")))

    def mark(self, *, delivery: int, category: str, recipient: str, now: datetime, message_id: str = "") -> ReturnPath:
        """The marks of a delivery, named by a random number of 64 bits."""
        number = number_of(category)
        env, eid, hdr, uns = (
            self.keyring.sign(purpose, delivery=delivery, category=number, now=now) for purpose in Purpose
        )
        domain = self.keyring.domain
        return ReturnPath(
            recipient=recipient,
            address=f"{self.prefix}{env}@{domain}",
            envelope_id=eid,
            message_id=message_id.strip().removeprefix("<").removesuffix(">") or f"{hdr}@{domain}",
            header=hdr,
            unsubscribe=f"{self.prefix}{uns}@{domain}",
            ref=write_ref(delivery),
        )

    def inspect(self, clues: Clues, at: datetime) -> Inspection:
        """The first mark of a report that is ours, and how many addresses only look like one. `at`: when it came."""
        forged = 0
        for purpose, text in _places(clues):
            signed = self.keyring.recognise(purpose, self._token_in(purpose, text))
            if signed is not None:
                current = signed.is_current(at, self.oldest_days)
                return Inspection(proof=Proof(purpose=purpose, signed=signed, current=current), forged=forged)
            forged += purpose is Purpose.ENVELOPE and self._looks_ours(text)
        for address in clues.envelope_recipients:  # D-37: not before everything that reports a delivery
            signed = self.keyring.recognise(Purpose.UNSUBSCRIBE, self._token_in(Purpose.UNSUBSCRIBE, address))
            if signed is not None:
                proof = Proof(
                    purpose=Purpose.UNSUBSCRIBE, signed=signed, current=signed.is_current(at, self.oldest_days)
                )
                return Inspection(proof=proof)
        return Inspection(forged=forged)

    def _token_in(self, purpose: Purpose, text: str) -> str:
        """Where a token for this purpose stands in such a text; what is none is left to the keyring to refuse."""
        if purpose is Purpose.ENVELOPE_ID:
            return text
        local = text.rpartition("@")[0] or text
        if purpose is Purpose.HEADER:
            return local
        return local[len(self.prefix) :] if local.lower().startswith(self.prefix.lower()) else ""

    def _looks_ours(self, address: str) -> bool:
        domain = address.rpartition("@")[2].lower()
        return domain == self.keyring.domain and _TOKEN.fullmatch(self._token_in(Purpose.ENVELOPE, address)) is not None


def number_of(category: str) -> int:
    """The number of a category in a token: 0 for none, else one of 255 that its name alone decides.

    So a category that is declared later changes no other's. Two may share a number: it is a check beside the delivery
    in the ledger, which knows the name (C-05).
    """
    return 1 + hashlib.sha256(category.encode()).digest()[0] % 255 if category else 0


def write_ref(delivery: int) -> str:
    """A delivery's number as `Delivery.ref`."""
    return f"{delivery:016x}"


def _places(clues: Clues) -> Iterator[tuple[Purpose, str]]:
    """Where marks stand, in the order of what they prove. An address may be wrapped by others on its way."""
    for address in clues.envelope_recipients:
        yield from ((Purpose.ENVELOPE, reading) for reading in unwrap(address))
    if clues.envelope_id:
        yield Purpose.ENVELOPE_ID, clues.envelope_id
    yield from ((Purpose.ENVELOPE, reading) for reading in unwrap(clues.envelope_sender))
    if clues.message_id:
        yield Purpose.HEADER, clues.message_id
    if clues.header_ref:
        yield Purpose.HEADER, clues.header_ref


def _xtext(text: str) -> str:
    """A parameter's value as RFC 3461, section 4, writes it: `+2B` for what may not stand there by itself."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)
