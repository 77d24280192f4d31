"""What does an operator see when a mistake is undone, and when the ledger is checked?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin import BouncePlugin, Contact, Lifted, hookimpl
from bounce_plugin.cli import ATTENTION, DONE, USAGE, program
from bounce_plugin.desk.undo import Undoing
from bounce_plugin.errors import NotFoundError, SettingsError
from bounce_plugin.policy.undo import Choice
from bounce_plugin.settings import load_settings
from tests.bounces import Box, report

SETTINGS = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
OUTAGE = datetime(2026, 12, 14, 9, tzinfo=UTC)
ANNA, BERT = "anna@gmail.com", "bert@gmail.com"


class Club:
    """Knows everybody, and notes whose stop is lifted."""

    def __init__(self) -> None:
        self.lifted: list[Lifted] = []

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        return Contact(id=address, address=address)

    @hookimpl
    def on_suppression_lifted(self, lifted: Lifted) -> None:
        self.lifted.append(lifted)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a host to which Gmail said for hours that nobody is there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bounce.toml").write_text(SETTINGS)
    (tmp_path / "ledger.key").write_text("07" * 32)
    box = Box(tmp_path / "Maildir")
    box.drop(report(ANNA), OUTAGE - timedelta(days=9))
    box.drop(report(ANNA), OUTAGE)
    box.drop(report(BERT), OUTAGE)
    box.drop(report("cleo@example.org"), OUTAGE)
    with club(Club(), OUTAGE) as plugin:
        plugin.run_once()
    return tmp_path


def club(host: Club, now: datetime) -> BouncePlugin:
    settings = load_settings(Path("bounce.toml"))
    return BouncePlugin(settings, plugins={"club": host}, clock=lambda: now, entry_points=False)


def call(*arguments: str) -> Result:
    return CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(program, list(arguments), prog_name="bounce-plugin")


def acts() -> list[tuple[object, ...]]:
    with closing(sqlite3.connect("bounces.sqlite3")) as connection:
        return connection.execute("SELECT * FROM acts").fetchall()


OF_THE_DAY = ("--provider", "gmail.com", "--since", "2026-12-14", "--until", "2026-12-15T00:00")


def test_an_outage_is_looked_at_and_then_undone(folder: Path) -> None:
    before = acts()
    shown = call("undo", *OF_THE_DAY)
    assert shown.exit_code == DONE, shown.output
    lines = sorted(line for line in shown.output.splitlines() if "@" in line)
    assert [line.partition(" (")[0] for line in lines] == [f"{ANNA}: 1 failure", f"{BERT}: 1 failure"]
    assert "stopped by rule “address_unknown: stop” -> " in lines[0]
    assert "2 failures of 2 addresses would be undone" in shown.output
    assert "Nothing was changed: add --yes" in shown.output
    assert acts() == before

    done = call("undo", *OF_THE_DAY, "--yes", "--why", "Gmail was broken", "--as", "Erna")
    assert "2 failures of 2 addresses are undone" in done.output
    status = call("status", BERT).output
    assert "newsletter     sent      Erna undid failures on" in status
    assert "undo of 1 failure by Erna: Gmail was broken" in status
    assert "undone" in call("events").output
    assert call("status", "cleo@example.org").output.startswith("newsletter     ")
    assert call("undo", *OF_THE_DAY).output.startswith("0 failures of 0 addresses would be undone")
    assert call("rebuild", "--check").exit_code == DONE


def test_what_to_undo_must_be_said(folder: Path) -> None:
    assert "say which failures" in call("undo").output
    assert call("undo", "--provider", "gmail.com", "--yes").exit_code == USAGE
    assert call("undo", "--address", "anna").exit_code == USAGE
    assert isinstance(call("undo", "--rule", "three strokes").exception, NotFoundError)
    assert "0 failures" in call("undo", "--rule", "mailbox_full: pause").output
    assert (
        "1 failure of 1 address would"
        in call("undo", "--rule", "address_unknown: stop", "--until", OUTAGE.strftime("%Y-%m-%d")).output
    )


def test_a_lifted_stop_is_told_once_and_one_that_stays_is_not(folder: Path) -> None:
    host = Club()
    now = OUTAGE + timedelta(hours=1)
    with club(host, now) as plugin:
        work = Undoing(
            ledger=plugin.ledger,
            announcements=plugin.announcements,
            policy=plugin.settings.policy,
            providers=plugin.tables.providers,
            choice=Choice(since=OUTAGE),
            actor="Erna",
            why="Gmail was broken",
            now=now,
        )
        for _ in range(2):
            list(work.do())
            plugin.tell()
    # anna's first failure led to a pause that is over
    assert sorted(lifted.address for lifted in host.lifted) == [ANNA, BERT, "cleo@example.org"]
    assert {(lifted.actor, lifted.why, lifted.at) for lifted in host.lifted} == {("Erna", "Gmail was broken", now)}


def test_a_host_undoes_in_its_own_program_and_is_told_at_once(folder: Path) -> None:
    host = Club()
    with club(host, OUTAGE + timedelta(hours=1)) as plugin:
        (correction,) = plugin.mistakes.undo(Choice(address=BERT.upper()), actor="Erna", why="Gmail was broken")
        assert (correction.address, len(correction.undone.events)) == (BERT, 1)
        assert [lifted.address for lifted in host.lifted] == [BERT]
        for wrong, words in ((Choice(), "which failures"), (Choice(address="a@b@c"), "no single e-mail address")):
            with pytest.raises(SettingsError, match=words):
                plugin.mistakes.undo(wrong, actor="Erna", why="Gmail was broken")


def test_rebuild_tells_what_differs_and_mends_it(folder: Path) -> None:
    assert call("rebuild").output == "What is kept is what follows from the record.\n"
    with closing(sqlite3.connect("bounces.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM suppressions WHERE until IS NULL")
    for _ in range(2):
        checked = call("rebuild", "--check")
        assert checked.exit_code == ATTENTION
        assert checked.output.startswith(f"{ANNA}: no stop is kept, a stop since ")
        assert "1 difference. Nothing was changed." in checked.output
    assert "1 difference. What is right is kept now." in call("rebuild").output
    assert call("rebuild", "--check").exit_code == DONE
