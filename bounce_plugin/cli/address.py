"""`bounce-plugin status`, `lift` and `events`: one address, and what happened lately."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import click
from rich.table import Table

from bounce_plugin.cli.absent import absent, note_absent
from bounce_plugin.cli.actor import ACTOR
from bounce_plugin.cli.given import ADDRESS
from bounce_plugin.cli.terminal import counted, is_narrow, print_table, printable
from bounce_plugin.correlate.correlation import Caveat
from bounce_plugin.errors import NotFoundError
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.causes import held_among
from bounce_plugin.ledger.everyone import undone
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.policy.hold import trip_number
from bounce_plugin.policy.state import Act, Verb

#: Acts that name the failures that they are about.
_ABOUT_SOME: Final = (Verb.UNDO, Verb.HOLD, Verb.RELEASE, Verb.LET_GO)
#: Events that can be listed at once.
MOST: Final = 1_000_000
#: Shorter, in a column that is called so.
_COUNTS: Final = {"counts": "yes", "counts half": "half", "does not count": "no"}


@click.command()
@click.argument("address", type=ADDRESS)
@click.option("--category", default="", help="One message category; otherwise every declared one.")
@click.pass_obj
def status(config: str, address: str, category: str) -> None:
    """Tell whether mail to ADDRESS is withheld, and why."""
    with BouncePlugin.from_file(config) as plugin:
        if category and plugin.settings.policy.category(category) is None:
            raise NotFoundError(f"there is no category {category!r}")
        names = [category] if category else [declared.name for declared in plugin.settings.policy.categories]
        explanations = [plugin.explain(address, name) for name in names]
        for explanation in explanations:
            word = "withheld" if explanation.suppressed else "sent"
            click.echo(f"{explanation.category:<14} {word:<9} {explanation.because}")
    first = explanations[0]
    _print_events(first.events, first.undone, first.held, first.forgiven)
    for act in first.acts:
        click.echo(_in_words(act))


def _in_words(act: Act) -> str:
    if act.verb is Verb.SUCCESS:
        return (
            f"{act.at:%Y-%m-%d %H:%M}  mail got through on {act.until:%Y-%m-%d %H:%M}, says {act.actor}: {act.because}"
        )
    if act.verb is Verb.REVISE:
        return f"{act.at:%Y-%m-%d %H:%M}  decided anew: {act.because}"
    by = f" by {act.actor}" if act.actor else f" by rule “{act.rule}”"
    if act.verb is Verb.HOLD:
        by = f" by the breaker (trip {trip_number(act)})"
    until = f" until {act.until:%Y-%m-%d %H:%M}" if act.until else ""
    what = f" of {counted(len(act.events), 'failure')}" if act.verb in _ABOUT_SOME else ""
    verb = "let go" if act.verb is Verb.LET_GO else act.verb
    return f"{act.at:%Y-%m-%d %H:%M}  {verb}{what}{until}{by}: {act.because}"


@click.command()
@click.argument("address", type=ADDRESS)
@click.option("--why", required=True, help="For the record: who says that the address works again, and how.")
@ACTOR
@click.pass_obj
def lift(config: str, address: str, why: str, actor: str) -> None:
    """Take back every stop and pause of ADDRESS; what failed before is not counted again."""
    with BouncePlugin.from_file(config) as plugin:
        lifted = plugin.lift(address, actor=actor, why=why)
        later = absent(plugin)
    click.echo(f"Mail to {lifted.address} is sent again.")
    note_absent(later)


@click.command()
@click.option(
    "-n", "--number", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many, the latest."
)
@click.pass_obj
def events(config: str, number: int) -> None:
    """List what happened lately, newest last."""
    with BouncePlugin.from_file(config) as plugin, plugin.ledger.reading() as tx:
        found = latest_events(tx, limit=number)
        _print_events(found, undone(tx), held_among(tx, [event.id for event in found]))


def _print_events(
    events: tuple[BounceEvent, ...],
    undone: Container[str],
    held: Container[str],
    forgiven: Container[str] = frozenset(),
) -> None:
    if not events:
        click.echo("Nothing happened yet.")
        return
    if is_narrow():  # a table would cut off, or break, the addresses that one looks for
        click.echo("\n".join(_paragraph(event, _standing(event, undone, held, forgiven)) for event in events))
        return
    table = Table("received", "kind")
    table.add_column("address", no_wrap=True, overflow="fold")
    for column in ("contact", "reason", "counts", "status", "message", "reply"):
        table.add_column(column)
    for event in events:
        table.add_row(
            f"{event.received_at:%Y-%m-%d %H:%M}",
            event.kind,
            event.address or "(erased)",
            _contacts(event),
            event.reason or "",
            _COUNTS.get(standing := _standing(event, undone, held, forgiven), standing),
            _code(event),
            event.message,
            printable(event.diagnostic_code)[:80],
        )
    print_table(table)


def _standing(event: BounceEvent, undone: Container[str], held: Container[str], forgiven: Container[str]) -> str:
    """Whether an event counts, and if it does not any more, why."""
    if event.id in undone:
        return "undone"
    if event.id in held:
        return "held"
    if event.id in forgiven:
        return "forgiven"
    if event.caveat is Caveat.COUNTED:
        return "counted already"
    if not event.counts:
        return "does not count"
    return "counts half" if event.via_forward else "counts"


def _paragraph(event: BounceEvent, standing: str) -> str:
    contacts = _contacts(event)
    facts = (
        event.kind,
        event.reason,
        standing,
        _code(event),
        event.message,
        contacts and f"contact {contacts}",
    )
    address = event.address or "(erased)"
    return printable(f"{event.received_at:%Y-%m-%d %H:%M}  {address}\n  {', '.join(filter(None, facts))}")


def _contacts(event: BounceEvent) -> str:
    return ", ".join(contact.id for contact in event.contacts)


def _code(event: BounceEvent) -> str:
    return " ".join(filter(None, (event.reply_code, event.status)))
