"""What has to be done from time to time, whether mails come or not?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from bounce_plugin.canary import look_for_missing
from bounce_plugin.ledger.absent import PATIENCE
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outdated import AT_ONCE, remove_outdated
from bounce_plugin.ledger.raw import remove_raw
from bounce_plugin.ledger.review import open_item
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.settings import LedgerSettings
from bounce_plugin.steps.act import Consequences
from bounce_plugin.words.counting import counted

log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)

#: Deliveries that are looked at in one hour, so that mail is not read late while ten years of them go.
MOST: Final = 50_000


class Chores:
    """The work of a process that has a ledger open; several processes may do it, one after the other."""

    def __init__(
        self, ledger: Ledger, consequences: Consequences, *, kept: LedgerSettings, clock: Callable[[], datetime]
    ) -> None:
        """`kept` says what the ledger keeps for how long."""
        self._ledger, self._consequences, self._kept, self._clock = ledger, consequences, kept, clock
        self._done_at: datetime | None = None
        self._lock = Lock()

    def do(self) -> None:
        """Look for canaries that are missing, and do the rest if that was not done within the last hour."""
        now = self._clock()
        look_for_missing(self._ledger, self._consequences.raise_incident, now)
        with self._lock:
            if self._done_at is not None and self._done_at <= now < self._done_at + EVERY:  # a clock may go back
                return
            self._done_at = now
        self._remove_mails(now)
        self._remove_deliveries(now)
        self._give_up_absent(now)

    def _remove_mails(self, now: datetime) -> None:
        days = self._kept.keep_mails_days
        with self._ledger.transaction() as tx:
            removed = remove_raw(tx, before=now - timedelta(days=days), alone=Folder.LEDGER)
        if removed:
            log.info("%d mails were kept for %d days: removed from the ledger", removed, days)

    def _remove_deliveries(self, now: datetime) -> None:
        days, removed = self._kept.keep_deliveries_days, 0
        if days is None:
            return
        for _ in range(MOST // AT_ONCE):
            with self._ledger.transaction() as tx:
                gone = remove_outdated(tx, before=now - timedelta(days=days))
            if gone is None:
                break
            removed += gone
        if removed:
            log.info("%d deliveries were recorded as sent more than %d days ago: removed", removed, days)

    def _give_up_absent(self, now: datetime) -> None:
        """Put each plugin that never came back before a person, once, and before the operator."""
        announcements = self._consequences.announcements
        with self._ledger.transaction() as tx:
            for gone in announcements.absent.give_up(tx, now):
                title = (
                    f"The plugin {gone.plugin!r} was not loaded for {PATIENCE.days} days: nobody waits for it any more"
                )
                detail = (
                    f"{counted(gone.announcements, 'announcement')} to it, the oldest of {gone.since:%Y-%m-%d %H:%M} UTC, "
                    "were given up. If it was taken out, all is well; else start the program that has it."
                )
                item = open_item(tx, why=f"{title}. {detail}", now=now)
                announcements.review_needed(tx, item, now)
                self._consequences.raise_incident(
                    tx, key=f"plugin-absent:{gone.plugin}", title=title, detail=detail, now=now
                )
