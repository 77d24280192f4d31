"""Is the history of an address read back as it was, and as far as it matters?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.columns import bounded
from bounce_plugin.ledger.history import event_by_id, events_by_ids, events_of, latest_events, with_nameless_failures
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import past_events, past_of
from bounce_plugin.ledger.record import names_of, record_acts, record_event
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


def test_I_06_a_message_is_known_by_all_its_names_also_after_a_lift(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        long = f"mid:{'x' * 3000}@lists.example"
        event = recorded(tx, message_key="mid:1", aliases=("envid:1", long))
        recorded(tx, message_key="mid:2", counts=False)
        record_acts(tx, JOE, [Act(verb=Verb.LIFT, at=NOW)])
        recorded(tx, message_key="ref:3", received_at=NOW + DAY)
        known = [(names_of(event), True), (("mid:2",), False), (("ref:3",), True)]
        assert past_of(tx, tx.fingerprint(JOE)).failed == known
    with ledger.reading() as tx:
        assert past_of(tx, tx.fingerprint(JOE)).failed == known
        first, *_ = events_of(tx, JOE)
        assert first.aliases == ("envid:1", bounded(long))


def test_whose_failures_are_of_no_known_message(ledger: Ledger) -> None:
    people = [f"{number}@example.org" for number in range(1200)]
    with ledger.transaction() as tx:
        recorded(tx, people[3])
        recorded(tx, people[4], delivery_ref="n-4")
        recorded(tx, people[5], kind=Kind.DELAY, counts=False)
        recorded(tx, people[1100])
    with ledger.reading() as tx:
        asked = {tx.fingerprint(one): one for one in people}
        found = with_nameless_failures(tx, asked)
        assert {asked[one] for one in found} == {people[3], people[1100]}


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
