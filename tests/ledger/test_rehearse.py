"""Does a rehearsal tell what the live system would have done?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.desk.rehearse import Rehearsed, rehearse
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import Policy, PolicyAction, Rule
from bounce_plugin.policy.simulate import Standing
from tests.histories import ADDRESSES, REQUIRED, START, Failure, Life, Receipt, Step, Undo, state, steps

ANNA, BERT, CLEO = ADDRESSES

POLICIES = [
    build_policy(),
    build_policy(preset=Preset.THREE_STRIKES),
    build_policy(preset=Preset.NONE),
    build_policy(
        preset=Preset.NONE,
        rules=[
            Rule(name="wait", after=2, within_days=30, then=(PolicyAction.PAUSE,), pause_days=10),
            Rule(name="stop", after=4, over_days=3, then=(PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST)),
            Rule(
                name="stop all",
                after=2,
                reasons=frozenset({Reason.ADDRESS_INVALID}),
                then=(PolicyAction.SUPPRESS_ALL,),
            ),
        ],
    ),
]


@pytest.fixture(scope="module")
def ledgers() -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers for many histories, each of which is taken back."""
    with Ledger.in_memory() as one, Ledger.in_memory() as other:
        yield one, other


@pytest.fixture
def life() -> Iterator[Life]:
    with Ledger.in_memory() as ledger:
        yield Life(ledger=ledger, policy=build_policy())


def rehearsed(life: Life, policy: Policy) -> dict[str, Rehearsed]:
    return {one.address: one for one in rehearse(life.ledger, policy, life.now)}


@settings(max_examples=40, deadline=None)
@given(steps, st.sampled_from(POLICIES), st.sampled_from(POLICIES), st.sampled_from(REQUIRED))
def test_the_stops_are_those_of_a_ledger_that_lived_under_the_other_policy_whatever_proof_is_required(
    ledgers: tuple[Ledger, Ledger], history: list[Step], policy: Policy, other: Policy, required: Trust
) -> None:
    policy, other = replace(policy, required=required), replace(other, required=required)
    # which failures a rule's stop rests on differs between the two; everything else that people do does not
    history = [replace(step, rule="") if isinstance(step, Undo) else step for step in history]
    with ledgers[0].rehearsal(), ledgers[1].rehearsal():
        real, lived = (Life(ledger=ledger, policy=one) for ledger, one in zip(ledgers, (policy, other), strict=True))
        real.live(history)
        lived.live(history)
        found = rehearsed(real, other)
        assert found.keys() == {step.address for step in history if isinstance(step, Failure | Receipt)}
        for address, one in found.items():
            assert state(one.simulated.before, real.now) == real.states()[address]
            assert state(one.simulated.after, lived.now) == lived.states()[address]
            assert one.simulated.changes == (real.states()[address] != lived.states()[address])


def test_the_policy_that_holds_changes_nothing(life: Life) -> None:
    life.live([Failure(address=address, reason=Reason.ADDRESS_UNKNOWN, days_ago=0) for address in ADDRESSES])
    assert not any(one.simulated.changes for one in rehearsed(life, life.policy).values())


def test_it_tells_who_changes_and_why(ledger: Ledger) -> None:
    life = Life(ledger=ledger, policy=build_policy())
    twice = [Failure(address=BERT, reason=Reason.MAILBOX_FULL, days_ago=0), 1.0] * 3
    life.live([Failure(address=ANNA, reason=Reason.ADDRESS_INVALID, days_ago=0), *twice])
    found = rehearsed(life, build_policy(preset=Preset.THREE_STRIKES))
    anna, bert = found[ANNA].simulated, found[BERT].simulated
    assert (anna.was, anna.becomes) == (Standing.STOPPED, Standing.FREE)
    assert (bert.was, bert.becomes) == (Standing.FREE, Standing.STOPPED)
    assert bert.after
    assert bert.after.rule == "three strikes"
    assert bert.after.because.startswith("3 soft bounces (mailbox_full) of different messages, 2 days apart")
    assert bert.after.since == START + timedelta(days=2)


def test_since_leaves_out_addresses_and_no_history_of_the_others(life: Life) -> None:
    life.policy = build_policy(preset=Preset.NONE)
    gone = [Failure(address=address, reason=Reason.ADDRESS_UNKNOWN, days_ago=0) for address in (ANNA, BERT)]
    life.live([*gone, 10.0, gone[0]])
    (one,) = rehearse(life.ledger, build_policy(), life.now, since=START + timedelta(days=1))
    assert (one.address, one.simulated.becomes) == (ANNA, Standing.STOPPED)


def test_nothing_is_changed(life: Life) -> None:
    life.live([Failure(address=ANNA, reason=Reason.ADDRESS_INVALID, days_ago=0)])
    before = life.states()
    rehearsed(life, build_policy(preset=Preset.NONE))
    assert life.states() == before
