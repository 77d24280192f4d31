"""What is this part of a mail, and what stands in it? Its head, read once, and its body, decoded when somebody asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.charset import codec_of, decode, decode_transfer, octets_to_text
from bounce_plugin.message.quick import quick

_CHARSET: Final = re.compile(r"""charset[ \t]*=[ \t]*["']?([^\s;"']+)""", re.IGNORECASE)
# What stands behind the name of a field, still folded.
_VALUE: Final = re.compile(rb"[^\n]*+(?:\n[ \t][^\n]*+)*+")
_LINE_FEED: Final = ord("\n")
_SEMICOLON: Final = ord(";")
_SHORT: Final = 300  # octets of a header block that is likely to be met again


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a header block says of the body below it (RFC 2045)."""

    content_type: str  # the whole field
    type: str  # in lower case; empty when not declared
    encoding: str  # base64 or quoted-printable, where one has to be undone
    codec: str  # Python's name of the charset that is declared; empty for none, or one that nobody knows
    is_multipart: bool = False


def read_head(block: bytes) -> Head:
    """The head in a header block with LF line ends. A mail server writes the same few over and over again."""
    return _read_again(block) if len(block) <= _SHORT else _read(block)


def _read(block: bytes) -> Head:
    content_type = _find_field(block, b"Content-Type:")
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        return Head(content_type=content_type, type=kind, encoding="", codec="", is_multipart=True)
    charset = _CHARSET.search(content_type) if "=" in content_type else None
    encoding = _find_field(block, b"Content-Transfer-Encoding:").lower()
    return Head(
        content_type=content_type,
        type=kind,
        encoding=encoding if encoding in ("quoted-printable", "base64") else "",
        codec=codec_of(charset[1]) if charset else "",
    )


_read_again: Final = lru_cache(maxsize=1024)(_read)


def _find_field(block: bytes, name: bytes) -> str:
    """The unfolded value of the first field of that name, with its colon, in a header block."""
    at = block.find(name)  # as nearly everybody spells it
    if at < 0 or (at > 0 and block[at - 1] != _LINE_FEED):
        lower, name = block.lower(), name.lower()
        at = 0 if lower.startswith(name) else lower.find(b"\n" + name) + 1
        if at == 0 and not lower.startswith(name):
            return ""
    start = at + len(name)
    end = _end_of_value(block, start)
    while block[end - 1] == _SEMICOLON and _is_torn(block, end):
        end = _end_of_value(block, end + 1)
    value = block[start:end]
    return octets_to_text(value.replace(b"\n", b" ") if b"\n" in value else value).strip()


def _end_of_value(block: bytes, start: int) -> int:
    found = _VALUE.match(block, start)
    return found.end() if found else len(block)


def _is_torn(block: bytes, end: int) -> bool:
    """Whether a value goes on in a line that lost the blank which makes it a continuation."""
    following = block[end + 1 : end + 40].partition(b"\n")[0]
    return b"=" in following and b":" not in following.partition(b"=")[0]


class Part:
    """One part of a mail: its head, its type in lower case, and where in the mail its body begins and ends."""

    __slots__ = ("_raw", "end", "head", "start", "type")

    def __init__(self, raw: bytes, head: Head, start: int, end: int, default_type: str = "text/plain") -> None:
        self._raw = raw
        self.head = head
        self.start = start
        self.end = end
        self.type = head.type or default_type

    @property
    def octets(self) -> bytes:
        """The body with its transfer encoding undone; of a long one at most `limits.DECODED` octets are read."""
        start, end = self.start, self.end
        octets = self._raw[start : end if end - start <= limits.DECODED else start + limits.DECODED]
        return decode_transfer(octets, self.head.encoding) if self.head.encoding else octets

    def encoded_or_decoded(self) -> tuple[bytes, int, int]:
        """The octets that hold the body in the clear, and where in them it begins and ends; mostly the mail itself."""
        if not self.head.encoding:
            return self._raw, self.start, self.end
        octets = self.octets
        return octets, 0, len(octets)

    def text(self) -> str:
        """The body as text, LF line ends."""
        codec = self.head.codec
        text = decode(self.octets, codec) if codec else octets_to_text(self.octets)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
