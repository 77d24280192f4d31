"""`bounce-plugin run`: read the bounce mailboxes and act."""

from __future__ import annotations

import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Event

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bounce_plugin.cli import ATTENTION, DONE
from bounce_plugin.cli.health import needs_extra
from bounce_plugin.cli.rehearsal import ledger_to_look_at
from bounce_plugin.cli.sweep import say_sweep
from bounce_plugin.cli.terminal import printable
from bounce_plugin.outcome import Handling, MailOutcome, RunSummary
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.runner import keep_running
from bounce_plugin.settings import load_settings


@click.command()
@click.option("--once", is_flag=True, help="Handle what is there now, and end.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing anywhere. Implies --once.")
@click.pass_obj
def run(config: str, once: bool, dry_run: bool) -> None:
    """Read the bounce mailboxes, act, and file each mail; without --once until SIGTERM or Ctrl-C."""
    settings = load_settings(Path(config))
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with BouncePlugin(settings, ledger=ledger_to_look_at(settings) if dry_run else None) as plugin:
        if not (once or dry_run):
            with _metrics_served(plugin):
                keep_running(plugin, stop, _log_line)
            return
        summary = _with_progress(plugin, stop, dry_run=dry_run)
        for line in say_sweep(plugin) if dry_run else ():
            click.echo(line)
    _summarise(summary)
    sys.exit(DONE if summary.ok else ATTENTION)


def _metrics_served(plugin: BouncePlugin) -> AbstractContextManager[None]:
    if plugin.settings.metrics.listen is None:
        return nullcontext()
    with needs_extra():
        from bounce_plugin.metrics import served
    return served(plugin.settings, plugin.ledger, plugin.clock)


def _with_progress(plugin: BouncePlugin, stop: Event, *, dry_run: bool) -> RunSummary:
    console = Console(stderr=True)
    if not console.is_terminal:
        return plugin.run_once(dry_run=dry_run, stop=stop, on_outcome=_log_line)
    columns = (SpinnerColumn(), TextColumn("{task.completed} mails"), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("", total=None)

        def show(outcome: MailOutcome) -> None:
            progress.update(task, advance=1, description=f"{outcome.mailbox}: {outcome.kind} {outcome.handling}")
            if outcome.handling in {Handling.REVIEW, Handling.FAILED} and not outcome.swamped:
                progress.console.print(line_of(outcome), markup=False, highlight=False)

        return plugin.run_once(dry_run=dry_run, stop=stop, on_outcome=show)


def _log_line(outcome: MailOutcome) -> None:
    if outcome.handling is not Handling.LEFT and not outcome.swamped:
        click.echo(line_of(outcome))


def line_of(outcome: MailOutcome) -> str:
    """One mail, one line; where several recipients failed, one more for each."""
    head = f"mail {outcome.mail_id or '-'} in {outcome.mailbox}: {outcome.kind}, {outcome.handling}"
    if outcome.why:
        head += f": {outcome.why}"
    if len(outcome.details) == 1:
        return _flat(f"{head}{'' if outcome.why.endswith('.') else ':'} {outcome.details[0]}")
    return "\n  ".join(map(_flat, (head, *outcome.details)))


def _flat(text: str) -> str:
    """One line, whatever a mail has put into it."""
    return printable(" ".join(text.split()))


def _summarise(summary: RunSummary) -> None:
    counts = ", ".join(f"{summary.count(handling)} {handling}" for handling in Handling if summary.count(handling))
    prefix = "Dry run, nothing was changed. " if summary.dry_run else ""
    click.echo(f"{prefix}{len(summary.outcomes)} mails: {counts or 'nothing new'}.")
    if summary.swamped:
        click.echo(f"{summary.swamped} more of a flood of reports without proof: filed for review, told as one.")
    for error in summary.errors:
        click.echo(f"error: {error}", err=True)
