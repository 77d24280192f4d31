"""How often was a mail tried without being recorded? Counted before it is fetched: what kills us leaves its count.

A mail that is recorded, or that we never got to, has no row here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from bounce_plugin.ledger.schema import attempts
from bounce_plugin.ledger.transaction import InPlace, Transaction

#: One more try of a mail, be it the first.
COUNT_ATTEMPT = InPlace(attempts, change=lambda new: {"times": attempts.c.times + 1, "last_at": new.last_at})

_CHUNK: Final = 500  # SQLite allows 999 variables in old builds

_MINE = (
    attempts.c.tenant == bindparam("of_tenant"),
    attempts.c.mailbox == bindparam("of_mailbox"),
    attempts.c.uidvalidity == bindparam("of_uidvalidity"),
)

#: One try less: the mail was never got to.
UNCOUNT_ATTEMPT = (
    update(attempts).where(*_MINE, attempts.c.uid == bindparam("of_uid")).values(times=attempts.c.times - 1)
)

#: No try is left of those that were taken back.
FORGET_UNCOUNTED = delete(attempts).where(*_MINE, attempts.c.times <= 0)

#: These mails are recorded, or gone.
END_ATTEMPTS = delete(attempts).where(*_MINE, attempts.c.uid.in_(bindparam("uids", expanding=True)))

#: How often each mail was tried.
TRIED = select(attempts.c.uid, attempts.c.times).where(*_MINE)


def begin_attempts(tx: Transaction, mailbox: str, uidvalidity: str, uids: Iterable[str], now: datetime) -> None:
    """Count one more try of each of these mails of the inbox."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "uidvalidity": uidvalidity}
    rows = [{**where, "uid": uid, "times": 1, "last_at": now} for uid in uids]
    if rows:
        tx.put_spelt(COUNT_ATTEMPT, *rows)


def take_back_attempts(tx: Transaction, mailbox: str, uidvalidity: str, uids: Iterable[str]) -> None:
    """These mails were begun, and it is no fault of theirs that they were not got to."""
    rows = [_row(tx, mailbox, uidvalidity, uid) for uid in uids]
    if rows:
        tx.connection.execute(UNCOUNT_ATTEMPT, rows)
        tx.connection.execute(FORGET_UNCOUNTED, _of(tx, mailbox, uidvalidity))


def end_attempts(tx: Transaction, mailbox: str, uidvalidity: str, uids: Iterable[str]) -> None:
    """These mails are recorded, or gone: nothing is to be remembered of their tries."""
    ended = list(uids)
    for start in range(0, len(ended), _CHUNK):
        where = {**_of(tx, mailbox, uidvalidity), "uids": ended[start : start + _CHUNK]}
        tx.connection.execute(END_ATTEMPTS, where)


def tried(tx: Transaction, mailbox: str, uidvalidity: str) -> Mapping[str, int]:
    """How often each mail of the inbox was tried that is not recorded yet, by its UID."""
    return {row.uid: row.times for row in tx.connection.execute(TRIED, _of(tx, mailbox, uidvalidity))}


def _of(tx: Transaction, mailbox: str, uidvalidity: str) -> dict[str, object]:
    return {"of_tenant": tx.tenant, "of_mailbox": mailbox, "of_uidvalidity": uidvalidity}


def _row(tx: Transaction, mailbox: str, uidvalidity: str, uid: str) -> dict[str, object]:
    return {**_of(tx, mailbox, uidvalidity), "of_uid": uid}
