"""Does a test name each invariant and each threat of the standards?"""

import re
from pathlib import Path

import pytest

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[1]
STANDARDS = ROOT.parent / "shared" / "standards" / "STANDARDS.md"
ROW = re.compile(r"^\| ([IT]-\d\d) \|", re.MULTILINE)
NAME = re.compile(r"\bdef (test_\w+)")
ID = re.compile(r"(?:^|_)([IT])_?(\d\d)(?=_|$)", re.IGNORECASE)

#: What is not this plugin's part yet, or is tested where its part is made.
ELSEWHERE = {
    "I-22": "the console's pages",
    "I-24": "restoring a backup",
    "T-10": "attachments are never opened, whatever they hold",
    "T-11": "no file is named by a mail",
    "T-14": "there are no webhooks",
    "T-18": "there are no exports",
}


def named() -> set[str]:
    """The ids that stand in the name of a test."""
    tests = (name for path in (ROOT / "tests").rglob("*.py") for name in NAME.findall(path.read_text()))
    return {f"{letter.upper()}-{number}" for name in tests for letter, number in ID.findall(name)}


def test_every_invariant_and_every_threat_is_named_by_a_test() -> None:
    if not STANDARDS.exists():
        pytest.skip(f"the standards are not here: {STANDARDS}")
    ids = set(ROW.findall(STANDARDS.read_text()))
    assert {f"I-{number:02}" for number in range(1, 29)} | {f"T-{number:02}" for number in range(1, 27)} <= ids
    assert sorted(ids - named() - ELSEWHERE.keys()) == []


def test_what_begins_first_is_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name.partition("::")[0]).exists()] == []
