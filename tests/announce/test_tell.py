"""What is announced reaches each plugin by itself: at least once, in order, and not for ever."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from bounce_plugin.announce import Announcements, Told, load_plugins, tell
from bounce_plugin.errors import Later
from bounce_plugin.event import BounceEvent
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.ledger import mails, outbox, record, review
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome, ReviewItem
from bounce_plugin.testing import (
    FakeHost,
    sample_decision,
    sample_event,
    sample_incident,
    sample_lifted,
    sample_summary,
)
from bounce_plugin.testing.samples import SAMPLE_TIME as NOW

MINUTE: Final = timedelta(minutes=1)
ALWAYS: Final = 1_000_000


class House:
    """A ledger with its plugins."""

    def __init__(self, ledger: Ledger, plugins: Mapping[str, object]) -> None:
        self.ledger = ledger
        self.announcements = Announcements(ledger, load_plugins(plugins, entry_points=False))

    def classify(self, number: int = 1, address: str = "joe@example.org") -> BounceEvent:
        """Record an event, and announce it."""
        event = replace(sample_event(address=address), id=f"event{number}", message_key=f"mid:{number}")
        with self.ledger.transaction() as tx:
            assert record.record_event(tx, event, weight=1.0)
            self.announcements.bounce_classified(tx, event, NOW)
        return event

    def deliver(self, after: timedelta = timedelta()) -> Told:
        return self.announcements.deliver_due(NOW + after)

    def waiting(self) -> int:
        with self.ledger.reading() as tx:
            return outbox.waiting(tx)

    def items(self) -> tuple[ReviewItem, ...]:
        with self.ledger.reading() as tx:
            return review.items(tx)


def ids(host: FakeHost, hook: str = "on_bounce_classified") -> list[str]:
    return [about.id for about in host.told(hook) if isinstance(about, BounceEvent)]


def test_an_announcement_reaches_every_plugin_once(ledger: Ledger) -> None:
    one, two = FakeHost(), FakeHost()
    house = House(ledger, {"one": one, "two": two})
    event = house.classify()
    assert house.deliver() == Told(told=2)
    assert house.deliver() == Told()
    assert one.told("on_bounce_classified") == two.told("on_bounce_classified") == (event,)


def test_a_plugin_that_does_not_listen_gets_no_row(ledger: Ledger) -> None:
    class Finder:
        @hookimpl
        def find_contact(self, address: str) -> None: ...

    house = House(ledger, {"finder": Finder()})
    house.classify()
    assert house.waiting() == 0


def test_values_are_told_as_the_ledger_has_them(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    event, decision = sample_event(), sample_decision()
    with ledger.transaction() as tx:
        record.record_event(tx, event, weight=1.0)
        mail = mails.Mail(
            mailbox="bounces",
            folder="inbox",
            uidvalidity="1",
            uid="7",
            content_sha256="0" * 64,
            size=100,
            received_at=NOW,
            kind=Kind.BOUNCE,
            handling=Handling.REVIEW,
            why="It is not clear why mail to joe@example.org failed.",
        )
        number = mails.record_mail(tx, mail)
        assert number is not None
        outcome = mails.outcome_of(tx, number)
        item = review.open_item(tx, why="No contact is known for joe@example.org.", now=NOW, mail_id=number)
        house.announcements.threshold_reached(tx, event, decision, NOW)
        house.announcements.exempt_failure(tx, event, NOW)
        house.announcements.message_handled(tx, outcome, NOW)
        house.announcements.review_needed(tx, item, NOW)
        house.announcements.suppression_lifted(tx, sample_lifted(), NOW)
        house.announcements.incident(tx, sample_incident(), NOW)
        house.announcements.run_finished(tx, sample_summary(outcomes=(outcome,), errors=("boom",)), NOW)
    assert house.deliver() == Told(told=7)
    assert {call.hook: call.about for call in host.calls} == {
        "on_threshold_reached": event,
        "on_exempt_failure": event,
        "on_message_handled": outcome,
        "on_review_needed": item,
        "on_suppression_lifted": sample_lifted(),
        "on_incident": sample_incident(),
        "on_run_finished": sample_summary(outcomes=(outcome,), errors=("boom",)),
    }
    assert [call.decision for call in host.calls if call.hook == "on_threshold_reached"] == [decision]
    assert isinstance(outcome, MailOutcome)


def test_nothing_is_told_when_the_transaction_is_rolled_back(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})

    def announce_and_crash() -> None:
        with ledger.transaction() as tx:
            record.record_event(tx, sample_event(), weight=1.0)
            house.announcements.bounce_classified(tx, sample_event(), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        announce_and_crash()
    assert house.deliver() == Told()
    assert host.calls == []


def test_a_plugin_that_raises_is_told_again_and_the_others_are_not(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = FakeHost(failing={"on_bounce_classified": 2}), FakeHost()
    house = House(ledger, {"bad": bad, "good": good})
    house.classify()
    with caplog.at_level(logging.ERROR):
        assert house.deliver() == Told(told=1, failed=1)
    assert "plugin bad failed in on_bounce_classified" in caplog.text
    assert house.deliver(MINUTE / 2) == Told()
    assert house.deliver(MINUTE) == Told(failed=1)
    assert house.deliver(2 * MINUTE) == Told()  # the second pause is twice as long
    assert house.deliver(3 * MINUTE) == Told(told=1)
    assert ids(bad) == ids(good) == ["event1"]


def test_later_announcements_of_the_same_address_wait_and_others_do_not(ledger: Ledger) -> None:
    host = FakeHost(failing={"on_bounce_classified": 1})
    house = House(ledger, {"host": host})
    house.classify(1, "joe@example.org")
    house.classify(2, "Joe@Example.org")
    house.classify(3, "ann@example.org")
    assert house.deliver() == Told(told=1, failed=1)
    assert ids(host) == ["event3"]
    assert house.deliver(MINUTE) == Told(told=2)
    assert ids(host) == ["event3", "event1", "event2"]


def test_one_address_is_told_of_in_order_within_one_round(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    for number in range(1, 8):
        house.classify(number)
    assert house.deliver() == Told(told=7)
    assert ids(host) == [f"event{number}" for number in range(1, 8)]


def test_a_plugin_that_is_gone_keeps_what_waits_for_it(ledger: Ledger) -> None:
    host = FakeHost()
    House(ledger, {"host": host}).classify()
    assert House(ledger, {"other": FakeHost()}).deliver() == Told()
    assert House(ledger, {"host": host}).deliver() == Told(told=1)


def test_a_plugin_that_no_longer_listens_is_told_nothing_and_nothing_waits(ledger: Ledger) -> None:
    class Quiet:
        @hookimpl
        def on_incident(self, incident: object) -> None: ...

    House(ledger, {"host": FakeHost()}).classify()
    house = House(ledger, {"host": Quiet()})
    assert house.deliver() == Told(told=1)
    assert house.waiting() == 0


def test_a_crash_after_the_call_tells_it_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    house.classify()
    with monkeypatch.context() as crash:
        crash.setattr(tell.outbox, "done", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            house.deliver()
    assert house.deliver() == Told(told=1)
    assert ids(host) == ["event1", "event1"]


def test_a_plugin_that_exits_the_process_leaves_its_announcement_waiting(ledger: Ledger) -> None:
    class Rude:
        @hookimpl
        def on_bounce_classified(self, event: BounceEvent) -> None:
            raise KeyboardInterrupt

    house = House(ledger, {"rude": Rude()})
    house.classify()
    with pytest.raises(KeyboardInterrupt):
        house.deliver()
    assert house.waiting() == 1


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
