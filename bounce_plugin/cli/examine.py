"""`bounce-plugin examine`: what does this mail say, and why do we think so?"""

from __future__ import annotations

import json
import sys

import click

from bounce_plugin.cli.argument import argue
from bounce_plugin.cli.language import LANG
from bounce_plugin.cli.record import as_record
from bounce_plugin.cli.rules_in_use import tables_in_use
from bounce_plugin.cli.trace import trace
from bounce_plugin.examination import examine as examine_mail
from bounce_plugin.mailbox.paths import raw_mails


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@LANG
@click.option("--trace", "with_trace", is_flag=True, help="Each step that led to the verdict.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def examine(ctx: click.Context, paths: tuple[str, ...], language: str, with_trace: bool, as_json: bool) -> None:
    """Explain bounces: files, folders, a Maildir, an mbox, or - for standard input. Changes nothing."""
    tables = tables_in_use(ctx)
    for mail in raw_mails(paths):
        examination = examine_mail(mail.raw, tables)
        if as_json:
            record = as_record(mail.name, examination, trace=with_trace)
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
            continue
        click.echo(argue(mail.name, examination, language))
        if with_trace:
            click.echo(trace(examination, language))
