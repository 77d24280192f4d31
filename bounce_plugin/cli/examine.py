"""`bounce-plugin examine`: what does this mail say, and why do we think so?"""

from __future__ import annotations

import json
import multiprocessing
import sys
from contextlib import closing
from functools import partial

import click

from bounce_plugin.classify.tables import Tables
from bounce_plugin.cli.argument import argue
from bounce_plugin.cli.language import LANG
from bounce_plugin.cli.progress import show_progress
from bounce_plugin.cli.record import as_record
from bounce_plugin.cli.rules_in_use import tables_in_use
from bounce_plugin.cli.trace import trace
from bounce_plugin.crew import work_in_order
from bounce_plugin.examination import examine as examine_mail
from bounce_plugin.mailbox.paths import NamedMail, octets_in, raw_mails


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@LANG
@click.option("--trace", "with_trace", is_flag=True, help="Each step that led to the verdict.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="How many processes share the work; otherwise one for few mails, and all cores for many.",
)
@click.pass_context
def examine(
    ctx: click.Context, paths: tuple[str, ...], language: str, with_trace: bool, as_json: bool, processes: int | None
) -> None:
    """Explain bounces: files, folders, a Maildir, an mbox, or - for standard input. Changes nothing."""
    multiprocessing.set_forkserver_preload([__name__])  # loaded once, and shared by all processes
    # What is printed is made by those that examine: to write an answer down takes half as long as to find it.
    tables = tables_in_use(ctx)
    words = partial(_in_words, tables=tables, language=language, with_trace=with_trace)
    answer = partial(_in_json, tables=tables, with_trace=with_trace) if as_json else words
    answers = work_in_order(answer, raw_mails(paths), size_of=_octets, processes=processes)
    write = sys.stdout.write if as_json else partial(click.echo, nl=False)  # which leaves colours out for a file
    with closing(answers), show_progress(lambda: octets_in(paths)) as advance:
        for mail, text in answers:
            write(text)
            advance(len(mail.raw))
    sys.stdout.flush()  # here, where a reader that has gone away is no error


def _octets(mail: NamedMail) -> int:
    return len(mail.raw)


def _in_words(mail: NamedMail, tables: Tables, language: str, *, with_trace: bool) -> str:
    examination = examine_mail(mail.raw, tables)
    argument = argue(mail.name, examination, language) + "\n"
    return argument + trace(examination, language) + "\n" if with_trace else argument


def _in_json(mail: NamedMail, tables: Tables, *, with_trace: bool) -> str:
    record = as_record(mail.name, examine_mail(mail.raw, tables), trace=with_trace)
    return json.dumps(record, ensure_ascii=False) + "\n"
