"""`bounce-plugin review`: the mails that wait for a person."""

from __future__ import annotations

import sys
from typing import Final

import click
from rich.table import Table

from bounce_plugin.classify.classification import Reason
from bounce_plugin.cli.absent import absent, note_absent
from bounce_plugin.cli.actor import ACTOR
from bounce_plugin.cli.argument import argue
from bounce_plugin.cli.given import ADDRESS
from bounce_plugin.cli.terminal import print_table, printable
from bounce_plugin.ledger.mails import mail_by_id
from bounce_plugin.ledger.review import settled, waiting
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.outcome import ReviewItem
from bounce_plugin.plugin import BouncePlugin

ITEM: Final = click.argument("item", type=int)


@click.group()
def review() -> None:
    """Work through the mails that could not be handled.

    Moving a mail out of the review folder by hand closes its item, too; moved back to the inbox it is handled again.
    """


@review.command("list")
@click.option("--closed", is_flag=True, help="What was settled, instead of what waits.")
@click.pass_obj
def list_items(config: str, closed: bool) -> None:
    """Show what waits, oldest first."""
    with BouncePlugin.from_file(config) as plugin:
        items = plugin.desk.items(closed=closed)
        with plugin.ledger.reading() as tx:
            total = settled(tx) if closed else waiting(tx)
    if not items:
        click.echo("Nothing was settled yet." if closed else "Nothing waits.")
        return
    table = Table("item", "since", "kind", "addresses", "why", *(["settled", "by"] if closed else []))
    for item in items:
        end = [item.resolution, item.actor] if closed else []
        since = f"{item.opened_at:%Y-%m-%d %H:%M}"
        table.add_row(str(item.id), since, item.kind or "", "\n".join(item.addresses), printable(item.why), *end)
    print_table(table)
    if total > len(items):
        click.echo(f"… and {total - len(items)} {'older ones' if closed else 'more'}.")


@review.command()
@ITEM
@click.option("--raw", is_flag=True, help="The mail as it came, for a mail program.")
@click.pass_obj
def show(config: str, item: int, raw: bool) -> None:
    """Show one item: why it waits, and what its mail says."""
    with BouncePlugin.from_file(config) as plugin:
        found, mail = plugin.desk.show(item)
        if raw:
            sys.stdout.buffer.write(mail)
            return
        click.echo(f"Item {found.id}, since {found.opened_at:%Y-%m-%d %H:%M} UTC: {printable(found.why)}")
        if found.closed_at:
            click.echo(f"Settled by {found.actor} on {found.closed_at:%Y-%m-%d %H:%M} UTC: {found.resolution}")
        if not mail:
            click.echo("The mail itself is not kept any more." if found.mail_id else "No mail belongs to it.")
            return
        examination = plugin.examine(mail)
    click.echo(argue("The mail", examination))
    click.echo(printable(examination.report.text[:2000]))


@review.command()
@ITEM
@click.argument("contact")
@ACTOR
@click.pass_obj
def assign(config: str, item: int, contact: str, actor: str) -> None:
    """The address of the mail belongs to CONTACT (the host's id): record the failure for it."""
    with BouncePlugin.from_file(config) as plugin:
        _settled(plugin, plugin.desk.assign(item, contact, actor=actor))
        note_absent(absent(plugin))


@review.command()
@ITEM
@click.argument("reason", type=click.Choice([reason.value for reason in Reason]), metavar="REASON")
@click.option(
    "--address", type=ADDRESS, default="", help="Which address failed, if the mail does not say, or names several."
)
@ACTOR
@click.pass_obj
def classify(config: str, item: int, reason: str, address: str, actor: str) -> None:
    """The mail reports a final failure for REASON, such as address_unknown or mailbox_full."""
    with BouncePlugin.from_file(config) as plugin:
        _settled(plugin, plugin.desk.classify(item, Reason(reason), actor=actor, address=address))
        note_absent(absent(plugin))


@review.command()
@ITEM
@click.option("--why", default="", help="A word for the record.")
@ACTOR
@click.pass_obj
def dismiss(config: str, item: int, why: str, actor: str) -> None:
    """Nothing is to be done: file the mail as processed."""
    with BouncePlugin.from_file(config) as plugin:
        _settled(plugin, plugin.desk.dismiss(item, actor=actor, why=why))


@review.command()
@ITEM
@ACTOR
@click.pass_obj
def again(config: str, item: int, actor: str) -> None:
    """Handle the mail in the next run as if it had just arrived; a failure still counts once.

    A mail that is in the ledger alone (POP3 with `delete = true`) is handled at once.
    """
    with BouncePlugin.from_file(config) as plugin:
        _settled(plugin, plugin.desk.again(item, actor=actor))


def _settled(plugin: BouncePlugin, item: ReviewItem) -> None:
    plugin.tell()
    if item.closed_at is None:
        click.echo(f"Item {item.id} still waits: {printable(item.why)}")
        return
    with plugin.ledger.reading() as tx:
        target = mail_by_id(tx, item.mail_id).target if item.mail_id else ""
    moves = " The next run moves the mail." if target not in {"", Folder.LEDGER} else ""
    click.echo(f"Item {item.id} is settled: {item.resolution}.{moves}")
