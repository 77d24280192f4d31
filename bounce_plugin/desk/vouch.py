"""How does a host say that mail gets through to an address? A login, a click, an answer: something that it saw itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Final

from bounce_plugin.classify.classification import FailureType
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import past_of, recall
from bounce_plugin.ledger.record import append_acts
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.policy.answerable import require_words
from bounce_plugin.policy.state import Act, Verb

#: Addresses that are looked up at once.
BATCH: Final = 1000


def record_successes(ledger: Ledger, reached: Mapping[str, datetime], *, why: str, actor: str, now: datetime) -> int:
    """Record for each address when it was reached; returns for how many of them that changes anything.

    Of an address without a soft failure from before nothing is recorded: there is nothing to forgive, and it is nobody's
    business when its owner clicked. Raises ValueError for a naive time, SettingsError where `why` or `actor` is empty.
    """
    require_words(why=why, actor=actor)
    naive = next((at for at in reached.values() if at.utcoffset() is None), None)
    if naive is not None:
        raise ValueError(f"{naive!r} is no aware datetime (with a time zone)")
    remaining = iter(reached.items())
    changed = 0
    while batch := {address: min(at, now) for address, at in islice(remaining, BATCH)}:
        with ledger.reading() as tx:  # nearly all of them have no failure, and no writer need be waited for
            some = any(True for _ in _forgiving(tx, batch))
        if some:
            with ledger.transaction() as tx:
                for fingerprint, at in list(_forgiving(tx, batch)):
                    act = Act(verb=Verb.SUCCESS, at=now, until=at, because=why, actor=actor)
                    append_acts(tx, fingerprint, [act])
                    changed += 1
    return changed


def _forgiving(tx: Transaction, reached: Mapping[str, datetime]) -> Iterator[tuple[str, datetime]]:
    """The fingerprints of those that have something to be forgiven."""
    latest: dict[str, datetime] = {}
    for address, at in reached.items():
        fingerprint = tx.fingerprint(address)
        latest[fingerprint] = max(at, latest.get(fingerprint, at))
    recall(tx, latest)
    for fingerprint, at in latest.items():
        if _is_news(past_of(tx, fingerprint), at):
            yield fingerprint, at


def _is_news(past: Past, at: datetime) -> bool:
    words = [act.until for act in past.acts if act.verb is Verb.SUCCESS and act.until is not None]
    last = max(words, default=None)
    return any(
        event.counts
        and event.type is FailureType.SOFT
        and event.received_at < at
        and (last is None or event.received_at >= last)
        for event in past.events
    )
