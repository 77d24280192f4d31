"""A plugin that fails for ever, is slow, or asks for time: it is not waited for, and nothing is lost."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Final

import pytest

from bounce_plugin.announce import Told, tell
from bounce_plugin.errors import Later
from bounce_plugin.event import BounceEvent
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.testing import FakeHost
from bounce_plugin.testing.samples import SAMPLE_TIME as NOW
from tests.announce.house import ALWAYS, MINUTE, House, ids

# Given up


def fail_twelve_times(house: House) -> tuple[timedelta, list[Told]]:
    """Deliver whenever something is due, until the first announcement is given up."""
    after, rounds = timedelta(), [house.deliver()]
    for number in itertools.count():
        if rounds[-1].given_up:
            return after, rounds
        after += min(MINUTE * 2**number, timedelta(days=1))
        rounds.append(house.deliver(after))
    raise AssertionError


def test_after_twelve_tries_a_person_takes_over_and_the_other_plugins_hear_of_it(ledger: Ledger) -> None:
    bad, good = FakeHost(failing={"on_bounce_classified": ALWAYS}), FakeHost()
    house = House(ledger, {"bad": bad, "good": good})
    house.classify()
    after, rounds = fail_twelve_times(house)
    assert len(rounds) == 12
    (item,) = house.items()
    assert item.addresses == ("joe@example.org",)
    assert "'bad' could not be told on_bounce_classified (12 tries)" in item.why
    assert FakeHost.FAILURE in item.why
    house.deliver(after + MINUTE)
    assert good.told("on_review_needed") == (item,)
    assert bad.told("on_review_needed") == ()
    assert house.waiting() == 0


def test_what_comes_after_a_given_up_announcement_is_told(ledger: Ledger) -> None:
    host = FakeHost(failing={"on_bounce_classified": 12})
    house = House(ledger, {"host": host})
    house.classify(1)
    house.classify(2)
    after, _ = fail_twelve_times(house)
    house.deliver(after)
    assert ids(host) == ["event2"]


def test_two_deaf_plugins_are_not_told_of_each_other_for_ever(ledger: Ledger) -> None:
    deaf = {"on_bounce_classified": ALWAYS, "on_review_needed": ALWAYS}
    house = House(ledger, {"one": FakeHost(failing=deaf), "two": FakeHost(failing=deaf)})
    house.classify()
    for quarter in range(60):
        house.deliver(timedelta(hours=6 * quarter))
    assert house.waiting() == 0
    assert len(house.items()) == 4  # the event, and the review item about the other's deafness, for each of them


# Later


class Gatherer:
    """Takes nothing before it was offered everything once."""

    def __init__(self) -> None:
        self.offered: list[str] = []
        self.took: list[str] = []

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        if event.id not in self.offered:
            self.offered.append(event.id)
            raise Later
        self.took.append(event.id)


def test_later_without_a_time_comes_after_everything_else_that_is_due(ledger: Ledger) -> None:
    gatherer = Gatherer()
    house = House(ledger, {"gatherer": gatherer})
    for number in range(1, 4):
        house.classify(number, f"{number}@example.org")
    assert house.deliver() == Told(told=3)
    assert gatherer.offered == gatherer.took == ["event1", "event2", "event3"]


class Lazy:
    def __init__(self, answers: list[Later]) -> None:
        self.answers = answers

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        if self.answers:
            raise self.answers.pop()


def test_later_at_a_time_is_no_failure(ledger: Ledger) -> None:
    house = House(ledger, {"lazy": Lazy([Later(NOW + 30 * MINUTE) for _ in range(3)])})
    house.classify()
    assert house.deliver() == Told(postponed=1)
    assert house.deliver(29 * MINUTE) == Told()
    assert house.deliver(30 * MINUTE) == Told(postponed=1)  # that time is now: not twice in one round for ever
    assert house.deliver(31 * MINUTE) == Told(told=1)


def test_later_for_ever_is_never_given_up_nor_an_endless_round(ledger: Ledger) -> None:
    house = House(ledger, {"lazy": Lazy([Later() for _ in range(60)])})
    house.classify()
    for number in range(30):
        assert house.deliver(number * MINUTE) == Told(postponed=1)
    assert house.deliver(30 * MINUTE) == Told(told=1)


def test_last_told_is_remembered(ledger: Ledger) -> None:
    house = House(ledger, {"host": FakeHost()})
    house.classify()
    assert house.announcements.last_told("host", "on_bounce_classified") is None
    house.deliver(MINUTE)
    assert house.announcements.last_told("host", "on_bounce_classified") == NOW + MINUTE
    assert house.announcements.last_told("host", "on_incident") is None


# T-24


def test_t_24_a_slow_plugin_delays_only_its_own_announcements(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(tell.time, "monotonic", lambda: clock[0])

    class Slow:
        told = 0

        @hookimpl
        def on_bounce_classified(self, event: BounceEvent) -> None:
            self.told += 1
            clock[0] += tell.SLOWEST / 2

    slow, quick = Slow(), FakeHost()
    house = House(ledger, {"a-slow-one": slow, "quick": quick})
    for number in range(1, 6):
        house.classify(number, f"{number}@example.org")
    assert house.deliver() == Told(told=2 + 5)
    assert slow.told == 2
    assert len(quick.calls) == 5
    house.deliver()
    house.deliver()
    assert slow.told == 5


def test_t_24_a_plugin_cannot_change_what_the_others_are_told(ledger: Ledger) -> None:
    class Vandal:
        @hookimpl(tryfirst=True)
        def on_bounce_classified(self, event: BounceEvent) -> None:
            event.counts = False  # type: ignore[misc]  # that it is frozen is what is tested

    host = FakeHost()
    house = House(ledger, {"a-vandal": Vandal(), "host": host})
    event = house.classify()
    assert house.deliver() == Told(told=1, failed=1)
    assert host.told("on_bounce_classified") == (event,)


def test_a_plugin_that_asks_to_deliver_while_it_is_told_starts_no_second_round(ledger: Ledger) -> None:
    houses: list[House] = []

    class Impatient:
        rounds: Final[list[Told]] = []

        @hookimpl
        def on_bounce_classified(self, event: BounceEvent) -> None:
            self.rounds.append(houses[0].deliver())

    plugin = Impatient()
    houses.append(House(ledger, {"impatient": plugin}))
    houses[0].classify()
    assert houses[0].deliver() == Told(told=1)
    assert plugin.rounds == [Told()]
