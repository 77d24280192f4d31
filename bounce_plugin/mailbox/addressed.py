"""Which mails of an IMAP folder are addressed to something with certain words? The server knows (RFC 9051, section 6.4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final

from bounce_plugin.mailbox.session import Session

#: The fields in which mail servers put whom a mail was delivered to.
_FIELDS: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "X-Rcpt-To")


def find_addressed(session: Session, uid_set: str, words: Sequence[str]) -> list[int]:
    """The UIDs of those mails of the selected folder in one of whose address fields all these words stand."""
    quoted = [f'"{word}"' for word in words]  # neither a prefix nor a domain may have a quote, or a backslash
    fields = ("(" + " ".join(f"HEADER {name} {word}" for word in quoted) + ")" for name in _FIELDS)
    status, answer = session.command("SEARCH", "UID", uid_set, reduce(lambda one, other: f"OR {one} {other}", fields))
    if status != "OK":
        raise session.refuse("UID SEARCH", answer)
    return sorted(int(uid) for item in answer if isinstance(item, bytes) for uid in item.split())
