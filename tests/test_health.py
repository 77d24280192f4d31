"""Does whoever watches over us learn what he must, and nothing that he need not?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin import Contact, hookimpl
from bounce_plugin.cli import ATTENTION, DONE, program
from bounce_plugin.errors import MailboxError
from bounce_plugin.health import Health, look_at_health
from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.mails import record_mail
from bounce_plugin.ledger.polls import Poll
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE, Box, report
from tests.ledger.samples import a_mail
from tests.running import running, until
from tests.world import ANNA, KEY, START, Clock, World, open_world


def look(world: World) -> Health:
    return look_at_health(world.settings, world.plugin.ledger, world.clock())


def test_a_mailbox_that_is_read_is_well(world: World) -> None:
    world.box.drop(report(ANNA), START - timedelta(seconds=90))
    world.box.drop(PRIVATE, START - timedelta(days=400))
    world.plugin.run_once()
    found = look(world)
    assert found.ok
    assert found.polls == (Poll(mailbox="bounces", tried_at=START, read_at=START, lag_seconds=90.0),)


def test_one_that_was_never_read_or_not_for_an_hour_is_a_problem(world: World) -> None:
    assert look(world).problems == ("The mailbox 'bounces' was never read: is `bounce-plugin run` at work?",)
    world.plugin.run_once()
    world.clock.now += timedelta(minutes=60)
    assert look(world).ok
    world.clock.now += timedelta(minutes=1)
    assert look(world).problems == (
        "The mailbox 'bounces' was last read at 2026-11-02 09:00 UTC: is `bounce-plugin run` at work?",
    )


def test_a_rehearsal_is_no_reading(world: World) -> None:
    world.plugin.run_once(dry_run=True)
    assert not look(world).ok


def test_what_keeps_us_from_a_mailbox_is_told_and_forgotten_once_it_is_read(world: World) -> None:
    world.plugin.run_once()
    shutil.move(world.box.path, world.folder / "elsewhere")
    world.clock.now += timedelta(minutes=50)
    for _ in range(2):
        assert not world.plugin.run_once().ok
    found = look(world)
    assert found.ok, "it was read less than an hour ago"
    (poll,) = found.polls
    assert isinstance(poll, Poll)
    assert (poll.failures, poll.read_at) == (2, START)
    assert "is no Maildir" in poll.error
    world.clock.now += timedelta(minutes=11)
    (problem,) = look(world).problems
    assert problem.startswith("The mailbox 'bounces' was last read at 2026-11-02 09:00 UTC: mailbox 'bounces': ")
    shutil.move(world.folder / "elsewhere", world.box.path)
    world.plugin.run_once()
    assert look(world).ok
    assert look(world).polls == (Poll(mailbox="bounces", tried_at=world.clock.now, read_at=world.clock.now),)


def test_a_process_that_stays_notes_it_as_well(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text(KEY)
    text = '[[mailbox]]\nname = "{0}"\nkind = "maildir"\npath = "{0}"\npoll_seconds = 0.2\n'
    settings = parse_settings(text.format("good") + text.format("bad"), folder=tmp_path)
    Box(tmp_path / "good")
    with BouncePlugin(settings, entry_points=False) as plugin, running(plugin):

        def both() -> bool:
            good, bad = look_at_health(settings, plugin.ledger, plugin.clock()).polls
            return isinstance(good, Poll) and good.read_at is not None and isinstance(bad, Poll) and bad.failures > 0

        until(both)


def test_a_mail_that_cannot_be_recorded_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(type(world.plugin.consequences), "learn_all", broken)
    world.box.drop(report(ANNA))
    world.plugin.run_once()
    assert look(world).problems == ("The mailbox 'bounces' holds 1 mail that could not be recorded: the log says why",)


class Broken:
    """A host whose database is down."""

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        return Contact(id="7", address=address)

    @hookimpl
    def on_bounce_classified(self) -> None:
        raise ConnectionError


def test_plugins_that_are_told_late_are_a_problem_and_manual_work_is_none(tmp_path: Path) -> None:
    world = open_world(tmp_path, "[health]\ntell_within_minutes = 30\n")
    world.plugin.close()
    with BouncePlugin(world.settings, plugins={"broken": Broken()}, clock=world.clock, entry_points=False) as plugin:
        world.box.drop(report(ANNA))
        world.box.drop(b"Subject: Undelivered Mail\n\nSomething failed.\n")
        plugin.run_once()
        world.clock.now += timedelta(minutes=30)
        assert look_at_health(world.settings, plugin.ledger, world.clock()).ok
        world.clock.now += timedelta(minutes=1)
        found = look_at_health(world.settings, plugin.ledger, world.clock())
    (problem,) = found.problems
    assert problem == (
        "Plugins must still be told 1 announcement, the oldest of 2026-11-02 09:00 UTC: the log says which plugin fails, "
        "or the program that has it is not at work"
    )


def test_a_canary_that_does_not_come_back_is_a_problem_until_one_does(world: World) -> None:
    world.plugin.run_once()
    with world.plugin.ledger.transaction() as tx:
        sent = canaries.write_down(tx, "1" * 32, "dead@example.com", START)
        sent = canaries.await_report(tx, sent, START + timedelta(minutes=10))
    assert look(world).ok
    assert look(world).canary == sent
    world.clock.now += timedelta(minutes=11)
    assert look(world).problems == (
        "1 report of a canary did not come back, the first of one sent at 2026-11-02 09:00 UTC: does any bounce arrive?",
    )
    with world.plugin.ledger.transaction() as tx:
        later = canaries.write_down(tx, "2" * 32, "dead@example.com", world.clock.now)
        canaries.await_report(tx, later, world.clock.now + timedelta(minutes=10))
        canaries.come(tx, later, mail_id=record_mail(tx, a_mail()) or 0, now=world.clock.now)
    assert look(world).ok


def test_trouble_of_the_last_day_is_listed_and_is_no_problem(world: World) -> None:
    world.plugin.run_once()
    world.plugin.raise_incident(key="k", title="Something is wrong", detail="Really.")
    assert [incident.title for incident in look(world).incidents] == ["Something is wrong"]
    assert look(world).ok
    world.clock.now += timedelta(days=1, minutes=1)
    assert look(world).incidents == ()


class TestTheCommand:
    """`bounce-plugin health`."""

    @pytest.fixture
    def call(self, tmp_path: Path) -> Callable[[], tuple[int, dict[str, object]]]:
        world = World(tmp_path)
        world.clock = Clock()
        world.plugin.close()
        (tmp_path / "bounce.toml").write_text('[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n')

        def health() -> tuple[int, dict[str, object]]:
            done = CliRunner().invoke(program, ["-c", str(tmp_path / "bounce.toml"), "health"])
            return done.exit_code, json.loads(done.stdout)

        return health

    def test_it_says_by_its_exit_code_whether_somebody_must_look(
        self, call: Callable[[], tuple[int, dict[str, object]]], tmp_path: Path
    ) -> None:
        code, found = call()
        assert (code, found["ok"]) == (ATTENTION, False)
        CliRunner().invoke(program, ["-c", str(tmp_path / "bounce.toml"), "run", "--once"])
        code, found = call()
        assert (code, found["ok"], found["problems"]) == (DONE, True, [])
        (mailbox,) = found["mailboxes"]  # type: ignore[misc]
        assert mailbox["name"] == "bounces"  # type: ignore[has-type]
        assert 0 <= mailbox["read_seconds_ago"] < 60  # type: ignore[has-type]

    def test_a_ledger_that_cannot_be_read_is_a_problem_and_still_json(
        self, call: Callable[[], tuple[int, dict[str, object]]], tmp_path: Path
    ) -> None:
        for path in tmp_path.glob("bounces.sqlite3*"):
            path.unlink()
        (tmp_path / "bounces.sqlite3").write_text("no database")
        code, found = call()
        assert code == ATTENTION
        assert "file is not a database" in str(found["problems"])
        assert (found["mailboxes"], found["queue"]) == ([], None)

    def test_it_makes_no_ledger(self, call: Callable[[], tuple[int, dict[str, object]]], tmp_path: Path) -> None:
        for path in tmp_path.glob("bounces.sqlite3*"):
            path.unlink()
        assert call()[0] == ATTENTION
        assert not list(tmp_path.glob("bounces.sqlite3*"))

    def test_settings_that_are_wrong_are_an_error_as_everywhere(self, tmp_path: Path) -> None:
        (tmp_path / "bounce.toml").write_text("[health]\nread_within_minutes = 0\n")
        done = CliRunner().invoke(program, ["-c", str(tmp_path / "bounce.toml"), "health"])
        assert done.exit_code != DONE
        assert "health.read_within_minutes" in str(done.exception)


def test_an_error_holds_no_address_in_the_clear_in_the_database(world: World) -> None:
    world.plugin.note_failure("bounces", MailboxError(f"cannot read what {ANNA} sent"))
    assert ANNA in look(world).problems[0]
    octets = b"".join(path.read_bytes() for path in world.folder.glob("bounces.sqlite3*"))
    assert octets.count(ANNA.encode()) == 1, "in `addresses` alone"
