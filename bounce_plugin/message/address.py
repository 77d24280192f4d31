"""Which address does this text name? One bare address or none, never a guess among several (T-09)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from bounce_plugin.message.charset import octets_to_text

_LONGEST: Final = 254  # octets of a path without its angle brackets (RFC 5321, section 4.5.3.1.3)
# What ends a local part to its left: everything that needs quoting, and the quotes.
_ENDS_LOCAL: Final = str.maketrans(dict.fromkeys("\xa0\u3000<>()[],;:@\\" + "".join(map(chr, range(32))), " "))
_TEARS: Final = frozenset(map(chr, (*range(9), *range(14, 32), 127)))
#: Blanks of all scripts (a no-break space may come of a damaged `@`), controls, and what parts one name from the next.
_NOT_IN_A_NAME: Final = re.compile(r"[\s,;:\x00-\x1f\x7f-\x9f]")
_DOMAIN: Final = re.compile(r"\[[0-9A-Fa-f:.IPv]{2,48}\]|[^\s\"'<>()\[\],;:@\\/|\x00-\x1f\x7f]{1,255}")
_LOCAL: Final = 128  # octets; 64 are allowed, but some hosts write more
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\xad"  # what is copied along from a web page
# Chinese, Japanese and Korean write no space between a word and an address.
_CJK: Final = "\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_GLUED_DOMAIN: Final = re.compile(rf"[A-Za-z0-9.-]{{1,253}}\.[A-Za-z]{{2,24}}(?=[{_CJK}])")
_GLUED_LOCAL: Final = re.compile(rf"[{_CJK}]([A-Za-z0-9._+=-]{{1,64}})$")
#: A comma for a dot: ann@example,org is somebody's slip, and is given as it was written.
_SLIP: Final = re.compile(r",[\w-]{1,63}(?:[.,][\w-]{1,63}){0,3}")
_XTEXT: Final = re.compile(r"\+([0-9A-Fa-f]{2})")
#: Under which names the registries of countries give away domains: these in most, and what only one of them has.
_OF_MOST: Final = frozenset({"ac", "co", "com", "edu", "gob", "go", "gov", "net", "or", "org"})
_OF_ONE: Final = frozenset({
    "ltd.uk", "me.uk", "nhs.uk", "plc.uk", "sch.uk", "gv.at", "asso.fr", "gouv.fr", "nom.fr", "nom.es", "info.pl", "waw.pl", "in.ua", "kiev.ua", "msk.ru", "spb.ru", "asn.au", "id.au",
    "govt.nz", "school.nz", "adv.br", "ind.br", "ed.jp", "gr.jp", "lg.jp", "ne.jp", "re.kr", "in.th",
})  # fmt: skip
#: How a forwarder's own return paths begin for what others sent (SRS, the Sender Rewriting Scheme; no RFC has it).
_REWRITTEN: Final = tuple(f"srs{hop}{sign}" for hop in "01" for sign in "=+-")
_UNITEXT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")

# `rfc822; ann@gone.example`, with or without <>, as nearly all are written: nothing in it needs to be trimmed or decoded.
_PLAIN: Final = r"[A-Za-z0-9_+-][A-Za-z0-9_+=.-]*@[A-Za-z0-9.-]*[A-Za-z0-9]"
_PLAIN_RECIPIENT: Final = re.compile(rf"(?:[A-Za-z0-9-]*;)?[ \t]*(?:({_PLAIN})|<({_PLAIN})>)[ \t]*")


def find_address(text: str) -> str:
    """The first address in running text, bare; empty if there is none."""
    return next((address for _start, _end, address in _locate(text)), "")


def find_addresses(text: str) -> tuple[str, ...]:
    """Every address in running text, bare, once each, in their order."""
    return tuple(dict.fromkeys([address for _start, _end, address in _located(text)]))


def find_whole(text: str, address: str, start: int = 0) -> int:
    """Where an address stands in a text by itself, and not as the end or the beginning of another; -1 if it does not."""
    at = text.find(address, start)
    while at >= 0:
        after = text[at + len(address) : at + len(address) + 2]
        goes_on = after[:1].isalnum() or after[:1] in ("-", "_", "@") or (after[:1] == "." and after[1:].isalnum())
        if not goes_on and not (at and (text[at - 1].isalnum() or text[at - 1] in "._+-")):
            return at
        at = text.find(address, at + 1)
    return -1


def locate_addresses(text: str) -> list[tuple[int, int, str]]:
    """Every address in running text with where it begins and ends, in their order."""
    return list(_located(text))


@lru_cache(maxsize=8)  # of one notice it is asked again and again
def _located(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(_locate(text))


def _locate(text: str) -> Iterator[tuple[int, int, str]]:
    """From one @ to the next: what stands to the left and to the right of it, bounded."""
    at = text.find("@")
    free = 0
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        left = text[max(free, at - _LOCAL) : at]
        if left.endswith('"') and (quote := left.rfind('"', 0, -1)) >= 0 and "\n" not in left[quote:]:
            local = left[quote:]
        else:
            local = left.translate(_ENDS_LOCAL).rpartition(" ")[2].rpartition('"')[2]
        whole = domain and local and not _is_torn(text, at - len(local), domain.end())
        if domain and whole and (address := _trim(f"{local}@{domain[0]}")):
            yield at - len(local), domain.end(), address
            free = domain.end()
        at = text.find("@", at + 1)


def _is_torn(text: str, start: int, end: int) -> bool:
    """Whether a NUL or the like stands within what looks like an address: half of it may be somebody else's (T-09)."""
    return (start > 0 and text[start - 1] in _TEARS) or (end < len(text) and text[end] in _TEARS)


