"""Where does one mail of an mbox end and the next begin? (RFC 4155, and the mboxrd quoting)"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from typing import BinaryIO, Final

from bounce_plugin.message import limits

_READ: Final = 64 * 1024  # octets at most of one line at a time
# "From sender Thu Jan  1 00:00:00 1970", perhaps with a zone before or after the year; some write no seconds
_FROM_LINE: Final = re.compile(
    rb"From (?:[^\r\n]{0,400} )?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [ 0-9A-Za-z]{3,12} \d\d?:\d\d[^\r\n]{0,40}\r?\n"
)
_DATE: Final = re.compile(rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [ 0-9A-Za-z]{3,12} \d\d?:\d\d[^\r\n]{0,40}")
_FROM_LINE_LENGTH: Final = 500
_QUOTED: Final = re.compile(rb">+From ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One mail of an mbox."""

    start: int  # where its From_ line begins, in octets from the beginning of the file
    end: int  # where the next one's begins
    from_line: bytes  # as it stands; b"" where the file begins without one
    raw: bytes  # without its From_ line, the quoting and the blank line that follows; at most `keep` octets
    size: int  # octets of the whole mail
    sha256: str  # of the whole mail


def received_at(from_line: bytes) -> datetime | None:
    """When the program that delivered the mail says that it did, UTC where it names no zone (RFC 4155, appendix A)."""
    found = _DATE.search(from_line[:_FROM_LINE_LENGTH])
    parsed = parsedate_tz(found[0].decode("ascii", "replace")) if found else None
    if parsed is None:
        return None
    try:
        return datetime(*parsed[:6], tzinfo=timezone(timedelta(seconds=parsed[9] or 0))).astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February
        return None


def split_mbox(file: BinaryIO, *, keep: int = limits.MESSAGE) -> Iterator[Stored]:
    """The mails of an mbox, read once from the file's present position, which may be a pipe's.

    A From_ line begins a mail at the beginning and after a blank line, if it has the shape of one; a sentence that
    begins with "From" does not. `>From ` loses one `>`. Memory is bounded by `keep`, whatever the lines' length.
    """
    mail: _Growing | None = None
    position, at_line_start, after_blank = 0, True, True
    while line := file.readline(_READ):
        if at_line_start and after_blank and (mail is None or _FROM_LINE.fullmatch(line)):
            if mail is not None:
                yield mail.finish(position)
            mail = _Growing(position, keep, line)
        elif mail is not None:
            mail.add(line, at_line_start=at_line_start)
        position += len(line)
        after_blank = at_line_start and line in (b"\n", b"\r\n")
        at_line_start = line.endswith(b"\n")
    if mail is not None:
        yield mail.finish(position)


class _Growing:
    """A mail whose end has not been seen yet."""

    def __init__(self, start: int, keep: int, first_line: bytes) -> None:
        self._start, self._keep = start, keep
        self._head = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()
        self._pending = b""  # a blank line: perhaps the one that ends the mail
        self._from_line = first_line if first_line.startswith(b"From ") else b""
        if not self._from_line:
            self.add(first_line, at_line_start=True)

    def add(self, line: bytes, *, at_line_start: bool) -> None:
        self._take(self._pending)
        self._pending = b""
        if at_line_start and line in (b"\n", b"\r\n"):
            self._pending = line
        elif at_line_start and _QUOTED.match(line):
            self._take(line[1:])
        else:
            self._take(line)

    def finish(self, end: int) -> Stored:
        return Stored(
            start=self._start,
            end=end,
            from_line=self._from_line,
            raw=bytes(self._head),
            size=self._size,
            sha256=self._digest.hexdigest(),
        )

    def _take(self, octets: bytes) -> None:
        self._size += len(octets)
        self._digest.update(octets)
        if len(self._head) < self._keep:
            self._head += octets[: self._keep - len(self._head)]
