"""Does it make no difference how many mails are handled together? What is written together is decided one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bounce_plugin import BouncePlugin, Contact, hookimpl
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.ledger.record import record_acts, record_event
from bounce_plugin.ledger.schema import acts, events, outbox
from bounce_plugin.policy.state import Act, Verb
from bounce_plugin.settings import parse_settings
from bounce_plugin.steps import unseen
from bounce_plugin.suppression.lift import lift
from tests.bounces import Box, report
from tests.everyday import a_day, everyday_plugin, memory
from tests.ledger.samples import an_event
from tests.world import ANNA, KEY, START, Clock

BERTA = "berta@example.com"


class Host:
    """Knows everybody, and is told of everything, so that each announcement has its row."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        return Contact(id=address, address=address)

    @hookimpl
    def on_bounce_classified(self, event: object) -> None:
        self.told.append(f"classified {event.address} {event.message_key}")  # type: ignore[attr-defined]

    @hookimpl
    def on_threshold_reached(self, event: object, decision: object) -> None:
        actions = sorted(decision.actions)  # type: ignore[attr-defined]
        self.told.append(f"reached {event.address} {event.message_key}: {actions}: {decision.because}")  # type: ignore[attr-defined]


def written(plugin: BouncePlugin) -> dict[str, list[tuple[object, ...]]]:
    """What the ledger holds, row by row in the order in which it was written."""
    columns = {
        "events": [events.c.id, events.c.fingerprint, events.c.mail_id, events.c.counts, events.c.evidence],
        "acts": [acts.c.fingerprint, acts.c.verb, acts.c.until, acts.c.rule, acts.c.because, acts.c.events],
        "outbox": [outbox.c.announcement, outbox.c.fingerprint, outbox.c.payload],
    }
    with plugin.ledger.reading() as tx:
        return {
            name: [tuple(row) for row in tx.connection.execute(select(*some).order_by(some[0].table.c.number))]
            for name, some in columns.items()
        }


@pytest.mark.parametrize("together", [2, 7, 100])
def test_failures_of_one_address_that_come_together_are_decided_one_after_the_other(
    together: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for size in (1, together):
        monkeypatch.setattr(unseen, "BATCH", size)
        folder = tmp_path / str(size)
        box = Box(folder / "Maildir")
        at: datetime = START
        for number in range(30):  # pauses, stops, reports that come twice, failures that do not count
            at += timedelta(hours=5)
            address = (ANNA, BERTA)[number % 3 == 0]
            reply = ("550 5.1.1 User unknown", "452 4.2.2 Mailbox full", "554 5.7.1 blocked by our list")[
                number % 5 % 3
            ]
            box.drop(report(address, reply, message_id=f"m{number // 2}@crm.example"), at)
        (folder / "ledger.key").write_text(KEY)
        settings = parse_settings('[[mailbox]]\nname = "b"\nkind = "maildir"\npath = "Maildir"\n', folder=folder)
        host, clock = Host(), Clock()
        clock.now = at
        with BouncePlugin(settings, plugins={"host": host}, clock=clock, entry_points=False) as plugin:
            summary = plugin.run_once()
            details = [outcome.details for outcome in summary.outcomes]
            found.append((written(plugin), host.told, details, memory(plugin)))
    one_by_one, in_batches = found
    assert in_batches == one_by_one
    assert len(one_by_one[0]["acts"]) > 3
    assert any("reached" in line for line in one_by_one[1])


def test_a_day_handled_in_one_batch_is_the_day_handled_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for size in (1, 1000):
        monkeypatch.setattr(unseen, "BATCH", size)
        folder = tmp_path / str(size)
        box = Box(folder / "Maildir")
        for number, raw in enumerate(a_day(1).mails):
            box.drop(raw, START + timedelta(seconds=number))
        with everyday_plugin(folder, box.path) as plugin:
            plugin.run_once()
            found.append((memory(plugin), written(plugin), len(box.mails("processed")), len(box.mails("review"))))
    assert found[0][0] == found[1][0]
    assert found[0][1]["acts"] == found[1][1]["acts"]
    assert found[0][2:] == found[1][2:]


def test_one_mail_that_cannot_be_written_holds_up_none_of_its_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(tmp_path / "Maildir")
    for number in range(5):
        box.drop(report(f"member{number}@example.com", message_id=f"m{number}@crm.example"), START)
    with everyday_plugin(tmp_path, box.path) as plugin:
        with plugin.ledger.transaction() as tx:  # as a database that is at its limits would
            tx.connection.exec_driver_sql(
                "CREATE TRIGGER no BEFORE INSERT ON events WHEN NEW.message_key LIKE '%m3@%' "
                "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            )
        summary = plugin.run_once()
        assert [outcome.handling.value for outcome in summary.outcomes].count("handled") == 4
        assert len(summary.errors) == 1
        assert "not this one" in summary.errors[0]
        assert len(memory(plugin)["events"]) == 4  # type: ignore[arg-type]
    assert (len(box.mails()), len(box.mails("processed"))) == (1, 4)


def test_a_lift_amid_a_transaction_forgives_what_it_has_seen_and_no_more(tmp_path: Path) -> None:
    box = Box(tmp_path / "Maildir")
    with everyday_plugin(tmp_path, box.path) as plugin, plugin.ledger.transaction() as tx:
        event = an_event(tx)
        assert record_event(tx, event, weight=1.0)
        record_acts(tx, event.address, [Act(verb=Verb.SUPPRESS, at=event.received_at)])
        lift(tx, event.address, actor="ann", why="She called.", now=event.received_at)
        assert past_events(tx, event.address) == ()
        later = an_event(tx, message_key="mid:later", received_at=event.received_at + timedelta(seconds=1))
        assert record_event(tx, later, weight=1.0)
        seen = (past_events(tx, event.address), acts_of(tx, event.address))
        assert [one.message_key for one in seen[0]] == ["mid:later"]
        tx.known.clear()
        assert (past_events(tx, event.address), acts_of(tx, event.address)) == seen, "as the database has it"
