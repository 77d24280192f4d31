"""Does a test name each rule of the specification? Where it is at hand; it is not part of this repository."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.classify.test_cases import CASES

TESTS = Path(__file__).parent
STANDARDS = TESTS.parents[1] / "shared" / "standards" / "STANDARDS.md"
#: Rules of what we send and of what a host sets, which are not about reading.
ELSEWHERE = {"D-25", "D-31", "D-33", "D-36", "D-37"}
READING = {"T-06", "T-07", "T-08", "T-09", "T-10", "T-11", "T-16"}


@pytest.fixture(scope="module")
def standards() -> str:
    if not STANDARDS.exists():
        pytest.skip(f"the specification is not at hand: {STANDARDS}")
    return STANDARDS.read_text("utf-8")


def names() -> Iterator[str]:
    """The names of all test functions, and the texts in them by which their cases are called."""
    for path in TESTS.rglob("test_*.py"):
        if path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100:
                yield from re.findall(r"^[DT]-\d\d ", node.value)  # the id of a case
    for path in TESTS.glob("samples/*/*.toml"):
        yield tomllib.loads(path.read_text("utf-8")).get("rule", "")


@cache
def named() -> set[str]:
    """The rules that they name: D-02, d02, test_d_02_… and the like."""
    found = set()
    for name in names():
        for letter, first, last in re.findall(r"(?:^|_)([DTdt])[-_]?(\d\d)(?:_to_[DTdt]?_?(\d\d))?(?=_|\b)", name):
            found |= {f"{letter.upper()}-{number:02d}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_each_rule_for_reading_is_named_by_a_test(standards: str) -> None:
    reading = standards.partition("## 4. Correlation")[0]
    rules = set(re.findall(r"\bD-\d\d\b", reading))
    assert len(rules) == 39
    assert sorted(rules - ELSEWHERE - named()) == []


def test_each_threat_to_reading_is_named_by_a_test(standards: str) -> None:
    assert set(re.findall(r"^\| (T-\d\d) \|", standards, flags=re.MULTILINE)) >= READING
    assert sorted(READING - named()) == []


def test_each_documented_case_is_tried(standards: str) -> None:
    table = standards.partition("### 3.3 Cases")[2].partition("\n## ")[0]
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)}
    assert documented == set(range(1, 81))
    by_name = {int(number) for name in names() for number in re.findall(r"^test_case_(\d+)_", name)}
    assert sorted(documented - {case["number"] for case in CASES} - by_name) == []
