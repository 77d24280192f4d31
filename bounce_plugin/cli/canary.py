"""`bounce-plugin canary`: see whether bounces still arrive."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from bounce_plugin.canary import CanaryRound
from bounce_plugin.cli import ATTENTION, DONE
from bounce_plugin.plugin import BouncePlugin


@click.command()
@click.pass_obj
def canary(config: str) -> None:
    """Send a mail to the dead address of [canary], and tell whether the report of an earlier one is missing.

    Meant for a timer. Its exit code is 1 as long as no report comes back.
    """
    with BouncePlugin.from_file(config) as plugin:
        done = plugin.send_canary()
    for line in _lines(done):
        click.echo(line)
    sys.exit(ATTENTION if done.overdue else DONE)


def _lines(done: CanaryRound) -> list[str]:
    lines = []
    if done.overdue:
        first, last = done.overdue[0], done.overdue[-1]
        if len(done.overdue) == 1:
            lines.append(f"PROBLEM: no report came back for the canary sent at {_time(first.sent_at)}.")
        else:
            span = f"from {_time(first.sent_at)} to {_time(last.sent_at)}"
            lines.append(f"PROBLEM: no report came back for {len(done.overdue)} canaries, sent {span}.")
        lines.append("What to look at: see the incident, or docs/how-to/canary.md.")
    due = f"; its report is awaited until {_time(done.sent.due_at)}" if done.sent.due_at else ""
    lines.append(f"Sent a canary to {done.address}{due}.")
    if done.last is None or done.last.took is None:
        lines.append("No report has come yet.")
    else:
        seconds = done.last.took.total_seconds()
        lines.append(
            f"The last report was of the one sent at {_time(done.last.sent_at)}, after {seconds:,.0f} seconds."
        )
    return lines


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
