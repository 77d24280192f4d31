"""What does an operator see of the breaker, and can he settle what it holds?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from bounce_plugin.cli import ATTENTION, DONE, USAGE, program
from bounce_plugin.cli.trip_rows import trip_table
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.trips import Trip, TripState
from bounce_plugin.policy.breaker import Cause, Dimension, Surge
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Office, people, spread

MEMBERS = people(12, "gmail.com")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a host to which Gmail said for hours that nobody is there."""
    office = Office(tmp_path, ONE_STRIKE + "[breaker]\nfloor = 5\n")
    office.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    office.plugin.tell()
    office.plugin.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner(env={"LC_ALL": "C.UTF-8", "COLUMNS": "120"}).invoke(
        program, list(arguments), prog_name="bounce-plugin"
    )


def test_a_trip_is_listed_shown_and_released(folder: Path) -> None:
    listed = call("breaker", "list")
    assert listed.exit_code == DONE, listed.output
    assert "provider 'google'" in listed.output
    shown = call("breaker", "show", "1", "--addresses", "3")
    assert shown.output.startswith(
        "provider 'google' stops far more addresses than usual: trip 1, open since 2020-12-15"
    )
    assert "12 addresses within 24 hours;\nthe limit is 5: so many are never too many (`floor`)" in shown.output
    assert (
        "12 failures of 12 addresses are held, received from 2020-12-14 21:00 to 2020-12-15 03:08 UTC." in shown.output
    )
    assert "@gmail.com: 1 failure; free -> stopped by rule “one strike” if released" in shown.output
    assert "… and 9 more" in shown.output

    looked = call("breaker", "release", "1")
    assert (
        "12 failures of 12 addresses would be released; 12 of these addresses would get no more mail." in looked.output
    )
    assert "Nothing was changed: add --yes" in looked.output
    assert call("breaker", "release", "1", "--yes").exit_code == USAGE
    done = call("breaker", "release", "1", "--yes", "--why", "they are gone", "--as", "Erna")
    assert "12 failures of 12 addresses are released; 12 of these addresses get no more mail." in done.output
    assert call("breaker", "list").output == "The breaker holds nothing.\n"
    assert "released" in call("breaker", "list", "--all").output
    assert "released on" in call("breaker", "show", "1").output
    status = call("status", MEMBERS[0]).output
    assert "newsletter     withheld" in status
    assert "hold of 1 failure by the breaker (trip 1): " in status
    assert "release of 1 failure by Erna: they are gone" in status
    assert call("rebuild", "--check").exit_code == DONE


def test_a_ledger_that_is_older_than_the_breaker_learns_its_history(folder: Path) -> None:
    call("breaker", "release", "1", "--yes", "--why", "they are gone")
    with closing(sqlite3.connect(folder / "bounces.sqlite3")) as database, database:
        database.execute("DELETE FROM causes")
    for option, exit_code in (("--check", ATTENTION), (None, ATTENTION), (None, DONE)):
        rebuilt = call("rebuild", *filter(None, [option]))
        assert rebuilt.exit_code == exit_code
        assert ("the breaker knows nothing of 12 failures of 12 addresses" in rebuilt.output) == (exit_code != DONE)


def test_what_is_discarded_counts_no_more(folder: Path) -> None:
    assert "held" in call("events").output
    assert "The breaker has held 1 failure since" in call("status", MEMBERS[0]).output
    looked = call("breaker", "discard", "1")
    assert "12 failures of 12 addresses would be discarded; 0 of these" in looked.output
    assert "What is discarded stays so." in looked.output
    assert call("breaker", "discard", "1", "--yes", "--why", "Gmail's outage", "--as", "Erna").exit_code == DONE
    assert "undone" in call("events").output
    assert "Erna undid failures on" in call("status", MEMBERS[0]).output
    assert call("breaker", "discard", "1").output.startswith("0 failures of 0 addresses would be discarded")


def test_the_list_fits_a_terminal_of_80_columns() -> None:
    long = Cause(dimension=Dimension.PHRASE, name="phrase:any:" + "no such user here, see " * 8)
    day = BEGAN + timedelta(days=1)
    surge = Surge(after=BEGAN, until=day, last=BEGAN, number=1234567, limit=123456, usual=9, more_sent=0)
    trip = Trip(number=123, cause=long, surge=surge, tripped_at=BEGAN, state=TripState.DISCARDED)
    paper = Console(width=80, file=StringIO(), markup=False)
    paper.print(trip_table([trip]))
    lines = paper.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(word in lines[3] for word in ("123 ", "2020-12-14", "1234567", "123456", "discarded"))


