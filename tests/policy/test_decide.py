"""What should be done about this event, after all that happened to its address before?"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.decide import acts_from, decide
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction, Rule
from bounce_plugin.policy.state import Act, Verb
from tests.policy.past import START, decisions, event, live

SECOND = 1 / 86400
STOP = (PolicyAction.SUPPRESS,)


def policy(*rules: Rule) -> Policy:
    return Policy(rules=rules, categories=())


def after(number: int, **selection: object) -> Policy:
    return policy(Rule(**{"name": "mine", "after": number, "then": STOP, **selection}))


# ---- thresholds, windows and spans ----


def test_the_rule_is_reached_by_as_many_different_messages() -> None:
    assert decisions([event(), event(), event()], after(3)) == [set(), set(), {"suppress"}]


def test_one_message_that_is_reported_often_fails_once() -> None:
    replays = [event(days=day, message="ref:one") for day in range(5)]
    assert decisions(replays, after(2)) == [set()] * 5


def test_events_of_the_same_instant_count_by_their_messages() -> None:
    assert decisions([event(message="a"), event(message="a"), event(message="b")], after(2))[-1] == {"suppress"}


@pytest.mark.parametrize(
    ("days", "expected"), [(10, {"suppress"}), (10 + SECOND, set())], ids=["on it", "just past it"]
)
def test_the_window_looks_back_from_the_newest_and_includes_its_edge(days: float, expected: set[str]) -> None:
    assert decisions([event(), event(days=days)], after(2, within_days=10))[-1] == expected


@pytest.mark.parametrize(("days", "expected"), [(3 - SECOND, set()), (3, {"suppress"})], ids=["just below", "at it"])
def test_a_span_of_three_days_is_72_hours(days: float, expected: set[str]) -> None:
    assert decisions([event(), event(days=days)], after(2, over_days=3))[-1] == expected


def test_a_span_is_not_met_by_an_event_that_the_window_has_left() -> None:
    events = [event(days=0), event(days=20.5), event(days=21)]
    assert decisions(events, after(2, within_days=20, over_days=3)) == [set(), set(), set()]
    assert decisions(events, after(2, within_days=21, over_days=3)) == [set(), {"suppress"}, set()]


def test_what_weighs_half_counts_once_a_utc_day() -> None:
    # START is noon: these are 12:00, 20:24 and, of the next day, 02:24
    events = [event(Reason.UNREACHABLE, days=days) for days in (0, 0.35, 0.6)]
    assert decisions(events, after(2)) == [set(), set(), {"suppress"}]


def test_what_weighs_half_is_not_halved_and_adds_to_what_weighs_one() -> None:
    assert decisions([event(Reason.UNREACHABLE), event(), event()], after(3))[-1] == {"suppress"}


def test_i19_days_and_windows_are_of_utc_wherever_the_computer_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        before = datetime(2026, 10, 23, 12, tzinfo=UTC)  # the clocks go back on the 25th
        at_72_hours, an_hour_less = (
            [event(at=before), event(at=before + timedelta(hours=hours))] for hours in (72, 71)
        )
        assert decisions(at_72_hours, after(2, over_days=3))[-1] == {"suppress"}
        assert decisions(an_hour_less, after(2, over_days=3))[-1] == set()
        late = datetime(2026, 10, 1, 21, tzinfo=UTC)  # in Berlin the next day begins an hour later
        one_day = [event(Reason.UNREACHABLE, at=late + timedelta(hours=hours)) for hours in (0, 2.5)]
        assert decisions(one_day, after(2))[-1] == set()
    finally:
        monkeypatch.undo()
        time.tzset()


# ---- selection ----


@pytest.mark.parametrize(
    ("selection", "wanted", "other"),
    [
        ({"reasons": frozenset({Reason.EXPIRED})}, event(Reason.EXPIRED), event(Reason.UNREACHABLE)),
        ({"types": frozenset({FailureType.HARD})}, event(), event(Reason.MAILBOX_FULL)),
        ({"categories": frozenset({"newsletter"})}, event(category="newsletter"), event(category="invoice")),
        ({"categories": frozenset({"newsletter"})}, event(category="newsletter"), event(category="")),
    ],
    ids=["reasons", "types", "categories", "category unknown"],
)
def test_a_rule_is_about_what_it_selects(selection: dict[str, object], wanted: PastEvent, other: PastEvent) -> None:
    assert decisions([other, wanted], after(1, **selection)) == [set(), {"suppress"}]


def test_an_event_that_a_rule_is_not_about_never_reaches_it() -> None:
    old = [event(Reason.EXPIRED, days=day) for day in (0, 1)]
    only = after(2, reasons=frozenset({Reason.EXPIRED}))
    assert decide(event(days=2), old, only, START).steps == ()
    assert decide(event(Reason.EXPIRED, days=2), old, only, START).steps != ()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.BOUNCE])
def test_d02_only_a_bounce_counts_unless_a_rule_names_another_kind(kind: Kind) -> None:
    told = policy(Rule(name="tell", then=(PolicyAction.NOTIFY,)))
    named = policy(Rule(name="tell", kinds=frozenset({kind}), then=(PolicyAction.NOTIFY,)))
    assert decisions([event(kind=kind, counts=True)], after(1)) == [set()]
    assert decisions([event(kind=kind)], told) == [set()]
    assert decisions([event(kind=kind)], named) == [{"notify"}]


@pytest.mark.parametrize("action", ["suppress", "suppress_all", "pause", "remove_from_list"])
def test_d02_a_restricting_rule_counts_only_what_counts_even_if_it_names_the_kind(action: str) -> None:
    kinds = frozenset(Kind)
    harsh = policy(Rule(name="r", kinds=kinds, then=(PolicyAction(action), PolicyAction.NOTIFY), pause_days=1))
    assert decisions([event(kind=Kind.DELAY), event(Reason.SPAM_CONTENT), event(counts=False)], harsh) == [set()] * 3
    assert action in decisions([event()], harsh)[0]


def test_other_rules_count_what_is_held_against_nobody() -> None:
    told = policy(Rule(name="r", after=2, then=(PolicyAction.REVIEW,)))
    assert decisions([event(Reason.RELAY_DENIED), event(Reason.RELAY_DENIED, days=1)], told)[-1] == {"review"}


# ---- news only ----


def test_a_stop_is_made_once_and_again_after_it_was_lifted() -> None:
    assert decisions([event(days=day) for day in range(4)], after(2)) == [set(), {"suppress"}, set(), set()]
    made = Act(verb=Verb.SUPPRESS, at=START, rule="mine")
    lifted = Act(verb=Verb.LIFT, at=START, actor="Ada")
    new = [event(days=5), event(days=6)]
    assert decide(new[1], new, after(2), START, done=[made]).steps == ()
    assert decide(new[1], new, after(2), START, done=[made, lifted]).actions == {PolicyAction.SUPPRESS}


def test_a_stop_that_another_rule_made_does_not_silence_this_one() -> None:
    two = policy(Rule(name="a", then=STOP), Rule(name="b", after=2, then=STOP))
    assert [[step.rule for step in decision.steps] for decision in live([event(), event()], two)[0]] == [["a"], ["b"]]


def test_a_rule_that_was_made_stricter_acts_at_the_next_failure() -> None:
    old = [event(days=day) for day in range(5)]
    stricter = after(2, then=(PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST))
    assert decide(old[4], old, stricter, START).actions == {PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST}


def test_a_failure_that_came_in_late_answers_only_for_a_window_that_holds_it() -> None:
    late, *others = [event(days=day) for day in (0, 10, 11)]
    assert decide(late, [*others, late], after(2, within_days=5), START).steps == ()
    assert decide(late, [*others, late], after(3, within_days=11), START).steps != ()


def test_a_pause_that_ends_when_another_one_ends_is_not_made() -> None:
    pausing = after(1, then=(PolicyAction.PAUSE,), pause_days=7)
    assert decisions([event(), event()], pausing) == [{"pause"}, set()]


def test_a_pause_counts_from_its_newest_failure_and_only_grows() -> None:
    pausing = after(1, then=(PolicyAction.PAUSE,), pause_days=7)
    late = [event(days=0), event(days=4), event(days=2)]
    assert decisions(late, pausing) == [{"pause"}, {"pause"}, set()]
    assert live(late, pausing)[1][-1].until == START + timedelta(days=11)


def test_a_pause_that_is_over_already_is_not_made() -> None:
    pausing = after(1, then=(PolicyAction.PAUSE,), pause_days=7)
    past = event()
    assert decide(past, [past], pausing, START + timedelta(days=7)).steps == ()
    assert decide(past, [past], pausing, START + timedelta(days=7, seconds=-1)).steps != ()


def test_beside_a_stop_no_pause_is_made() -> None:
    both = policy(Rule(name="p", then=(PolicyAction.PAUSE,), pause_days=7), Rule(name="s", after=2, then=STOP))
    assert decisions([event(), event(), event()], both) == [{"pause"}, {"suppress"}, set()]


@pytest.mark.parametrize("action", ["remove_from_list", "notify", "review", "incident"])
def test_what_is_told_is_told_again_when_as_many_failures_reach_the_rule_again(action: str) -> None:
    telling = after(2, then=(PolicyAction(action),))
    assert decisions([event(days=day) for day in range(4)], telling) == [set(), {action}, set(), {action}]


def test_what_is_told_is_told_once_in_whatever_order_the_mails_are_read() -> None:
    telling = after(3, then=(PolicyAction.NOTIFY,))
    events = [event(days=day) for day in (3, 1, 2)]
    assert decisions(events, telling) == [set(), set(), {"notify"}]


# ---- what a step says ----


def test_a_step_says_why_in_a_sentence_for_people() -> None:
    events = [event(days=day) for day in (0, 1.5, 4.2)]
    step = live(events, after(3))[0][-1].steps[0]
    assert (
        step.because == "3 hard bounces (address_unknown) of different messages, 4 days apart; the first on 2026-11-01."
    )
    assert step.events == tuple(past.id for past in events)
    assert (step.rule, step.until) == ("mine", None)


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([event()], "1 hard bounce (address_unknown) on 2026-11-01."),
        (
            [event(), event(Reason.MAILBOX_FULL, days=1)],
            "2 bounces (address_unknown, mailbox_full) of different messages, 1 day apart; the first on 2026-11-01.",
        ),
        (
            [event(kind=Kind.DELAY), event(kind=Kind.DELAY)],
            "2 hard delays (address_unknown) of different messages, within a day; the first on 2026-11-01.",
        ),
        ([event(None, kind=Kind.DELIVERED)], "1 delivery on 2026-11-01."),
        (
            [event(None, kind=Kind.DELIVERED), event(None, days=2)],
            "2 reports of different messages, 2 days apart; the first on 2026-11-01.",
        ),
    ],
    ids=["one", "mixed", "delays", "delivery", "kinds"],
)
def test_the_sentence_names_what_was_counted(events: list[PastEvent], sentence: str) -> None:
    telling = after(len(events), kinds=frozenset(Kind), then=(PolicyAction.NOTIFY,))
    assert live(events, telling)[0][-1].because == sentence


def test_of_a_day_only_the_failure_that_counted_is_named() -> None:
    events = [event(Reason.UNREACHABLE, days=days) for days in (0, 0.1, 2, 2.1)]
    steps = live(events, after(2))[0][2].steps
    assert steps[0].events == (events[0].id, events[2].id)


def test_a_rule_of_one_failure_names_the_one_that_reached_it() -> None:
    pausing = after(1, then=(PolicyAction.PAUSE,), pause_days=7)
    first, second = event(), event(days=5)
    step = live([first, second], pausing)[0][1].steps[0]
    assert (step.because, step.events) == ("1 hard bounce (address_unknown) on 2026-11-06.", (second.id,))


def test_of_a_flood_the_first_and_the_newest_are_named() -> None:
    events = [event(days=day / 100) for day in range(150)]
    step = decide(events[-1], events, after(3), START).steps[0]
    assert step.because.startswith("150 hard bounces")
    assert step.events == (events[0].id, *(past.id for past in events[51:]))


def test_acts_are_what_changes_the_state_of_the_address() -> None:
    all_ = tuple(PolicyAction)
    past = event()
    decision = decide(past, [past], after(1, then=all_, pause_days=3), START)
    acts = acts_from(decision, START)
    assert [act.verb for act in acts] == [Verb.SUPPRESS, Verb.SUPPRESS_ALL]
    assert {(act.rule, act.at, act.actor, act.events) for act in acts} == {("mine", START, "", (past.id,))}
    assert decision.actions == set(PolicyAction) - {PolicyAction.PAUSE}


def test_an_event_that_the_history_forgot_is_counted_once() -> None:
    first, second = event(), event()
    assert decide(second, [first], after(2), START) == decide(second, [first, second], after(2), START)
    assert decide(second, [second, second], build_policy(), START).actions == {PolicyAction.PAUSE}
