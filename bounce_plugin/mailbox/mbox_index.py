"""Where in an mbox does each mail stand, and by which UID is it known?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bounce_plugin.mailbox.from_lines import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    uid: str  # SHA-256 of the mail, and which of the same mails it is
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What a file held when it was as `state` says."""

    state: tuple[int, int, int]
    entries: Mapping[str, Entry]  # in the order of the file


def number(mails: Iterable[Stored]) -> dict[str, Entry]:
    same: Counter[str] = Counter()
    entries: dict[str, Entry] = {}
    for mail in mails:
        same[mail.sha256] += 1
        uid = f"{mail.sha256}-{same[mail.sha256]}"
        entries[uid] = Entry(uid=uid, start=mail.start, end=mail.end)
    return entries


def state_of(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
