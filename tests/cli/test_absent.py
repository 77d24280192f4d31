"""Does a command say, and keep, what the host must hear that gives its plugin in its own program?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin import (
    BouncePlugin,
    Contact,
    HookError,
    Lifted,
    Reason,
    hookimpl,
)
from bounce_plugin.cli import DONE, program
from bounce_plugin.errors import BounceError
from bounce_plugin.ledger.absent import PATIENCE
from bounce_plugin.ledger.incidents import incidents
from bounce_plugin.testing import FakeHost
from tests.bounces import report
from tests.world import ANNA, World

OFF_THE_LIST = '[[policy.rule]]\nname = "off"\nafter = 1\nthen = ["suppress", "remove_from_list"]\n'
LATER = "The plugin 'club' is not loaded here: it is told when the program that has it runs."
BLORP = "599 9.9.9 blorp"


class Club(World):
    """A host's program, beside which commands are given."""

    def __init__(self, folder: Path) -> None:
        self.fake = FakeHost(contacts={ANNA: Contact(id="7")})
        super().__init__(folder, OFF_THE_LIST)
        (folder / "bounce.toml").write_text(
            '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n' + OFF_THE_LIST
        )

    def open(self) -> BouncePlugin:
        return BouncePlugin(self.settings, plugins={"club": self.fake}, clock=self.clock, entry_points=False)

    def without(self) -> BouncePlugin:
        """What a command has: no plugin of the host's."""
        return BouncePlugin(self.settings, clock=self.clock, entry_points=False)


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Club]:
    monkeypatch.chdir(tmp_path)
    opened = Club(tmp_path)
    opened.clock.now = datetime.now(UTC) - timedelta(hours=1)
    with opened.plugin:
        yield opened


def call(*arguments: str, fails: type[BounceError] | None = None) -> str:
    result = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(program, [*arguments, "--as", "Erna"])
    if fails is not None:
        assert isinstance(result.exception, fails), result.output
        return str(result.exception)
    assert result.exit_code == DONE, result.output
    return result.output


def now_told(club: Club) -> list[Lifted]:
    club.clock.now += timedelta(hours=2)
    club.plugin.tell()
    return [lifted for lifted in club.fake.told("on_suppression_lifted") if isinstance(lifted, Lifted)]


def test_the_host_is_told_of_an_undo_when_it_runs(club: Club) -> None:
    club.bounce()
    said = call("undo", "--address", ANNA, "--yes", "--why", "a mistake")
    assert "Your host will be told that it may put 1 of them back onto its lists." in said
    assert LATER in said
    assert [(lifted.address, lifted.removal) for lifted in now_told(club)] == [(ANNA, True)]


def test_the_host_is_told_of_a_lift_when_it_runs(club: Club) -> None:
    club.bounce()
    assert LATER in call("lift", ANNA, "--why", "she rang")
    assert [lifted.actor for lifted in now_told(club)] == ["Erna"]


@pytest.mark.parametrize("command", [("assign", "1", "7"), ("classify", "1", "address_unknown")])
def test_nothing_is_settled_where_nobody_knows_whose_address_it_is(club: Club, command: tuple[str, ...]) -> None:
    club.bounce(ANNA, BLORP)
    said = call("review", *command, fails=HookError)
    assert "'club'" in said
    assert "entry point" in said
    (item,) = club.plugin.desk.items()
    assert club.counted() == 0
    club.plugin.desk.classify(item.id, Reason.ADDRESS_UNKNOWN, actor="Erna")
    assert club.counted() == 1


def test_a_plugin_that_is_told_nothing_is_missed_by_the_contacts_that_it_knew(club: Club) -> None:
    class Finder:
        @hookimpl
        def find_contact(self, address: str) -> Contact | None:
            return Contact(id="7") if address == ANNA else None

    with BouncePlugin(club.settings, plugins={"finder": Finder()}, clock=club.clock, entry_points=False) as plugin:
        for address in (ANNA, "typo@example.org"):
            club.box.drop(report(address), club.clock.now)
        plugin.run_once()
    assert "the one that did is missing" in call("review", "assign", "1", "8", fails=HookError)
    with club.without() as command:
        assert command.desk.dismiss(1, actor="Erna").closed_at is not None


def test_people_may_work_through_a_queue_without_any_plugin(club: Club) -> None:
    with club.without() as people:
        for number, address in enumerate((ANNA, "bert@example.org"), start=1):
            club.box.drop(report(address), club.clock.now)
            people.run_once()
            people.desk.assign(number, "7", actor="Erna")
    assert club.counted() == club.counted("bert@example.org") == 1


def test_a_plugin_that_never_comes_back_becomes_one_item_and_one_incident(club: Club) -> None:
    club.bounce()
    with club.without() as command:
        command.lift(ANNA, actor="Erna", why="she rang")
        for _ in range(3):
            club.clock.now += PATIENCE
            command.attend()
        (item,) = command.desk.items()
        assert item.why.startswith("The plugin 'club' was not loaded for 30 days: nobody waits for it any more. ")
        with command.ledger.reading() as tx:
            assert [one.key for one in incidents(tx)] == ["plugin-absent:club"]
        assert command.desk.dismiss(item.id, actor="Erna").closed_at is not None
