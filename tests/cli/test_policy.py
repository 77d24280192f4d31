"""What does an operator see of the policy at a terminal?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin.cli import DONE, USAGE, program
from bounce_plugin.errors import NotFoundError

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
