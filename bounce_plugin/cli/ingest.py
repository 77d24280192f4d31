"""`bounce-plugin ingest`: take one mail from a mail server's pipe transport."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from bounce_plugin.cli.deferral import read_input
from bounce_plugin.cli.run import line_of
from bounce_plugin.errors import MailboxError
from bounce_plugin.intake import Intake, choose_mailbox
from bounce_plugin.mailbox.arrival import Envelope
from bounce_plugin.outcome import MailOutcome
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.settings import load_settings

log = logging.getLogger(__name__)

_PARENT: Final = os.getppid()  # the mail server, or its shell

#: How mail servers spell the null sender: Exim by nothing at all, Postfix by a name.
_NULL_SENDERS: Final = frozenset({"", "<>", "mailer-daemon"})


@click.command()
@click.option("--mailbox", default="", help="The mailbox that takes it, a Maildir; otherwise the only one there is.")
@click.option(
    "--recipient", multiple=True, help="Whom the envelope names as its recipient; otherwise the variable RECIPIENT."
)
@click.option("--sender", default=None, help="Its sender, empty for the null sender; otherwise the variable SENDER.")
@click.argument("more", nargs=-1, metavar="[RECIPIENT]...")
@click.pass_obj
def ingest(config: str, mailbox: str, recipient: tuple[str, ...], sender: str | None, more: tuple[str, ...]) -> None:
    """Take one mail from standard input, for a pipe transport of Postfix or Exim.

    Exit codes: 0, the mail is in the mailbox and in the ledger; 75, it was not taken, and the mail server keeps it.
    """
    settings = load_settings(Path(config))
    where = choose_mailbox(settings, mailbox, key="--mailbox")
    envelope = _read_envelope((*recipient, *more), sender)  # Postfix makes several arguments of several recipients
    taken = False
    try:
        with BouncePlugin(settings) as plugin:
            intake = Intake(plugin=plugin, settings=where)
            outcome = intake.take(_FromMailServer(), envelope)
            taken = True
            _finish(plugin, intake, outcome)
    except Exception as error:
        if not taken:
            raise
        log.warning("the mail was taken, but afterwards: %s", error)  # the mail is ours: the answer stays the same


def _finish(plugin: BouncePlugin, intake: Intake, outcome: MailOutcome | None) -> None:
    """File the mail, and tell plugins and people."""
    with suppress(OSError):  # nobody listens
        click.echo(line_of(outcome) if outcome else f"mail in {intake.settings.name}: taken before")
    intake.file()
    plugin.attend()


def _read_envelope(recipients: tuple[str, ...], sender: str | None) -> Envelope:
    """What the command line says, or else the environment: Exim gives no arguments that come from a mail."""
    recipient = next(filter(None, recipients), os.environ.get("RECIPIENT", ""))
    sender = os.environ.get("SENDER") if sender is None else sender
    if sender is not None and sender.strip().lower() in _NULL_SENDERS:
        sender = "<>"
    return Envelope(recipient=recipient.strip(), sender=(sender or "").strip())


class _FromMailServer:
    """Standard input, to the end of the mail: not to where a mail server was killed that was writing it."""

    def read(self, octets: int) -> bytes:
        """So many octets, fewer at the end, and none after it."""
        piece = read_input(octets)
        if not piece and os.getppid() != _PARENT:
            raise MailboxError("the mail server ended before it had handed the mail over")
        return piece
