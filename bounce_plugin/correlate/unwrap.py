"""Which address stands inside this one? What forwarders and mailing lists wrap around addresses, taken off again.

Each is a claim, never a proof: the hashes in BATV and SRS are other people's, and we cannot check them. Our own token
decides (see `token.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bounce_plugin.correlate.address import LONGEST, normalise

DEEPEST: Final = 5  # layers that are taken off; nobody needs more, and an attacker must not choose how many
_LONGEST_TEXT: Final = 4 * LONGEST  # with angle brackets and a source route

# No repeat is followed by what it may take itself, so that each text is settled in one pass.
#: BATV: `prvs=KDDDSSSSSS=local`, a key's digit, three of the day and six hexadecimal ones.
_PRVS: Final = re.compile(r"prvs=[0-9]{4}[0-9a-f]{6}=(?P<local>.+)")
#: BATV as Sun and others wrote it: the tag comes last, or the name.
_PRVS_TAG_LAST: Final = re.compile(r"prvs=(?P<local>[^/]+)/[^/]+")
_BTV1: Final = re.compile(r"btv1==[^=]+==(?P<local>.+)")
#: SRS0 of a first forwarder, `SRS0=HHH=TT=domain=local`; the separator after SRS0 may be `+` or `-`, too.
_SRS0: Final = re.compile(r"srs0[=+-][^=]+=[^=]+=(?P<domain>[^=]+)=(?P<local>.+)")
#: SRS1 of a second one: `SRS1=HHH=first==HHH=TT=domain=local`.
_SRS1: Final = re.compile(r"srs1[=+-][^=]+=(?P<domain>[^=]+)=(?P<rest>[=+-].+)")
#: Exchange Online, for a mailbox that forwards: `mailbox+SRS=xxxxx=TT=domain=local`.
_EXCHANGE: Final = re.compile(r"[^+]+\+srs=[^=]+=[^=]+=(?P<domain>[^=]+)=(?P<local>.+)")
#: Sympa: `bounce+user==a==domain==list`.
_SYMPA: Final = re.compile(r"bounce\+(?P<local>(?:[^=]|=(?!=))+)==a==(?P<domain>(?:[^=]|=(?!=))+)==.+")
#: VERP (qmail, ezmlm, Mailman): `list-owner-user=domain`, `list-return-17-user=domain`, `list-bounces+user=domain`.
_VERP_BEGINS: Final = re.compile(r"\+|-(?:owner|bounces?|return(?:-[0-9]{1,18})?)-")

# CiviCRM's `b.JOB.QUEUE.HASH` names numbers of its own, and nobody's address.


def unwrap(text: str) -> tuple[str, ...]:
    """An address, and what stands inside it, layer by layer: each in its normal spelling, the outermost first.

    Empty where the text is no single address. Never raises, whatever it is given.
    """
    readings: list[str] = []
    address = _bare(text)
    while address and address not in readings and len(readings) <= DEEPEST:
        readings.append(address)
        address = _inside(address)
    return tuple(readings)


def without_detail(address: str) -> str:
    """The address without its sub-address (RFC 5233): `ann+news@…` is `ann@…`, if the host sees it so (D-36)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _bare(text: str) -> str:
    """One address in its normal spelling, without angle brackets, `mailto:` and source route (`@a,@b:user@c`)."""
    if len(text) > _LONGEST_TEXT:
        return ""
    text = text.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    if text.startswith("@"):
        text = text.partition(":")[2]
    return normalise(text)


def _inside(address: str) -> str:
    """What one layer holds; empty where there is none, or nothing that is an address."""
    local, _, domain = address.rpartition("@")
    if "=" not in local:
        return ""
    for layer in _LAYERS:
        if found := layer(local, domain):
            return normalise(found)
    return ""


def _batv(local: str, domain: str) -> str:
    found = _PRVS.fullmatch(local) or _PRVS_TAG_LAST.fullmatch(local) or _BTV1.fullmatch(local)
    return f"{found['local']}@{domain}" if found else ""


def _srs(local: str, _domain: str) -> str:
    if found := _SRS1.fullmatch(local):
        return f"srs0{found['rest']}@{found['domain']}"
    found = _SRS0.fullmatch(local) or _EXCHANGE.fullmatch(local)
    return f"{found['local']}@{found['domain']}" if found else ""


def _sympa(local: str, _domain: str) -> str:
    found = _SYMPA.fullmatch(local)
    return f"{found['local']}@{found['domain']}" if found else ""


def _verp(local: str, _domain: str) -> str:
    """The last `=` stands for the `@`; the user begins where the list's own name has ended."""
    before, _, domain = local.rpartition("=")
    begins = _VERP_BEGINS.search(before)
    return f"{before[begins.end() :]}@{domain}" if begins and "." in domain else ""


#: From what is known by its first letters to what is known by a sign in its middle: a token may hold anything behind them.
_LAYERS: Final[tuple[Callable[[str, str], str], ...]] = (_batv, _srs, _sympa, _verp)
