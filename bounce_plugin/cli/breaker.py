"""`bounce-plugin breaker`: what was held because one cause stopped far too many, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import click

from bounce_plugin.cli.absent import absent, note_absent, told_in_words
from bounce_plugin.cli.actor import ACTOR
from bounce_plugin.cli.records import AS_JSON, write_record
from bounce_plugin.cli.terminal import counted, print_table, printable
from bounce_plugin.cli.trip_rows import extent_record, settled_record, trip_record, trip_table
from bounce_plugin.cli.undo import in_words
from bounce_plugin.desk.settle import Settled
from bounce_plugin.ledger.causes import Extent, extent_of
from bounce_plugin.ledger.trips import Trip, TripState, trip_by_number
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.policy.limits import Limits
from bounce_plugin.steps.trip_in_words import limit_in_words

NUMBER: Final = click.argument("number", type=click.IntRange(1))
WHY: Final = click.option("--why", default="", help="For the record: what you found out.")
YES: Final = click.option("--yes", is_flag=True, help="Do it; otherwise it is only shown what would be done.")


@click.group()
def breaker() -> None:
    """Look at what the breaker holds, and settle it."""


@breaker.command("list")
@click.option("--all", "settled_too", is_flag=True, help="What was settled, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each trip.")
@click.pass_obj
def list_trips(config: str, settled_too: bool, as_json: bool) -> None:
    """Show what waits to be settled, newest first."""
    with BouncePlugin.from_file(config) as plugin:
        found = [trip for trip in plugin.trips.all() if settled_too or trip.state is TripState.OPEN]
    if as_json:
        for trip in found:
            write_record(trip_record(trip))
    elif found:
        print_table(trip_table(found))
    else:
        click.echo("The breaker never tripped." if settled_too else "The breaker holds nothing.")


@breaker.command()
@NUMBER
@click.option(
    "-n", "--addresses", type=click.IntRange(0), default=20, show_default=True, help="How many addresses are shown."
)
@AS_JSON
@click.pass_obj
def show(config: str, number: int, addresses: int, as_json: bool) -> None:
    """Show one trip: its numbers, and of whom it holds failures."""
    with BouncePlugin.from_file(config) as plugin:
        with plugin.ledger.reading() as tx:
            trip, extent = trip_by_number(tx, number), extent_of(tx, number)
        looked: Iterable[Settled] = ()
        if trip.state is TripState.OPEN and addresses:
            work = plugin.trips.settling(number, TripState.RELEASED, actor="", why="")
            looked = islice(work.look(), addresses)
        if as_json:
            each = [settled_record(settled) for settled in looked]
            write_record({**trip_record(trip), "holds": extent_record(extent), "if_released": each})
            return
        for line in _in_words(trip, extent, plugin.settings.breaker.bounds):
            click.echo(printable(line))
        for settled in looked:
            click.echo(_line(settled, "if released"))
        if trip.state is TripState.OPEN and 0 < addresses < extent.addresses:
            click.echo(f"… and {extent.addresses - addresses} more: --addresses NUMBER shows more of them.")


def _in_words(trip: Trip, extent: Extent, limits: Limits) -> Iterator[str]:
    window = counted(round(limits.window.total_seconds() / 3600), "hour")
    yield f"{trip.cause} stops far more addresses than usual: trip {trip.number}, {_state(trip).removesuffix('.')}."
    yield f"{counted(trip.surge.number, 'address', 'addresses')} within {window};"
    yield f"{limit_in_words(trip.surge, limits)}."
    if extent.first and extent.last:
        what = f"{counted(extent.failures, 'failure')} of {counted(extent.addresses, 'address', 'addresses')}"
        when = f"received from {extent.first:%Y-%m-%d %H:%M} to {extent.last:%Y-%m-%d %H:%M} UTC"
        yield f"{what} {'are held' if trip.state is TripState.OPEN else 'were held'}, {when}."


@breaker.command()
@NUMBER
@WHY
@ACTOR
@YES
@AS_JSON
@click.pass_obj
def release(config: str, number: int, why: str, actor: str, yes: bool, as_json: bool) -> None:
    """Let what trip NUMBER holds count again: the failures are right. Shows first what it would do."""
    _settle(config, number, TripState.RELEASED, why, actor, yes=yes, as_json=as_json)


@breaker.command()
@NUMBER
@WHY
@ACTOR
@YES
@AS_JSON
@click.pass_obj
def discard(config: str, number: int, why: str, actor: str, yes: bool, as_json: bool) -> None:
    """Let what trip NUMBER holds never count: it was an outage. Shows first what it would do."""
    _settle(config, number, TripState.DISCARDED, why, actor, yes=yes, as_json=as_json)


def _settle(config: str, number: int, state: TripState, why: str, actor: str, *, yes: bool, as_json: bool) -> None:
    if yes and not why:
        raise click.UsageError("--yes needs --why, for the record")
    with BouncePlugin.from_file(config) as plugin:
        work = plugin.trips.settling(number, state, actor=actor, why=why)
        found: list[Settled] = []
        for settled in work.do() if yes else work.look():
            found.append(settled)
            if not as_json:
                click.echo(_line(settled, ""))
        if yes:
            plugin.tell()
        later = absent(plugin)
    failures, stopped = sum(one.failures for one in found), sum(not one.before and bool(one.after) for one in found)
    removed = sum(one.removes for one in found)
    if as_json:
        numbers = {"failures": failures, "addresses": len(found), "stopped": stopped, "removed": removed}
        each = [settled_record(settled) for settled in found]
        write_record({"trip": number, "what": state.value, "done": yes, **numbers, "each": each})
        return
    done = "are" if yes else "would be"
    what = f"{counted(failures, 'failure')} of {counted(len(found), 'address', 'addresses')}"
    click.echo(f"{what} {done} {state}; {stopped} of these addresses {'get' if yes else 'would get'} no more mail.")
    if removed:
        click.echo(f"Your host {told_in_words(later, done=yes)} to take {removed} of them from its lists.")
    if failures:
        note_absent(later)
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
