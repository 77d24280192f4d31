"""When did the breaker trip, for what, and what did a person make of it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, update

from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.addresses import hide_all, reveal_all
from bounce_plugin.ledger.schema import trips
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.breaker import Cause, Dimension, Surge


class TripState(StrEnum):
    """What a person made of it, or the breaker itself."""

    OPEN = "open"
    RELEASED = "released"
    DISCARDED = "discarded"
    EXPLAINED = "explained"  # by a trip of a narrower cause: it holds nothing any more


_OF_NO_ACCOUNT: Final = (TripState.RELEASED, TripState.EXPLAINED)  # there was nothing amiss


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One time that a cause stopped too many."""

    number: int
    cause: Cause
    surge: Surge
    tripped_at: datetime
    state: TripState = TripState.OPEN
    settled_at: datetime | None = None
    actor: str = ""
    why: str = ""


_OURS: Final = trips.c.tenant == bindparam("tenant")

#: The number that was given last.
LAST: Final = select(func.max(trips.c.number)).where(_OURS)

#: A trip that was not there before.
ADD_TRIP: Final = insert(trips)

#: The open trips of a cause that a time touches.
TOUCHED: Final = (
    select(trips)
    .where(
        _OURS,
        trips.c.dimension == bindparam("dimension"),
        trips.c.name == bindparam("name"),
        trips.c.state == TripState.OPEN,
        trips.c.since <= bindparam("until"),
        trips.c.until >= bindparam("since"),
    )
    .order_by(trips.c.number)
)

#: The trips of account, that may hold failures of a time.
AROUND: Final = (
    select(trips)
    .where(
        _OURS,
        trips.c.state.not_in(_OF_NO_ACCOUNT),
        trips.c.since < bindparam("until"),
        trips.c.until >= bindparam("since"),
    )
    .order_by(trips.c.number)
)

#: The trips of a cause that are of account, and that had not ended before a time.
OF_ACCOUNT: Final = select(trips).where(
    _OURS,
    trips.c.dimension == bindparam("dimension"),
    trips.c.name == bindparam("name"),
    trips.c.until >= bindparam("since"),
    trips.c.state.not_in(_OF_NO_ACCOUNT),
)

#: A surge goes on, or began earlier than was known.
EXTEND: Final = (
    update(trips)
    .where(trips.c.tenant == bindparam("of_tenant"), trips.c.number == bindparam("of_number"))
    .values(
        since=bindparam("new_since"),
        until=bindparam("new_until"),
        last_at=bindparam("new_last_at"),
        reached=bindparam("new_reached"),
        allowed=bindparam("new_allowed"),
        usual=bindparam("new_usual"),
        sent=bindparam("new_sent"),
    )
)

#: A person decides, or the breaker itself.
SETTLE: Final = (
    update(trips)
    .where(trips.c.tenant == bindparam("of_tenant"), trips.c.number == bindparam("of_number"))
    .values(
        state=bindparam("new_state"),
        settled_at=bindparam("new_settled_at"),
        actor=bindparam("new_actor"),
        why=bindparam("new_why"),
    )
)

#: All of them, newest first; and one.
TRIPS: Final = select(trips).where(_OURS).order_by(trips.c.number.desc())
TRIP: Final = select(trips).where(_OURS, trips.c.number == bindparam("number"))

#: How many there are, how many were settled, and until when the last one is.
STAMP: Final = select(func.count(), func.count(trips.c.settled_at), func.max(trips.c.until)).where(_OURS)

#: Those that are open, oldest first.
OPEN: Final = select(trips).where(_OURS, trips.c.state == TripState.OPEN).order_by(trips.c.number)


def add_trip(tx: Transaction, cause: Cause, surge: Surge, now: datetime) -> Trip:
    """Record that a cause stops too many."""
    trip = Trip(
        number=(tx.connection.scalar(LAST, {"tenant": tx.tenant}) or 0) + 1,
        cause=cause,
        surge=surge,
        tripped_at=now,
    )
    row = {
        "tenant": tx.tenant,
        "number": trip.number,
        "dimension": cause.dimension,
        "name": cause.name,
        "tripped_at": now,
        "state": TripState.OPEN,
        "settled_at": None,
        "actor": "",
        "why": "",
        **_numbers(surge),
    }
    tx.connection.execute(ADD_TRIP, row)
    return trip


