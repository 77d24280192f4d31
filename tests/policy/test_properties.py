"""What holds for any sequence of events?"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.correlate.correlation import Caveat
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.replay import replay
from bounce_plugin.policy.rules import RESTRICTING, PastEvent, Policy, PolicyAction, Rule
from bounce_plugin.policy.state import Verb, derive, in_force
from tests.policy.past import START, event, live

COUNTING = [reason for reason in Reason if event(reason).counts]
#: Days that lie on and beside the limits of the rules, and some that lie anywhere.
DAYS = st.sampled_from([0, 0.25, 0.5, 1, 2, 3, 4, 7, 10, 14, 20, 21, 30, 400, 403]) | st.floats(0, 500)


@st.composite
def failures(draw: st.DrawFn, reasons: list[Reason] = COUNTING, **fixed: bool) -> PastEvent:
    number = draw(st.integers(0, 1_000_000))
    return event(
        draw(st.sampled_from(reasons)),
        days=draw(DAYS),
        category=draw(st.sampled_from(["", "newsletter", "invoice"])),
        name=f"event-{number:07}",
        message=f"ref:{number}",
        caveat=draw(st.sampled_from([None, None, Caveat.FORWARDED])),
        **fixed,
    )


ACTIONS = st.lists(st.sampled_from(PolicyAction), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    if draw(st.booleans()):
        return build_policy(preset=draw(st.sampled_from(Preset)))
    number = draw(st.integers(1, 3))
    return build_policy(
        preset=Preset.NONE,
        rules=[
            Rule(
                name=f"rule {index}",
                after=draw(st.integers(1, 4)),
                within_days=draw(st.none() | st.sampled_from([5, 14, 30, 400])),
                over_days=draw(st.sampled_from([0, 0, 1, 3, 14])),
                kinds=draw(st.sampled_from([frozenset({Kind.BOUNCE}), frozenset(Kind)])),
                types=draw(st.sampled_from([frozenset(), frozenset({FailureType.SOFT})])),
                reasons=draw(st.sampled_from([frozenset(), frozenset(COUNTING[:5]), frozenset(COUNTING[5:])])),
                categories=draw(st.sampled_from([frozenset(), frozenset({"newsletter"})])),
                then=draw(ACTIONS),
                pause_days=draw(st.sampled_from([1, 7, 14])),
            )
            for index in range(number)
        ],
    )


@st.composite
def permuted(draw: st.DrawFn) -> tuple[list[PastEvent], list[PastEvent]]:
    events = draw(st.lists(failures(), max_size=7, unique_by=lambda past: past.id))
    if events and draw(st.booleans()):
        again = draw(st.sampled_from(events))
        events.append(again)  # the same report, read twice
    return events, draw(st.permutations(events))


@settings(max_examples=100)
@given(permuted(), policies(), st.integers(0, 520))
def test_the_order_of_arrival_makes_no_difference_to_the_stop(
    orders: tuple[list[PastEvent], list[PastEvent]], policy: Policy, later: int
) -> None:
    one, other = (derive(live(events, policy, now=START)[1]) for events in orders)
    assert (one and (one.exempt_too, one.until)) == (other and (other.exempt_too, other.until))
    at = START + timedelta(days=later)
    assert in_force(one, at) == in_force(other, at)


@settings(max_examples=60)
@given(st.lists(failures(), max_size=6, unique_by=lambda past: past.id), policies(), st.integers(0, 520))
def test_reading_late_makes_no_difference_to_what_holds_afterwards(
    events: list[PastEvent], policy: Policy, later: int
) -> None:
    events.sort(key=lambda past: past.received_at)
    end = max([START + timedelta(days=later), *(past.received_at for past in events)])
    at_once, late = (derive(live(events, policy, now)[1]) for now in (None, end))
    assert in_force(at_once, end) == in_force(late, end)


@settings(max_examples=60)
@given(st.lists(failures(list(Reason), counts=False), max_size=12), policies())
def test_what_does_not_count_never_restricts(events: list[PastEvent], policy: Policy) -> None:
    decided, acts = live(events, policy)
    assert acts == []
    assert not any(RESTRICTING & decision.actions for decision in decided)


@settings(max_examples=60)
@given(st.lists(failures(), max_size=8), policies())
def test_a_stop_is_never_made_twice_by_one_rule(events: list[PastEvent], policy: Policy) -> None:
    stops = [(act.verb, act.rule) for act in live(events, policy)[1] if act.until is None]
    assert len(stops) == len(set(stops))


@settings(max_examples=50)
@given(st.lists(failures(), max_size=9, unique_by=lambda past: past.id), policies(), st.integers(0, 520))
def test_a_replay_comes_to_the_stop_that_came_of_living_through_it(
    events: list[PastEvent], policy: Policy, later: int
) -> None:
    now = max([START + timedelta(days=later), *(past.received_at for past in events)])
    lived, replayed = derive(live(events, policy, now)[1]), derive(replay(events, policy, now))
    assert (lived and (lived.exempt_too, lived.until)) == (replayed and (replayed.exempt_too, replayed.until))


def test_what_changes_nothing_about_a_stop_is_not_decided_again() -> None:
    # mail was sent for years to an address that nobody has; each decision would look through all of it
    events = [event(days=day) for day in range(2000)]
    assert [act.rule for act in replay(events, build_policy(), START)][-1] == "address_unknown: stop"
    sold = event(Reason.OWNER_CHANGED, days=3000)
    assert replay([*events, sold], build_policy(), START)[-1].verb is Verb.SUPPRESS_ALL
