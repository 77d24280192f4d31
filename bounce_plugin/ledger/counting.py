"""How many addresses did one cause stop, and which failures of it count? The questions of the breaker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, not_, or_, select

from bounce_plugin.ledger.causes import CHUNK, FAILURE, State, read_failure
from bounce_plugin.ledger.schema import acts, causes, trips
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.breaker import Cause, Dimension, Failure
from bounce_plugin.policy.state import FORGIVING

_OURS: Final = causes.c.tenant == bindparam("tenant")
_NAMES: Final = {dimension: causes.c[dimension.value] == bindparam("name") for dimension in Dimension}
_FAILURES_EACH: Final = 2  # of an address, for a guess
_BETWEEN: Final = (causes.c.at > bindparam("after"), causes.c.at < bindparam("before"))


def _held_for(dimensions: Iterable[Dimension]) -> ColumnElement[bool]:
    """What is, or was, held for a cause of some dimensions."""
    names = [one.value for one in dimensions]
    return causes.c.trip.in_(
        select(trips.c.number).where(trips.c.tenant == bindparam("tenant"), trips.c.dimension.in_(names))
    )


def _restricting(dimension: Dimension) -> Sequence[ColumnElement[bool]]:
    """What newly stopped or paused an address, or would have, and is and was not held for a narrower cause."""
    unexplained = or_(causes.c.trip.is_(None), not_(_held_for(dimension.narrower)))
    return (_OURS, causes.c.restricts, *_BETWEEN, *([unexplained] if dimension.narrower else []))


def _counted(dimension: Dimension) -> ColumnElement[bool]:
    """What counts, and what is held for a wider cause: it happened within the bounds of the narrower one."""
    if not dimension.wider:
        return causes.c.state == State.COUNTS
    return or_(causes.c.state == State.COUNTS, and_(causes.c.state == State.HELD, _held_for(dimension.wider)))


_NUMBER: Final = func.count(causes.c.fingerprint.distinct())

#: How many addresses some causes stopped or paused in a time, each; what was released is explained.
NUMBERS: Final = {
    dimension: select(causes.c[dimension.value].label("name"), _NUMBER.label("number"))
    .where(
        causes.c[dimension.value].in_(bindparam("names", expanding=True)),
        *_restricting(dimension),
        causes.c.state != State.RELEASED,
    )
    .group_by(causes.c[dimension.value])
    .having(bindparam("above") < _NUMBER)
    for dimension in Dimension
}

#: The same of one cause, and no further than up to some number: in a surge there are very many.
AT_MOST: Final = {
    dimension: select(func.count()).select_from(
        select(causes.c.fingerprint)
        .where(_NAMES[dimension], *_restricting(dimension), causes.c.state != State.RELEASED)
        .distinct()
        .limit(bindparam("most"))
        .subquery()
    )
    for dimension in Dimension
}

#: Who failed last, and when: the newest failures after a time.
LATEST: Final = {
    dimension: select(causes.c.fingerprint, causes.c.at)
    .where(
        _NAMES[dimension],
        _OURS,
        causes.c.restricts,
        causes.c.at > bindparam("after"),
        causes.c.state != State.RELEASED,
    )
    .order_by(causes.c.at.desc())
    .limit(bindparam("most"))
    for dimension in Dimension
}

#: The failures that this is counted of, in their order.
WINDOW: Final = {
    dimension: FAILURE.where(_NAMES[dimension], *_restricting(dimension), causes.c.state != State.RELEASED).order_by(
        causes.c.at, causes.c.event
    )
    for dimension in Dimension
}

_RELEASED_BY_THEN: Final = causes.c.trip.in_(
    select(trips.c.number).where(trips.c.tenant == bindparam("tenant"), trips.c.settled_at < bindparam("day_ends"))
)

#: What one cause did before: what counts, and what was released up to the end of the day that it is history to.
HISTORY: Final = {
    dimension: FAILURE.where(
        _NAMES[dimension],
        *_restricting(dimension),
        or_(
            and_(causes.c.state == State.RELEASED, _RELEASED_BY_THEN),
            and_(_counted(dimension), causes.c.at <= bindparam("ends")),
        ),
    ).order_by(causes.c.at, causes.c.event)
    for dimension in Dimension
}

#: The failures of one cause in a time that count, whether they stop anybody or not: those that are to be held.
COUNTING: Final = {
    dimension: select(causes.c.fingerprint, causes.c.event, causes.c.restricts)
    .where(
        _OURS,
        _NAMES[dimension],
        causes.c.at > bindparam("after"),
        causes.c.at <= bindparam("until"),
        causes.c.state == State.COUNTS,
    )
    .order_by(causes.c.fingerprint, causes.c.event)
    for dimension in Dimension
}


#: The act that was recorded last, and the last one that took failures out of history, of those after a number.
FORGIVEN: Final = select(
    func.max(acts.c.number), func.max(case((acts.c.verb.in_(sorted(FORGIVING)), acts.c.number)))
).where(acts.c.number > bindparam("seen"), acts.c.tenant + 0 == bindparam("tenant"))


def forgiven_since(tx: Transaction, seen: int) -> tuple[int, int]:
    """The numbers of the last act, and of the last one after the one that was `seen` that undid or forgave a failure."""
    last, forgiving = tx.connection.execute(FORGIVEN, {"tenant": tx.tenant, "seen": seen}).one()
    return last or seen, forgiving or 0


def numbers_of(
    tx: Transaction, found: Collection[Cause], after: datetime, before: datetime, *, above: int = 0
) -> dict[Cause, int]:
    """How many addresses causes of one dimension newly stopped or paused between two times, or would have.

    The times are not included; causes with no more than `above` addresses are left out.
    """
    names, numbers = sorted(cause.name for cause in found), dict[Cause, int]()
    for start in range(0, len(names), CHUNK):
        dimension = next(iter(found)).dimension
        where = {"names": names[start : start + CHUNK], "after": after, "before": before, "above": above}
        for row in tx.connection.execute(NUMBERS[dimension], {"tenant": tx.tenant, **where}):
            numbers[Cause(dimension=dimension, name=row.name)] = row.number
    return numbers


def number_up_to(tx: Transaction, cause: Cause, after: datetime, before: datetime, most: int) -> int:
    """How many addresses a cause newly stopped or paused between two times, or would have; `most` if that is more."""
    where = {"name": cause.name, "after": after, "before": before, "most": most}
    return tx.connection.scalar(AT_MOST[cause.dimension], {"tenant": tx.tenant, **where}) or 0


def latest_of(tx: Transaction, cause: Cause, after: datetime, *, place: int) -> datetime:
    """Of the addresses that a cause stopped after a time, when one failed last: the one of that place, counted from 0."""
    most = _FAILURES_EACH * (place + 1)
    while True:
        where = {"tenant": tx.tenant, "name": cause.name, "after": after, "most": most}
        rows, last = tx.connection.execute(LATEST[cause.dimension], where).all(), dict[str, datetime]()
        for row in rows:
            last.setdefault(row.fingerprint, row.at)
        if len(last) > place or len(rows) < most:
            return list(last.values())[place]
        most *= 2


def window_of(tx: Transaction, cause: Cause, after: datetime, before: datetime) -> list[Failure]:
    """The failures themselves, in their order."""
    return _failures(tx, WINDOW[cause.dimension], name=cause.name, after=after, before=before)


def history_of(
    tx: Transaction, cause: Cause, after: datetime, before: datetime, *, ends: datetime, day_ends: datetime
) -> list[Failure]:
    """What was received between two times, and counted until `ends` or was released until `day_ends`; in their order."""
    where = {"after": after, "before": before, "ends": ends, "day_ends": day_ends}
    return _failures(tx, HISTORY[cause.dimension], name=cause.name, **where)


def counting_of(tx: Transaction, cause: Cause, after: datetime, until: datetime) -> dict[str, dict[str, bool]]:
    """The failures of a cause that count, by the fingerprints of their addresses; True for those that restrict them."""
    found: dict[str, dict[str, bool]] = {}
    where = {"tenant": tx.tenant, "name": cause.name, "after": after, "until": until}
    for row in tx.connection.execute(COUNTING[cause.dimension], where):
        found.setdefault(row.fingerprint, {})[row.event] = row.restricts
    return found


def _failures(tx: Transaction, statement: Select[*tuple[Any, ...]], **where: object) -> list[Failure]:
    return [read_failure(row) for row in tx.connection.execute(statement, {"tenant": tx.tenant, **where})]