def extend(tx: Transaction, trip: Trip, surge: Surge) -> None:
    """Record how far a surge reaches by now."""
    new = {f"new_{name}": value for name, value in _numbers(surge).items()}
    tx.connection.execute(EXTEND, {"of_tenant": tx.tenant, "of_number": trip.number, **new})


def _numbers(surge: Surge) -> dict[str, object]:
    return {
        "since": surge.after,
        "until": surge.until,
        "last_at": surge.last,
        "reached": surge.number,
        "allowed": surge.limit,
        "usual": surge.usual,
        "sent": surge.more_sent,
    }


def touched(tx: Transaction, cause: Cause, surge: Surge) -> tuple[Trip, ...]:
    """The open trips of a cause that a surge overlaps, or follows without a gap."""
    where = {"dimension": cause.dimension, "name": cause.name, "since": surge.after, "until": surge.until}
    return _trips(tx, tx.connection.execute(TOUCHED, {"tenant": tx.tenant, **where}).all())


def trips_around(tx: Transaction, since: datetime, until: datetime) -> tuple[Trip, ...]:
    """The trips of account in whose surge a failure may be that was received from `since` to `until`."""
    return _trips(tx, tx.connection.execute(AROUND, {"tenant": tx.tenant, "since": since, "until": until}).all())


def surges_of(tx: Transaction, cause: Cause, since: datetime) -> tuple[Surge, ...]:
    """The surges of a cause that reached beyond a time, without those whose failures were right, or are explained."""
    where = {"tenant": tx.tenant, "dimension": cause.dimension, "name": cause.name, "since": since}
    return tuple(_surge(row) for row in tx.connection.execute(OF_ACCOUNT, where))


def all_trips(tx: Transaction) -> tuple[Trip, ...]:
    """Every trip, newest first."""
    return _trips(tx, tx.connection.execute(TRIPS, {"tenant": tx.tenant}).all())


def trip_by_number(tx: Transaction, number: int) -> Trip:
    """One trip; `NotFoundError` if there is none with that number."""
    found = _trips(tx, tx.connection.execute(TRIP, {"tenant": tx.tenant, "number": number}).all())
    if not found:
        raise NotFoundError(f"the breaker has not tripped a {number}th time: there is no trip {number}")
    return found[0]


def stamp_of(tx: Transaction) -> object:
    """What is another one whenever the breaker trips, its newest surge goes on, or somebody settles one."""
    return tuple(tx.connection.execute(STAMP, {"tenant": tx.tenant}).one())


def open_trips(tx: Transaction) -> tuple[Trip, ...]:
    """The trips that wait for a person, oldest first."""
    return _trips(tx, tx.connection.execute(OPEN, {"tenant": tx.tenant}).all())


def settle(tx: Transaction, number: int, state: TripState, *, actor: str, why: str, now: datetime) -> None:
    """Record what a person made of a trip, or that another one explains it."""
    hidden_actor, hidden_why = hide_all(tx, [actor, why])
    new = {"new_state": state, "new_settled_at": now, "new_actor": hidden_actor, "new_why": hidden_why}
    tx.connection.execute(SETTLE, {"of_tenant": tx.tenant, "of_number": number, **new})


def reopen(tx: Transaction, number: int) -> None:
    """Record that a trip waits for a person, after all."""
    new = {"new_state": TripState.OPEN, "new_settled_at": None, "new_actor": "", "new_why": ""}
    tx.connection.execute(SETTLE, {"of_tenant": tx.tenant, "of_number": number, **new})


def _trips(tx: Transaction, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Trip, ...]:
    texts = iter(reveal_all(tx, [text for row in rows for text in (row.actor, row.why)]))
    return tuple(
        Trip(
            number=row.number,
            cause=Cause(dimension=Dimension(row.dimension), name=row.name),
            surge=_surge(row),
            tripped_at=row.tripped_at,
            state=TripState(row.state),
            settled_at=row.settled_at,
            actor=next(texts),
            why=next(texts),
        )
        for row in rows
    )


def _surge(row: Row[*tuple[Any, ...]]) -> Surge:
    return Surge(
        after=row.since,
        until=row.until,
        last=row.last_at,
        number=row.reached,
        limit=row.allowed,
        usual=row.usual,
        more_sent=row.sent,
    )
