"""What becomes of a mail that a mail server hands to us? It is ours only once it is in the Maildir and in the ledger.

    whole in tmp -> in the inbox -> recorded, as in a run: one transaction -> answer the mail server -> moved, told

Whatever goes wrong before the answer raises: the mail server keeps the mail and tries again, which gives the same
mail, not a second one. A mail that is in the inbox and could not be recorded is handled by a run as well.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from bounce_plugin.errors import BounceError, BusyError, MailboxError, SettingsError
from bounce_plugin.ledger.filing import is_known
from bounce_plugin.ledger.lease import hold
from bounce_plugin.mailbox.arrival import Arrival, Envelope, Source
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.maildir import UIDVALIDITY, MaildirMailbox
from bounce_plugin.mailboxes import open_maildir
from bounce_plugin.outcome import MailOutcome
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.settings import MaildirSettings, Settings
from bounce_plugin.steps.moves import carry_out_moves

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes mails in for one mailbox. May be used from several threads."""

    plugin: BouncePlugin
    settings: MaildirSettings

    def take(self, source: Source, envelope: Envelope) -> MailOutcome | None:
        """Record a mail, decide what follows, and leave word of it. None: that was done already, as it came before.

        Raises what keeps us from it (MailboxError, LedgerError, or what the plugin is surprised by).
        """
        with open_maildir(self.settings) as mailbox:
            with Arrival(mailbox, source, envelope) as arrival:
                there = arrival.deliver(self._is_known)
            return self._record(mailbox, arrival.uid) if there else None

    def file(self) -> None:
        """Move what is recorded to its folder. What keeps us from it is logged: the next mail or run tries again."""
        try:
            pipeline = self.plugin.pipeline
            with (
                open_maildir(self.settings) as mailbox,
                hold(pipeline.ledger, mailbox.name, pipeline.clock, rehearsed=False) as lease,
            ):
                trouble = carry_out_moves(lease, mailbox)
        except BusyError:
            return  # a run is at work, and moves ours as well
        except BounceError as error:
            log.warning("%s", error)
        else:
            for problem in trouble:
                log.warning("%s", problem)

    def _record(self, mailbox: MaildirMailbox, uid: str) -> MailOutcome | None:
        pipeline = self.plugin.pipeline
        for found in mailbox.fetch(Folder.INBOX, [uid]):
            mail = replace(found, received_at=min(found.received_at, pipeline.clock()))
            case = pipeline.gathering.gather(mail)
            with pipeline.ledger.transaction() as tx:
                recorded = pipeline.record(tx, [(mail, case)], mailbox)
            return recorded[0] if recorded else None  # committed by now
        if not self._is_known(uid):  # no run was quicker: somebody took it away before anything was recorded
            raise MailboxError(f"mailbox {mailbox.name!r}: {uid} vanished from the inbox before it was recorded")
        return None

    def _is_known(self, uid: str) -> bool:
        with self.plugin.ledger.reading() as tx:
            return is_known(tx, self.settings.name, Folder.INBOX, UIDVALIDITY, uid)


def choose_mailbox(settings: Settings, name: str, *, key: str) -> MaildirSettings:
    """The Maildir of that name, or the only one. SettingsError, with this key, where that is none."""
    maildirs = {one.name: one for one in settings.mailboxes if isinstance(one, MaildirSettings)}
    if not name and len(maildirs) == 1:
        return next(iter(maildirs.values()))
    if name in maildirs:
        return maildirs[name]
    allowed = ", ".join(maildirs) or 'none, for there is no [[mailbox]] with kind = "maildir"'
    problem = "mails can be handed to a Maildir only" if name else "say which mailbox takes the mails"
    raise SettingsError(f"{problem}; allowed: {allowed}", key=key, value=name or None, source=settings.source)
