"""Does `check` say what is believed, and what becomes of the keys?"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bounce_plugin.cli.trust import say_trust
from bounce_plugin.settings import find_risks, parse_settings

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ADDRESS = (
    "trust: a report that names a known contact's address counts (require = address); "
    "so would a forged one, which a person can undo with `bounce-plugin lift`"
)


def said(folder: Path, require: str = "address", **ages: int) -> list[str]:
    """What is said of keys that were written so many days ago."""
    text = f'[trust]\nrequire = "{require}"\n'
    if ages:
        text += 'bounce_domain = "bounces.example.org"\n'
    for number, (name, days) in enumerate(ages.items(), start=1):
        path = folder / name
        path.write_text("ab" * 32)
        path.chmod(0o600)
        os.utime(path, ((NOW - timedelta(days=days)).timestamp(),) * 2)
        text += f'[[trust.key]]\nnumber = {number}\nfile = "{name}"\n'
    return list(say_trust(parse_settings(text, folder=folder).trust, NOW))


def test_it_says_what_a_forger_could_do_at_first(tmp_path: Path) -> None:
    assert said(tmp_path) == [ADDRESS]


def test_it_says_when_one_line_may_move_up(tmp_path: Path) -> None:
    assert said(tmp_path, one=3) == [
        ADDRESS,
        "trust: key 1 signs return paths b+…@bounces.example.org",
        'trust: once every mail has been signed for 45 days, set require = "signed"',
    ]
    assert said(tmp_path, "signed", one=3) == [
        "trust: a report that bears our signature counts (require = signed); all others go to review",
        "trust: key 1 signs return paths b+…@bounces.example.org",
    ]
    assert "after three over a week (require = logged)" in said(tmp_path, "logged")[0]


@pytest.mark.parametrize(
    ("ages", "line"),
    [
        ({"one": 400}, "trust: key 1 is of 2025-10-24: add another one below it"),
        ({"one": 400, "two": 2}, "trust: key 1 signs no more, and is accepted; take it out on 2027-01-17"),
        ({"one": 400, "two": 60}, "trust: key 1 signs no more, and is accepted: it can be taken out since 2026-11-20"),
    ],
)
def test_it_says_when_a_key_comes_to_its_end(tmp_path: Path, ages: dict[str, int], line: str) -> None:
    assert said(tmp_path, "signed", **ages)[-1] == line


def test_a_key_that_others_can_read_is_a_risk(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("ab" * 32)
    (tmp_path / "one").chmod(0o644)
    text = '[trust]\nbounce_domain = "b.example.org"\n[[trust.key]]\nnumber = 1\nfile = "one"\n'
    risks = list(find_risks(parse_settings(text, folder=tmp_path)))
    assert risks == [
        f"trust.key[1].file: others on this computer can read {tmp_path / 'one'}: chmod 600 {tmp_path / 'one'}"
    ]
