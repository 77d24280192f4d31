"""Who must still be told what? One row for each announcement and plugin, told at least once and in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row, bindparam, delete, func, or_, select, update

from bounce_plugin.ledger.addresses import hide, remember, reveal_all
from bounce_plugin.ledger.columns import bounded
from bounce_plugin.ledger.parcel import Parcel
from bounce_plugin.ledger.schema import outbox
from bounce_plugin.ledger.transaction import IfAbsent, Transaction, keyed
from bounce_plugin.outcome import Incident, Lifted, RunSummary
from bounce_plugin.policy.rules import Decision

TRIES = 12
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(days=1)
_LONGEST_ERROR = 1000  # characters
_DIGITS = 8  # of a digest that tells two announcements of one moment apart
_CHUNK = 500  # SQLite allows 999 variables in old builds


class State(StrEnum):
    """How far an announcement to one plugin has come."""

    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What an announcement is about: by reference where the ledger holds it, as it was then where it does not."""

    event: str = ""  # BounceEvent.id
    fallback: str = ""  # Category.fallback
    decision: Decision | None = None
    again: str = ""  # why the same is told once more
    mail: int = 0  # MailOutcome.mail_id
    item: int = 0  # ReviewItem.id
    lifted: Lifted | None = None
    incident: Incident | None = None
    summary: RunSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One thing that one plugin must be told."""

    number: int
    id: str  # the same for every plugin that is told it
    hook: str
    plugin: str
    payload: Payload
    attempts: int  # that failed
    announced_at: datetime
    unreadable: str = ""  # why the payload cannot be read, and is empty


#: How a payload is written.
PAYLOAD: Parcel[Payload] = Parcel(TypeAdapter(Payload))

#: An announcement to a plugin, unless it was made before.
ADD_ANNOUNCEMENT = IfAbsent(outbox)

_earlier = outbox.alias("earlier")

#: What is due, oldest first: of the announcements to one plugin about one address only the first that waits.
DUE = (
    select(
        outbox.c.number,
        outbox.c.announcement,
        outbox.c.hook,
        outbox.c.plugin,
        outbox.c.payload,
        outbox.c.attempts,
        outbox.c.announced_at,
    )
    .where(
        outbox.c.tenant == bindparam("tenant"),
        outbox.c.state == State.WAITING,
        outbox.c.plugin.in_(bindparam("plugins", expanding=True)),
        outbox.c.next_at <= bindparam("now"),
        or_(
            outbox.c.fingerprint.is_(None),
            ~select(_earlier.c.number)
            .where(
                _earlier.c.tenant == outbox.c.tenant,
                _earlier.c.state == State.WAITING,
                _earlier.c.plugin == outbox.c.plugin,
                _earlier.c.fingerprint == outbox.c.fingerprint,
                _earlier.c.number < outbox.c.number,
            )
            .exists(),
        ),
    )
    .order_by(outbox.c.number)
    .limit(bindparam("limit"))
)

#: How an attempt to tell a plugin ended.
SETTLE = (
    update(outbox)
    .where(outbox.c.tenant == bindparam("of_tenant"), outbox.c.number == bindparam("of_number"))
    .where(outbox.c.state == State.WAITING)
    .values(
        state=bindparam("new_state"),
        attempts=outbox.c.attempts + 1,
        next_at=bindparam("new_next_at"),
        error=bindparam("new_error"),
    )
)

#: A plugin asked for more time: that is no failure.
POSTPONE = (
    update(outbox)
    .where(outbox.c.tenant == bindparam("of_tenant"), outbox.c.number == bindparam("of_number"))
    .where(outbox.c.state == State.WAITING)
    .values(next_at=bindparam("new_next_at"))
)

#: Nobody is told any more what nobody has begun to tell.
WITHDRAW = delete(outbox).where(
    outbox.c.tenant == bindparam("of_tenant"),
    outbox.c.announcement == bindparam("of_announcement"),
    outbox.c.state == State.WAITING,
    outbox.c.attempts == 0,
)

#: Whether an announcement still waits.
STILL = select(outbox.c.number).where(
    outbox.c.tenant == bindparam("tenant"), outbox.c.number == bindparam("number"), outbox.c.state == State.WAITING
)

#: When a plugin took an announcement of a hook last.
LAST_DONE = select(func.max(outbox.c.next_at)).where(
    outbox.c.tenant == bindparam("tenant"),
    outbox.c.state == State.DONE,
    outbox.c.plugin == bindparam("plugin"),
    outbox.c.hook == bindparam("hook"),
)

#: How many announcements wait.
WAITING = select(func.count()).where(outbox.c.tenant == bindparam("tenant"), outbox.c.state == State.WAITING)


def announce(
    tx: Transaction, hook: str, payload: Payload, plugins: Iterable[str], now: datetime, *, address: str = ""
) -> None:
    """Put down that these plugins must be told. Announcing the same thing again changes nothing.

    What is announced about one address reaches a plugin in the order of the calls.
    """
    listeners = tuple(plugins)
    if not listeners:
        return
    packed = PAYLOAD.pack(tx, payload)
    row = {
        "tenant": tx.tenant,
        "announcement": bounded(f"{hook}:{_subject(tx, payload, packed)}"),
        "hook": hook,
        "fingerprint": remember(tx, address) if address else None,
        "payload": packed,
        "state": State.WAITING,
        "attempts": 0,
        "announced_at": now,
        "next_at": now,
        "error": "",
    }
    tx.put_spelt(ADD_ANNOUNCEMENT, *({**row, "plugin": plugin} for plugin in listeners))


def withdraw(tx: Transaction, hook: str, events: Iterable[str]) -> None:
    """Announce no more what is about these events, as far as no plugin was told yet. It may be announced again."""
    rows = [{"of_tenant": tx.tenant, "of_announcement": f"{hook}:{event}"} for event in sorted(events)]
    if rows:
        tx.connection.execute(WITHDRAW, rows)


def still_waits(tx: Transaction, announcement: Announcement) -> bool:
    """Whether an announcement that was due has not been withdrawn in the meantime."""
    return tx.connection.scalar(STILL, {"tenant": tx.tenant, "number": announcement.number}) is not None


def _subject(tx: Transaction, payload: Payload, packed: str) -> str:
    """What an announcement is recognised by."""
    if payload.event:
        return f"{payload.event}:{payload.again}" if payload.again else payload.event
    if payload.mail or payload.item:
        return str(payload.mail or payload.item)
    if payload.lifted:
        # Two at one time say two things: a stop is gone, and a list is free.
        told = keyed(tx.key, "lifted", packed)[:_DIGITS]
        return f"{tx.fingerprint(payload.lifted.address)}:{payload.lifted.at.isoformat()}:{told}"
    if payload.incident:
        return hide(tx, f"{payload.incident.last_at.isoformat()}:{payload.incident.key}")
    if payload.summary:
        return payload.summary.started_at.isoformat()
    raise ValueError("an announcement must be about something")


def due(tx: Transaction, now: datetime, *, plugins: Collection[str], limit: int = 100) -> tuple[Announcement, ...]:
    """What these plugins must be told now, oldest first. Ask again until there is nothing left.

    Of what waits for one plugin about one address only the oldest is given, so that an announcement that fails holds
    back the later ones, and nothing else.
    """
    where = {"tenant": tx.tenant, "plugins": sorted(plugins), "now": now, "limit": limit}
    rows = tx.connection.execute(DUE, where).all()
    texts = reveal_all(tx, [row.payload for row in rows])
    return tuple(_announcement(row, text) for row, text in zip(rows, texts, strict=True))


def _announcement(row: Row[*tuple[Any, ...]], text: str) -> Announcement:
    payload, unreadable = Payload(), ""
    try:
        payload = PAYLOAD.unpack(text)
    except ValidationError as error:  # told so to who reads it: one that cannot be read holds up no other
        unreadable = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return Announcement(
        number=row.number,
        id=row.announcement,
        hook=row.hook,
        plugin=row.plugin,
        payload=payload,
        attempts=row.attempts,
        announced_at=row.announced_at,
        unreadable=unreadable,
    )


def done(tx: Transaction, announcement: Announcement, now: datetime) -> None:
    """Record that a plugin was told."""
    _settle(tx, announcement, State.DONE, next_at=now, error="")


def failed(tx: Transaction, announcement: Announcement, error: str, now: datetime) -> bool:
    """Record that a plugin failed; it is asked again after a minute, and then after twice as long each time.

    True when it was the last try: somebody has to be told.
    """
    failures = announcement.attempts + 1
    pause = min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE)
    state = State.GIVEN_UP if failures >= TRIES else State.WAITING
    _settle(tx, announcement, state, next_at=now + pause, error=hide(tx, error[:_LONGEST_ERROR]))
    return state is State.GIVEN_UP


def postpone(tx: Transaction, announcement: Announcement, until: datetime) -> None:
    """Tell a plugin later, because it asked for it."""
    where = {"of_tenant": tx.tenant, "of_number": announcement.number}
    tx.connection.execute(POSTPONE, {**where, "new_next_at": until})


def last_done(tx: Transaction, plugin: str, hook: str) -> datetime | None:
    """When a plugin took an announcement of a hook last; None: never."""
    when: datetime | None = tx.connection.scalar(LAST_DONE, {"tenant": tx.tenant, "plugin": plugin, "hook": hook})
    return when


def _settle(tx: Transaction, announcement: Announcement, state: State, *, next_at: datetime, error: str) -> None:
    new = {"new_state": state, "new_next_at": next_at, "new_error": error}
    tx.connection.execute(SETTLE, {"of_tenant": tx.tenant, "of_number": announcement.number, **new})


def waiting(tx: Transaction) -> int:
    """How many announcements wait to be made."""
    return tx.connection.scalar(WAITING, {"tenant": tx.tenant}) or 0
