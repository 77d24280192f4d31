"""Is what was undone as if it had never been, and does everything that is derived know of it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.ledger.everyone import CHUNK, everyone, undone
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of, past_events, sent_to
from bounce_plugin.ledger.rebuild import compare, rebuild
from bounce_plugin.ledger.record import note_event, record_acts
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import Policy, PolicyAction, Rule
from bounce_plugin.policy.state import Act, Verb, derive
from bounce_plugin.policy.undo import Choice
from bounce_plugin.suppression.explanation import explain
from bounce_plugin.suppression.lift import lift
from tests.histories import ADDRESSES, REQUIRED, START, Failure, Life, Step, Undo, state, steps, undos
from tests.policy.past import live as decided_anew

ANNA, BERT, CLEO = ADDRESSES
OWN = Rule(name="two of any kind", after=2, within_days=30, then=(PolicyAction.PAUSE,), pause_days=10)
POLICIES = [
    build_policy(),
    build_policy(preset=Preset.THREE_STRIKES),
    build_policy(preset=Preset.CAREFUL, rules=[OWN]),
]


def fails(address: str = ANNA, reason: Reason = Reason.ADDRESS_UNKNOWN, days_ago: float = 0) -> Failure:
    return Failure(address=address, reason=reason, days_ago=days_ago)


def decided(tx: Transaction, address: str, life: Life) -> list[Act]:
    """What follows from all that counts of an address, decided anew."""
    vouched = [act for act in acts_of(tx, address) if act.verb is Verb.SUCCESS]
    events, sent = past_events(tx, address), sent_to(tx, address)
    return decided_anew(events, life.policy, life.now, vouched=vouched, sent=sent)[1]


@pytest.fixture
def life() -> Iterator[Life]:
    with Ledger.in_memory() as ledger:
        yield Life(ledger=ledger, policy=build_policy())


@pytest.fixture
def stored(ledger: Ledger) -> Life:
    """The same in each kind of database."""
    return Life(ledger=ledger, policy=build_policy())


@pytest.fixture(scope="module")
def empty() -> Iterator[Ledger]:
    """A ledger for many histories, each of which is taken back: to make a new one takes longer than all of them."""
    with Ledger.in_memory() as ledger:
        yield ledger


@settings(max_examples=40, deadline=None)
@given(steps, st.sampled_from(POLICIES), st.sampled_from(REQUIRED))
def test_I_20_after_any_history_with_lifts_and_undoings_rebuild_finds_nothing_whatever_proof_is_required(
    empty: Ledger, history: list[Step], policy: Policy, required: Trust
) -> None:
    policy = replace(policy, required=required)
    with empty.rehearsal():
        life = Life(ledger=empty, policy=policy)
        life.live(history)
        states = life.states()
        with empty.transaction() as tx:
            assert list(compare(tx, mend=False)) == []
            assert rebuild(tx) == ()
            for address in ADDRESSES:
                assert state(derive(decided(tx, address, life)), life.now) == states[address]


@settings(max_examples=40, deadline=None)
@given(steps, undos, st.sampled_from(POLICIES), st.sampled_from(REQUIRED))
def test_after_an_undo_the_state_is_that_of_a_replay_without_those_events_whatever_proof_is_required(
    empty: Ledger, history: list[Step], undo: Undo, policy: Policy, required: Trust
) -> None:
    policy = replace(policy, required=required)
    with empty.rehearsal():
        life = Life(ledger=empty, policy=policy)
        life.live(history)
        with empty.reading() as tx:
            before = {address: past_events(tx, address) for address in ADDRESSES}
        work = life.undoing(undo)
        shown, done = list(work.look()), list(work.do())
        assert shown == done
        gone = {event.id for correction in done for event in correction.undone.events}
        for address in ADDRESSES:
            others = [event for event in before[address] if event.id not in gone]
            with empty.reading() as tx:
                assert list(past_events(tx, address)) == others
                anew = derive(decided(tx, address, life))
            assert life.states()[address] == state(anew, life.now)
        assert list(work.look()) == []  # of what was chosen, nothing is left


def test_what_rested_on_an_undone_failure_goes_and_what_follows_from_the_others_holds(stored: Life) -> None:
    stored.live([fails(), 4.0, fails(), fails(BERT), 1.0])
    assert stored.states() == {ANNA: (False, None), BERT: (False, START + timedelta(days=11)), CLEO: None}
    outage = Choice(provider="gmail.com", since=START - timedelta(days=1), until=START + timedelta(days=1))
    (correction,) = stored.undo(outage).do()
    assert correction.address == ANNA
    assert not correction.undone.lifts
    # the second failure is the first now: a pause of 7 days from then on
    assert stored.states()[ANNA] == (False, START + timedelta(days=11))
    with stored.ledger.reading() as tx:
        assert [act.verb for act in acts_of(tx, ANNA)] == [Verb.PAUSE, Verb.SUPPRESS, Verb.UNDO, Verb.PAUSE]
        explanation = explain(tx, ANNA, "newsletter", policy=stored.policy, now=stored.now)
    assert explanation.suppressed
    assert explanation.because.startswith("1 hard bounce (address_unknown) on 2026-03-05.")
    assert explanation.undone == {correction.undone.events[0].id}


def test_a_failure_that_was_undone_stays_on_record_and_is_not_recorded_again(life: Life) -> None:
    life.live([fails()])
    (correction,) = life.undo(Choice(address=ANNA)).do()
    assert correction.undone.lifts
    with life.ledger.transaction() as tx:
        (event,) = events_of(tx, ANNA)
        assert past_events(tx, ANNA) == ()
        explanation = explain(tx, ANNA, "newsletter", policy=life.policy, now=life.now)
    assert explanation.because == "ann undid failures on 2026-03-01: it was an outage"
    assert explanation.undone == {event.id}
    life.messages = 0  # the same message is reported again
    with pytest.raises(AssertionError):
        life.fail(fails())
    assert life.states()[ANNA] is None


def test_a_later_failure_is_judged_without_those_that_were_undone(life: Life) -> None:
    life.live([fails(), 5.0])
    list(life.undo(Choice(reason=Reason.ADDRESS_UNKNOWN)).do())
    life.live([fails(), 8.0])
    assert life.states()[ANNA] is None  # a pause that is over, no stop
    life.live([fails()])
    assert life.states()[ANNA] == (False, None)


def test_within_one_transaction_a_decision_knows_what_was_undone_in_it(life: Life) -> None:
    life.live([fails()])
    with life.ledger.transaction() as tx:
        (event,) = past_events(tx, ANNA)
        undo = Act(verb=Verb.UNDO, at=life.now, actor="ann", events=(event.id,))
        assert record_acts(tx, ANNA, [undo]) is None
        assert past_events(tx, ANNA) == ()
        note_event(tx, events_of(tx, ANNA)[0], weight=1.0)  # as if it were read once more
        assert past_events(tx, ANNA) == ()


def test_the_rule_chooses_the_failures_that_its_stop_rests_on(life: Life) -> None:
    life.live([fails(), fails(reason=Reason.ADDRESS_INVALID), fails(BERT, Reason.MAILBOX_DISABLED), 1.0])
    (correction,) = life.undo(Choice(rule="address_invalid: stop")).do()
    assert [event.reason for event in correction.undone.events] == [Reason.ADDRESS_INVALID]
    assert life.states()[ANNA] == (False, START + timedelta(days=7))  # the pause was made before the stop
    assert life.states()[BERT] is not None


def test_a_provider_is_a_domain_or_a_name(life: Life) -> None:
    life.live([fails(), fails(BERT), fails(CLEO)])
    for provider, expected in {"gmail.com": {ANNA, BERT}, "google": {ANNA, BERT}, "example.org": {CLEO}}.items():
        assert {one.address for one in life.undo(Choice(provider=provider)).look()} == expected


def test_what_rests_on_other_failures_stays_though_the_policy_has_changed(life: Life) -> None:
    life.live([fails(reason=Reason.ADDRESS_INVALID), fails(reason=Reason.MAILBOX_FULL), 1.0])
    life.policy = build_policy(preset=Preset.NONE)
    (correction,) = life.undo(Choice(reason=Reason.MAILBOX_FULL)).do()
    assert correction.undone.before == correction.undone.after
    assert life.states()[ANNA] == (False, None)


def test_a_lift_forgives_for_good_and_there_is_nothing_left_to_undo(life: Life) -> None:
    life.live([fails()])
    with life.ledger.transaction() as tx:
        lift(tx, ANNA, actor="ann", why="she called", now=life.now)
    assert list(life.undo(Choice(address=ANNA)).do()) == []


def test_an_address_that_was_forgotten_is_undone_without_its_name(life: Life) -> None:
    life.live([fails()])
    with life.ledger.transaction() as tx:
        tx.connection.execute(text("UPDATE addresses SET address = NULL"))
    (correction,) = life.undo(Choice(reason=Reason.ADDRESS_UNKNOWN)).do()
    assert correction.address == ""
    assert life.states()[ANNA] is None


def test_no_more_addresses_are_held_in_memory_than_are_read_at_once(stored: Life) -> None:
    stored.live([fails(f"a{number}@example.org") for number in range(CHUNK + 2)])
    with stored.ledger.reading() as tx:
        held = [len(tx.known) for _ in everyone(tx)]
        assert (len(held), max(held), len(tx.known)) == (CHUNK + 2, CHUNK, 0)
    assert len(list(stored.undo(Choice(provider="example.org")).do())) == CHUNK + 2
    with stored.ledger.reading() as tx:
        assert len(undone(tx)) == CHUNK + 2
        assert list(compare(tx, mend=False)) == []
