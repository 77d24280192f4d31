"""Which of very many addresses get no mail? The question before a newsletter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.stops import stopped
from bounce_plugin.policy.rules import Policy

_BATCH = 10_000  # addresses held at once


def suppressed_among(
    ledger: Ledger, addresses: Iterable[str], category: str, *, policy: Policy, now: datetime
) -> set[str]:
    """Those of the addresses, as the caller spells them, to which mail of this category must not be sent.

    The same answer as `Gate.should_suppress` gives to each, from one consistent view of the ledger.
    """
    asked = policy.category(category)
    if asked is None:
        return set()
    found: set[str] = set()
    with ledger.reading() as tx:
        for batch in _batches(addresses):
            spellings: dict[str, list[str]] = {}
            for address in batch:
                spellings.setdefault(tx.fingerprint(address), []).append(address)
            for fingerprint in stopped(tx, list(spellings), exempt=asked.exempt, now=now):
                found.update(spellings[fingerprint])
    return found


def _batches(addresses: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(addresses)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
