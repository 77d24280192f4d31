"""Is this our own sign, and on which delivery did we put it? Signed return paths, ENVIDs and header fields.

A token says which delivery came back, and nobody but us can make one: 12 octets of facts, and 80 bits of an HMAC-SHA256
over them, the purpose and the bounce domain; in base32, 36 characters. It holds no personal data: what belongs to its
delivery stands in the ledger.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import idna

LENGTH: Final = 36  # characters
OLDEST_DAYS: Final = 45  # queues last 5 days; slow hosts and holidays are longer (C-04)
SKEW_DAYS: Final = 2  # that the clock of who signed may be ahead
SHORTEST_KEY: Final = 32  # octets (C-03)
KEY_NUMBERS: Final = range(16)
_FIRST_DAY: Final = date(2020, 1, 1)
_FACTS: Final = struct.Struct(">BBHQ")  # version and key, category, day, delivery
_VERSION: Final = 1
_TAG: Final = 10  # octets
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, section 6
_PAIRS: Final = tuple(one + other for one in _ALPHABET for other in _ALPHABET)  # of 10 bits each
_SHIFTS: Final = tuple(range(170, -1, -10))
_NO_KEY: Final = b"\0" * SHORTEST_KEY  # a MAC is computed for an unknown key, too: no answer comes sooner (C-02)


class Purpose(StrEnum):
    """What a token is for. One for a purpose fails for every other."""

    ENVELOPE = "env"  # the return path
    ENVELOPE_ID = "eid"  # the ENVID (RFC 3461, section 4.4)
    HEADER = "hdr"  # a header field, which archives and quoted replies show to everybody
    UNSUBSCRIBE = "uns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a token says, once it is proved to be ours."""

    category: int  # 0 to 255; 0: not known
    delivery: int  # a random number of 64 bits
    signed_on: date  # UTC
    key: int  # by which key

    @property
    def short(self) -> str:
        """A name for logs, which must not hold the token itself (C-10)."""
        return f"{self.delivery:016x}"[:6]

    def is_current(self, now: datetime, oldest_days: int) -> bool:
        """Whether it was signed in these last days, or by a clock that was a little ahead (C-04)."""
        age = now.astimezone(UTC).date() - self.signed_on
        return timedelta(days=-SKEW_DAYS) <= age <= timedelta(days=oldest_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys of one bounce domain, by their numbers, 0 to 15. The newest signs; each that is not retired is accepted.

    Raises ValueError for a number out of range, a key under 32 octets, and a domain that is none.
    """

    domain: str
    keys: Mapping[int, bytes] = field(repr=False)
    newest: int

    def __post_init__(self) -> None:
        for number, key in self.keys.items():
            if number not in KEY_NUMBERS:
                raise ValueError(f"key number {number} is not one of 0 to 15")
            if len(key) < SHORTEST_KEY:
                raise ValueError(f"key {number} has {len(key)} octets; it needs {SHORTEST_KEY} or more")
        if self.newest not in self.keys:
            raise ValueError(f"there is no key {self.newest} to sign with")
        _in_octets(self.domain)

    def sign(self, purpose: Purpose, *, delivery: int, category: int, now: datetime) -> str:
        """A token for a delivery, signed today. Raises ValueError for a number that does not fit."""
        day = (now.astimezone(UTC).date() - _FIRST_DAY).days
        try:
            facts = _FACTS.pack(_VERSION << 4 | self.newest, category, day, delivery)
        except struct.error as error:
            raise ValueError(f"delivery {delivery}, category {category} or day {day} does not fit: {error}") from error
        tag = _mac(self.keys[self.newest], purpose, self.domain, facts)
        return _encode(facts + tag)

    def verify(self, purpose: Purpose, token: str, *, now: datetime, oldest_days: int = OLDEST_DAYS) -> Signed | None:
        """What a token says, if it is ours, for this purpose and not too old; None for every kind of failure alike."""
        signed = self.recognise(purpose, token)
        return signed if signed is not None and signed.is_current(now, oldest_days) else None

    def recognise(self, purpose: Purpose, token: str) -> Signed | None:
        """The same of any age: one that has expired is put before a person, and not taken for a forgery (C-04)."""
        octets = _decode(token)
        if octets is None:
            return None
        facts, tag = octets[: _FACTS.size], octets[_FACTS.size :]
        version, category, day, delivery = _FACTS.unpack(facts)
        number = version & 15
        key = self.keys.get(number) if version >> 4 == _VERSION else None
        good = hmac.compare_digest(tag, _mac(key or _NO_KEY, purpose, self.domain, facts))
        if key is None or not good:
            return None
        return Signed(category=category, delivery=delivery, signed_on=_FIRST_DAY + timedelta(days=day), key=number)


def _decode(token: str) -> bytes | None:
    """The octets of exactly 36 characters of the alphabet, in either case, written as we would write them (C-01)."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        octets = base64.b32decode(token.upper() + "====")
    except binascii.Error:
        return None
    return octets if _encode(octets) == token.lower() else None


def _encode(octets: bytes) -> str:
    """Base32 in lower case without padding: 176 bits, and 4 that are zero. Several times as quick as `base64` does it."""
    number = int.from_bytes(octets, "big") << 4
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def _mac(key: bytes, purpose: Purpose, domain: str, facts: bytes) -> bytes:
    return hmac.digest(key, _head(purpose, domain) + facts, "sha256")[:_TAG]


@lru_cache(maxsize=256)
def _head(purpose: Purpose, domain: str) -> bytes:
    """What is signed in front of the facts."""
    return b"bounce-token/1\0" + purpose.value.encode("ascii") + b"\0" + _in_octets(domain) + b"\0"


def _in_octets(domain: str) -> bytes:
    """A domain as A-labels in lower case (RFC 5891)."""
    try:
        return idna.encode(domain.lower().rstrip("."), uts46=True)
    except idna.IDNAError as error:
        raise ValueError(f"{domain!r} is no domain: {error}") from error
