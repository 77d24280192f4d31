"""Is a person forgotten whose facts stay, and is he still not written to? (T-23)"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin import BouncePlugin, Contact, Delivery, hookimpl
from bounce_plugin.cli import ATTENTION, DONE, program
from bounce_plugin.desk.erase import Trace, look_through, look_up, names
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.ledger.schema import metadata
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.world import ANNA, KEY, START, World

Call = Callable[..., Result]

MIXED = "Anna@Example.COM"
STRANGER = "nobody@example.com"


def sent(ref: str = "d1", address: str = ANNA, **names: str) -> Delivery:
    return Delivery(
        ref=ref,
        address=address,
        contact="7",
        message="News 7",
        category="newsletter",
        sent_at=START,
        **({"message_id": f"{ref}@crm"} | names),
    )


@pytest.fixture
def stopped(world: World) -> World:
    """Anna has failed twice and is stopped; a mail about a stranger waits, and quotes her."""
    world.plugin.record_sent([sent(address=MIXED)])
    world.bounce(message_id="d1@crm")
    world.clock.now += timedelta(days=8)
    world.bounce(MIXED, f"550 5.1.1 <{MIXED}> unknown")
    world.bounce(STRANGER, f"550 5.1.1 {ANNA} has forwarded it to nobody")
    assert world.plugin.should_suppress(ANNA, "newsletter")
    return world


def everywhere(world: World) -> bytes:
    """All octets of all files of the ledger, in lower case."""
    return b"".join(path.read_bytes() for path in world.folder.glob("bounces.sqlite3*")).lower()


def rows(plugin: BouncePlugin) -> str:
    with plugin.ledger.reading() as tx:
        tables = (tx.connection.execute(table.select()).all() for table in metadata.sorted_tables)
        return str([tuple(row) for table in tables for row in table]).lower()


def test_t_23_afterwards_no_row_and_no_octet_of_the_ledger_holds_the_address_in_any_spelling(stopped: World) -> None:
    assert ANNA in rows(stopped.plugin)
    assert ANNA.encode() in everywhere(stopped)
    held = stopped.plugin.erase(MIXED)
    assert set(held.spellings) == {ANNA, MIXED}
    assert (len(held.events), len(held.deliveries), len(held.mails)) == (2, 1, 1)
    assert ANNA not in rows(stopped.plugin)
    assert ANNA.encode() not in everywhere(stopped)
    assert STRANGER in rows(stopped.plugin), "others stay"


@pytest.mark.parametrize(
    "message_id", [f"n7.{ANNA}@crm.example", "n7.anna=example.com@crm.example", "n7+Anna@Example.com+x@crm.example"]
)
def test_t_23_a_message_id_that_was_made_of_the_address_goes_with_it(world: World, message_id: str) -> None:
    world.bounce(message_id=message_id)  # before its mail is recorded
    world.plugin.record_sent([sent("d7", message_id=message_id, envelope_id=f"e:{ANNA}")])
    world.bounce(message_id=message_id)
    assert world.counted() == 1
    world.plugin.erase(ANNA)
    world.bounce(message_id=message_id)
    assert not [part for part in ("anna@", "anna=") if part in rows(world.plugin)]
    assert b"anna@example" not in everywhere(world).lower()
    with world.plugin.ledger.reading() as tx:
        assert [event.counts for event in latest_events(tx)] == [True, False], "it is the same failure still"


def test_t_23_the_fingerprint_keeps_it_stopped_and_who_is_imported_again_stays_so(stopped: World) -> None:
    stopped.plugin.erase(ANNA)
    assert stopped.plugin.should_suppress(ANNA, "newsletter")
    assert stopped.plugin.suppressed_among([MIXED, "ben@example.com"], "newsletter") == {MIXED}
    assert not stopped.plugin.should_suppress(ANNA, "invoice")
    stopped.plugin.record_sent([sent("d2", MIXED)])
    stopped.host.contacts[ANNA] = Contact(id="70", address=ANNA)
    assert stopped.plugin.should_suppress(ANNA, "newsletter")
    assert ANNA not in rows(stopped.plugin)
    stopped.plugin.lift(ANNA, actor="secretary", why="she joined again")
    assert not stopped.plugin.should_suppress(ANNA, "newsletter"), "a person can take it back"
    assert ANNA in rows(stopped.plugin), "and that person has typed the address"


def test_t_23_another_spelling_that_comes_later_does_not_bring_it_back(stopped: World) -> None:
    stopped.plugin.erase(ANNA)
    stopped.bounce("ANNA@EXAMPLE.com", "550 5.1.1 <aNNa@example.com> unknown")
    stopped.bounce(ANNA, f"550 5.1.1 <{ANNA}> unknown")
    assert ANNA not in rows(stopped.plugin)


def test_t_23_what_happened_stays_without_the_person(stopped: World) -> None:
    before = stopped.counted()
    stopped.plugin.erase(ANNA)
    with stopped.plugin.ledger.reading() as tx:
        told = [event for event in latest_events(tx) if event.counts]
    assert len(told) == before == 2
    assert {event.address for event in told} == {""}
    assert {contact.id for event in told for contact in event.contacts} == {"7"}
    assert stopped.plugin.explain(ANNA, "newsletter").suppressed


class ErasedMeanwhile:
    """A host in which somebody is erased while a mail about him is in hand."""

    plugin: BouncePlugin | None = None

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        assert self.plugin is not None
        self.plugin.erase(address)
        return Contact(id="7", address=address)

    @hookimpl
    def on_bounce_classified(self, event: object) -> None:
        self.told.append(event.address)  # type: ignore[attr-defined]


def test_i_23_erased_while_a_bounce_is_in_hand_its_event_is_stored_without_the_person(world: World) -> None:
    world.plugin.close()
    host = ErasedMeanwhile()
    with BouncePlugin(world.settings, plugins={"host": host}, clock=world.clock, entry_points=False) as plugin:
        host.plugin = plugin
        world.box.drop(report(MIXED, f"550 5.1.1 <{MIXED}> unknown"), world.clock.now)
        assert plugin.run_once().ok
        assert ANNA not in rows(plugin)
        with plugin.ledger.reading() as tx:
            (event,) = latest_events(tx)
    assert (event.address, event.counts) == ("", True)
    assert host.told == [""]


def test_mails_in_mailboxes_that_name_the_person_are_listed_and_not_touched(stopped: World) -> None:
    encoded = base64.b64encode(b"Dear Anna, your address is anna@example.com.\n")
    stopped.box.drop(b"Subject: x\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n" + encoded + b"\n")
    stopped.box.drop(b"Subject: other\n\nNothing about her.\n")
    before = {path: path.read_bytes() for path in stopped.box.path.rglob("*") if path.is_file()}
    traces = list(look_through(stopped.settings, ANNA))
    assert sorted(trace.folder for trace in traces) == ["inbox", "processed", "processed", "review"]
    assert {path: path.read_bytes() for path in stopped.box.path.rglob("*") if path.is_file()} == before


def test_a_mailbox_that_cannot_be_reached_is_named(stopped: World) -> None:
    stopped.box.path.rename(stopped.folder / "elsewhere")
    (trace,) = look_through(stopped.settings, ANNA)
    assert trace == Trace(mailbox="bounces", trouble=trace.trouble)
    assert "is no Maildir" in trace.trouble


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"To: <Anna@Example.com>\n\n", True),
        (b"Return-Path: <bounces+anna=example.com@crm.example>\n\n", True),
        (b"Return-Path: <SRS0=HHH=TT=example.com=Anna@fwd.example>\n\n", True),
        (b'Subject: x\n\n"Anna"@example.com is unknown.\n', True),
        (b"Subject: x\n\nhttps://crm.example/?r=3Danna@example.com\n", True),
        (b"Subject: x\n\nTo...anna@example.com: unknown.\n", True),
        (b"To: <joanna@example.com>, jo.anna@example.com\n\n", False),
        (b"Return-Path: <bounces+joanna=example.com@crm.example>\n\n", False),
        (report(MIXED), True),
        (b"Subject: =?utf-8?q?anna?=\n\nanna at example.com\n", False),
        (b"\xff\0" * 100, False),
        (b"", False),
    ],
)
def test_whether_a_mail_names_somebody(raw: bytes, found: bool) -> None:
    assert names(raw, ANNA) is found


def test_what_is_no_address_is_refused(world: World) -> None:
    for bad in ("", "Anna", "anna@example.com, ben@example.com"):
        with pytest.raises(NotFoundError, match="no single address"):
            world.plugin.erase(bad)
        with pytest.raises(NotFoundError, match="no single address"):
            look_up(world.plugin.ledger, bad)


class TestTheCommands:
    """`bounce-plugin export` and `erase`."""

    @pytest.fixture
    def call(self, stopped: World) -> Call:
        stopped.plugin.close()
        settings = stopped.folder / "bounce.toml"
        settings.write_text('[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n')

        def command(*words: str) -> Result:
            return CliRunner().invoke(program, ["-c", str(settings), *words])

        return command

    def test_t_23_a_person_learns_what_is_held_of_him(self, call: Call, stopped: World) -> None:
        done = call("export", MIXED)
        assert done.exit_code == DONE
        held = json.loads(done.stdout)
        assert held["address"] == ANNA
        assert [event["reason"] for event in held["events"]] == ["address_unknown", "address_unknown"]
        assert held["acts"][-1]["verb"] == "suppress"
        assert held["deliveries"][0]["message"] == "News 7"

    def test_nothing_is_erased_without_yes(self, call: Call, stopped: World) -> None:
        done = call("erase", ANNA)
        assert done.exit_code == DONE
        assert "nothing was changed; --yes does it" in done.stdout
        assert done.stdout.count("still named in mailbox bounces, folder ") == 3
        assert ANNA.encode() in everywhere(stopped)

    def test_t_23_with_yes_all_is_gone_but_the_mails_that_are_listed(self, call: Call, stopped: World) -> None:
        done = call("erase", "--yes", ANNA)
        assert done.exit_code == DONE
        assert done.stdout.startswith(
            "Forgotten: 2 spellings, of 2 events, 2 acts and 1 delivery, which stay; removed: 1 kept mail."
        )
        assert ANNA not in done.stdout
        assert ANNA.encode() not in everywhere(stopped)
        again = call("erase", "--ledger-only", ANNA)
        assert "0 spellings" in again.stdout
        assert "still named" not in again.stdout

    def test_a_mailbox_that_cannot_be_looked_through_needs_attention(self, call: Call, stopped: World) -> None:
        stopped.box.path.rename(stopped.folder / "elsewhere")
        done = call("erase", "--yes", ANNA)
        assert done.exit_code == ATTENTION
        assert "mailbox bounces could not be looked through" in done.stdout


def test_t_23_on_every_database_and_for_one_tenant_alone(empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text(KEY)

    def open_tenant(number: int) -> BouncePlugin:
        text = f'[ledger]\nurl = "{empty_url}"\ntenant = {number}\n'
        return BouncePlugin(parse_settings(text, folder=tmp_path), entry_points=False)

    with open_tenant(1) as ours, open_tenant(2) as theirs:
        for plugin in (ours, theirs):
            plugin.record_sent([sent(address=MIXED)])
            plugin.lift(ANNA, actor="ann", why=f"{MIXED} called")
        ours.erase(ANNA)
        assert look_up(ours.ledger, ANNA).spellings == ()
        assert set(look_up(theirs.ledger, ANNA).spellings) == {ANNA, MIXED}
        ours.record_success(ANNA, why=f"{MIXED} called again", actor="ann")
        assert look_up(ours.ledger, ANNA).spellings == ()
        ours.lift(ANNA, actor="ann", why=f"{MIXED} joined again")
        assert set(look_up(ours.ledger, ANNA).spellings) == {ANNA, MIXED}
