"""Is every plugin told at least once, in order, and nobody for ever?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import TRIES, Payload, announce, done, due, failed, last_done, postpone, waiting
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, Incident, Lifted, MailOutcome, RunSummary
from bounce_plugin.policy.rules import Decision, PolicyAction, Step
from tests.ledger.samples import JOE, NOW

HOOK = "on_bounce_classified"
MINUTE = timedelta(minutes=1)


def hooks_due(tx: Transaction, when=NOW, plugins=("crm", "notices")) -> list[tuple[str, str]]:
    return [(one.plugin, one.payload.event) for one in due(tx, when, plugins=plugins)]


def test_one_row_for_each_announcement_and_plugin(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for _ in range(2):  # a crash made the caller say it again
            announce(tx, HOOK, Payload(event="e1"), ["crm", "notices"], NOW)
        announce(tx, HOOK, Payload(event="e2"), [], NOW)
        assert hooks_due(tx) == [("crm", "e1"), ("notices", "e1")]
        assert hooks_due(tx, plugins=("crm",)) == [("crm", "e1")]
        assert hooks_due(tx, plugins=()) == []
        assert waiting(tx) == 2


PAYLOADS = [
    Payload(event="e1"),
    Payload(mail=7),
    Payload(item=7),
    Payload(
        event="e1",
        decision=Decision(
            steps=(
                Step(
                    action=PolicyAction.PAUSE,
                    rule="hard",
                    because=f"{JOE} failed.",
                    events=("e0", "e1"),
                    until=NOW + timedelta(days=7),
                ),
                Step(action=PolicyAction.NOTIFY, rule="hard", because="People want to know.", events=("e1",)),
            )
        ),
    ),
    Payload(lifted=Lifted(address=JOE, actor="secretary", why="She called.", at=NOW)),
    Payload(incident=Incident(key="k", title="t", detail=f"d {JOE}", count=3, first_at=NOW, last_at=NOW)),
    Payload(
        summary=RunSummary(
            started_at=NOW,
            finished_at=NOW + MINUTE,
            outcomes=(
                MailOutcome(
                    mail_id=1,
                    mailbox="bounces",
                    kind=Kind.BOUNCE,
                    handling=Handling.REVIEW,
                    why=f"{JOE} is nobody's.",
                    events=("e1",),
                    received_at=NOW,
                ),
            ),
            errors=("mailbox other: no answer",),
        )
    ),
]


@pytest.mark.parametrize(
    "payload", PAYLOADS, ids=["event", "mail", "item", "decision", "lifted", "incident", "summary"]
)
def test_a_payload_comes_back_as_it_was(ledger: Ledger, payload: Payload) -> None:
    with ledger.transaction() as tx:
        announce(tx, HOOK, payload, ["crm"], NOW)
        announce(tx, HOOK, payload, ["crm"], NOW)
        (announcement,) = due(tx, NOW, plugins=["crm"])
        assert announcement.payload == payload
        assert (announcement.hook, announcement.attempts, announcement.announced_at) == (HOOK, 0, NOW)


def test_I_21_two_lifts_of_an_address_at_one_moment_are_both_told(ledger: Ledger) -> None:
    said = [
        Lifted(address=JOE, actor="secretary", why="She called.", at=NOW),
        Lifted(address=JOE, actor="breaker", why="An outage.", at=NOW, stop=False, removal=True),
    ]
    with ledger.transaction() as tx:
        for lifted in (*said, *said):
            announce(tx, HOOK, Payload(lifted=lifted), ["crm"], NOW, address=JOE)
        told = []
        while found := due(tx, NOW, plugins=["crm"]):
            told += [one.payload.lifted for one in found]
            done(tx, found[0], NOW)
        assert told == said


def test_an_announcement_about_nothing_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="must be about something"), ledger.transaction() as tx:
        announce(tx, HOOK, Payload(), ["crm"], NOW)


def test_what_is_done_is_not_due_again(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        announce(tx, HOOK, Payload(event="e1"), ["crm", "notices"], NOW)
        assert last_done(tx, "crm", HOOK) is None
        done(tx, due(tx, NOW, plugins=["crm"])[0], NOW + MINUTE)
        assert hooks_due(tx) == [("notices", "e1")]
        assert last_done(tx, "crm", HOOK) == NOW + MINUTE
        assert last_done(tx, "notices", HOOK) is None
        announce(tx, HOOK, Payload(event="e1"), ["crm"], NOW)
        assert hooks_due(tx) == [("notices", "e1")]


def test_a_plugin_that_fails_is_asked_again_ever_later_and_then_given_up(ledger: Ledger) -> None:
    pauses = []
    with ledger.transaction() as tx:
        announce(tx, HOOK, Payload(event="e1"), ["crm", "notices"], NOW)
        when = NOW
        while True:
            (announcement,) = due(tx, when, plugins=["crm"])
            assert announcement.attempts == len(pauses)
            if failed(tx, announcement, "OSError('no route to host')", when):
                break
            pause = MINUTE
            while not due(tx, when + pause, plugins=["crm"]):
                pause += MINUTE
            pauses.append(pause // MINUTE)
            when += pause
        assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
        assert len(pauses) + 1 == TRIES
        assert hooks_due(tx, NOW + timedelta(days=999)) == [("notices", "e1")]
        assert waiting(tx) == 1


def test_i_21_announcements_about_one_address_reach_a_plugin_in_order(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for event, address in (("e1", JOE), ("e2", JOE), ("e3", "ann@example.org"), ("e4", "JOE@example.org")):
            announce(tx, HOOK, Payload(event=event), ["crm", "notices"], NOW, address=address)
        announce(tx, HOOK, Payload(mail=1), ["crm"], NOW)
        announce(tx, HOOK, Payload(mail=2), ["crm"], NOW)

        first = due(tx, NOW, plugins=["crm"])
        assert [one.payload.event for one in first] == ["e1", "e3", "", ""]
        failed(tx, first[0], "down", NOW)
        done(tx, first[1], NOW)
        assert [one.payload.mail for one in due(tx, NOW, plugins=["crm"])] == [1, 2]  # e2 waits for e1
        assert hooks_due(tx, plugins=("notices",)) == [("notices", "e1"), ("notices", "e3")]

        (again, *_) = due(tx, NOW + MINUTE, plugins=["crm"])
        done(tx, again, NOW + MINUTE)
        assert ("crm", "e2") in hooks_due(tx, NOW + MINUTE)


def test_what_is_given_up_no_longer_holds_back_the_next(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        announce(tx, HOOK, Payload(event="e1"), ["crm"], NOW, address=JOE)
        announce(tx, HOOK, Payload(event="e2"), ["crm"], NOW, address=JOE)
        for number in range(TRIES):
            (announcement,) = due(tx, NOW + number * timedelta(days=1), plugins=["crm"])
            assert announcement.payload.event == "e1"
            failed(tx, announcement, "down", NOW + number * timedelta(days=1))
        assert hooks_due(tx) == [("crm", "e2")]


def test_a_plugin_may_ask_for_time(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        announce(tx, HOOK, Payload(event="e1"), ["crm"], NOW)
        (announcement,) = due(tx, NOW, plugins=["crm"])
        postpone(tx, announcement, NOW + MINUTE)
        assert hooks_due(tx) == []
        (announcement,) = due(tx, NOW + MINUTE, plugins=["crm"])
        assert announcement.attempts == 0


def test_no_more_than_asked_for(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for number in range(5):
            announce(tx, HOOK, Payload(event=f"e{number}"), ["crm"], NOW)
        assert [one.payload.event for one in due(tx, NOW, plugins=["crm"], limit=2)] == ["e0", "e1"]
