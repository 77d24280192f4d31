"""Does every verdict that is stored follow again from what is stored of it, and still when a person was forgotten?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from sqlalchemy import select

from bounce_plugin.classify.classification import Classification, Evidence
from bounce_plugin.classify.classifier import derive_again
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.event import BounceEvent
from bounce_plugin.examination import examine
from bounce_plugin.ledger.addresses import PLACEHOLDER
from bounce_plugin.ledger.enclosed import read_evidence
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import events
from bounce_plugin.ledger.transaction import Transaction
from tests.classify.replies import verdicts
from tests.ledger.samples import recorded
from tests.mails import REAL, SAMPLES, WITHOUT_CORPUS
from tests.servers.ledgers import KEY

_number = count(1)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger in SQLite that fills while the tests of this module run."""
    ledger = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}", key=KEY)
    yield ledger
    ledger.close()


def store(tx: Transaction, verdict: Classification) -> BounceEvent:
    """Record a verdict as the event of an address and a message of its own, and read it back."""
    number = next(_number)
    address = f"reader{number}@example.org"
    recorded(
        tx,
        address,
        message_key=f"mid:{number}",
        kind=verdict.kind,
        reason=verdict.reason,
        type=verdict.type,
        fault=verdict.fault,
        counts=verdict.counts,
        confidence=verdict.confidence,
        evidence=tuple(verdict.evidence),
    )
    (event,) = events_of(tx, address)
    return event


def hidden_evidence(tx: Transaction, event: BounceEvent) -> tuple[Evidence, ...]:
    """The evidence as it stands in the database: all that is left of it when the addresses are forgotten."""
    stored = tx.connection.execute(select(events.c.evidence).where(events.c.id == event.id)).scalar_one()
    return read_evidence(stored)


def check(event: BounceEvent, evidence: Sequence[Evidence]) -> None:
    again = derive_again(evidence, BUILT_IN)
    told = (again.kind, again.reason, again.type, again.fault, again.counts, again.confidence)
    assert told == (event.kind, event.reason, event.type, event.fault, event.counts, event.confidence)
    assert again.evidence == tuple(evidence)


def check_all(ledger: Ledger, paths: Sequence[Path]) -> int:
    """Store and derive every verdict on these mails; how many had an address in their evidence."""
    with_address = 0
    with ledger.transaction() as tx:
        for path in paths:
            for verdict in examine(path.read_bytes()).classifications:
                event = store(tx, verdict)
                hidden = hidden_evidence(tx, event)
                check(event, event.evidence)
                check(event, hidden)
                with_address += hidden != event.evidence
                assert not any("@" in PLACEHOLDER.sub("", step.span).replace("{@}", "") for step in hidden), path
    return with_address


def test_the_stored_verdicts_on_every_third_sample_follow_again(shelf: Ledger) -> None:
    assert check_all(shelf, SAMPLES[::3]) > 5


@pytest.mark.skipif(not REAL, reason=WITHOUT_CORPUS)
def test_every_stored_verdict_on_a_real_mail_follows_again(shelf: Ledger) -> None:
    assert check_all(shelf, REAL) > 5


@given(verdict=verdicts())
@settings(max_examples=50, deadline=None)
def test_every_stored_verdict_follows_again_from_what_is_revealed_and_from_what_is_hidden(
    shelf: Ledger, verdict: Classification
) -> None:
    with shelf.transaction() as tx:
        event = store(tx, verdict)
        check(event, event.evidence)
        check(event, hidden_evidence(tx, event))
