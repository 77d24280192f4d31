"""Which failures does a success forgive, what is one, and does the order of arrival make a difference?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.correlation import Caveat, Trust
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.late import settle
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.replay import replay
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction, Rule
from bounce_plugin.policy.simulate import simulate
from bounce_plugin.policy.state import Act, Verb, derive
from bounce_plugin.policy.success import Sent
from tests.policy.past import START, event
from tests.policy.test_properties import failures, policies

TWICE = build_policy(preset=Preset.NONE, rules=[Rule(name="twice", after=2, then=(PolicyAction.SUPPRESS,))])


def full(days: float, **more: str) -> PastEvent:
    return event(Reason.MAILBOX_FULL, days=days, **more)


def receipt(
    days: float, trust: Trust = Trust.SIGNED_ENVELOPE, caveat: Caveat | None = None, name: str = ""
) -> PastEvent:
    return replace(event(None, days=days, kind=Kind.DELIVERED, name=name), trust=trust, caveat=caveat)


def sent(days: float, message: str = "ref:sent", failed: float | None = None) -> Sent:
    failed_at = None if failed is None else START + timedelta(days=failed)
    return Sent(message_key=message, at=START + timedelta(days=days), failed_at=failed_at)


def word(days: float, until: float | None = None) -> Act:
    at = START + timedelta(days=days)
    return Act(verb=Verb.SUCCESS, at=at, until=at if until is None else START + timedelta(days=until), actor="crm")


def live(
    events: Iterable[PastEvent], policy: Policy, *, done: Sequence[Act] = (), sent: Sequence[Sent] = ()
) -> list[Act]:
    """The acts after the events came in, in this order."""
    acts, history = list(done), list[PastEvent]()
    for past in events:
        history.append(past)
        acts += settle(past, history, policy, START, done=acts, sent=sent)[1]
    return acts


def stopped(events: Iterable[PastEvent], *, done: Sequence[Act] = (), sent: Sequence[Sent] = ()) -> bool:
    return derive(live(events, TWICE, done=done, sent=sent)) is not None


# ---- what is a success ----


def test_a_signed_receipt_newer_than_a_soft_failure_resets_it() -> None:
    assert stopped([full(0), full(2)])
    assert not stopped([full(0), receipt(1), full(2)])
    assert stopped([receipt(-1), full(0), full(2)]), "it is older than both"
    assert stopped([full(0), receipt(1), full(2), full(3)]), "what comes after it counts"


@pytest.mark.parametrize("trust", [Trust.SIGNED_HEADER, Trust.LOGGED, Trust.ADDRESS, Trust.NONE])
def test_a_receipt_that_others_could_write_resets_nothing(trust: Trust) -> None:
    assert stopped([full(0), receipt(1, trust), full(2)])


@pytest.mark.parametrize("caveat", set(Caveat) - {Caveat.FORWARDED})
def test_a_receipt_against_which_something_is_to_be_said_resets_nothing(caveat: Caveat) -> None:
    assert stopped([full(0), receipt(1, caveat=caveat), full(2)])


@pytest.mark.parametrize("kind", set(Kind) - {Kind.DELIVERED})
def test_no_other_mail_resets_anything_whoever_it_is_from(kind: Kind) -> None:
    assert stopped([full(0), replace(receipt(1), kind=kind), full(2)])


def test_a_success_resets_no_hard_failure() -> None:
    assert stopped([event(days=0), receipt(1), event(days=8)], done=[word(1)], sent=[sent(2)])


def test_the_hosts_word_resets_soft_failures_from_before_it() -> None:
    assert not stopped([full(0), full(2)], done=[word(1)])
    assert stopped([full(0), full(2)], done=[word(3)]), "the second failure is decided upon as when it was received"
    assert not stopped([full(0), full(20)], done=[word(9, until=1)]), "said later of an earlier day"
    assert stopped([full(0), full(8)], done=[word(9, until=1)]), "it was not said yet"


def test_a_delivery_counts_as_success_once_its_days_are_over() -> None:
    assert not stopped([full(0), full(6)], sent=[sent(1)]), "as of when it was sent"
    assert stopped([full(0), full(5.9)], sent=[sent(1)]), "it may still come back"
    assert stopped([full(2), full(8)], sent=[sent(1)]), "it was sent before both"
    other = replace(TWICE, success_after_days=10)
    assert derive(live([full(0), full(6)], other, sent=[sent(1)])) is not None


def test_a_late_bounce_takes_the_success_back() -> None:
    late = replace(full(7), message_key="ref:sent")
    assert stopped([full(0), late], sent=[sent(1)])
    assert stopped([full(0), full(8)], sent=[sent(1, failed=7)]), "also one that was undone or lifted since"
    content = replace(event(Reason.SPAM_CONTENT, days=7), message_key="ref:sent")
    assert stopped([full(0), content, full(8)], sent=[sent(1)]), "it did not get through, whoever is to blame"


def test_a_bounce_that_names_no_message_makes_each_delivery_of_those_days_doubtful() -> None:
    weekly = [full(day, message=f"day:{day}") for day in (0.1, 7.1, 14.1)]
    assert stopped(weekly, sent=[sent(day, f"ref:{day}") for day in (0, 7, 14)])
    assert not stopped([full(0, message="day:0"), full(9, message="day:9")], sent=[sent(1)])


def test_i_26_failed_and_then_delivered_by_another_server_stays_and_is_cleared_if_signed() -> None:
    failed = replace(full(0), message_key="ref:sent")
    delivered = replace(receipt(1), message_key="ref:sent")
    assert not stopped([failed, delivered, full(2)], sent=[sent(-1, failed=0)])
    assert stopped([failed, replace(delivered, trust=Trust.LOGGED), full(2)], sent=[sent(-1, failed=0)])


def test_i_26_delayed_and_then_failed_is_nothing_and_then_one() -> None:
    delayed = replace(event(None, kind=Kind.DELAY), message_key="ref:sent")
    failed = replace(full(5), message_key="ref:sent")
    assert not stopped([delayed, failed])
    assert stopped([delayed, failed, full(6)], sent=[sent(-1)])


def test_a_stop_that_holds_is_lifted_by_no_success() -> None:
    assert stopped([full(0), full(2), receipt(3)], done=[], sent=[sent(2.5)])
    assert stopped([full(0), full(2), receipt(3), full(4)])


# ---- what holds for all histories ----

DAYS = st.integers(-2, 40).map(float)
#: Messages of which some were sent and recorded, and some of which nobody knows.
NAMED = st.sampled_from([f"ref:{number}" for number in range(6)] + ["day:1", "mid:x"])


@st.composite
def reports(draw: st.DrawFn) -> PastEvent:
    if draw(st.integers(0, 3)) == 0:
        number = draw(st.integers(0, 99))
        return replace(receipt(draw(DAYS), name=f"receipt-{number:02}"), message_key=f"mid:receipt-{number}")
    failed = draw(failures())
    return replace(failed, message_key=draw(NAMED | st.just(failed.message_key)))


#: A message fails once: the ledger sees to it.
HISTORIES = st.lists(reports(), max_size=8, unique_by=(lambda past: past.id, lambda past: past.message_key))
SENT = st.lists(st.builds(sent, DAYS, NAMED.filter(lambda key: key.startswith("ref:"))), max_size=5)
WORDS = st.lists(st.builds(word, DAYS), max_size=2)
SOFT_RULES = build_policy(
    preset=Preset.NONE,
    rules=[
        Rule(name="wait", after=2, within_days=20, then=(PolicyAction.PAUSE,), pause_days=60),
        Rule(name="stop", after=3, then=(PolicyAction.SUPPRESS,)),
    ],
)
POLICIES = policies() | st.just(SOFT_RULES)


def state(acts: Iterable[Act]) -> object:
    stop = derive(acts)
    return stop and (stop.exempt_too, stop.until)


@settings(max_examples=50, deadline=None)
@given(st.data(), HISTORIES, POLICIES, SENT, WORDS)
def test_the_order_of_arrival_makes_no_difference(
    data: st.DataObject, events: list[PastEvent], policy: Policy, recorded: list[Sent], words: list[Act]
) -> None:
    other = data.draw(st.permutations(events))
    in_order = sorted(events, key=lambda past: (past.received_at, past.id))
    found = [state(live(one, policy, done=words, sent=recorded)) for one in (events, other, in_order)]
    assert found[0] == found[1] == found[2]
    assert state(replay(events, policy, START, done=words, sent=recorded)) == found[0]
    acts = live(other, policy, done=words, sent=recorded)
    assert not simulate(events, acts, policy, START, sent=recorded).changes


@settings(max_examples=50, deadline=None)
@given(HISTORIES, POLICIES, SENT, st.integers(0, 8))
def test_a_forgeable_mail_never_resets_anything(
    events: list[PastEvent], policy: Policy, recorded: list[Sent], place: int
) -> None:
    for trust, kind in [(Trust.ADDRESS, Kind.DELIVERED), (Trust.LOGGED, Kind.DELIVERED), (Trust.NONE, Kind.AUTO_REPLY)]:
        forged = replace(receipt(20, trust, name="zz-forged"), kind=kind, reason=None)
        restricting = replace(policy, rules=tuple(rule for rule in policy.rules if rule.restricts))
        mixed = [*events[:place], forged, *events[place:]]
        assert state(live(mixed, restricting, sent=recorded)) == state(live(events, restricting, sent=recorded))


@settings(max_examples=50, deadline=None)
@given(HISTORIES, POLICIES, SENT, WORDS)
def test_successes_never_hold_anything_against_anybody(
    events: list[PastEvent], policy: Policy, recorded: list[Sent], words: list[Act]
) -> None:
    strength = lambda stop: (stop is not None, stop and stop.exempt_too, stop and stop.until is None)  # noqa: E731
    bare = [past for past in events if past.kind is Kind.BOUNCE]
    without, with_ = derive(live(bare, policy)), derive(live(events, policy, done=words, sent=recorded))
    assert strength(with_) <= strength(without)
