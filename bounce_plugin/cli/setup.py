"""`bounce-plugin init`, `check` and `migrate`: the first day."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from bounce_plugin.cli import ATTENTION
from bounce_plugin.cli.notes import say_notes
from bounce_plugin.cli.rehearsal import ledger_to_look_at
from bounce_plugin.cli.rotate import say_keys
from bounce_plugin.cli.sweep import say_sweep
from bounce_plugin.cli.trust import say_trust
from bounce_plugin.errors import BounceError, NoticeError
from bounce_plugin.ledger import review
from bounce_plugin.ledger.trips import open_trips
from bounce_plugin.mailboxes import open_mailbox, open_tokens
from bounce_plugin.notices import open_server
from bounce_plugin.opening import open_ledger
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.settings import (
    MailboxSettings,
    Pop3Settings,
    Settings,
    SmtpSettings,
    find_risks,
    load_settings,
    write_template,
)

_MARKS: Final = {True: "ok", False: "PROBLEM", None: "note"}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False), default=".")
def init(folder: str) -> None:
    """Write a commented bounce.toml, and the ledger's key, into FOLDER."""
    for path in write_template(Path(folder)):
        click.echo(f"wrote {path}")
    click.echo("Next: name your mailbox in bounce.toml, then run `bounce-plugin check`.")


@click.command()
@click.pass_obj
def migrate(config: str) -> None:
    """Make or update the ledger's tables."""
    with open_ledger(load_settings(Path(config)).ledger):
        click.echo("The ledger is up to date.")


@click.command()
@click.pass_obj
def check(config: str) -> None:
    """Try everything that a run needs; one line and one remedy for each problem, and for each thing to be noted."""
    problems = 0
    for line, good in _checks(config):
        problems += good is False
        click.echo(f"{_MARKS[good]:<7} {line}")
    sys.exit(ATTENTION if problems else 0)


def _checks(config: str) -> Iterator[tuple[str, bool | None]]:
    """One line for each thing tried, and whether it is well (None: it is as somebody wants it, who should know of it);
    later ones are left out where an earlier one is needed.
    """
    try:
        settings = load_settings(Path(config))
    except BounceError as error:
        yield str(error), False
        return
    yield f"settings: {settings.source}, {len(settings.policy.rules)} rules", True
    yield from ((risk, False) for risk in find_risks(settings))
    yield from _check_mailboxes(settings)
    yield from _check_servers(settings)
    try:
        settings.ledger.read_key()
        plugin = BouncePlugin(settings, ledger=ledger_to_look_at(settings))
    except BounceError as error:
        yield str(error), False
        return
    with plugin:
        try:
            plugin.ledger.try_writing()
        except BounceError as error:
            yield f"{error}: this user must be able to write there, and beside an SQLite file", False
        else:
            yield "ledger: usable with this key", True
            yield from say_keys(plugin.ledger, settings.ledger)
            yield from ((line, True) for line in say_sweep(plugin))
        yield from _check_plugins(plugin)
        yield from ((line, True) for line in say_trust(settings.trust, plugin.clock()))
        with plugin.ledger.reading() as tx:
            waiting, trips = review.waiting(tx), open_trips(tx)
        yield f"manual work: {waiting} waiting", True
        yield from ((line, None) for line in say_notes(settings, trips))


def _check_mailboxes(settings: Settings) -> Iterator[tuple[str, bool]]:
    for mailbox_settings in settings.mailboxes:
        tokens = open_tokens(mailbox_settings)
        try:
            if tokens is not None:
                tokens.get()
                yield f"mailbox {mailbox_settings.name}: {tokens.place} gives an access token", True
            # To write, so that it says what keeps us from it; `check` itself does not.
            with open_mailbox(mailbox_settings, tokens=tokens) as mailbox:
                troubles = list(mailbox.check())
                if settings.processed_keep_days[mailbox.name] is not None and not mailbox.deletes:
                    troubles.append(
                        f"mailbox {mailbox.name!r}: the server cannot expunge single mails (UIDPLUS): nothing is deleted "
                        "there; take processed_keep_days out"
                    )
        except BounceError as error:
            troubles = [str(error)]
        yield from ((trouble, False) for trouble in troubles)
        if not troubles:
            yield f"mailbox {mailbox_settings.name}: {_usable(mailbox_settings)}", True


def _usable(mailbox: MailboxSettings) -> str:
    if not isinstance(mailbox, Pop3Settings):
        return "signed in, folders usable"
    if mailbox.delete:
        return (
            "signed in; handled mails are deleted on the server, once they are in the ledger (delete = true), "
            "and what is fetched counts as read there"
        )
    return "signed in; mails stay on the server, and are read once (delete = false)"


def _check_servers(settings: Settings) -> Iterator[tuple[str, bool]]:
    if settings.notices is not None and "notices" not in settings.hooks.disabled:
        yield _check_server("notices", settings.notices.smtp)
    if settings.canary is not None:
        yield _check_server("canary", settings.canary.smtp)


def _check_server(name: str, smtp: SmtpSettings) -> tuple[str, bool]:
    """Whether the server of a table's mails lets us in."""
    try:
        open_server(smtp).check()
    except NoticeError as error:
        return f"{name}: {error}: correct [{name}.smtp], or start that server", False
    except BounceError as error:  # the password cannot be had
        return f"{name}: {error}", False
    return f"{name}: {smtp.host}:{smtp.port} lets us in", True


def _check_plugins(plugin: BouncePlugin) -> Iterator[tuple[str, bool]]:
    for name in plugin.plugins.names:
        yield f"plugin {name}: {', '.join(plugin.plugins.hooks_of(name))}", True
    if not any("find_contact" in plugin.plugins.hooks_of(name) for name in plugin.plugins.names):
        yield (
            "no plugin answers find_contact: every bounce will go to review. Install or write one (docs/tutorial)",
            False,
        )
