"""When did our mailbox take in a mail, where the server does not say? By its topmost Received field (RFC 5321, 4.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bounce_plugin.message import limits
from bounce_plugin.message.headers import Headers


def received_at(raw: bytes, now: datetime) -> datetime:
    """When the last server took it in, UTC; `now` where that is not told, not understood or still to come.

    The topmost field is our own server's: those below are what others claim.
    """
    block = raw[: limits.HEADER_BLOCK].replace(b"\r\n", b"\n")
    block = b"" if block.startswith(b"\n") else block.partition(b"\n\n")[0]
    try:
        told = parsedate_to_datetime(Headers.read(block).get("Received").rpartition(";")[2].strip())
        told = told.astimezone(UTC) if told.tzinfo else now
    except (ValueError, TypeError, IndexError, OverflowError):  # what the standard library raises at nonsense
        return now
    return min(told, now)
