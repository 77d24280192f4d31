"""Does `check` say what is switched off, or waits, without calling it a problem?"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin.cli import program
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Office, people, spread


def notes(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `check` notes; everything else is well but that no host is installed."""
    office.plugin.close()
    for path in office.folder.glob("*.key"):
        path.chmod(0o600)
    monkeypatch.chdir(office.folder)
    done = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(program, ["check"])
    problems = [line for line in done.output.splitlines() if line.startswith("PROBLEM")]
    assert [line.startswith("PROBLEM no plugin answers find_contact") for line in problems] == [True]
    return [line.removeprefix("note    ") for line in done.output.splitlines() if line.startswith("note ")]


def test_what_is_switched_off_is_noted_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, '[categories]\nnewsletter = "exempt"\n[breaker]\nenabled = false\n')
    newsletter, breaker = notes(office, monkeypatch)
    assert newsletter.startswith(
        "categories: mail of the category 'newsletter' is sent to stopped addresses, too: take newsletter out"
    )
    assert breaker.endswith("take enabled = false out of [breaker]")


def test_what_the_breaker_holds_is_noted_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, ONE_STRIKE + "[breaker]\nfloor = 5\n")
    office.fail(spread(people(20, "gmail.com"), GMAIL, BEGAN, LASTED))
    (trip,) = notes(office, monkeypatch)
    assert trip.startswith("breaker: trip 1 has held what provider 'google' does since 2020-12-15 ")
    assert trip.endswith("`bounce-plugin breaker show 1`")


def test_an_invoice_that_is_exempt_is_as_it_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert notes(Office(tmp_path, '[categories]\ninvoice = "exempt"\ncharter = "exempt"\n'), monkeypatch) == []
