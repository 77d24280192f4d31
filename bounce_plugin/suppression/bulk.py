"""Which of very many addresses get no mail? The question before a newsletter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bounce_plugin.ledger.digests import fingerprint_in
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.stops import stopped
from bounce_plugin.policy.rules import Policy
from bounce_plugin.suppression.shortcut import Shortcut

AT_ONCE = 20_000  # addresses that are best asked for together


class Bulk:
    """Answers from the ledger, as it is at that moment, for many addresses at once. May be used by several threads."""

    def __init__(
        self, ledger: Ledger, policy: Policy, clock: Callable[[], datetime], note_odd: Callable[[str], None]
    ) -> None:
        """`note_odd` is told of one among those asked for together that is no address."""
        self._ledger, self._policy, self._clock, self._note_odd = ledger, policy, clock, note_odd
        self._shortcut = Shortcut(ledger)

    def suppressed(self, addresses: Sequence[str], category: str) -> list[str]:
        """Those of the addresses, as the caller spells them, to which mail of this category must not be sent.

        The same answer as `Gate.should_suppress` gives to each, from one consistent view of the ledger. Every one of them
        was confirmed there; a snapshot tells only for whom that need not be.
        """
        asked = self._policy.category(category)
        if asked is None:
            return []
        now = self._clock()
        self._shortcut.prepare(now)
        with self._ledger.reading() as tx:
            digests, odd = tx.digests(addresses)
            spellings: dict[str, list[str]] = {}
            for place in self._shortcut.possible(tx, digests):
                spellings.setdefault(fingerprint_in(digests[place]), []).append(addresses[place])
            held = list(stopped(tx, sorted(spellings), exempt=asked.exempt, now=now)) if spellings else []
        if odd is not None:
            self._note_odd(odd)
        return [spelling for fingerprint in held for spelling in spellings[fingerprint]]
