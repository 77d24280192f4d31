"""Does docs/explanation/policy.md say of each default what the rules do?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bounce_plugin import Reason
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.policy.rules import PolicyAction, Rule

PAGE = (Path(__file__).parents[2] / "docs/explanation/policy.md").read_text("utf-8")
ROWS = [
    tuple(cell.strip() for cell in row)
    for row in re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|([^|]+)\|$", PAGE, flags=re.MULTILINE)
]
SAID = {
    PolicyAction.SUPPRESS: "stop",
    PolicyAction.SUPPRESS_ALL: "stop all, invoices too",
    PolicyAction.INCIDENT: "tell operator",
    PolicyAction.REVIEW: "ask a person",
}


def test_the_table_has_every_reason_in_their_order() -> None:
    assert [name for name, *_ in ROWS] == [reason.value for reason in Reason]


@pytest.mark.parametrize(("name", "first", "more", "why"), ROWS, ids=[row[0] for row in ROWS])
def test_the_table_says_what_the_default_does_and_why(name: str, first: str, more: str, why: str) -> None:
    rules = [rule for rule in build_policy().rules if Reason(name) in rule.reasons]
    once = [in_words(rule) for rule in rules if rule.after == 1]
    later = [f"{rule.after} over {rule.over_days} days: {in_words(rule)}" for rule in rules if rule.after > 1]
    assert [part for part in (first, more) if part] == once + later
    assert len(once) <= 1
    assert why.strip()


def in_words(rule: Rule) -> str:
    (action,) = rule.then
    return f"pause, {rule.pause_days} days" if action is PolicyAction.PAUSE else SAID[action]
