"""How is a trip of the breaker shown: as a row of a table, and for programs?"""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from bounce_plugin.cli.records import in_utc, stop_record
from bounce_plugin.cli.terminal import printable
from bounce_plugin.desk.settle import Settled
from bounce_plugin.ledger.causes import Extent
from bounce_plugin.ledger.trips import Trip


def trip_table(found: Iterable[Trip]) -> Table:
    """A row for each; on a terminal of 80 columns only the cause is folded."""
    table = Table("trip", "since", "cause", "addresses", "limit", "state")
    for column in table.columns:
        column.no_wrap = column.header != "cause"
    table.columns[2].overflow = "fold"
    for trip in found:
        numbers = str(trip.surge.number), str(trip.surge.limit)
        table.add_row(str(trip.number), f"{trip.tripped_at:%Y-%m-%d}", printable(str(trip.cause)), *numbers, trip.state)
    return table


def trip_record(trip: Trip) -> dict[str, object]:
    """The trip and its numbers; what `health` tells of it has the same keys."""
    surge = trip.surge
    return {
        "trip": trip.number,
        "cause": trip.cause.dimension.value,
        "name": trip.cause.name,
        "addresses": surge.number,
        "limit": surge.limit,
        "usual": surge.usual,
        "more_sent": surge.more_sent,
        "after": in_utc(surge.after),
        "until": in_utc(surge.until),
        "last_at": in_utc(surge.last),
        "tripped_at": in_utc(trip.tripped_at),
        "state": trip.state.value,
        "settled_at": in_utc(trip.settled_at),
        "actor": trip.actor,
        "why": trip.why,
    }


def extent_record(extent: Extent) -> dict[str, object]:
    """What it holds, or held until it was settled."""
    return {
        "failures": extent.failures,
        "addresses": extent.addresses,
        "first_at": in_utc(extent.first),
        "last_at": in_utc(extent.last),
    }


def settled_record(settled: Settled) -> dict[str, object]:
    """One address, and what becomes of it."""
    return {
        "address": settled.address,
        "failures": settled.failures,
        "before": stop_record(settled.before),
        "after": stop_record(settled.after),
        "removes": settled.removes,
    }
