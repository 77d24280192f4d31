"""`bounce-plugin rules`: the tables by which mails are classified, and what an operator and the plugins add to them."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import click

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN, BUILT_IN_SOURCE
from bounce_plugin.classify.trial import as_finding, try_finding
from bounce_plugin.cli import ATTENTION
from bounce_plugin.cli.rule_rows import COLUMNS, Row, in_words, rows_of, tabulate
from bounce_plugin.cli.rule_trial import as_record, tell
from bounce_plugin.cli.rules_in_use import tables_in_use
from bounce_plugin.cli.terminal import print_table, printable
from bounce_plugin.detectors.finding import Stage
from bounce_plugin.errors import NotFoundError
from bounce_plugin.message.status import EnhancedStatus
from bounce_plugin.rulebook import load_rules

#: So many rules are named where a name is not clear.
_NAMED: Final = 12
_CODE: Final = re.compile(r"(?P<reply>[245]\d\d)?[ -]?(?P<status>[245]\.\d{1,3}\.\d{1,3})?")

AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group(invoke_without_command=True)
@click.pass_context
def rules(ctx: click.Context) -> None:
    """Look at the rules of classification, try them, and check those that you add. Without a command: list them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_rules)


@rules.command("list")
@click.option("--table", type=click.Choice(list(COLUMNS)), help="One table; otherwise all.")
@click.option(
    "--reason", type=click.Choice([one.value for one in Reason]), metavar="REASON", help="What speaks for this reason."
)
@click.option("--scope", type=click.Choice(["any", *sorted(BUILT_IN.providers.names)]), help="One provider, or any.")
@click.option("--word", default="", help="What has this in it, in any case.")
@click.option("--added", is_flag=True, help="What bounce.toml and plugins add.")
@AS_JSON
@click.pass_context
def list_rules(
    ctx: click.Context,
    table: str | None = None,
    reason: str | None = None,
    scope: str | None = None,
    word: str = "",
    added: bool = False,
    as_json: bool = False,
) -> None:
    """Print the tables: reasons, status codes, reply codes, phrases and providers."""
    rows = [
        row
        for row in rows_of(tables_in_use(ctx))
        if table in (None, row.table)
        and reason in (None, row.reason)
        and scope in (None, row.scope)
        and not (added and row.source == BUILT_IN_SOURCE)
        and row.holds(word)
    ]
    if as_json:
        _print_json(row.record() for row in rows)
    elif not rows:
        click.echo("There is no such rule.")
    else:
        for name, group in groupby(rows, key=lambda row: row.table):
            print_table(tabulate(name, group))


@rules.command()
@click.argument("rule")
@AS_JSON
@click.pass_context
def show(ctx: click.Context, rule: str, as_json: bool) -> None:
    """Show one rule with its example: by its name (phrase:any:…, status:5.1.1, reply:552), or words of that name."""
    row = _find(rule.removesuffix("…"), list(rows_of(tables_in_use(ctx))))
    if as_json:
        _print_json([row.record()])
        return
    for key, fact in row.record().items():
        click.echo(f"{key:<11}{printable(in_words(fact))}")


def _find(rule: str, rows: Sequence[Row]) -> Row:
    """The row of that name; else the only one whose name has these words in it."""
    found = [row for row in rows if row.rule == rule] or [row for row in rows if rule.lower() in row.rule.lower()]
    if not found:
        raise NotFoundError(f"there is no rule {rule!r}; `bounce-plugin rules list` has all")
    if len(found) > 1:
        names = "\n  ".join(printable(row.rule) for row in found[:_NAMED])
        more = f"\n  … and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise click.UsageError(f"several rules have {rule!r} in their name:\n  {names}{more}")
    return found[0]


@rules.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--code", default="", help='The codes of the refusal, such as "550 5.1.1"; otherwise those in TEXT.')
@click.option("--provider", type=click.Choice(sorted(BUILT_IN.providers.names)), help="Whose host refused.")
@click.option("--stage", type=click.Choice([one.value for one in Stage if one]), help="At which SMTP command.")
@AS_JSON
@click.pass_context
def test(
    ctx: click.Context, text: tuple[str, ...], code: str, provider: str | None, stage: str | None, as_json: bool
) -> None:
    """Tell what TEXT would be taken for if a host had answered it, and by which rules; - reads standard input.

    For example: bounce-plugin rules test "550 5.1.1 User unknown"
    """
    reply = sys.stdin.buffer.read().decode(errors="replace") if text == ("-",) else " ".join(text)
    codes = _CODE.fullmatch(code.strip())
    if codes is None:
        raise click.BadParameter('must be like "550", "5.1.1" or "550 5.1.1"', param_hint="--code")
    tables = tables_in_use(ctx)
    finding = as_finding(
        reply.strip(),
        tables,
        reply_code=codes["reply"] or "",
        status=EnhancedStatus.find(codes["status"] or ""),
        provider=provider or "",
        stage=Stage(stage or ""),
    )
    verdict = try_finding(finding, tables)
    if as_json:
        _print_json([as_record(finding, verdict, tables)])
    else:
        click.echo(tell(finding, verdict, tables))


@rules.command()
@click.pass_obj
def check(config: str) -> None:
    """Check the phrases that bounce.toml and plugins add; one line for each that cannot stay as it is."""
    tables, faults = load_rules(Path(config))
    for fault in faults:
        click.echo(f"PROBLEM {printable(str(fault))}")
    counts = Counter(source.rpartition(", ")[0] for source in tables.sources.values())
    if faults:
        sys.exit(ATTENTION)
    for source, count in counts.items():
        click.echo(f"ok      {source}: {count} {'phrase' if count == 1 else 'phrases'}")
    if not counts:
        click.echo("ok      no phrases are added")


def _print_json(records: Iterable[object]) -> None:
    for record in records:
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
