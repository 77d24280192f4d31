"""What did the server answer to FETCH? Octets exactly, and nothing that was not asked for (RFC 9051, section 7.5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bounce_plugin.errors import MailboxError

FACTS: Final = "(UID RFC822.SIZE INTERNALDATE)"
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,19})\b")
_DATE: Final = re.compile(rb'\bINTERNALDATE "([ \d]\d-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4})"')
_LITERAL: Final = re.compile(rb"BODY\[\](?:<\d+>)? ~?\{(\d+)\}$")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
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
    for line in answer:
        if not isinstance(line, bytes):
            continue
        uid, size, date = _UID.search(line), _SIZE.search(line), _DATE.search(line)
        if uid and size and date and int(uid[1]) in expected:
            found[int(uid[1])] = Facts(uid=int(uid[1]), size=int(size[1]), received_at=_read_date(date[1]))
    return found


def read_bodies(answer: Answer, wanted: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """The octets of each wanted mail, once. Raises MailboxError where a literal is not as long as it was announced.

    A `NIL` body is nothing that we know of that mail: it is left out, as an expunged one is.
    """
    missing = set(wanted)
    for index, item in enumerate(answer):
        if isinstance(item, tuple):
            literal = _LITERAL.search(item[0])
            if literal is None:
                continue
            if int(literal[1]) != len(item[1]):
                raise MailboxError(f"the server announced {int(literal[1])} octets and sent {len(item[1])}")
            following = answer[index + 1] if index + 1 < len(answer) else None
            # The UID comes before the octets or after them.
            uid = _UID.search(item[0]) or (_UID.search(following) if isinstance(following, bytes) else None)
            raw = item[1]
        elif isinstance(item, bytes) and (quoted := _QUOTED.search(item)):
            uid, raw = _UID.search(item[: quoted.start()] + item[quoted.end() :]), re.sub(rb"\\(.)", rb"\1", quoted[1])
        else:
            continue
        if uid and int(uid[1]) in missing:
            missing.discard(int(uid[1]))
            yield int(uid[1]), raw


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
    day, month, rest = text.decode().strip().split("-", 2)
    try:
        # By number: `strptime` wants a month's name in the language of the process.
        number = _MONTHS.index(month.lower()) + 1
        return datetime.strptime(f"{day}-{number}-{rest}", "%d-%m-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MailboxError(f"the server gives an impossible INTERNALDATE: {text.decode()}") from error