def _trim(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if domain[:1] != "[":
        glued = _GLUED_DOMAIN.match(domain)
        domain = (glued[0] if glued else domain).rstrip(".!?*'`…" + _INVISIBLE)
    if local[:1] != '"':
        glued = _GLUED_LOCAL.search(local)
        local = glued[1] if glued else local
        local = local.lstrip(_INVISIBLE)
        bare = local.lstrip("'`*|") if local[:2] == "=?" else local.lstrip("'`*=|")
        local = "" if not bare and local.strip("*") else (bare or local)  # `****@example.org` is masked
    if not local or not domain or len(address) > _LONGEST or local[:2] == "//":  # slashes: the rest of a link
        return ""
    address = f"{local}@{domain}"
    return address if address.isprintable() else ""


def read_recipient(field: str) -> str:
    """The address of an Original-, Final- or X-Actual-Recipient field (RFC 3464, section 2.3; D-06, D-21, D-24).

    The type before the semicolon is optional, so are angle brackets and a trailing comment. A name without a domain
    is given as it stands: some hosts know their users so.
    """
    if not field:
        return ""
    plain = _PLAIN_RECIPIENT.fullmatch(field)
    if plain and len(field) <= _LONGEST:
        return plain[1] or plain[2]
    kind, semicolon, value = field.partition(";")
    if not semicolon or "@" in kind:
        kind, value = "", field
    value = value.strip()
    if "\\x{" in value:
        value = decode_unitext(value)
    if value[:1] == "<":
        value = value[1:].partition(">")[0]
    if value.count("@") == 1 and " " not in value and "(" not in value and "<" not in value and "," not in value:
        bare = value.strip("'").removeprefix("mailto:")
        return "" if bare[0] == "@" or bare[-1] == "@" else _trim(bare)
    if value[:1] == "@" and ":" in value:  # a source route, @a,@b:user@c
        value = value.rpartition(":")[2]
    located = next(_locate(value), None)
    if located is None:
        return "" if kind.strip().lower() == "x400" else _name(value)  # D-07
    return _whole_of(value, *located)


def _whole_of(value: str, start: int, end: int, address: str) -> str:
    """The address that a field holds, unless it is only a part of what stands there: that would be somebody else (T-09).

    In front of it may stand a display name with an angle bracket, behind it a comment.
    """
    before, after = value[:start].strip(" \"'"), value[end:].strip()
    if before and not before.endswith("<"):
        return ""
    if "." not in address.rpartition("@")[2] and _SLIP.fullmatch(after):
        return address + after
    return address if not after or after[0] in "()<>;,\"'" else ""


def _name(value: str) -> str:
    """A bare local name, or nothing."""
    name = value.partition("(")[0].strip().strip("<>")
    return "" if "@" in name or _NOT_IN_A_NAME.search(name) else name


def decode_unitext(text: str) -> str:
    r"""`\x{20AC}` as RFC 6533 writes characters beyond ASCII; surrogates and what is no code point stay (D-21)."""

    def char(found: re.Match[str]) -> str:
        code = int(found[1], 16)
        return found[0] if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)

    return _UNITEXT.sub(char, text)


def decode_xtext(text: str) -> str:
    """`+2B` as RFC 3461 writes octets in parameters; what is no such escape stays as it is (D-23)."""
    if "+" not in text:
        return text
    octets = bytearray()
    at = 0
    encoded = text.encode("utf-8", "surrogatepass")
    while (plus := encoded.find(b"+", at)) >= 0:
        octets += encoded[at:plus]
        digits = encoded[plus + 1 : plus + 3]
        if len(digits) == 2 and _XTEXT.match("+" + digits.decode("latin-1")):
            octets.append(int(digits, 16))
            at = plus + 3
        else:
            octets += b"+"
            at = plus + 1
    octets += encoded[at:]
    return octets_to_text(bytes(octets))


def are_of_one_site(one: str, other: str) -> bool:
    """Whether two domains, or the addresses that they end, are of one site, as far as their last labels tell.

    Those are two, or three where a country's registry has names like `co.uk`.
    """
    labels, others = (address.rpartition("@")[2].lower().rstrip(".").split(".") for address in (one, other))
    if labels[-2:] != others[-2:]:
        return False
    of_a_country = len(labels[-1]) == 2 and labels[-2:-1] and labels[-2] in _OF_MOST
    if of_a_country or ".".join(labels[-2:]) in _OF_ONE:
        return labels[-3:] == others[-3:]
    return True


def is_rewritten(path: str) -> bool:
    """Whether a forwarder has put a return path of its own in place of the sender's (SRS).

    Exchange Online's `ann+SRS=…` is no such one here: it tells who passed the mail on, and that may be anybody.
    """
    return path.strip("<> ").lower().startswith(_REWRITTEN)
