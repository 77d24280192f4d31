"""Where in these octets is which part? One pass over the boundaries; nothing is copied or decoded that nobody asks for.

The walk goes down into multiparts, never into a returned message (D-13), has no recursion, and is bounded by the caps
of `limits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.charset import decode, decode_transfer
from bounce_plugin.message.headers import Headers

_BOUNDARY: Final = re.compile(r'boundary[ \t]*=[ \t]*(?:"([^"\n]*)"|([^\s;"]+))', re.IGNORECASE)
_CHARSET: Final = re.compile(r"""charset[ \t]*=[ \t]*["']?([^\s;"']+)""", re.IGNORECASE)


class Part:
    """One part of a mail: its header fields, its type in lower case, and where its body begins and ends."""

    __slots__ = ("_raw", "content_type", "end", "headers", "start", "type")

    def __init__(self, raw: bytes, headers: Headers, start: int, end: int, default_type: str = "text/plain") -> None:
        self._raw = raw
        self.headers = headers
        self.start = start
        self.end = end
        self.content_type = headers.get("content-type")
        self.type = self.content_type.partition(";")[0].strip().lower() or default_type

    @property
    def octets(self) -> bytes:
        """The body as it stands in the mail, at most `limits.DECODED` octets of it."""
        return self._raw[self.start : min(self.end, self.start + limits.DECODED)]

    def decoded(self) -> bytes:
        """The body with its transfer encoding undone."""
        encoding = self.headers.get("content-transfer-encoding")
        return decode_transfer(self.octets, encoding) if encoding else self.octets

    def text(self) -> str:
        """The body as text, LF line ends."""
        found = _CHARSET.search(self.content_type)
        text = decode(self.decoded(), found[1] if found else "")
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_headers(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The header fields that begin at `start`, and where the body after them begins; LF line ends."""
    if raw.startswith(b"\n", start):
        return Headers(), start + 1
    stop = raw.find(b"\n\n", start, end)
    if stop < 0:
        return Headers.read(raw[start : min(end, start + limits.HEADER_BLOCK)]), end
    return Headers.read(raw[start : min(stop, start + limits.HEADER_BLOCK)]), stop + 2


def walk(raw: bytes, top: Part, exceeded: list[str]) -> list[Part]:
    """The parts that are no multipart, in their order; the names of caps that stopped the walk go to `exceeded`."""
    if not top.type.startswith("multipart/"):
        return [top]
    leaves: list[Part] = []
    stack: list[Iterator[Part]] = [_children(raw, top)]
    seen = 0
    while stack:
        part = next(stack[-1], None)
        if part is None:
            stack.pop()
            continue
        seen += 1
        if seen > limits.PARTS:
            exceeded.append("parts")
            break
        if not part.type.startswith("multipart/"):
            leaves.append(part)
        elif len(stack) < limits.DEPTH:
            stack.append(_children(raw, part))
        else:
            exceeded.append("depth")
    return leaves


def _children(raw: bytes, parent: Part) -> Iterator[Part]:
    found = _BOUNDARY.search(parent.content_type)
    boundary = (found[1] or found[2] or "").rstrip() if found else ""
    if not boundary:
        return
    default = "message/rfc822" if parent.type == "multipart/digest" else "text/plain"
    for start, end in split_at(raw, boundary.encode("utf-8", "replace"), parent.start, parent.end):
        headers, body = read_headers(raw, start, end)
        yield Part(raw, headers, body, end, default)


def split_at(raw: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the parts between the delimiter lines `--boundary` begin and end (RFC 2046, section 5.1.1).

    A closing delimiter that is missing is the end of the enclosing part.
    """
    delimiter = b"\n--" + boundary
    length = len(delimiter)
    begin = -1
    at = raw.find(delimiter, max(start - 1, 0), end)
    while at >= 0:
        line_end = raw.find(b"\n", at + length, end)
        if line_end < 0:
            line_end = end
        rest = raw[at + length : line_end].rstrip()
        if rest in (b"", b"--"):  # anything else belongs to a longer boundary that begins alike
            if begin >= 0:
                yield begin, max(at, begin)
            if rest:
                return
            begin = min(line_end + 1, end)
        at = raw.find(delimiter, line_end, end)
    if begin >= 0:
        yield begin, end
