"""Where does the returned message begin, and what do its headers say? RFC 6522, section 3, and text formats (T1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bounce_plugin.message import limits
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.part import Part
from bounce_plugin.message.quick import quick
from bounce_plugin.message.scan import read_block

RETURNED_TYPES: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers",
     "message/global", "message/global-headers", "message/partial", "text/rfc822"}
)  # fmt: skip

_HEADER: Final = r"[ \t>|]*[A-Za-z][A-Za-z0-9-]{1,50}[ \t]*:(?!//)|[ \t>|]*>?From \S+ +\w{3} "
_HEADER_LINE: Final = re.compile(_HEADER)
_LATER_HEADER_LINE: Final = re.compile(rf"\n(?:{_HEADER})")


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedMessage:
    """The headers of the message that came back (RFC 6522, section 3, part 3). Its body is never read (T1)."""

    headers: Headers


def read_returned(part: Part) -> ReturnedMessage:
    """The headers of the message in a part; its body is not looked at."""
    octets, start, end = part.encoded_or_decoded()
    while start < end and octets.startswith(b"\n", start):
        start += 1
    if octets.startswith((b"From ", b">From "), start):
        start = octets.find(b"\n", start, end) + 1 or end
    block, _ = read_block(octets, start, end)
    return ReturnedMessage(headers=Headers.read(block))


# What the text formats write above the copy, in lower case; only punctuation may stand before it on its line.
_MARKERS: Final = (
    "below this line is a copy of",  # qmail and its clones
    "this is a copy of the message",  # Exim: "… including all the headers", "… message's headers"
    "this is a copy of your message",
    "the header of the original message",  # GMX, 1&1
    "below is a copy of the original message",  # OpenSMTPD
    "original message follows",  # Unisys, InterScan, MailMarshal
    "unsent message follows",  # sendmail 5 and 8
    "unsent message below",
    "message header follows",
    "message headers follow",
    "returned message follows",
    "original message -",  # Gmail, sendmail
    "original message header",  # Exchange, Notes
    "original mail as follows",
    "bounced e-mail:",
    "your original message is included below",
    "the original message is included below",
    "text of message follows",
    "start of returned message",
    "returned message -",
    "returned mail follows",
    "received message follows",
    "undelivered message follows",
    "message contents follow",
    "message text follows",
    "rejected message",  # "------ rejected message"
)
# Header fields that hardly anybody but a mail server writes, in lower case: where a line begins so, a message begins.
_FIELDS: Final = (
    "return-path:", "received: from", "received: by", "received: (", "received:\tfrom", "received:from", "x-original-to:", "delivered-to:",
    "dkim-signature:",
)  # fmt: skip
# And those that some reports quote, indented, to say which message they are about.
_UNINDENTED_FIELDS: Final = ("message-id:", "mime-version: 1", "content-type: text/", "content-type: multipart/")


def _any_of(names: Iterable[str]) -> str:
    """A pattern of any of these names that decides by their first letter, as most lines begin with none of them."""
    by_letter: dict[str, list[str]] = {}
    for name in names:
        by_letter.setdefault(name[0], []).append(re.escape(name[1:]))
    return "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())


_LINE: Final = rf"([^a-z0-9\n]*+)({_any_of((*_MARKERS, *_FIELDS, *_UNINDENTED_FIELDS))})"
_FIRST_LINE: Final = re.compile(_LINE)
_OTHER_LINE: Final = re.compile("\n" + _LINE)  # the line feed in front lets the engine run from line to line
_INDENTS: Final = dict.fromkeys(_FIELDS, " \t>|") | dict.fromkeys(_UNINDENTED_FIELDS, "")


def find_returned(text: str, lower: str) -> int:
    """Where in a text the returned message, or the words above it, begins; the length of the text if nowhere."""
    end = len(text)
    found = _FIRST_LINE.match(lower) or _OTHER_LINE.search(lower, 0, end)
    while found:
        before, name = found.groups()
        indent = _INDENTS.get(name)
        if indent is None:
            if not any(map(str.isalnum, before)):
                return found.start(1)
        elif not before.strip(indent):
            return _top_of_block(text, found.start(1))
        found = _OTHER_LINE.search(lower, found.end(), end)
    return end


def _top_of_block(text: str, at: int) -> int:
    """The first of the header lines that stand directly above a header line."""
    while at > 0:
        above = text.rfind("\n", 0, at - 1) + 1
        if not _HEADER_LINE.match(text, above, at):
            return at
        at = above
    return at


def read_returned_text(text: str, at: int) -> ReturnedMessage | None:
    """The headers of the message whose copy begins in a text at `at`; None if no header lines follow there."""
    rest = text[at : at + limits.HEADER_BLOCK]
    if not _HEADER_LINE.match(rest) and not _LATER_HEADER_LINE.search(rest):
        return None
    return ReturnedMessage(
        headers=Headers.read(partial(_read_block, rest)),  # its lines are looked at when somebody asks for a field
    )


def _read_block(rest: str) -> bytes:
    """The first header lines in a text, with what indents them all taken away."""
    lines: list[str] = []
    indent = ""
    for line in rest.split("\n"):
        if lines and line.startswith(indent):
            line = line[len(indent) :]
        if _HEADER_LINE.match(line):
            if not lines:
                indent = line[: len(line) - len(line.lstrip(" \t>|"))]
                line = line[len(indent) :]
            lines.append(line)
        elif lines and line[:1] in (" ", "\t") and line.strip():
            lines.append(line)
        elif lines:
            break
    return "\n".join(lines).encode("utf-8", "replace")
