"""`bounce-plugin export` and `erase`: what is held of a person, and how he is forgotten."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from pydantic import TypeAdapter

from bounce_plugin.cli import ATTENTION
from bounce_plugin.cli.given import ADDRESS
from bounce_plugin.desk.erase import Held, Trace, look_through, look_up
from bounce_plugin.desk.erase import erase as erase_from
from bounce_plugin.opening import open_ledger
from bounce_plugin.settings import load_settings
from bounce_plugin.words.counting import counted

_HELD: TypeAdapter[Held] = TypeAdapter(Held)


@click.command()
@click.argument("address", type=ADDRESS)
@click.pass_obj
def export(config: str, address: str) -> None:
    """Print as JSON everything that is held of ADDRESS: for a person who asks what is known of him."""
    with open_ledger(load_settings(Path(config)).ledger) as ledger:
        held = look_up(ledger, address)
    click.echo(json.dumps(_HELD.dump_python(held, mode="json"), indent=2, ensure_ascii=False))


@click.command()
@click.argument("address", type=ADDRESS)
@click.option("--yes", is_flag=True, help="Do it. Otherwise it is only shown what would be done.")
@click.option("--ledger-only", is_flag=True, help="Do not look through the mailboxes for mails that name the person.")
@click.pass_obj
def erase(config: str, address: str, yes: bool, ledger_only: bool) -> None:
    """Forget ADDRESS for good, but not that it is stopped; list the mails in mailboxes that still name it."""
    settings = load_settings(Path(config))
    with open_ledger(settings.ledger) as ledger:
        held = (erase_from if yes else look_up)(ledger, address)
    verb = "Forgotten" if yes else "To be forgotten (nothing was changed; --yes does it)"
    click.echo(
        f"{verb}: {counted(len(held.spellings), 'spelling')}, of {counted(len(held.events), 'event')}, "
        f"{counted(len(held.acts), 'act')} and {counted(len(held.deliveries), 'delivery', 'deliveries')}, which stay; "
        f"removed: {counted(len(held.mails), 'kept mail')}."
    )
    if ledger_only:
        return
    traces = list(look_through(settings, address))
    for trace in traces:
        click.echo(_line_of(trace))
    if any(trace.trouble for trace in traces):
        sys.exit(ATTENTION)


def _line_of(trace: Trace) -> str:
    if trace.trouble:
        return f"mailbox {trace.mailbox} could not be looked through: {trace.trouble}"
    return f"still named in mailbox {trace.mailbox}, folder {trace.folder}, mail {trace.uid}"
