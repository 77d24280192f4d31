"""Why did each failure that counts happen, and does it still count? `counting.py` has how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select, update

from bounce_plugin.ledger.columns import word
from bounce_plugin.ledger.schema import causes, trips
from bounce_plugin.ledger.transaction import IfAbsent, Transaction
from bounce_plugin.policy.breaker import Dimension, Failure
from bounce_plugin.policy.hold import trip_number
from bounce_plugin.policy.state import Act, Verb

#: Addresses that are held or released at once.
CHUNK: Final = 500


class State(StrEnum):
    """Whether a failure counts. It follows from the acts on its address."""

    COUNTS = "counts"
    HELD = "held"  # until a person decides
    RELEASED = "released"  # a person said that it was right
    UNDONE = "undone"


Fate = tuple[State, int | None]  # of a failure, and the trip that held it

#: What becomes of the failures that an act names.
_STATES: Final = {Verb.HOLD: State.HELD, Verb.RELEASE: State.RELEASED, Verb.UNDO: State.UNDONE}
_NEVER_HELD: Final = (State.COUNTS, None)

_OURS: Final = causes.c.tenant == bindparam("tenant")
#: What there is to know of a failure, of some that are still to be named.
FAILURE: Final = select(
    causes.c.event, causes.c.fingerprint, causes.c.at, causes.c.provider, causes.c.phrase, causes.c.reason
)

#: Some failures.
FAILURES: Final = FAILURE.where(_OURS, causes.c.event.in_(bindparam("events", expanding=True)))

#: A failure that was not recorded before.
ADD_CAUSE: Final = IfAbsent(causes)

#: Whether some failures newly stop or pause their address, after others were received before them.
FLAG: Final = (
    update(causes)
    .where(causes.c.tenant == bindparam("of_tenant"), causes.c.event == bindparam("of_event"))
    .values(restricts=bindparam("new_restricts"))
)

#: What an act makes of a failure.
MARK: Final = (
    update(causes)
    .where(causes.c.tenant == bindparam("of_tenant"), causes.c.event == bindparam("of_event"))
    .values(state=bindparam("new_state"), trip=bindparam("new_trip"))
)

#: The next addresses of which a trip holds failures.
HELD_BY: Final = (
    select(causes.c.fingerprint)
    .distinct()
    .where(
        _OURS,
        causes.c.trip == bindparam("trip"),
        causes.c.state == State.HELD,
        causes.c.fingerprint > bindparam("after"),
    )
    .order_by(causes.c.fingerprint)
    .limit(CHUNK)
)

#: The failures of some addresses, and what became of them.
FAILURES_OF: Final = (
    FAILURE.add_columns(causes.c.state, trips.c.dimension)
    .outerjoin(trips, (trips.c.tenant == causes.c.tenant) & (trips.c.number == causes.c.trip))
    .where(_OURS, causes.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
)

#: Those of some failures that are held.
HELD_AMONG: Final = select(causes.c.event).where(
    _OURS, causes.c.event.in_(bindparam("events", expanding=True)), causes.c.state == State.HELD
)

#: How many failures of how many addresses a trip holds or held, and of when the first and the last is.
EXTENT: Final = select(
    func.count(), func.count(causes.c.fingerprint.distinct()), func.min(causes.c.at), func.max(causes.c.at)
).where(_OURS, causes.c.trip == bindparam("trip"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a trip holds, or held until it was settled."""

    failures: int
    addresses: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A failure, and what became of it."""

    failure: Failure
    state: State
    held_as: Dimension | None  # that of the trip that holds it, or held it


def note_cause(tx: Transaction, failure: Failure, *, restricts: bool) -> None:
    """Record why a failure that counts happened; `Failure.who` is the fingerprint."""
    row = {
        "tenant": tx.tenant,
        "event": failure.event,
        "fingerprint": failure.who,
        "at": failure.at,
        "provider": failure.provider,
        "phrase": failure.phrase,
        "reason": failure.reason,
        "restricts": restricts,
        "state": State.COUNTS,
        "trip": None,
    }
    tx.put_spelt(ADD_CAUSE, row)


def flag(tx: Transaction, events: Iterable[str], restricting: frozenset[str]) -> None:
    """Record anew which of some failures newly stop or pause their address."""
    rows = [
        {"of_tenant": tx.tenant, "of_event": event, "new_restricts": event in restricting} for event in sorted(events)
    ]
    if rows:
        tx.put(FLAG, *rows)


def mark(tx: Transaction, acts: Sequence[Act]) -> None:
    """See that failures count, or not, as the last of the acts on their address says."""
    before = fates(acts[:-1])
    changed = {event: fate for event, fate in fates(acts).items() if fate != before.get(event)}
    put_fates(tx, changed)


def put_fates(tx: Transaction, changed: Mapping[str, Fate]) -> None:
    """Store what became of failures."""
    rows = [
        {"of_tenant": tx.tenant, "of_event": event, "new_state": state, "new_trip": trip}
        for event, (state, trip) in sorted(changed.items())
    ]
    if rows:
        tx.put(MARK, *rows)


def fates(acts: Iterable[Act]) -> dict[str, Fate]:
    """What became of each failure that was ever held, released or undone: its state, and the trip that held it last."""
    found: dict[str, Fate] = {}
    for act in acts:
        if act.verb is Verb.LIFT:  # forgives what is held until then
            held = {event: trip for event, (state, trip) in found.items() if state is State.HELD}
            found |= {event: (State.UNDONE, trip) for event, trip in held.items()}
        elif act.verb is Verb.LET_GO:
            found |= dict.fromkeys(act.events, _NEVER_HELD)
        elif (state := _STATES.get(act.verb)) is not None:
            trip = trip_number(act) or None
            found |= {event: (state, trip or found.get(event, (state, None))[1]) for event in act.events}
    return found


def failures_of(tx: Transaction, events: Iterable[str]) -> list[Failure]:
    """Some failures by their ids, in no order."""
    names, found = sorted(events), list[Failure]()
    for start in range(0, len(names), CHUNK):
        wanted = {"tenant": tx.tenant, "events": names[start : start + CHUNK]}
        found += [read_failure(row) for row in tx.connection.execute(FAILURES, wanted)]
    return found


def held_by(tx: Transaction, trip: int, after: str = "") -> Sequence[str]:
    """The fingerprints of the next addresses of which a trip holds failures; ask again after the last."""
    return tx.connection.scalars(HELD_BY, {"tenant": tx.tenant, "trip": trip, "after": after}).all()


def failures_to(tx: Transaction, fingerprints: Sequence[str]) -> dict[str, Recorded]:
    """All failures of some addresses that counted when they were recorded, by their ids."""
    rows = tx.connection.execute(FAILURES_OF, {"tenant": tx.tenant, "fingerprints": fingerprints})
    return {
        row.event: Recorded(failure=read_failure(row), state=State(row.state), held_as=word(Dimension, row.dimension))
        for row in rows
    }


def held_among(tx: Transaction, events: Sequence[str]) -> frozenset[str]:
    """Those of some failures that do not count until a person decides."""
    found: set[str] = set()
    for start in range(0, len(events), CHUNK):
        wanted = {"tenant": tx.tenant, "events": events[start : start + CHUNK]}
        found.update(tx.connection.scalars(HELD_AMONG, wanted))
    return frozenset(found)


def extent_of(tx: Transaction, trip: int) -> Extent:
    """What a trip holds or held."""
    failures, addresses, first, last = tx.connection.execute(EXTENT, {"tenant": tx.tenant, "trip": trip}).one()
    return Extent(failures=failures, addresses=addresses, first=first, last=last)


def read_failure(row: Row[*tuple[Any, ...]]) -> Failure:
    """A row of `FAILURE` as a value."""
    return Failure(
        event=row.event,
        who=row.fingerprint,
        at=row.at,
        provider=row.provider,
        phrase=row.phrase,
        reason=row.reason,
    )
