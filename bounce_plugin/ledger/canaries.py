"""Which canaries were sent, and which of them were reported?

A canary is a mail to a dead address. It is written down before it is sent, and is awaited once a mail server has taken
it: one whose sending was refused, or cut short by a crash, is never overdue, and is known all the same if its report
comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, exists, insert, select, update

from bounce_plugin.ledger.addresses import remember
from bounce_plugin.ledger.schema import canaries
from bounce_plugin.ledger.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A mail that we sent to a dead address."""

    token: str
    fingerprint: str  # of the dead address
    sent_at: datetime
    due_at: datetime | None  # when its report must have come; None: no mail server has taken it, as far as we know
    missed_at: datetime | None = None  # when it was found that it had not come
    came_at: datetime | None = None  # when its report was recorded
    mail_id: int = 0  # the report; 0: none yet

    @property
    def took(self) -> timedelta | None:
        """How long its report took; None: it has not come."""
        if self.came_at is None:
            return None
        return max(self.came_at - self.sent_at, timedelta())  # another computer's clock may be behind

    @property
    def late(self) -> bool:
        """Whether its report came after it was due."""
        return self.came_at is not None and self.due_at is not None and self.came_at > self.due_at


#: A canary that is about to be sent.
ADD_CANARY = insert(canaries)

_CANARY = select(canaries).where(canaries.c.tenant == bindparam("tenant"))
_AWAITED = (canaries.c.due_at.is_not(None), canaries.c.came_at.is_(None))
_OF_TOKEN = (canaries.c.tenant == bindparam("of_tenant"), canaries.c.token == bindparam("of_token"))

#: One canary by its token.
BY_TOKEN = _CANARY.where(canaries.c.token == bindparam("token"))

#: The canary that a report is about which names an address alone: the one that is awaited longest, or else, if all that
#: are awaited were given up already, the last of those.
BY_ADDRESS = (
    _CANARY.where(canaries.c.fingerprint == bindparam("fingerprint"), *_AWAITED)
    .order_by(canaries.c.missed_at.is_not(None), canaries.c.missed_at.desc(), canaries.c.sent_at, canaries.c.token)
    .limit(1)
)

#: A mail server has taken a canary: from now on its report is awaited.
AWAIT = update(canaries).where(*_OF_TOKEN).values(due_at=bindparam("new_due_at"))

#: The report of a canary has come. Which was the first stays so.
COME = (
    update(canaries)
    .where(*_OF_TOKEN, canaries.c.came_at.is_(None))
    .values(came_at=bindparam("new_came_at"), mail_id=bindparam("new_mail_id"))
)

#: The canaries that are overdue, and of which nobody has been told, oldest first.
UNTOLD = _CANARY.where(
    canaries.c.due_at < bindparam("now"), canaries.c.came_at.is_(None), canaries.c.missed_at.is_(None)
).order_by(canaries.c.due_at, canaries.c.token)

#: It was found that the report of a canary has not come in time.
MISS = update(canaries).where(*_OF_TOKEN).values(missed_at=bindparam("new_missed_at"))

_later = canaries.alias("later")

#: The canaries that are overdue, and no later one has come either, oldest first: since the first of them reports are missing.
OVERDUE = _CANARY.where(
    *_AWAITED,
    canaries.c.due_at < bindparam("now"),
    ~exists().where(
        _later.c.tenant == canaries.c.tenant,
        _later.c.sent_at > canaries.c.sent_at,
        _later.c.came_at.is_not(None),
    ),
).order_by(canaries.c.sent_at, canaries.c.token)

#: The last canaries that a mail server has taken, newest first.
LATEST = (
    _CANARY.where(canaries.c.due_at.is_not(None))
    .order_by(canaries.c.sent_at.desc(), canaries.c.token)
    .limit(bindparam("limit"))
)

#: The last canary that was reported.
LAST_THAT_CAME = (
    _CANARY.where(canaries.c.came_at.is_not(None)).order_by(canaries.c.came_at.desc(), canaries.c.token).limit(1)
)


def write_down(tx: Transaction, token: str, address: str, now: datetime) -> Canary:
    """Record a canary that is about to be sent. It is not awaited yet."""
    canary = Canary(token=token, fingerprint=remember(tx, address), sent_at=now, due_at=None)
    row = {"tenant": tx.tenant, "token": token, "fingerprint": canary.fingerprint, "sent_at": now}
    tx.connection.execute(ADD_CANARY, row)
    return canary


def await_report(tx: Transaction, canary: Canary, due_at: datetime) -> Canary:
    """A mail server has taken it: its report must have come by `due_at`."""
    where = {"of_tenant": tx.tenant, "of_token": canary.token}
    tx.connection.execute(AWAIT, {**where, "new_due_at": due_at})
    return replace(canary, due_at=due_at)


def by_token(tx: Transaction, token: str) -> Canary | None:
    """The canary of that token, if this tenant has sent it."""
    row = tx.connection.execute(BY_TOKEN, {"tenant": tx.tenant, "token": token}).one_or_none()
    return None if row is None else _canary(row)


def by_address(tx: Transaction, fingerprint: str) -> Canary | None:
    """The canary that a report is about which names nothing but the dead address; None: none is awaited."""
    row = tx.connection.execute(BY_ADDRESS, {"tenant": tx.tenant, "fingerprint": fingerprint}).one_or_none()
    return None if row is None else _canary(row)


def come(tx: Transaction, canary: Canary, *, mail_id: int, now: datetime) -> Canary | None:
    """The mail is the canary's report; None: that one came before."""
    new = {"new_came_at": now, "new_mail_id": mail_id}
    where = {"of_tenant": tx.tenant, "of_token": canary.token}
    if not tx.connection.execute(COME, {**where, **new}).rowcount:
        return None
    return replace(canary, came_at=now, mail_id=mail_id)


def is_any_missing(tx: Transaction, now: datetime) -> bool:
    """Whether `miss` would find one."""
    return tx.connection.execute(UNTOLD.limit(1), {"tenant": tx.tenant, "now": now}).first() is not None


def miss(tx: Transaction, now: datetime) -> tuple[Canary, ...]:
    """The canaries that are found overdue now, oldest first; each is found once."""
    rows = tx.connection.execute(UNTOLD, {"tenant": tx.tenant, "now": now}).all()
    for row in rows:
        tx.connection.execute(MISS, {"of_tenant": tx.tenant, "of_token": row.token, "new_missed_at": now})
    return tuple(replace(_canary(row), missed_at=now) for row in rows)


def overdue(tx: Transaction, now: datetime) -> tuple[Canary, ...]:
    """The canaries whose reports are missing since one came last, oldest first, whether somebody was told or not."""
    return tuple(map(_canary, tx.connection.execute(OVERDUE, {"tenant": tx.tenant, "now": now}).all()))


def latest(tx: Transaction, limit: int = 1) -> tuple[Canary, ...]:
    """The canaries that were sent last, newest first."""
    return tuple(map(_canary, tx.connection.execute(LATEST, {"tenant": tx.tenant, "limit": limit}).all()))


def last_that_came(tx: Transaction) -> Canary | None:
    """The canary whose report came last; None: none ever did."""
    row = tx.connection.execute(LAST_THAT_CAME, {"tenant": tx.tenant}).one_or_none()
    return None if row is None else _canary(row)


def _canary(row: Row[*tuple[Any, ...]]) -> Canary:
    return Canary(
        token=row.token,
        fingerprint=row.fingerprint,
        sent_at=row.sent_at,
        due_at=row.due_at,
        missed_at=row.missed_at,
        came_at=row.came_at,
        mail_id=row.mail_id or 0,
    )