def read(*arguments: str) -> dict[str, Any]:
    called = call(*arguments, "--json")
    assert called.exit_code == DONE, called.output
    return json.loads(called.output)


def test_programs_are_told_the_same(folder: Path) -> None:
    listed, shown = read("breaker", "list"), read("breaker", "show", "1", "-n", "2")
    assert listed.items() <= shown.items()
    assert {
        key: listed[key] for key in ("trip", "cause", "name", "addresses", "limit", "usual", "more_sent", "state")
    } == {
        "trip": 1,
        "cause": "provider",
        "name": "google",
        "addresses": 12,
        "limit": 5,
        "usual": 0,
        "more_sent": 0,
        "state": "open",
    }
    assert (listed["after"], listed["settled_at"]) == ("2020-12-13T23:47:30+00:00", None)
    assert shown["holds"]["failures"] == shown["holds"]["addresses"] == 12
    first, _ = shown["if_released"]
    assert (first["before"], first["after"]["standing"], first["after"]["rule"]) == (
        {"standing": "free"},
        "stopped",
        "one strike",
    )
    looked, done = read("breaker", "release", "1"), read("breaker", "release", "1", "--yes", "--why", "they are gone")
    assert (looked.pop("done"), done.pop("done")) == (False, True)
    assert looked == done
    assert (done["what"], done["failures"], done["addresses"], done["stopped"]) == ("released", 12, 12, 12)
    assert (done["removed"], first["removes"]) == (0, False)
    assert first in done["each"]
    assert call("breaker", "list", "--json").output == ""
    settled = read("breaker", "list", "--all")
    assert (settled["state"], settled["why"]) == ("released", "they are gone")
    assert read("breaker", "show", "1")["if_released"] == []
    undone = read("undo", "--address", MEMBERS[0], "--yes", "--why", "he wrote")
    (one,) = undone.pop("each")
    assert undone == {"done": True, "failures": 1, "addresses": 1, "lifted": 1, "relisted": 0}
    assert (one["address"], one["first_at"], one["after"]) == (MEMBERS[0], one["last_at"], {"standing": "free"})


def test_there_may_be_no_trip(folder: Path) -> None:
    assert isinstance(call("breaker", "show", "2").exception, NotFoundError)
    assert isinstance(call("breaker", "release", "2").exception, NotFoundError)


def test_health_and_metrics_tell_of_an_open_trip(folder: Path) -> None:
    health = call("health")
    assert health.exit_code == ATTENTION
    record = json.loads(health.output)
    (trip,) = record["breaker"]
    assert trip.pop("tripped_at").startswith("2020-12-15")
    assert trip == {"trip": 1, "cause": "provider", "name": "google", "addresses": 12, "limit": 5}
    (problem,) = record["problems"]
    assert "it stops 12 addresses, where 5 is the limit: `bounce-plugin breaker show 1`" in problem
    assert "bounce_plugin_breaker_trips_open 1.0" in call("metrics").output
    call("breaker", "discard", "1", "--yes", "--why", "an outage")
    assert call("health").exit_code == DONE
    assert "bounce_plugin_breaker_trips_open 0.0" in call("metrics").output


def test_a_rehearsal_tells_what_the_breaker_would_hold(folder: Path) -> None:
    Path("new.toml").write_text(Path("bounce.toml").read_text().replace("floor = 5", "enabled = false"))
    assert "12 would be stopped" in call("policy", "simulate", "--policy", "new.toml").output
    same = call("policy", "simulate", "--policy", "bounce.toml")
    assert "none would be treated otherwise" in same.output


def test_a_rehearsal_says_that_the_breaker_holds_those_that_are_stopped_now(folder: Path) -> None:
    call("breaker", "release", "1", "--yes", "--why", "they are gone")
    same = call("policy", "simulate", "--policy", "bounce.toml")
    assert "none would be treated otherwise" in same.output  # what a person released is not held again


def test_what_was_settled_is_not_settled_the_other_way(folder: Path) -> None:
    assert call("breaker", "discard", "1", "--yes", "--why", "outage", "--as", "Erna").exit_code == DONE
    assert call("breaker", "discard", "1", "--yes", "--why", "outage", "--as", "Erna").exit_code == DONE
    refused = call("breaker", "release", "1")
    assert isinstance(refused.exception, NotFoundError)
    assert "trip 1 was discarded by Erna" in str(refused.exception)


def test_an_undo_reaches_what_the_breaker_holds(folder: Path) -> None:
    done = call("undo", "--reason", "address_unknown", "--since", "2020-12-01", "--yes", "--why", "outage")
    assert "12 failures" in done.output
    assert "0 failures of 0 addresses would be released" in call("breaker", "release", "1").output
