"""What has to be done from time to time, whether mails come or not?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from bounce_plugin.canary import look_for_missing
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.raw import remove_raw
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.steps.act import Consequences

log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)


class Chores:
    """The work of a process that has a ledger open; several processes may do it, one after the other."""

    def __init__(
        self, ledger: Ledger, consequences: Consequences, *, keep_days: int, clock: Callable[[], datetime]
    ) -> None:
        self._ledger, self._consequences, self._clock = ledger, consequences, clock
        self._keep_mails = timedelta(days=keep_days)
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
        with self._ledger.transaction() as tx:
            removed = remove_raw(tx, before=now - self._keep_mails, alone=Folder.LEDGER)
        if removed:
            log.info("%d mails were kept for %d days: removed from the ledger", removed, self._keep_mails.days)
