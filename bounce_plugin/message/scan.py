"""Where in these octets is which part? One pass over the boundaries; nothing is copied or decoded that nobody asks for.

The walk goes down into multiparts, never into a returned message (D-13), has no recursion, and is bounded by the caps
of `limits`.
"""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.part import Part, read_head

_BOUNDARY: Final = re.compile(r'boundary[ \t]*=[ \t]*(?:"([^"\n]*)"|([^\s;"]+))', re.IGNORECASE)
_LINE_FEED: Final = ord("\n")
_ALIKE: Final = 100  # lines that begin like a delimiter; where there are more, somebody means harm
_EMPTY_LINE: Final = re.compile(rb"\n\n")  # for two octets in a long text the regex engine is faster than `find`


def read_block(raw: bytes, start: int, end: int) -> tuple[bytes, int]:
    """The header block that begins at `start`, and where the body after it begins; LF line ends."""
    found = _EMPTY_LINE.search(raw, start - 1 if start else 0, end)  # the block may be empty
    if found is None:
        stop = body = end
    else:
        stop, body = found.span()
    return raw[start : stop if stop - start <= limits.HEADER_BLOCK else start + limits.HEADER_BLOCK], body


def read_part(raw: bytes, start: int, end: int, default_type: str = "text/plain") -> Part:
    """The part whose header block begins at `start`."""
    block, body = read_block(raw, start, end)
    return Part(raw, read_head(block), body, end, default_type)


def walk(raw: bytes, top: Part, exceeded: list[str]) -> list[Part]:
    """The parts that are no multipart, in their order; the names of caps that stopped the walk go to `exceeded`."""
    if not top.head.is_multipart:
        return [top]
    leaves: list[Part] = []
    stack = [(top, iter(_children(raw, top)))]
    seen = 0
    while stack:
        parent, spans = stack[-1]
        default = "message/rfc822" if parent.type == "multipart/digest" else "text/plain"
        for start, end in spans:
            seen += 1
            if seen > limits.PARTS:
                exceeded.append("parts")
                return leaves
            part = read_part(raw, start, end, default)
            if not part.head.is_multipart:
                leaves.append(part)
            elif len(stack) < limits.DEPTH:
                stack.append((part, iter(_children(raw, part))))
                break
            else:
                exceeded.append("depth")
        else:
            stack.pop()
    return leaves


def _children(raw: bytes, parent: Part) -> list[tuple[int, int]]:
    """Where the parts of a multipart begin and end."""
    boundary = _read_boundary(parent.head.content_type)
    return split_at(raw, boundary.encode("utf-8", "replace"), parent.start, parent.end) if boundary else []


def _read_boundary(content_type: str) -> str:
    """The boundary that a Content-Type declares, or empty."""
    before, quote, value = content_type.partition('boundary="')
    if quote and '"' in value and "oundary" not in before.lower():  # as nearly everybody writes it, without a pattern
        return value.partition('"')[0].rstrip()
    found = _BOUNDARY.search(content_type) if "=" in content_type else None
    return (found[1] or found[2] or "").rstrip() if found else ""


def split_at(raw: bytes, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Where the parts between the delimiter lines `--boundary` begin and end (RFC 2046, section 5.1.1).

    A closing delimiter that is missing is the end of the enclosing part. One part more is found than `limits.PARTS`
    allows, so that it is seen that they are too many.
    """
    delimiter = b"\n--" + boundary
    length = len(delimiter)
    spans: list[tuple[int, int]] = []
    begin = -1
    alike = 0
    at = raw.find(delimiter, start - 1 if start else 0, end)
    while at >= 0:
        line_end = at + length
        if line_end < end and raw[line_end] == _LINE_FEED:  # as mostly
            if begin >= 0:
                spans.append((begin, at if at > begin else begin))
                if len(spans) > limits.PARTS:
                    return spans
            begin = line_end + 1
            at = raw.find(delimiter, line_end, end)
            continue
        line_end = raw.find(b"\n", line_end, end)
        if line_end < 0:
            line_end = end
        rest = raw[at + length : line_end].rstrip()
        if not rest or rest == b"--":  # anything else belongs to a longer boundary that begins alike
            if begin >= 0:
                spans.append((begin, at if at > begin else begin))
            if rest or len(spans) > limits.PARTS:
                return spans
            begin = line_end + 1 if line_end < end else end
        else:
            alike += 1
        at = raw.find(delimiter, line_end, end) if alike < _ALIKE else _search(raw, delimiter, line_end, end)
    if begin >= 0:
        spans.append((begin, end))
    return spans


def _search(raw: bytes, delimiter: bytes, start: int, end: int) -> int:
    """Where the next delimiter line is, past however many that only begin alike (T-06); else -1."""
    found = re.compile(re.escape(delimiter) + rb"(?:--)?[ \t\r\x0b\x0c]*+(?:\n|\Z)").search(raw, start, end)
    return found.start() if found else -1
