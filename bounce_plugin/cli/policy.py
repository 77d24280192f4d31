"""`bounce-plugin policy`: what the rules do to mail of each category, and what other rules would do."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
from click.core import ParameterSource

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli.moment import moment
from bounce_plugin.cli.policy_rows import as_record, tables
from bounce_plugin.cli.terminal import print_table
from bounce_plugin.errors import NotFoundError
from bounce_plugin.policy.matrix import matrix
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.policy.rules import Policy


@click.group()
def policy() -> None:
    """Look at what the rules do, and at what others would do."""


@policy.command()
@click.option("--category", default="", help="Mail of this category; otherwise of each one.")
@click.option(
    "--reason", type=click.Choice([one.value for one in Reason]), metavar="REASON", help="This reason; otherwise all."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def show(ctx: click.Context, category: str, reason: str | None, as_json: bool) -> None:
    """Print what becomes of mail of each category, for each reason: after one failure, and after more."""
    rules = _policy_in_use(ctx)
    if category and rules.category(category) is None:
        raise NotFoundError(f"there is no category {category!r}")
    cells = [
        cell
        for cell in matrix(rules, BUILT_IN.reasons)
        if category in ("", cell.category.name) and reason in (None, cell.reason)
    ]
    if as_json:
        for cell in cells:
            sys.stdout.write(json.dumps(as_record(cell), ensure_ascii=False) + "\n")
        return
    for table in tables(cells):
        print_table(table)
    click.echo("Failures of different messages, for this reason alone. exempt: mail of exempt categories.")
    click.echo("Soft failures are forgiven once mail got through: a signed receipt, the host's word,")
    click.echo(f"or a recorded delivery of which no bounce came for {rules.success_after_days} days.")
    click.echo("A mail whose reason is not clear waits for a person, whatever the rules say.")


@policy.command()
@click.option(
    "--policy",
    "other",
    type=click.Path(dir_okay=False),
    required=True,
    help="A settings file; its [policy], [categories] and [breaker] are tried.",
)
@moment("--since", "Only addresses to which something happened from then on; all of their history counts.")
@click.option(
    "-n", "--number", type=click.IntRange(1), default=50, show_default=True, help="How many addresses, at most."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each address that changes.")
@click.pass_obj
def simulate(config: str, other: str, since: datetime | None, number: int, as_json: bool) -> None:
    """Tell who would be stopped, paused or released if another policy had held all along. Changes nothing."""
    from bounce_plugin.cli import simulation  # here: `show` needs no database
    from bounce_plugin.cli.rehearsal import ledger_to_look_at
    from bounce_plugin.desk.rehearse import rehearse
    from bounce_plugin.plugin import utc_now
    from bounce_plugin.settings import load_settings

    settings = load_settings(Path(config))
    # What was believed when it came in is on record; how often it must be confirmed hangs on what is required here.
    others = load_settings(Path(other))
    tried = replace(others.policy, required=settings.trust.require)
    with ledger_to_look_at(settings) as ledger:
        rehearsed = rehearse(ledger, tried, utc_now(), since=since, limits=others.breaker.limits)
        if as_json:
            simulation.show_json(rehearsed)
            return
        simulation.show(rehearsed, number)
    for sentence in simulation.category_changes(settings.policy, tried):
        click.echo(sentence)


def _policy_in_use(ctx: click.Context) -> Policy:
    """The policy of the settings file; the preset `careful` where nobody names a file and none is here."""
    root = ctx.find_root()
    if root.get_parameter_source("config") is ParameterSource.DEFAULT and not Path(root.obj).exists():
        return build_policy()
    from bounce_plugin.settings import load_settings  # here: settings take as long to load as all else together

    return load_settings(Path(root.obj)).policy
