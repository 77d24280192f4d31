"""When does one cause stop far more than its history and the volume sent explain?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.classify.classification import Evidence
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.policy.breaker import (
    Cause,
    Dimension,
    Failure,
    Surge,
    failure_of,
    merged,
    most,
    surges,
)
from bounce_plugin.policy.limits import Bound, Limits
from bounce_plugin.policy.rehearsal import Settlement, find_surges
from tests.ledger.samples import an_event

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = Limits(window=DAY, history=30 * DAY, floor=3, share=0.02, times=3.0)
MX = Cause(dimension=Dimension.PROVIDER, name="mx")
GONE = Cause(dimension=Dimension.PHRASE, name="gone")
NOTHING: Mapping[date, int] = {}
RELEASED = Settlement(held_as=Dimension.PROVIDER, released=START)
UNKNOWN = Cause(dimension=Dimension.REASON, name="address_unknown")


def failure(
    who: int, hours: float, provider: str = "mx", phrase: str = "gone", reason: str = "address_unknown"
) -> Failure:
    at = START + timedelta(hours=hours)
    name = f"{who}-{provider}-{hours:09.3f}"
    return Failure(event=name, who=f"a{who}", at=at, provider=provider, phrase=phrase, reason=reason)


def every(number: int, hours: float, provider: str = "mx", *, first: int = 0) -> list[Failure]:
    """Failures of so many addresses at one time."""
    return [failure(first + one, hours, provider) for one in range(number)]


def no_history(at: datetime, _: int) -> Bound:
    return LIMITS.bound(at.date(), usual=0, sent={})


def found(failures: list[Failure], dimension: Dimension = Dimension.PROVIDER) -> list[Surge]:
    ordered = sorted(failures, key=lambda one: (one.at, one.event))
    return merged(surges(ordered, dimension, LIMITS, no_history))


def test_as_many_as_the_limit_are_no_surge_and_one_more_is() -> None:
    assert found(every(3, 0)) == []
    (surge,) = found(every(4, 0))
    assert (surge.after, surge.last, surge.number, surge.limit) == (START - DAY, START, 4, 3)
    assert surge.holds(START)
    assert not surge.holds(START - DAY)
    # another failure, though it stops nobody, would be in a window with too many for a day
    assert surge.holds(START + DAY - timedelta(seconds=1))
    assert not surge.holds(START + DAY)


def test_it_lasts_until_there_are_no_more_than_the_limit_in_a_window() -> None:
    (surge,) = found([failure(one, one) for one in range(6)])  # six in five hours: three must be a day old
    assert not surge.holds(START + DAY + timedelta(hours=2))
    assert surge.holds(START + DAY + timedelta(hours=2) - timedelta(seconds=1))


def test_addresses_are_counted_and_not_failures() -> None:
    assert found([failure(1, hours) for hours in range(20)]) == []


def test_the_window_is_left_behind_as_time_goes_on() -> None:
    assert found([failure(one, 24 * one) for one in range(20)]) == []
    assert found([failure(one, 12 * one) for one in range(20)]) == []
    (surge,) = found([failure(one, 6 * one) for one in range(20)])  # four in a day
    assert (surge.number, surge.last) == (4, START + timedelta(hours=114))


def test_a_surge_that_goes_on_is_one_and_one_after_a_quiet_time_is_another() -> None:
    going_on = [*every(4, 0), *every(4, 10, first=10), *every(4, 33, first=20)]
    assert [surge.number for surge in found(going_on)] == [8]
    assert [surge.number for surge in found([*every(4, 0), *every(5, 100, first=10)])] == [4, 5]


def test_what_one_provider_does_says_nothing_against_a_phrase_or_a_reason() -> None:
    outage = [*every(50, 0), *every(2, 0, "other", first=100), *every(1, 0, "third", first=200)]
    assert [surge.number for surge in found(outage)] == [53]
    for dimension in (Dimension.PHRASE, Dimension.REASON):
        assert found(outage, dimension) == []
    many = [one for number in range(5) for one in every(2, 0, f"mx{number}", first=10 * number)]
    assert [surge.number for surge in found(many, Dimension.PHRASE)] == [8]  # ten, without those of the largest
    assert found(many, Dimension.REASON) == []  # all of them by one phrase


def test_t_23_no_cause_has_an_address_in_it() -> None:
    with Ledger.in_memory() as ledger, ledger.transaction() as tx:
        step = Evidence(rule="phrase:any:ask erna@example.org", field="text", span="ask", decided=True)
        event = an_event(tx, remote_mta="mx1.example.org", evidence=(step,))
    found = failure_of(event, "a1", BUILT_IN.providers)
    assert (found.provider, found.phrase, found.reason) == (
        "example.org",
        "phrase:any:ask erna example.org",
        "address_unknown",
    )


def test_the_most_of_a_history_is_that_of_a_window_wherever_it_begins() -> None:
    assert most([failure(one, 5 * one) for one in range(30)], Dimension.PROVIDER, DAY) == 5
    assert most([], Dimension.PROVIDER, DAY) == 0


class TestAll:
    """All causes at once, with their histories."""

    @staticmethod
    def held(failures: list[Failure], released: set[str] = frozenset(), sent: Mapping[date, int] = NOTHING) -> set[str]:  # type: ignore[assignment]
        found = find_surges(failures, dict.fromkeys(released, RELEASED), LIMITS, lambda cause, first, last: sent)
        return {one.event for one in failures if found.holds(one)}

    def test_a_history_allows_for_three_times_its_most(self) -> None:
        before = [one for day in range(1, 8) for one in every(3, -24 * day - 20, first=100 * day)]
        assert self.held([*before, *every(9, 0)]) == set()
        assert self.held([*before, *every(10, 0)]) == {one.event for one in every(10, 0)}

    def test_what_was_held_is_no_history(self) -> None:
        outage, next_week = every(30, -24 * 7), every(30, 0, first=100)
        assert self.held([*outage, *next_week]) == {one.event for one in (*outage, *next_week)}

    def test_what_was_released_is_not_held_again_and_is_history_at_once(self) -> None:
        outage, same_day = every(30, 0), every(80, 3, first=100)
        released = {one.event for one in outage}
        assert self.held([*outage, *same_day], released) & released == set()
        assert self.held([*outage, *same_day], released) == set()
        assert self.held([*outage, *every(91, 3, first=100)], released) >= {
            one.event for one in every(91, 3, first=100)
        }

    def test_what_was_sent_explains_a_share_of_it(self) -> None:
        assert self.held(every(20, 0), sent={START.date(): 1000}) == set()
        assert len(self.held(every(21, 0), sent={START.date(): 1000})) == 21

    def test_what_was_sent_in_an_outage_is_no_history(self) -> None:
        outage, next_week = every(30, -24 * 7), every(20, 0, first=100)
        mailings = {START.date(): 1000, (START - 7 * DAY).date(): 1000}
        assert self.held([*outage, *next_week], sent=mailings) == {one.event for one in outage}
        assert len(self.held([*every(1, -24 * 7), *next_week], sent=mailings)) == 20  # such a mailing stops one

    def test_a_provider_that_tripped_leaves_the_others_alone(self) -> None:
        others = [one for number in range(3) for one in every(1, 1, f"mx{number}", first=1000 + number)]
        assert self.held([*every(40, 0), *others]) == {one.event for one in every(40, 0)}


hours = st.integers(0, 120).map(float)
failures = st.builds(failure, st.integers(0, 12), hours, st.sampled_from(["mx", "mx", "mx2"]))


@settings(max_examples=40)
@given(st.lists(failures, max_size=40, unique_by=lambda one: one.event), st.randoms())
def test_the_order_in_which_failures_come_to_light_makes_no_difference(some: list[Failure], random) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    first, second = (find_surges(one, {}, LIMITS, lambda cause, first, last: NOTHING) for one in (some, shuffled))
    assert [first.holds(one) for one in some] == [second.holds(one) for one in some]
