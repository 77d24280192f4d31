"""Is a failure recorded once, and what follows from it kept in step?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.ledger.history import events_of, suppression_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.ledger.record import bounded, event_id, record_acts, record_event
from bounce_plugin.ledger.stops import stop_of
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.state import Act, Suppression, Verb
from tests.ledger.samples import JOE, NOW, an_event, recorded


def test_an_event_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        event = recorded(tx)
        bare = recorded(
            tx, message_key="mid:2", kind=Kind.DELIVERED, reason=None, type=None, fault=None, evidence=(), contacts=()
        )
        assert events_of(tx, JOE) == (event, bare)


def test_i_06_the_same_failure_told_by_two_mails_counts_once(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        recorded(tx)
        again = an_event(tx, diagnostic_code="550 other words of another relay", received_at=NOW + timedelta(hours=1))
        assert not record_event(tx, again, weight=1.0)
        assert len(past_events(tx, JOE)) == 1


def test_i_07_one_message_to_two_recipients_fails_twice(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        recorded(tx, JOE)
        recorded(tx, "ann@example.org")
        assert len(past_events(tx, JOE)) == len(past_events(tx, "ann@example.org")) == 1


@pytest.mark.parametrize("counting_first", [True, False])
def test_an_event_that_does_not_count_never_shadows_one_that_does(ledger: Ledger, counting_first: bool) -> None:
    with ledger.transaction() as tx:
        for counts in (counting_first, not counting_first):
            recorded(tx, counts=counts)
        assert sorted(event.counts for event in past_events(tx, JOE)) == [False, True]
        assert not record_event(tx, an_event(tx), weight=1.0)


def test_i_26_a_delay_and_the_failure_of_one_message_are_two_events(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        recorded(tx, kind=Kind.DELAY, counts=False)
        recorded(tx)
        assert [event.kind for event in past_events(tx, JOE)] == [Kind.DELAY, Kind.BOUNCE]


def test_the_id_of_an_event_is_the_same_whenever_it_is_recorded(ledger: Ledger) -> None:
    same = {"message_key": "mid:1", "kind": Kind.BOUNCE, "counts": True}
    with ledger.transaction() as tx:
        first = event_id(tx, address=JOE, **same)
        assert event_id(tx, address="JOE@Example.org", **same) == first
        others = {
            event_id(tx, address="ann@example.org", **same),
            event_id(tx, address=JOE, **{**same, "message_key": "mid:2"}),
            event_id(tx, address=JOE, **{**same, "kind": Kind.DELAY}),
            event_id(tx, address=JOE, **{**same, "counts": False}),
        }
        assert len(others | {first}) == 5


def test_another_id_does_not_make_a_known_failure_new(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        recorded(tx)
        assert not record_event(tx, replace(an_event(tx), id="f" * 32), weight=1.0)


def test_an_event_without_an_address_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="names no address"), ledger.transaction() as tx:
        record_event(tx, an_event(tx, ""), weight=1.0)


def test_a_message_id_of_any_length_and_any_octets_is_a_key(ledger: Ledger) -> None:
    long = "mid:" + "\0ä\udcff" * 20_000
    with ledger.transaction() as tx:
        recorded(tx, message_key=long)
        recorded(tx, message_key=long + "x")
        assert not record_event(tx, an_event(tx, message_key=long), weight=1.0)
    assert len(bounded(long)) <= 255
    assert bounded("mid:short@example") == "mid:short@example"


def test_hostile_texts_are_recorded(ledger: Ledger) -> None:
    said = "550 \0 \udc80 \u202e {@} %s '); DROP TABLE events; -- \U0001f4a9"
    with ledger.transaction() as tx:
        recorded(tx, diagnostic_code=said, remote_mta=said, message=said, category=said, trust=Trust.NONE)
        (event,) = events_of(tx, JOE)
        assert event.diagnostic_code == event.category == said.replace("\0", "\ufffd").replace("\udc80", "\ufffd")


def test_acts_are_appended_and_the_stop_follows(ledger: Ledger) -> None:
    pause = Act(
        verb=Verb.PAUSE, at=NOW, until=NOW + timedelta(days=7), rule="hard", because="It failed.", events=("a",)
    )
    stop = Act(verb=Verb.SUPPRESS, at=NOW + timedelta(days=4), rule="gone", because="Twice.", events=("a", "b"))
    lift = Act(verb=Verb.LIFT, at=NOW + timedelta(days=5), because="She called.", actor="secretary")
    with ledger.transaction() as tx:
        assert suppression_of(tx, JOE) is None
        assert record_acts(tx, JOE, []) is None
        paused = record_acts(tx, JOE, [pause])
        assert paused == suppression_of(tx, "JOE@example.org")
        assert paused == Suppression(
            exempt_too=False, since=NOW, until=pause.until, rule="hard", because="It failed.", events=("a",)
        )
        stopped = record_acts(tx, JOE, [stop])
        assert stopped
        assert (stopped.until, stopped.rule, stopped.events) == (None, "gone", ("a", "b"))
    assert stop_of(ledger, JOE)
    with ledger.transaction() as tx:
        assert record_acts(tx, JOE, [lift]) is None
        assert acts_of(tx, JOE) == (pause, stop, lift)
    assert stop_of(ledger, JOE) is None
