"""Does the host hear that nothing speaks any more for what it did itself: that it took somebody from its lists?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin.cli import program
from bounce_plugin.desk.undo import Correction, Undoing
from bounce_plugin.policy.rules import PolicyAction
from bounce_plugin.policy.undo import Choice
from tests.outage import BEGAN, Fail, Office

ANNA = "anna@example.org"
DAY = timedelta(days=1)
TWICE = """
[policy]
preset = "none"
[[policy.rule]]
name = "off the list"
after = 2
then = ["remove_from_list"]
"""
STOP = '[[policy.rule]]\nname = "stop"\nafter = 4\nthen = ["suppress"]\n'


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path, TWICE)
    yield opened
    opened.plugin.close()


def fail(office: Office, days: Sequence[int], address: str = ANNA) -> None:
    """Failures of an address, so many days after the beginning; the host is told what they lead to."""
    office.fail([Fail(address=address, at=BEGAN + DAY * day, host="mx.example.com") for day in days], batch=1)
    office.plugin.tell()


def undo(office: Office, *days: int, address: str = ANNA, rule: str = "", look: bool = False) -> list[Correction]:
    """Undo what failed on these days, and tell the host."""
    plugin = office.plugin
    since, until = (BEGAN + DAY * days[0], BEGAN + DAY * (days[-1] + 1)) if days else (None, None)
    office.clock.now += timedelta(seconds=1)
    work = Undoing(
        ledger=plugin.ledger,
        announcements=plugin.announcements,
        policy=plugin.settings.policy,
        providers=plugin.tables.providers,
        choice=Choice(address=address, since=since, until=until, rule=rule),
        actor="Erna",
        why="the wrong list",
        now=office.clock.now,
    )
    found = list(work.look() if look else work.do())
    plugin.tell()
    return found


def test_a_removal_that_is_undone_is_shown_and_told_and_we_put_nobody_back(office: Office) -> None:
    fail(office, [0, 1])
    assert [decision.actions for _, decision in office.crm.reached] == [{PolicyAction.REMOVE_FROM_LIST}]
    (shown,) = undo(office, 1, look=True)
    assert shown.undone.relists
    assert office.crm.lifted == []
    undo(office, 1)
    (lifted,) = office.crm.lifted
    assert (lifted.address, lifted.actor, lifted.why) == (ANNA, "Erna", "the wrong list")
    assert (lifted.stop, lifted.removal) == (False, True)
    assert undo(office, 0)[0].undone.relists is False, "it was told already"
    fail(office, [2, 3])
    assert len(office.crm.reached) == 2, "later failures count as ever"


@pytest.mark.parametrize(("days", "falls"), [((0, 0), False), ((2, 2), False), ((0, 1), True), ((0, 2), True)])
def test_a_removal_stands_while_other_failures_lead_to_it(office: Office, days: tuple[int, int], falls: bool) -> None:
    fail(office, [0, 1, 2])
    (correction,) = undo(office, *days)
    assert correction.undone.relists is falls
    assert [lifted.removal for lifted in office.crm.lifted] == [True] * falls


def test_what_a_rule_did_that_is_no_more_can_be_undone_by_its_name(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(office, [0, 1])
    monkeypatch.chdir(office.folder)
    settings = (office.folder / "bounce.toml").read_text()
    (office.folder / "bounce.toml").write_text(settings.replace("off the list", "another").replace("= 2", "= 9"))
    shown = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(program, ["undo", "--rule", "off the list"])
    assert "free -> free; may go back onto its lists" in shown.output
    assert "Your host would be told that it may put 1 of them back onto its lists." in shown.output
    (correction,) = undo(office, rule="off the list")
    assert len(correction.undone.events) == 2
    assert correction.undone.relists


def test_who_is_stopped_for_something_else_is_told_as_that(tmp_path: Path) -> None:
    office = Office(tmp_path, TWICE + STOP)
    fail(office, [0, 1, 2, 3])
    undo(office, 0, 2)
    assert [(lifted.stop, lifted.removal) for lifted in office.crm.lifted] == [(True, True)]
    fail(office, [5, 6, 7])
    office.clock.now += DAY
    office.plugin.lift(ANNA, actor="Erna", why="she called")
    assert [(lifted.stop, lifted.removal) for lifted in office.crm.lifted][1:] == [(True, True)]
    office.clock.now += DAY
    office.plugin.lift(ANNA, actor="Erna", why="she called again")
    assert [(lifted.stop, lifted.removal) for lifted in office.crm.lifted][2:] == [(False, False)]
    office.plugin.close()


def test_i_20_whom_the_host_has_off_its_lists_is_who_would_be_without_what_was_undone(tmp_path: Path) -> None:
    office = Office(tmp_path, TWICE + "[breaker]\nenabled = false\n")
    cases = [(days, gone) for days in (3, 4) for size in range(days) for gone in combinations(range(days), size + 1)]
    for number, (days, gone) in enumerate(cases):
        undone, never = f"undone{number}@example.org", f"never{number}@example.org"
        fail(office, range(days), undone)
        fail(office, [day for day in range(days) if day not in gone], never)
        for day in gone:
            undo(office, day, address=undone)
    off = {address for address, decision in office.crm.reached if PolicyAction.REMOVE_FROM_LIST in decision.actions}
    off -= {lifted.address for lifted in office.crm.lifted if lifted.removal}
    assert {int(one[6:].partition("@")[0]) for one in off if one.startswith("undone")} == {
        int(one[5:].partition("@")[0]) for one in off if one.startswith("never")
    }
    assert len(office.crm.lifted) == len({lifted.address for lifted in office.crm.lifted}), "each once"
    office.plugin.close()
