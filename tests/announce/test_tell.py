"""What is announced reaches each plugin by itself: at least once, and in order."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bounce_plugin.announce import Told, tell
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.errors import NoticeError
from bounce_plugin.event import BounceEvent
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.ledger import mails, outbox, record, review
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import events
from bounce_plugin.ledger.schema import outbox as outbox_table
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome
from bounce_plugin.testing import (
    FakeHost,
    sample_decision,
    sample_event,
    sample_incident,
    sample_lifted,
    sample_summary,
)
from bounce_plugin.testing.samples import SAMPLE_TIME as NOW
from tests.announce.house import ALWAYS, MINUTE, House, ids


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
        house.announcements.exempt_failure(tx, event, NOW, fallback="post")
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
    assert [call.fallback for call in host.calls if call.hook == "on_exempt_failure"] == ["post"]
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
    with caplog.at_level(logging.WARNING):
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


def test_an_announcement_about_what_is_gone_is_told_to_nobody(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    with ledger.transaction() as tx:
        outbox.announce(tx, "on_review_needed", outbox.Payload(item=999), ["host"], NOW)
    assert house.deliver() == Told(told=1)
    assert host.calls == []
    assert house.waiting() == 0
    assert "is about nothing: there is no review item 999" in caplog.text


def test_an_event_with_a_contact_of_wrong_types_is_told_as_far_as_it_can_be_read(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    event = house.classify()
    with ledger.transaction() as tx:
        wrong = '[{"id":7,"lists":[1,"news"]},{"id":null},"nobody"]'
        tx.connection.execute(update(events).values(contacts=wrong, evidence='[{"rule":3}]'))
    assert house.deliver() == Told(told=1)
    (told,) = host.told("on_bounce_classified")
    contacts = (Contact(id="7", lists=("1", "news")), Contact(id=""))
    assert told == replace(event, contacts=contacts, evidence=())


def test_an_announcement_that_cannot_be_read_holds_up_no_other_and_ends_before_a_person(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    with ledger.transaction() as tx:
        house.announcements.incident(tx, sample_incident(), NOW)
        tx.connection.execute(update(outbox_table).values(payload='{"incident":{"key":7}}'))
    house.classify()
    assert house.deliver() == Told(told=1, failed=1)
    for hour in range(24 * 8):
        house.deliver(timedelta(hours=hour))
    (item,) = house.items()
    assert "could not be told on_incident (12 tries): ValueError('what is to be told cannot be read: " in item.why
    assert house.waiting() == 0


def test_what_cannot_be_read_from_the_ledger_is_a_failure_of_that_announcement(ledger: Ledger) -> None:
    host = FakeHost()
    house = House(ledger, {"host": host})
    house.classify(1)
    house.classify(2, "ann@example.org")
    with ledger.transaction() as tx:
        tx.connection.execute(update(events).where(events.c.id == "event1").values(kind="of another version"))
    assert house.deliver() == Told(told=1, failed=1)
    assert ids(host) == ["event2"]


def test_a_failure_of_ours_is_one_line_and_a_plugins_traceback_is_for_debugging(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    class Server:
        @hookimpl
        def on_bounce_classified(self, event: BounceEvent) -> None:
            raise NoticeError("mail server localhost:25 (none): refused")

    house = House(ledger, {"notices": Server(), "host": FakeHost(failing={"on_bounce_classified": ALWAYS})})
    house.classify(1)
    house.classify(2, "ann@example.org")
    house.deliver()
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "plugin notices failed in on_bounce_classified: mail server localhost:25 (none): refused" in lines
    assert len(lines) == 2, "the same failure is one line in a round"
    assert not any(record.exc_info for record in caplog.records)
    with caplog.at_level(logging.DEBUG):
        house.deliver(MINUTE)
    shown = {str(record.args[0]) for record in caplog.records if record.exc_info and isinstance(record.args, tuple)}
    assert shown == {"host"}
