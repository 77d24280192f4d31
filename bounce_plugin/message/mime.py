"""What are the parts of a mail whose MIME structure is broken? The tolerant way, taken where the scan finds nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bounce_plugin.message.part import Part, read_head
from bounce_plugin.message.scan import walk

_TRIES: Final = 20  # lines that look like a delimiter
_DELIMITER: Final = re.compile(rb"\n--[^\n]++\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-")
_LONGEST: Final = 200  # octets; a boundary has at most 70


def recover(raw: bytes, top: Part, exceeded: list[str]) -> list[Part]:
    """The parts between delimiter lines that nobody declared; else the whole body as one text.

    For mails whose header lost its Content-Type, declares another boundary than the body has, or none.
    """
    known = len(exceeded)
    for boundary in _boundaries(raw, top.start, top.end):
        declared = f'Content-Type: multipart/mixed; boundary="{boundary}"'
        guessed = Part(raw, read_head(declared.encode("utf-8")), top.start, top.end)
        leaves = walk(raw, guessed, exceeded)
        if leaves:
            first = _before(raw, top, boundary)
            return [first, *leaves] if first else leaves
        if len(exceeded) > known:  # a bomb (T-06)
            break
    return [_as_text(raw, top, top.start, top.end)]


def has_parts(raw: bytes, top: Part) -> bool:
    """Whether the body of a mail that declares no parts has some."""
    likely = _DELIMITER.search(raw, max(top.start - 1, 0), top.end)
    return likely is not None and next(_boundaries(raw, top.start, top.end), "") != ""


def _boundaries(raw: bytes, start: int, end: int) -> Iterator[str]:
    """What stands behind `--` in lines that a Content- field follows."""
    at = raw.find(b"\n--", max(start - 1, 0), end)
    for _ in range(_TRIES):
        if at < 0:
            return
        line_end = raw.find(b"\n", at + 3, end)
        if 0 < line_end - at - 3 <= _LONGEST:
            name = raw[at + 3 : line_end].rstrip()
            if name and raw[line_end + 1 : line_end + 9].lower() == b"content-":
                yield name.decode("latin-1")
        at = raw.find(b"\n--", at + 3, end)


def _before(raw: bytes, top: Part, boundary: str) -> Part | None:
    """The text above the first delimiter: in such mails it is often the notice itself."""
    stop = raw.find(b"\n--" + boundary.encode("latin-1"), max(top.start - 1, 0), top.end)
    return _as_text(raw, top, top.start, stop) if stop > top.start and raw[top.start : stop].strip() else None


def _as_text(raw: bytes, top: Part, start: int, end: int) -> Part:
    kind = "text/html" if top.type == "text/html" else "text/plain"
    return Part(raw, replace(top.head, content_type=kind, type=kind, codec="", is_multipart=False), start, end)
