"""May this be sent to this address? The question before each send."""

from __future__ import annotations

import threading
from datetime import datetime

from bounce_plugin.ledger.history import suppression_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.stops import Stop, stop_of
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.state import in_force, withholds

_REMEMBERED = 10_000  # addresses, for each thread


class Gate:
    """Answers from the ledger, as it is at that moment. May be used by several threads.

    What was found is remembered for as long as nothing at all was committed to the ledger. On SQLite that costs a tenth of
    asking again; on PostgreSQL as much as asking, so there it is asked.
    """

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._categories = {category.name: category for category in policy.categories}
        self._seen = _Seen()

    def should_suppress(self, address: str, category: str, now: datetime) -> bool:
        """Whether mail of this category must not be sent to the address.

        Mail of an exempt category is withheld only where a stop says so itself (the address has changed its owner).
        Mail of a category that is not declared is sent: the caller raises an incident. A pause that is over holds
        nothing back.
        """
        asked = self._categories.get(category)
        if asked is None:
            return False
        stop = self._stop(address)
        return stop is not None and withholds(asked, exempt_too=stop.exempt_too, until=stop.until, now=now)

    def is_stopped(self, address: str, now: datetime) -> bool:
        """Whether mail of any category is withheld from the address: no notice goes there either (T-15)."""
        with self._ledger.reading() as tx:
            return in_force(suppression_of(tx, address), now)

    def _stop(self, address: str) -> Stop | None:
        version = self._ledger.version()  # first: what is found may be newer than it, never older
        if version is None:
            return stop_of(self._ledger, address)
        seen = self._seen
        if version != seen.version or len(seen.stops) >= _REMEMBERED:
            seen.version, seen.stops = version, {}
        try:
            return seen.stops[address]
        except KeyError:
            stop = seen.stops[address] = stop_of(self._ledger, address)
            return stop


class _Seen(threading.local):
    """What one thread found when the ledger was at a version; a thread's connection numbers versions in its own way."""

    def __init__(self) -> None:
        self.version: tuple[int, int] | None = None
        self.stops: dict[str, Stop | None] = {}


def declared(policy: Policy, category: str) -> bool:
    """Whether a category is declared in the settings: a typo must not switch suppression off unseen."""
    return policy.category(category) is not None
