"""`bounce-plugin breaker`: what was held because one cause stopped far too many, and what becomes of it."""

from __future__ import annotations

from itertools import islice
from typing import Final

import click
from rich.table import Table

from bounce_plugin.cli.actor import ACTOR
from bounce_plugin.cli.terminal import counted, print_table, printable
from bounce_plugin.cli.undo import in_words
from bounce_plugin.desk.settle import Settled
from bounce_plugin.ledger.causes import extent_of
from bounce_plugin.ledger.trips import Trip, TripState, trip_by_number
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.steps.trip_in_words import limit_in_words

NUMBER: Final = click.argument("number", type=click.IntRange(1))
WHY: Final = click.option("--why", default="", help="For the record: what you found out.")
YES: Final = click.option("--yes", is_flag=True, help="Do it; otherwise it is only shown what would be done.")

_DONE: Final = {TripState.RELEASED: "released", TripState.DISCARDED: "discarded"}


@click.group()
def breaker() -> None:
    """Look at what the breaker holds, and settle it."""


@breaker.command("list")
@click.option("--all", "settled_too", is_flag=True, help="What was settled, too.")
@click.pass_obj
def list_trips(config: str, settled_too: bool) -> None:
    """Show what waits to be settled, newest first."""
    with BouncePlugin.from_file(config) as plugin:
        found = [trip for trip in plugin.trips.all() if settled_too or trip.state is TripState.OPEN]
    if not found:
        click.echo("The breaker never tripped." if settled_too else "The breaker holds nothing.")
        return
    table = Table("trip", "since", "cause", "addresses", "limit", "usual", "more sent", "state")
    for trip in found:
        surge = trip.surge
        since = f"{trip.tripped_at:%Y-%m-%d %H:%M}"
        numbers = map(str, (surge.number, surge.limit, surge.usual, surge.more_sent))
        table.add_row(str(trip.number), since, printable(str(trip.cause)), *numbers, trip.state)
    print_table(table)


@breaker.command()
@NUMBER
@click.option(
    "-n", "--addresses", type=click.IntRange(0), default=20, show_default=True, help="How many addresses are shown."
)
@click.pass_obj
def show(config: str, number: int, addresses: int) -> None:
    """Show one trip: its numbers, and of whom it holds failures."""
    with BouncePlugin.from_file(config) as plugin:
        with plugin.ledger.reading() as tx:
            trip, extent = trip_by_number(tx, number), extent_of(tx, number)
        limits = plugin.settings.breaker.bounds
        window = counted(plugin.settings.breaker.window_hours, "hour")
        click.echo(printable(f"{trip.cause} stops far more addresses than usual: trip {number}, {_state(trip)}."))
        click.echo(f"{counted(trip.surge.number, 'address', 'addresses')} within {window};")
        click.echo(f"{limit_in_words(trip.surge, limits)}.")
        what = f"{counted(extent.failures, 'failure')} of {counted(extent.addresses, 'address', 'addresses')}"
        if extent.first and extent.last:
            when = f"received from {extent.first:%Y-%m-%d %H:%M} to {extent.last:%Y-%m-%d %H:%M} UTC"
            click.echo(f"{what} {'are held' if trip.state is TripState.OPEN else 'were held'}, {when}.")
        if trip.state is not TripState.OPEN or not addresses:
            return
        work = plugin.trips.settling(number, TripState.RELEASED, actor="", why="")
        for settled in islice(work.look(), addresses):
            click.echo(_line(settled, "if released"))
        if extent.addresses > addresses:
            click.echo(f"… and {extent.addresses - addresses} more: --addresses NUMBER shows more of them.")


@breaker.command()
@NUMBER
@WHY
@ACTOR
@YES
@click.pass_obj
def release(config: str, number: int, why: str, actor: str, yes: bool) -> None:
    """Let what trip NUMBER holds count again: the failures are right. Shows first what it would do."""
    _settle(config, number, TripState.RELEASED, why, actor, yes=yes)


@breaker.command()
@NUMBER
@WHY
@ACTOR
@YES
@click.pass_obj
def discard(config: str, number: int, why: str, actor: str, yes: bool) -> None:
    """Let what trip NUMBER holds never count: it was an outage. Shows first what it would do."""
    _settle(config, number, TripState.DISCARDED, why, actor, yes=yes)


def _settle(config: str, number: int, state: TripState, why: str, actor: str, *, yes: bool) -> None:
    if yes and not why:
        raise click.UsageError("--yes needs --why, for the record")
    with BouncePlugin.from_file(config) as plugin:
        work = plugin.trips.settling(number, state, actor=actor, why=why)
        failures = addresses = stopped = removed = 0
        for settled in work.do() if yes else work.look():
            click.echo(_line(settled, ""))
            failures += settled.failures
            addresses += 1
            stopped += settled.before is None and settled.after is not None
            removed += settled.removes
        if yes:
            plugin.tell()
    done = "are" if yes else "would be"
    what = f"{counted(failures, 'failure')} of {counted(addresses, 'address', 'addresses')}"
    click.echo(
        f"{what} {done} {_DONE[state]}; {stopped} of these addresses {'get' if yes else 'would get'} no more mail."
    )
    if removed:
        click.echo(f"Your host {'is' if yes else 'would be'} told to take {removed} of them from its lists.")
    if failures and not yes:
        final = " What is discarded stays so." if state is TripState.DISCARDED else ""
        click.echo(f"Nothing was changed: add --yes, and --why for the record.{final}")


def _line(settled: Settled, when: str) -> str:
    """One address, and what becomes of it."""
    what = f"{settled.address or '(erased)'}: {counted(settled.failures, 'failure')}"
    becomes = " ".join(filter(None, (in_words(settled.after), when)))
    off = "; off its lists" if settled.removes else ""
    return printable(f"{what}; {in_words(settled.before)} -> {becomes}{off}")


def _state(trip: Trip) -> str:
    if trip.settled_at is None:
        return f"open since {trip.tripped_at:%Y-%m-%d %H:%M} UTC"
    return f"{trip.state} on {trip.settled_at:%Y-%m-%d} by {trip.actor}: {trip.why}"
