"""Is the history of an address read back as it was, and as far as it matters?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.history import event_by_id, events_by_ids, events_of, latest_events
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import past_events
from bounce_plugin.ledger.record import record_acts, record_event
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.rules import PastEvent
from bounce_plugin.policy.state import Act, Verb
from tests.ledger.samples import JOE, NOW, an_event, recorded

DAY = timedelta(days=1)


def test_what_a_decision_must_know(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        event = an_event(tx)
        record_event(tx, event, weight=0.5)
        assert past_events(tx, JOE) == (
            PastEvent(
                id=event.id,
                kind=Kind.BOUNCE,
                type=FailureType.HARD,
                reason=Reason.ADDRESS_UNKNOWN,
                counts=True,
                weight=0.5,
                message_key="mid:1@lists.example",
                category="newsletter",
                received_at=NOW,
            ),
        )


def test_i_18_events_come_in_the_order_in_which_they_were_received(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for day in (2, 0, 3, 1):
            recorded(tx, message_key=f"mid:{day}", received_at=NOW + day * DAY)
        keys = [f"mid:{day}" for day in range(4)]
        assert [event.message_key for event in past_events(tx, JOE)] == keys
        assert [event.message_key for event in events_of(tx, JOE)] == keys
        assert [event.message_key for event in events_of(tx, JOE, 2)] == keys[2:]


def test_a_lift_outweighs_what_was_received_before_it(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for day in range(4):
            recorded(tx, message_key=f"mid:{day}", received_at=NOW + day * DAY)
        record_acts(tx, JOE, [Act(verb=Verb.LIFT, at=NOW + 1 * DAY)])
        assert [event.message_key for event in past_events(tx, JOE)] == ["mid:2", "mid:3"]
        record_acts(tx, JOE, [Act(verb=Verb.SUPPRESS, at=NOW + 3 * DAY)])
        assert len(past_events(tx, JOE)) == 2
        assert len(events_of(tx, JOE)) == 4
        recorded(tx, "ann@example.org")
        assert len(past_events(tx, "ann@example.org")) == 1


def test_the_latest_events_of_everybody(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for day, address in enumerate(("a@example.org", "b@example.org", "c@example.org")):
            recorded(tx, address, received_at=NOW + day * DAY)
        assert [event.address[0] for event in latest_events(tx)] == ["a", "b", "c"]
        assert [event.address[0] for event in latest_events(tx, 2)] == ["b", "c"]
        assert [event.address[0] for event in latest_events(tx, since=NOW + 2 * DAY)] == ["c"]


def test_events_by_their_ids(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        one, two = recorded(tx), recorded(tx, "ann@example.org")
        assert events_by_ids(tx, [two.id, "0" * 32, one.id]) == (two, one)
        assert events_by_ids(tx, []) == ()
        assert event_by_id(tx, one.id) == one
        with pytest.raises(NotFoundError, match="no event 0000"):
            event_by_id(tx, "0" * 32)
