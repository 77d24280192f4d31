"""Of very many, for whom must the ledger be asked at all? A snapshot tells, and what was done since it was made.

It is never behind: whoever was stopped after the snapshot is read from the ledger in the same view in which the stops
are then confirmed. `ledger.snapshots` says why that is complete. Where there is no snapshot that can be used, or nowhere
to put one, the ledger is asked for everybody: slower, and the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from time import monotonic

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.snapshots import (
    Done,
    all_stops,
    begun_at,
    count_stops,
    done_from,
    enter,
    stops_at_most,
)
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.suppression.snapshot import Snapshot, claim, mark_of, read, write

log = logging.getLogger(__name__)

FEW = 500  # addresses for which it is quicker to ask
WORTH_IT = 5_000  # addresses that the ledger was asked for without a snapshot, until one is made
SHARE = 50  # and at least one for so many stops: to make it takes as long as to ask for a fifth as many as are stopped
BEHIND = 20_000  # acts since a snapshot was made, until there is a new one; or one for 50 of its stops, if that is more
REST = 1_000_000  # addresses asked for, until it is tried again to make a snapshot that could not be made
#: Seconds after which everything that was done since is read again: the ledger may be another, put in its place.
DOUBT = 1.0
_AT_ONCE = 20_000  # acts read together


@dataclass(slots=True, kw_only=True)
class _InUse:
    snapshot: Snapshot
    last: Done | None = None  # the newest act that is in its bits; None: those up to the snapshot's own
    read_at: float = 0.0  # when all acts since were read, by the monotonic clock


class Shortcut:
    """The snapshot of one ledger in this process. May be used by several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._path = ledger.beside("stopped")
        self._lock = Lock()
        self._in_use: _InUse | None = None
        self._damaged = ""  # the mark of a file that could not be read
        self._missed = 0  # addresses that the ledger was asked for, for want of a snapshot
        self._enough = WORTH_IT  # of them, until it is looked whether one is worth it
        self._is_old = False
        self._rest = 0

    def possible(self, tx: Transaction, digests: Sequence[bytes]) -> Sequence[int]:
        """The places in the list of those who may be stopped, in the state that `tx` sees; all others are not."""
        if self._path is None or len(digests) < FEW or self._ledger.rehearsing:
            return range(len(digests))
        self._rest = max(0, self._rest - len(digests))
        with self._lock:
            snapshot = self._current(tx)
        if snapshot is None:
            self._missed += len(digests)
            return range(len(digests))
        return snapshot.bits.possible(digests)

    def prepare(self, now: datetime) -> None:
        """Make a snapshot if it is worth it. Not within a transaction."""
        if self._path is None or self._rest or not (self._is_old or self._missed >= self._enough):
            return
        try:
            if self._is_old or self._is_worth_it():
                self._make(now)
                self._missed, self._enough, self._is_old = 0, WORTH_IT, False
        except (OSError, LedgerError) as error:  # no room, a folder that is not ours, a database that takes no writes
            log.warning("no snapshot of who is stopped can be made, so every address is asked for: %s", error)
            self._rest = REST

    def _is_worth_it(self) -> bool:
        most = self._missed * SHARE + 1
        self._enough = 2 * self._missed  # to look costs something as well
        with self._ledger.reading() as tx:
            return stops_at_most(tx, most) < most

    def _make(self, now: datetime) -> None:
        assert self._path is not None
        with claim(self._path) as file:
            if file is None or self._has_another():
                return
            with self._ledger.transaction() as tx:
                mark = enter(tx, now)
            with self._ledger.reading() as tx:
                expected = count_stops(tx)
                write(
                    self._path,
                    partial(tx.seal, "stopped"),
                    mark=mark,
                    expected=expected,
                    stops=all_stops(tx),
                    file=file,
                )
        log.info("a snapshot of %d stops was made: %s", expected, self._path)
        with self._lock:
            self._in_use = None

    def _has_another(self) -> bool:
        """Whether another process has put a newer file there."""
        assert self._path is not None
        if self._in_use is None or mark_of(self._path) in (None, self._in_use.snapshot.mark):
            return False
        with self._lock:
            self._in_use = None
        return True

    def _current(self, tx: Transaction) -> Snapshot | None:
        """The snapshot in use with everything added that was done since; another one if it is of use no more."""
        if self._in_use is not None:
            begun = begun_at(tx, self._in_use.snapshot.mark)
            if begun is not None:
                return self._brought_up(tx, self._in_use, begun)
        self._in_use = None
        assert self._path is not None
        mark = mark_of(self._path)
        begun = begun_at(tx, mark) if mark else None
        if begun is None or mark == self._damaged:
            return None
        snapshot = read(self._path, partial(tx.seal, "stopped"))
        if snapshot is None or snapshot.mark != mark:
            log.warning("the snapshot %s is damaged: it will be made anew", self._path)
            self._damaged = mark or ""
            return None
        self._in_use = _InUse(snapshot=snapshot)
        return self._brought_up(tx, self._in_use, begun)

    def _brought_up(self, tx: Transaction, in_use: _InUse, begun: int) -> Snapshot:
        done = self._done_since(tx, in_use, begun)
        while done:
            in_use.snapshot.bits.add([one.fingerprint for one in done])
            in_use.last = done[-1]
            done = done_from(tx, done[-1].number + 1, _AT_ONCE) if len(done) == _AT_ONCE else []
        if in_use.last is not None and in_use.last.number - begun > max(BEHIND, in_use.snapshot.stops // 50):
            self._is_old = True
        return in_use.snapshot

    def _done_since(self, tx: Transaction, in_use: _InUse, begun: int) -> list[Done]:
        """The first acts that may be missing. From the last one known on, if it is still there, or else all."""
        if in_use.last is not None and monotonic() - in_use.read_at < DOUBT:
            done = done_from(tx, in_use.last.number, _AT_ONCE)
            if done and done[0] == in_use.last:
                return done
            # Another history, as when a backup was restored; or another thread has added what this view does not see.
        in_use.last, in_use.read_at = None, monotonic()
        return done_from(tx, begun + 1, _AT_ONCE)
