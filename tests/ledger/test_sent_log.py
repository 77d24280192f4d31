"""Is the same delivery found whether it is asked for alone, or looked up with many others?"""

from __future__ import annotations

import pytest
from sqlalchemy import event

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.ledger.deliveries import record_sent
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.sent_log import SentLog
from tests.ledger.samples import JOE, a_delivery

ANN = "ann@example.org"
BOUNCES = (
    (Clues(), JOE),
    (Clues(message_id="d1@lists.example"), JOE),
    (Clues(message_id="<d1@lists.example>"), JOE),
    (Clues(message_id="d1@lists.example"), ANN),
    (Clues(message_id="nobody's@lists.example"), JOE),
    (Clues(envelope_id="env-d2"), ANN),
    (Clues(envelope_id="nobody's", message_id="d2@lists.example"), ANN),
    (Clues(references=("x@y", "d1@lists.example")), JOE),
    (Clues(envelope_id="x" * 1000, message_id="y" * 1000), JOE),
)


@pytest.fixture
def log(ledger: Ledger) -> SentLog:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery("d1"), a_delivery("d2", ANN), a_delivery("d3", envelope_id="x" * 1000)])
    return SentLog(ledger)


def test_looked_up_together_or_alone_the_answer_is_the_same(log: SentLog) -> None:
    alone = [log.find(clues, address) for clues, address in BOUNCES]
    with log.ahead([clues for clues, _ in BOUNCES]):
        together = [log.find(clues, address) for clues, address in BOUNCES]
    with log.ahead([]):
        not_looked_up = [log.find(clues, address) for clues, address in BOUNCES]
    assert together == not_looked_up == alone
    assert sum(found is not None for found in alone) == 6


def test_what_is_recorded_after_the_batch_is_found(log: SentLog, ledger: Ledger) -> None:
    clues = Clues(message_id="late@lists.example")
    with log.ahead([clues]):
        assert log.find(clues, JOE) is None
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery("late")])
    assert log.find(clues, JOE) is not None


def test_of_a_batch_that_is_about_nothing_recorded_the_ledger_is_asked_twice(log: SentLog, ledger: Ledger) -> None:
    asked: list[str] = []
    strangers = [Clues(message_id=f"{number}@x", envelope_id=f"e{number}") for number in range(100)]
    with ledger.reading() as tx:
        engine = tx.connection.engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    with log.ahead(strangers):
        assert [log.find(clues, JOE) for clues in strangers] == [None] * 100
    assert sum("deliveries" in statement for statement in asked) == 2
