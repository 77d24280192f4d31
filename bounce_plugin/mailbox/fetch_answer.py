"""What did the server answer to FETCH? Octets exactly, and nothing that was not asked for (RFC 9051, section 7.5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from bounce_plugin.errors import MailboxError

FACTS: Final = "UID RFC822.SIZE INTERNALDATE"
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,19})\b")
_DATE: Final = re.compile(rb'\bINTERNALDATE "([ \d]\d-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4})"')
_LITERAL: Final = re.compile(rb"BODY\[\](?:<\d+>)? ~?\{(\d+)\}$")
_MONTHS: Final = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_QUOTED: Final = re.compile(rb'BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')

Answer = Sequence[bytes | tuple[bytes, bytes] | None]  # as imaplib gives it: literals as pairs, what follows by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a server says of a mail before it is fetched."""

    uid: int
    size: int  # octets; servers err here
    received_at: datetime  # UTC


def read_facts(answer: Answer, wanted: Iterable[int]) -> dict[int, Facts]:
    """The facts by UID. Items that lack one, or are about other mails, are news of flags that others changed."""
    expected, found = set(wanted), dict[int, Facts]()
    for said, _octets in _items(answer):
        uid, size, date = _UID.search(said), _SIZE.search(said), _DATE.search(said)
        if uid and size and date and int(uid[1]) in expected:
            found[int(uid[1])] = Facts(uid=int(uid[1]), size=int(size[1]), received_at=_read_date(date[1]))
    return found


def read_bodies(answer: Answer, wanted: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """The octets of each wanted mail, once. Raises MailboxError where a literal is not as long as it was announced.

    A `NIL` body is nothing that we know of that mail: it is left out, as an expunged one is.
    """
    missing = set(wanted)
    for said, octets in _items(answer):
        uid = _UID.search(said)
        if octets is not None and uid and int(uid[1]) in missing:
            missing.discard(int(uid[1]))
            yield int(uid[1]), octets


def _items(answer: Answer) -> Iterator[tuple[bytes, bytes | None]]:
    """What is said of each mail, without the octets of its body; and these, if they came along."""
    for index, item in enumerate(answer):
        if isinstance(item, tuple):
            literal = _LITERAL.search(item[0])
            if literal is None:
                continue
            if int(literal[1]) != len(item[1]):
                raise MailboxError(f"the server announced {int(literal[1])} octets and sent {len(item[1])}")
            following = answer[index + 1] if index + 1 < len(answer) else None
            # What is said comes before the octets or after them.
            yield item[0] + b" " + following if isinstance(following, bytes) else item[0], item[1]
        elif isinstance(item, bytes) and (quoted := _QUOTED.search(item)):
            yield item[: quoted.start()] + item[quoted.end() :], re.sub(rb"\\(.)", rb"\1", quoted[1])
        elif isinstance(item, bytes):
            yield item, None


def in_groups(facts: Sequence[Facts], together: int) -> Iterator[list[Facts]]:
    """Mails that are fetched together: a few large ones, or many small ones; one over the cap alone."""
    group: list[Facts] = []
    total = 0
    for fact in facts:
        if group and total + fact.size > together:
            yield group
            group, total = [], 0
        group.append(fact)
        total += fact.size
    if group:
        yield group


def compact(uids: Iterable[int]) -> str:
    """A sequence set: `1:3,7`."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def expand(uid_set: str) -> list[int]:
    """The UIDs of a sequence set in the order in which it names them (RFC 4315, section 3: COPYUID)."""
    uids: list[int] = []
    for run in uid_set.split(","):
        first, _, last = run.partition(":")
        low, high = int(first), int(last or first)
        if abs(high - low) > 1_000_000:
            raise ValueError(f"a set of {abs(high - low)} UIDs")
        uids.extend(range(low, high + 1) if low <= high else range(low, high - 1, -1))
    return uids


def _read_date(text: bytes) -> datetime:
    """The date in the one layout that there is: `strptime` is slow, and wants a month's name in the process's language."""
    try:
        month = _MONTHS.index(text[3:6].lower()) + 1
        zone = timedelta(hours=int(text[22:24]), minutes=int(text[24:26]))
        at = datetime(
            int(text[7:11]), month, int(text[:2]), int(text[12:14]), int(text[15:17]), int(text[18:20]),
            tzinfo=timezone(-zone if text[21:22] == b"-" else zone),
        )  # fmt: skip
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MailboxError(f"the server gives an impossible INTERNALDATE: {text.decode()}") from error
