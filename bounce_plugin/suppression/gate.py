"""May this be sent to this address? The question before each send."""

from __future__ import annotations

from datetime import datetime

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.stops import stop_of
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.state import withholds


class Gate:
    """Answers from the ledger, as it is at that moment. May be used by several threads."""

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._categories = {category.name: category for category in policy.categories}

    def should_suppress(self, address: str, category: str, now: datetime) -> bool:
        """Whether mail of this category must not be sent to the address.

        Mail of an exempt category is withheld only where a stop says so itself (the address has changed its owner).
        Mail of a category that is not declared is sent: the caller raises an incident. A pause that is over holds
        nothing back.
        """
        asked = self._categories.get(category)
        if asked is None:
            return False
        stop = stop_of(self._ledger, address)
        return stop is not None and withholds(asked, exempt_too=stop.exempt_too, until=stop.until, now=now)


def declared(policy: Policy, category: str) -> bool:
    """Whether a category is declared in the settings: a typo must not switch suppression off unseen."""
    return policy.category(category) is not None
