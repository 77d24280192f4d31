"""When are two spellings the same address? The one place that decides, with its reasons."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import idna

LONGEST = 254  # octets of an address (RFC 5321, section 4.5.3.1.3: a path of 256 with its angle brackets)

#: RFC 5322 atext, and the dots in any place: Japanese carriers gave out `a..b@` and `a.@` for years.
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
#: What may stand between quotes: no `@`, `<`, `>`, `,`, `;`, `:`, `(`, `)` or `\`, by which parsers differ (T-09).
_QUOTED = re.compile(r"\"[A-Za-z0-9!#$%&'*+/=?^_`{|}~. -]+\"")
#: Underscores are no host name, but there are mail domains that have them.
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
#: An address of which only the case can change: ASCII, nothing to strip, no quotes, no literal, no encoded-word, and too
#: short for any limit. It gives nothing back, so that each character is read once or twice, whatever follows.
_ALMOST_NORMAL = (
    r"(?!=)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,128}+@(?=[A-Za-z0-9_.-]{1,63}+(?![^\n]))"
    r"[A-Za-z0-9_]++(?:(?:\.|-++)[A-Za-z0-9_]++)*+"
)
_PLAIN = re.compile(_ALMOST_NORMAL)
#: As many of them as follow each other, each on a line.
_PLAIN_LINES = re.compile(rf"(?:{_ALMOST_NORMAL}\n)*+")
#: The octets of simple addresses, each on a line; all but `@` and the line's end; the signs of which no two meet in them, nor
#: one the end of a line; and how long one may be, so that its domain has at most 63.
_SIMPLE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@\n"
_BUT_AT_AND_END = bytes(octet for octet in range(256) if octet not in b"@\n")
_SIGNS_AS_DOTS = bytes(ord(".") if octet in b"@.-\n" else octet for octet in range(256))
_SHORT = 64
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


def normalise(address: str) -> str:
    """Give the one spelling under which an address is remembered; "" for what is not one single, bare address.

    - Case is folded in the local part too. RFC 5321 lets a host tell `Joe` from `joe`; none does, and reports come
      back in any case. `lower`, not `casefold`: the latter makes `straße` and `strasse`, two mailboxes, one.
    - A domain becomes A-labels (RFC 5891 with the mapping of UTS 46), so that both spellings of an international
      domain meet; a trailing dot goes.
    - A local part becomes NFC (RFC 6532, section 3.1).
    - Quotes go where they change nothing (`"joe"@…`).
    - Dots in the local part stay: only Gmail ignores them, and elsewhere `a.b` and `ab` are two people.
    - A sub-address (`joe+list@`) stays: whether `joe` is the same person is known to the host alone (RFC 5233).
    - Comments, display names, source routes, several addresses, encoded-words, controls and more than 254 octets are
      refused, not repaired: where parsers differ, an attacker chooses the reading (T-09, CVE-2023-27043).
    """
    if _PLAIN.fullmatch(address):  # as nearly all are: the same, in half the time
        return address.lower()
    address = address.strip(" \t\r\n")
    return _normalise(address) if len(address) <= LONGEST else ""


@lru_cache(maxsize=1024)  # each address of a bounce is asked about several times, until its batch is recorded
def _normalise(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        return ""
    local, domain = _local_part(local), _domain(domain)
    if not local or not domain or len(local.encode()) + 1 + len(domain) > LONGEST:
        return ""
    return f"{local}@{domain}"


def normalise_all(addresses: Sequence[str]) -> list[str]:
    """`normalise` of each of many addresses, in their order: the same answers, several times as fast.

    Nearly all addresses are plain: only their case can change. One expression reads as many of them as follow each other,
    and the others are normalised one by one.
    """
    text = "\n".join(addresses) + "\n"
    if text.count("\n") != len(addresses):  # a line break within an address: no line can be told from another
        return [normalise(address) for address in addresses]
    normal = text.lower().split("\n")
    normal.pop()
    if _are_simple(text, normal):
        return normal
    number, position = 0, 0
    while (end := _end_of_plain(text, position)) < len(text):
        number += text.count("\n", position, end)
        normal[number] = normalise(addresses[number])
        number, position = number + 1, text.index("\n", end) + 1
    return normal


def _are_simple(text: str, lines: Sequence[str]) -> bool:
    """Whether all lines are addresses of which only the case can change, by what can be seen in all of them at once.

    Some that are it are not seen: those are read by the expression, in ten times the time.
    """
    if not text.isascii():
        return False
    octets = text.encode()
    if octets.translate(None, _SIMPLE) or octets.translate(None, _BUT_AT_AND_END) != b"@\n" * len(lines):
        return False
    return b".." not in (b"\n" + octets).translate(_SIGNS_AS_DOTS) and max(map(len, lines), default=0) <= _SHORT


def _end_of_plain(text: str, position: int) -> int:
    match = _PLAIN_LINES.match(text, position)
    return match.end() if match else position


def _local_part(local: str) -> str:
    if local.startswith('"'):
        if not _QUOTED.fullmatch(local):
            return ""
        return local[1:-1].lower() if _ATOMS.fullmatch(local[1:-1]) else local.lower()
    if local.startswith("=?") and local.endswith("?="):  # an encoded-word (RFC 2047) is nobody's name
        return ""
    if local.isascii():
        return local.lower() if _ATOMS.fullmatch(local) else ""
    if any(unicodedata.category(character) in _UNSEEN for character in local):
        return ""
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    ascii_part = "".join(character for character in local if character.isascii())
    return local if not ascii_part or _ATOMS.fullmatch(ascii_part) else ""


def _domain(domain: str) -> str:
    if domain.startswith("["):
        return _literal(domain)
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    domain = domain.lower().removesuffix(".")
    return domain if _HOST.fullmatch(domain) else ""


def _literal(domain: str) -> str:
    """An address literal (RFC 5321, section 4.1.3), its IP address in the shortest spelling; "" if it is none."""
    inside = domain[1:-1].lower() if domain.endswith("]") else ""
    try:
        if inside.startswith("ipv6:"):
            return f"[ipv6:{ipaddress.IPv6Address(inside.removeprefix('ipv6:'))}]"
        return f"[{ipaddress.IPv4Address(inside)}]"
    except ValueError:
        return ""
