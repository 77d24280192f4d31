"""Which failures does a trip of the breaker hold, and for which of them is a narrower cause to blame?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from bounce_plugin.ledger.causes import State
from bounce_plugin.ledger.schema import causes, trips
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.ledger.trips import TripState
from bounce_plugin.policy.breaker import Cause, Dimension


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A failure that is held."""

    event: str
    fingerprint: str
    at: datetime  # when it was received
    restricts: bool  # it would newly stop or pause its address
    trip: int  # that holds it


_WITHHELD: Final = (
    select(causes.c.event, causes.c.fingerprint, causes.c.at, causes.c.restricts, causes.c.trip)
    .where(causes.c.tenant == bindparam("tenant"), causes.c.state == State.HELD)
    .order_by(causes.c.at, causes.c.event)
)

#: What a trip holds.
BY_TRIP: Final = _WITHHELD.where(causes.c.trip == bindparam("trip"))

#: What open trips of wider causes hold of the failures that a cause had in a time.
BY_WIDER: Final = {
    dimension: _WITHHELD.where(
        causes.c[dimension.value] == bindparam("name"),
        causes.c.at > bindparam("after"),
        causes.c.at <= bindparam("until"),
        causes.c.trip.in_(
            select(trips.c.number).where(
                trips.c.tenant == bindparam("tenant"),
                trips.c.state == TripState.OPEN,
                trips.c.dimension.in_([wider.value for wider in dimension.wider]),
            )
        ),
    )
    for dimension in Dimension
    if dimension.wider
}

#: Whether there is a trip of them.
WIDER: Final = {
    dimension: select(trips.c.number)
    .where(
        trips.c.tenant == bindparam("tenant"),
        trips.c.state == TripState.OPEN,
        trips.c.dimension.in_([wider.value for wider in dimension.wider]),
    )
    .limit(1)
    for dimension in Dimension
    if dimension.wider
}

#: What a trip holds is looked at anew, as if it did not hold it.
SET_ASIDE: Final = (
    update(causes)
    .where(
        causes.c.tenant == bindparam("of_tenant"), causes.c.trip == bindparam("of_trip"), causes.c.state == State.HELD
    )
    .values(state=State.COUNTS, trip=None)
)


def held_by_trip(tx: Transaction, trip: int) -> list[Withheld]:
    """The failures that a trip holds, in the order of their receipt."""
    return _read(tx.connection.execute(BY_TRIP, {"tenant": tx.tenant, "trip": trip}).all())


def held_by_wider(tx: Transaction, cause: Cause, after: datetime, until: datetime) -> list[Withheld]:
    """The failures of a cause in a time that open trips of wider causes hold, in the order of their receipt."""
    if not cause.dimension.wider or tx.connection.scalar(WIDER[cause.dimension], {"tenant": tx.tenant}) is None:
        return []
    where = {"tenant": tx.tenant, "name": cause.name, "after": after, "until": until}
    return _read(tx.connection.execute(BY_WIDER[cause.dimension], where).all())


def set_aside(tx: Transaction, trip: int) -> list[Withheld]:
    """Count what a trip holds as if it did not; returns that. The acts on the addresses are for the caller to add."""
    held = held_by_trip(tx, trip)
    tx.connection.execute(SET_ASIDE, {"of_tenant": tx.tenant, "of_trip": trip})
    return held


def _read(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Withheld]:
    return [
        Withheld(event=row.event, fingerprint=row.fingerprint, at=row.at, restricts=row.restricts, trip=row.trip)
        for row in rows
    ]
