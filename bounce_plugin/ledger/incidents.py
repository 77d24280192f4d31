"""What trouble should the operator know of, and was he told already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from bounce_plugin.ledger.addresses import hide_all, reveal_all
from bounce_plugin.ledger.columns import bounded
from bounce_plugin.ledger.schema import incidents as incidents_table
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.outcome import Incident

QUIET = timedelta(days=1)  # the same trouble is told no more often
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An incident, and whether the operator must be told of it now."""

    incident: Incident
    tell: bool


#: Trouble that was never there before.
ADD_INCIDENT = insert(incidents_table)

#: Trouble that is there again.
REPEAT_INCIDENT = (
    update(incidents_table)
    .where(incidents_table.c.tenant == bindparam("of_tenant"), incidents_table.c.key == bindparam("of_key"))
    .values(
        title=bindparam("new_title"),
        detail=bindparam("new_detail"),
        times=incidents_table.c.times + 1,
        last_at=bindparam("new_last_at"),
        announced_at=bindparam("new_announced_at"),
    )
)

#: It was there so many times more.
COUNT_UP = (
    update(incidents_table)
    .where(incidents_table.c.tenant == bindparam("of_tenant"), incidents_table.c.key == bindparam("of_key"))
    .values(times=incidents_table.c.times + bindparam("by"), last_at=bindparam("new_last_at"))
)

#: One incident by its key.
INCIDENT = select(incidents_table).where(
    incidents_table.c.tenant == bindparam("tenant"), incidents_table.c.key == bindparam("key")
)

#: The trouble since some time, newest first; without what is only counted so far.
INCIDENTS = (
    select(incidents_table)
    .where(
        incidents_table.c.tenant == bindparam("tenant"),
        incidents_table.c.last_at >= bindparam("since"),
        incidents_table.c.announced_at > bindparam("never"),
    )
    .order_by(incidents_table.c.last_at.desc(), incidents_table.c.key)
)


def raise_incident(tx: Transaction, *, key: str, title: str, detail: str, now: datetime, above: int = 0) -> Raised:
    """Record trouble. The same trouble has the same key: it is counted, and told once a day at most.

    With `above` it is only counted until it was there more often than that.
    """
    stored_key, hidden_title, hidden_detail = hide_all(tx, [bounded(key), title, detail])
    where = {"tenant": tx.tenant, "key": stored_key}
    before = tx.connection.execute(INCIDENT, where).one_or_none()
    if before is None:
        row = {"title": hidden_title, "detail": hidden_detail, "times": 1}
        tell = above == 0
        times = {"first_at": now, "last_at": now, "announced_at": now if tell else _FIRST_DAY}
        tx.connection.execute(ADD_INCIDENT, {**where, **row, **times})
    else:
        tell = before.times >= above and now - before.announced_at >= QUIET
        again = {
            "of_tenant": tx.tenant,
            "of_key": stored_key,
            "new_title": hidden_title,
            "new_detail": hidden_detail,
            "new_last_at": now,
            "new_announced_at": now if tell else before.announced_at,
        }
        tx.connection.execute(REPEAT_INCIDENT, again)
    return Raised(incident=_incidents(tx, tx.connection.execute(INCIDENT, where).all())[0], tell=tell)


def count_up(tx: Transaction, key: str, *, by: int, now: datetime) -> int:
    """Count what is no trouble by itself, and is told nobody; returns how often it was there before."""
    where = {"tenant": tx.tenant, "key": key}
    before = tx.connection.execute(INCIDENT, where).one_or_none()
    times = {"title": "", "detail": "", "first_at": now, "last_at": now, "announced_at": _FIRST_DAY}
    if before is None:
        tx.connection.execute(ADD_INCIDENT, {**where, **times, "times": by})
        return 0
    tx.connection.execute(COUNT_UP, {"of_tenant": tx.tenant, "of_key": key, "by": by, "new_last_at": now})
    times_before: int = before.times
    return times_before


def incidents(tx: Transaction, *, since: datetime = _FIRST_DAY) -> tuple[Incident, ...]:
    """The trouble that there was since some time, newest first."""
    return _incidents(
        tx, tx.connection.execute(INCIDENTS, {"tenant": tx.tenant, "since": since, "never": _FIRST_DAY}).all()
    )


def _incidents(tx: Transaction, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Incident, ...]:
    texts = iter(reveal_all(tx, [text for row in rows for text in (row.key, row.title, row.detail)]))
    return tuple(
        Incident(
            key=next(texts),
            title=next(texts),
            detail=next(texts),
            count=row.times,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in rows
    )
