"""What follows when failures are held, and when a person releases or discards them? For all histories of an address."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.policy.hold import hold, release, trip_number
from bounce_plugin.policy.replay import replay, restricting
from bounce_plugin.policy.rules import PastEvent
from bounce_plugin.policy.state import Act, Verb, derive, held_events, in_force, standing, undone_events
from bounce_plugin.policy.undo import undo
from tests.policy.past import START, event, live
from tests.policy.test_properties import failures, policies

NOW = START + timedelta(days=600)
HOLD = Act(verb=Verb.HOLD, at=START, rule="breaker 7", events=("1", "2"))


def extent(acts: list[Act]) -> tuple[bool, object] | None:
    stop = derive(acts)
    return (stop.exempt_too, stop.until) if stop and in_force(stop, NOW) else None


def test_a_hold_takes_back_what_rests_on_it_and_a_release_makes_nothing_by_itself() -> None:
    stop = Act(verb=Verb.SUPPRESS, at=START, rule="stop", events=("2", "3"))
    other = Act(verb=Verb.PAUSE, at=START, rule="pause", events=("3",), until=NOW)
    release_ = Act(verb=Verb.RELEASE, at=START, actor="Ada", events=("1",))
    assert standing([stop, other, HOLD]) == (other,)
    assert standing([stop, other, HOLD, release_]) == (other,)
    assert set(held_events([HOLD, release_])) == {"2"}
    assert held_events([HOLD, Act(verb=Verb.UNDO, at=START, actor="Ada", events=("1", "2"))]) == {}
    assert held_events([HOLD, Act(verb=Verb.LIFT, at=START, actor="Ada")]) == {}
    assert undone_events([HOLD]) == frozenset()
    assert (trip_number(HOLD), trip_number(stop)) == (7, 0)


@settings(max_examples=40)
@given(st.lists(failures(), max_size=9, unique_by=lambda past: past.id), policies(), st.sets(st.integers(0, 8)))
def test_what_was_held_and_released_is_as_if_it_had_never_been_held(
    events: list[PastEvent], policy, chosen: set[int]
) -> None:
    acts = live(events, policy, NOW)[1]
    held = [past for place, past in enumerate(events) if place in chosen]
    kept = [past for past in events if past not in held]
    taken = hold(held, events, acts, policy, trip=1, why="", now=NOW)
    assert extent([*acts, *taken.acts]) == extent(list(replay(kept, policy, NOW)))
    back = release(held, kept, [*acts, *taken.acts], policy, actor="Ada", why="", now=NOW)
    assert extent([*acts, *taken.acts, *back.acts]) == extent(acts)


@settings(max_examples=40)
@given(st.lists(failures(), max_size=9, unique_by=lambda past: past.id), policies(), st.sets(st.integers(0, 8)))
def test_what_was_held_and_discarded_is_as_if_it_had_never_happened(
    events: list[PastEvent], policy, chosen: set[int]
) -> None:
    acts = live(events, policy, NOW)[1]
    held = [past for place, past in enumerate(events) if place in chosen]
    kept = [past for past in events if past not in held]
    taken = hold(held, events, acts, policy, trip=1, why="", now=NOW)
    gone = undo(held, kept, [*acts, *taken.acts], policy, actor="Ada", why="", now=NOW)
    assert extent([*acts, *taken.acts, *gone.acts]) == extent(list(replay(kept, policy, NOW)))
    assert not held_events([*acts, *taken.acts, *gone.acts])


@settings(max_examples=40)
@given(st.lists(failures(), max_size=9, unique_by=lambda past: past.id), policies(), st.randoms())
def test_which_failures_stop_an_address_does_not_depend_on_their_order(events: list[PastEvent], policy, random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert restricting(events, policy) == restricting(shuffled, policy)


def test_a_failure_of_an_address_that_is_stopped_already_stops_nobody_newly() -> None:
    from bounce_plugin.policy.presets import Preset, build_policy

    policy = build_policy(preset=Preset.THREE_STRIKES)
    events = [event(days=day) for day in range(6)]
    assert restricting(events, policy) == {events[2].id}
