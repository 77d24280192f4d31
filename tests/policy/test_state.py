"""Is an address stopped? Derived from what was decided and lifted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bounce_plugin.policy.state import MOST_NAMED, Act, Verb, derive, in_force
from tests.policy.past import START

WEEK = START + timedelta(days=7)
PAUSE = Act(verb=Verb.PAUSE, at=START, rule="pause", until=WEEK)
LONGER = Act(verb=Verb.PAUSE, at=START, rule="longer", until=WEEK + timedelta(days=1))
STOP = Act(verb=Verb.SUPPRESS, at=START, rule="stop", because="why", events=("1", "2"))
STOP_ALL = Act(verb=Verb.SUPPRESS_ALL, at=START, rule="all")
CROWD = Act(verb=Verb.SUPPRESS, at=START, rule="crowd", events=tuple(map(str, range(10, 10 + MOST_NAMED))))
UNDO = Act(verb=Verb.UNDO, at=START, actor="Ada", events=("1", "3"))
LIFT = Act(verb=Verb.LIFT, at=START, actor="Ada")


@pytest.mark.parametrize(
    ("acts", "rule"),
    [
        ([], None),
        ([PAUSE], "pause"),
        ([PAUSE, LONGER], "longer"),
        ([LONGER, PAUSE], "longer"),
        ([STOP, PAUSE], "stop"),
        ([PAUSE, STOP], "stop"),
        ([STOP_ALL, STOP, PAUSE], "all"),
        ([STOP, STOP_ALL], "all"),
        ([STOP_ALL, LIFT], None),
        ([STOP_ALL, LIFT, PAUSE], "pause"),
        ([LIFT, LIFT], None),
        ([STOP, UNDO], None),  # of two events that it rests on one is gone
        ([PAUSE, STOP, UNDO], "pause"),
        ([STOP_ALL, UNDO], "all"),
        ([UNDO, STOP], "stop"),
        ([STOP, UNDO, STOP], "stop"),
        ([CROWD, UNDO], None),  # it may rest on more than it names: what follows is decided anew
        ([LIFT, UNDO], None),
    ],
)
def test_the_strongest_act_that_was_neither_lifted_nor_undone_holds(acts: list[Act], rule: str | None) -> None:
    state = derive(acts)
    assert (state and state.rule) == rule


def test_the_first_stop_is_the_one_that_holds() -> None:
    state = derive([STOP, Act(verb=Verb.SUPPRESS, at=WEEK, rule="later")])
    assert state is not None
    assert (state.since, state.because, state.events, state.exempt_too) == (START, "why", ("1", "2"), False)


def test_a_pause_ends_by_itself_and_a_stop_does_not() -> None:
    moment = timedelta(seconds=1)
    assert in_force(derive([PAUSE]), WEEK - moment)
    assert not in_force(derive([PAUSE]), WEEK)
    assert in_force(derive([STOP]), WEEK + timedelta(days=10_000))
    assert not in_force(None, START)
