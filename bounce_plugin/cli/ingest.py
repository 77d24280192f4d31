"""`bounce-plugin ingest`: take one mail from a mail server's pipe transport."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

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
@click.option("--recipient", multiple=True, help="Whom the envelope names as its recipient.")
@click.option("--sender", default=None, help="Whom the envelope names as its sender; empty for the null sender.")
@click.argument("more", nargs=-1, metavar="[RECIPIENT]...")
@click.pass_obj
def ingest(config: str, mailbox: str, recipient: tuple[str, ...], sender: str | None, more: tuple[str, ...]) -> None:
    """Take one mail from standard input, for a pipe transport of Postfix or Exim.

    Exit codes: 0, the mail is in the mailbox and in the ledger; 75, it was not taken, and the mail server keeps it.
    """
    settings = load_settings(Path(config))
    where = choose_mailbox(settings, mailbox, key="--mailbox")
    recipients = [one for one in (*recipient, *more) if one]  # Postfix makes several arguments of several recipients
    envelope = Envelope(recipient=recipients[0] if recipients else "", sender=_read_sender(sender))
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
    plugin.tell()


def _read_sender(given: str | None) -> str:
    if given is None:
        return ""
    return "<>" if given.strip().lower() in _NULL_SENDERS else given.strip()


class _FromMailServer:
    """Standard input, to the end of the mail: not to where a mail server was killed that was writing it."""

    def read(self, octets: int) -> bytes:
        """So many octets, fewer at the end, and none after it."""
        piece = sys.stdin.buffer.read(octets)
        if not piece and os.getppid() != _PARENT:
            raise MailboxError("the mail server ended before it had handed the mail over")
        return piece
