"""When was each mailbox read, and what kept us from it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, select, update

from bounce_plugin.ledger.addresses import hide, reveal_all
from bounce_plugin.ledger.schema import polls as polls_table
from bounce_plugin.ledger.transaction import IfAbsent, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """How reading a mailbox goes."""

    mailbox: str
    tried_at: datetime
    read_at: datetime | None = None  # when all that was in it had been looked at; None: never
    lag_seconds: float | None = None  # of the mails that came last, how long one waited until it was recorded, at most
    stuck: int = 0  # mails that could not be recorded when it was last read
    failures: int = 0  # tries in a row that failed
    error: str = ""  # what the last of them said; empty: it went well


_THIS = (polls_table.c.tenant == bindparam("of_tenant"), polls_table.c.mailbox == bindparam("of_mailbox"))

#: A mailbox that was never read.
ADD_POLL = IfAbsent(polls_table)

#: A mailbox was read. The lag of earlier mails stands where none came.
NOTE_READ = (
    update(polls_table)
    .where(*_THIS)
    .values(
        tried_at=bindparam("now"),
        read_at=bindparam("now"),
        lag_seconds=case((bindparam("came"), bindparam("new_lag")), else_=polls_table.c.lag_seconds),
        stuck=bindparam("new_stuck"),
        failures=0,
        error="",
    )
)

#: A mailbox could not be read.
NOTE_FAILURE = (
    update(polls_table)
    .where(*_THIS)
    .values(tried_at=bindparam("now"), failures=polls_table.c.failures + 1, error=bindparam("new_error"))
)

#: How reading goes, mailbox by mailbox.
POLLS = select(polls_table).where(polls_table.c.tenant == bindparam("tenant")).order_by(polls_table.c.mailbox)


def note_read(tx: Transaction, mailbox: str, now: datetime, *, lag_seconds: float | None, stuck: int) -> None:
    """A mailbox was read to its end. `lag_seconds` is None where no mail came."""
    _add(tx, mailbox, now)
    new = {"now": now, "came": lag_seconds is not None, "new_lag": lag_seconds, "new_stuck": stuck}
    tx.connection.execute(NOTE_READ, {"of_tenant": tx.tenant, "of_mailbox": mailbox, **new})


def note_failure(tx: Transaction, mailbox: str, now: datetime, *, error: str) -> None:
    """A mailbox could not be read, or not to its end."""
    _add(tx, mailbox, now)
    new = {"now": now, "new_error": hide(tx, error)}
    tx.connection.execute(NOTE_FAILURE, {"of_tenant": tx.tenant, "of_mailbox": mailbox, **new})


def polls(tx: Transaction) -> tuple[Poll, ...]:
    """How reading goes, of every mailbox that was ever tried."""
    rows = tx.connection.execute(POLLS, {"tenant": tx.tenant}).all()
    errors = reveal_all(tx, [row.error for row in rows])
    return tuple(
        Poll(
            mailbox=row.mailbox,
            tried_at=row.tried_at,
            read_at=row.read_at,
            lag_seconds=row.lag_seconds,
            stuck=row.stuck,
            failures=row.failures,
            error=error,
        )
        for row, error in zip(rows, errors, strict=True)
    )


def _add(tx: Transaction, mailbox: str, now: datetime) -> None:
    first: dict[str, Any] = {
        "tried_at": now,
        "read_at": None,
        "lag_seconds": None,
        "stuck": 0,
        "failures": 0,
        "error": "",
    }
    tx.connection.execute(ADD_POLL.on(tx.connection), {"tenant": tx.tenant, "mailbox": mailbox, **first})
