"""Which mails that we filed are old enough to be deleted, and how is no other one harmed? (processed_keep_days)

A mail is deleted if the ledger knows that we filed it, when, and under which UID of which UIDVALIDITY; if it is not under
review; and if what is there now has the very octets that were recorded. Everything else stays. Killed between the
deletion and the record, the next sweep finds nothing under that UID, and forgets the place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import Final

from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.lease import Lease, hold
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.sweep import Old, count_old, gone, old
from bounce_plugin.mailbox.incoming import Folder, Mailbox
from bounce_plugin.steps.sight import is_sound

log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)
#: Mails of one sweep: each is read before it goes, and the mailbox is ours alone meanwhile. The next look takes more.
MOST: Final = 2000


class Sweep:
    """Deletes mails from `processed` that were filed long enough ago, where the settings say so. For several threads."""

    def __init__(self, ledger: Ledger, keep: Mapping[str, int | None], clock: Callable[[], datetime]) -> None:
        """`keep` says for how many days mails of a mailbox stay; None: for ever."""
        self._ledger, self._clock = ledger, clock
        self._keep = {name: timedelta(days=days) for name, days in keep.items() if days is not None}
        self._done_at: dict[str, datetime] = {}
        self._lock = Lock()

    def due(self, name: str) -> int:
        """How many mails of a mailbox are old enough, as far as the ledger can tell."""
        if name not in self._keep:
            return 0
        with self._ledger.reading() as tx:
            return count_old(tx, name, Folder.PROCESSED, before=self._clock() - self._keep[name])

    def do(self, mailbox: Mailbox, stop: Event) -> int:
        """Delete what is due in a connected mailbox, at most once an hour unless some is left; returns how many.

        Raises MailboxError, and BusyError where another process works on the mailbox.
        """
        keep = self._keep.get(mailbox.name)
        if keep is None or not mailbox.deletes or stop.is_set() or not self._is_time(mailbox.name):
            return 0
        with hold(self._ledger, mailbox.name, self._clock) as lease:
            now = self._clock()
            self._done_at[mailbox.name] = now  # also if it fails: what hinders it now, does so in a minute
            with lease.reading() as tx:
                some = old(tx, mailbox.name, Folder.PROCESSED, before=now - keep, limit=MOST)
            number = _delete(lease, mailbox, some, now) if some else 0
        if len(some) == MOST:
            del self._done_at[mailbox.name]
        if number:
            log.warning(  # always shown: nothing else ever deletes a mail
                "mailbox %s: %d mails deleted that were filed more than %d days ago", mailbox.name, number, keep.days
            )
        return number

    def _is_time(self, name: str) -> bool:
        with self._lock:
            done_at = self._done_at.get(name)
            return done_at is None or not done_at <= self._clock() < done_at + EVERY  # a clock may go back


def _delete(lease: Lease, mailbox: Mailbox, some: tuple[Old, ...], now: datetime) -> int:
    """Delete those of some mails that are there as they were recorded; returns how many."""
    numbering = mailbox.numbering(Folder.PROCESSED)
    sound = is_sound(lease, mailbox, Folder.PROCESSED, numbering)
    expected = {mail.uid: mail for mail in some if sound and mail.uidvalidity == numbering.uidvalidity}
    same: dict[str, int] = {}
    others = {mail.mail_id for mail in some}
    trouble: MailboxError | None = None
    try:
        for mail in mailbox.fetch(Folder.PROCESSED, list(expected)):
            known = expected[mail.uid]
            if (mail.sha256, mail.size, mail.uidvalidity) == (known.content_sha256, known.size, known.uidvalidity):
                same[mail.uid] = known.mail_id
    except MailboxError as error:
        trouble, others = error, set()  # what it does not give may be there; the others need not wait for it
    others -= set(same.values())
    with lease.transaction() as tx:  # which also says whether the mailbox is still ours
        gone(tx, sorted(others), deleted_at=None)
    if others:
        log.info("mailbox %s: %d mails are not where, or what, we filed: left alone", mailbox.name, len(others))
    mailbox.delete(Folder.PROCESSED, numbering.uidvalidity, same)
    with lease.transaction() as tx:
        gone(tx, same.values(), deleted_at=now)
    if trouble is not None:
        raise trouble
    return len(same)
