"""What does an operator see of the policy at a terminal?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin.classify.classification import Reason
from bounce_plugin.cli import DONE, USAGE, program
from bounce_plugin.errors import NotFoundError, SettingsError
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.policy.presets import build_policy
from tests.histories import Failure, Life

#: Columns of a terminal in which it can be read.
WIDTH = 100

OWN = """
[policy]
preset = "careful"

[[policy.rule]]
name = "raffle"
categories = ["raffle"]
reasons = ["mailbox_full"]
then = ["remove_from_list"]

[categories]
raffle = "suppressible"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(program, list(arguments), prog_name="bounce-plugin")


def rows(output: str) -> list[list[str]]:
    """The rows of the tables, cell by cell."""
    lines = [line.split("│") for line in output.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line[1:-1]] for line in lines]


def test_the_matrix_has_a_table_for_categories_that_are_treated_alike() -> None:
    shown = call("policy", "show")
    assert shown.exit_code == DONE
    titles = [line.strip() for line in shown.output.splitlines() if line.startswith("Mail of ")]
    assert titles == ["Mail of newsletter, announcement, transactional", "Mail of invoice, statutory"]
    found = rows(shown.output)
    assert len(found) == 60
    assert found[0] == ["address_unknown", "withheld for 7 days", "2 over 3 days: withheld", "sent"]
    assert found[30] == ["address_unknown", "sent", "", "sent"]
    assert ["owner_changed", "withheld", "", "withheld"] in found[30:]
    assert ["relay_denied", "sent", "3 over 14 days: sent; person decides", "sent"] in found
    assert max(map(len, shown.output.splitlines())) <= WIDTH


def test_one_cell_of_ones_own_policy() -> None:
    Path("bounce.toml").write_text(OWN)
    shown = call("policy", "show", "--category", "raffle", "--reason", "mailbox_full")
    (row,) = rows(shown.output)
    more = "3 over 14 days: withheld for 14 days; host removes contact"
    assert row == ["mailbox_full", "sent; host removes contact", more, "sent"]


def test_for_programs_it_is_one_object_a_line() -> None:
    shown = call("policy", "show", "--json")
    cells = [json.loads(line) for line in shown.output.splitlines()]
    assert len(cells) == 150
    assert cells[0] == {
        "category": "newsletter",
        "exempt": False,
        "reason": "address_unknown",
        "answers": [
            {
                "failures": 1,
                "days": 0,
                "mail": "withheld",
                "for_days": 7,
                "exempt_mail": "sent",
                "actions": ["pause"],
            },
            {
                "failures": 2,
                "days": 3,
                "mail": "withheld",
                "for_days": None,
                "exempt_mail": "sent",
                "actions": ["suppress"],
            },
        ],
    }


def test_what_is_not_there_is_said() -> None:
    assert isinstance(call("policy", "show", "--category", "rafle").exception, NotFoundError)
    assert call("policy", "show", "--reason", "weather").exit_code == USAGE


class TestSimulate:
    """`policy simulate`, over a ledger that lived under `careful`."""

    @pytest.fixture(autouse=True)
    def ledger(self) -> Iterator[None]:
        Path("bounce.toml").write_text("")
        Path("ledger.key").write_text("07" * 32)
        Path("other.toml").write_text(
            '[policy]\npreset = "three-strikes"\n[categories]\ninvoice = "suppressible"\nannouncement = "exempt"\n'
        )
        with Ledger.open("sqlite:///bounces.sqlite3", key=bytes.fromhex("07" * 32)) as opened:
            life = Life(ledger=opened, policy=build_policy(), now=datetime.now(UTC) - timedelta(days=3))
            gone = Failure(address="anna@gmail.com", reason=Reason.ADDRESS_INVALID, days_ago=0)
            full = Failure(address="bert@gmail.com", reason=Reason.MAILBOX_FULL, days_ago=0)
            sold = Failure(address="cleo@example.org", reason=Reason.OWNER_CHANGED, days_ago=0)
            life.live([gone, full, sold, 1.0, full, 1.0, full])
            yield

    def test_it_lists_and_counts_and_draws(self) -> None:
        shown = call("policy", "simulate", "--policy", "other.toml")
        assert shown.exit_code == DONE, shown.output
        anna, bert = sorted(rows(shown.output))
        assert anna[:3] == ["anna@gmail.com", "stopped", "free"]
        assert bert[:3] == ["bert@gmail.com", "free", "stopped"]
        assert "three strikes: 3 soft bounces (mailbox_full)" in bert[3]
        lines = shown.output.splitlines()
        bars = [(line.split()[-2], len(line.split()[-1])) for line in lines if line.endswith("█")]
        assert bars == [("1", 40)] * 4
        assert "Of 3 addresses with a history 1 would be released, 1 would be stopped. Nothing was changed." in lines
        assert "Mail of invoice would be withheld from stopped addresses; it is sent now." in lines
        assert "Mail of announcement would be sent to stopped addresses, too; it is withheld now." in lines

    def test_of_many_it_shows_some(self) -> None:
        shown = call("policy", "simulate", "--policy", "other.toml", "-n", "1").output
        assert len(rows(shown)) == 1
        assert "… and 1 more" in shown

    def test_for_programs(self) -> None:
        lines = call("policy", "simulate", "--policy", "other.toml", "--json").output.splitlines()
        anna, bert = sorted(map(json.loads, lines), key=itemgetter("address"))
        assert (anna["change"], anna["after"]) == ("released", {"standing": "free"})
        assert bert["change"] == "stopped"
        assert set(bert["after"]) == {"standing", "since", "until", "rule", "because"}

    def test_the_same_policy_changes_nothing(self) -> None:
        shown = call("policy", "simulate", "--policy", "bounce.toml").output
        assert "Of 3 addresses with a history none would be treated otherwise." in shown

    def test_since_leaves_out_who_has_failed_before_alone(self) -> None:
        day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
        assert "Of 1 address with" in call("policy", "simulate", "--policy", "other.toml", "--since", day).output

    def test_a_policy_that_is_wrong_is_refused(self) -> None:
        Path("other.toml").write_text('[policy]\npreset = "carefree"\n')
        assert isinstance(call("policy", "simulate", "--policy", "other.toml").exception, SettingsError)
