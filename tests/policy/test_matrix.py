"""Does the matrix answer for every category and reason, and does any change of a cell show?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES
from bounce_plugin.policy.matrix import Answer, Cell, matrix
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import Category, Policy, PolicyAction, Rule

GOLDEN = Path(__file__).parent / "matrix"
PRESETS = [Preset.CAREFUL, Preset.THREE_STRIKES]

#: What a rule about every reason is tried on.
COUNTED_BY_ALL = (Reason.ADDRESS_UNKNOWN, Reason.EXPIRED)

#: Category and reason, and what is written in the cell.
Table = dict[tuple[str, str], str]


def cell_in_short(cell: Cell) -> str:
    """As in the files: `pause>held7` after the first failure, `2/3:suppress>held` after two over three days.

    `!`: exempt mail is held as well; what stands before `>` are the actions of the last failure.
    """
    return " ".join(map(_in_short, cell.answers))


def _in_short(answer: Answer) -> str:
    pace = "" if answer.failures == 1 else f"{answer.failures}/{answer.days}:"
    actions = "+".join(answer.actions) + ">" if answer.actions else ""
    days = "" if answer.for_days is None else str(answer.for_days)
    return f"{pace}{actions}{'held' if answer.withheld else 'sent'}{days}{'!' * answer.exempt_withheld}"


def table_of(policy: Policy, reasons: Iterable[Reason] = Reason) -> Table:
    cells = matrix(policy, {reason: BUILT_IN.reasons[reason] for reason in reasons})
    return {(cell.category.name, cell.reason.value): cell_in_short(cell) for cell in cells}


def golden(preset: Preset) -> Table:
    rows = [line.split("  ") for line in (GOLDEN / f"{preset}.txt").read_text("utf-8").splitlines()]
    (_, *names), *reasons = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {(name, row[0]): text for row in reasons for name, text in zip(names, row[1:], strict=True)}


@pytest.mark.parametrize("preset", PRESETS)
def test_each_cell_of_a_preset_is_as_it_was_agreed(preset: Preset) -> None:
    assert table_of(build_policy(preset=preset)) == golden(preset)


@pytest.mark.parametrize("preset", Preset)
def test_the_matrix_is_total(preset: Preset) -> None:
    table = table_of(build_policy(preset=preset, categories=[Category(name="raffle")]))
    names = [*(category.name for category in BUILT_IN_CATEGORIES), "raffle"]
    assert list(table) == [(name, reason.value) for name in names for reason in Reason]
    assert all(table.values())


def with_one_change(policy: Policy) -> Iterator[tuple[str, Iterable[Reason], Policy]]:
    """The policy with each of its rules, and each category, changed in one thing; and the reasons that it is about."""
    for number, rule in enumerate(policy.rules):
        for what, changed in changes(rule):
            rules = (*policy.rules[:number], *changed, *policy.rules[number + 1 :])
            yield f"{rule.name}: {what}", rule.reasons or COUNTED_BY_ALL, replace(policy, rules=rules)
    for number, category in enumerate(policy.categories):
        other = replace(category, exempt=not category.exempt)
        categories = (*policy.categories[:number], other, *policy.categories[number + 1 :])
        yield f"{category.name}: exempt", COUNTED_BY_ALL, replace(policy, categories=categories)


def changes(rule: Rule) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    yield "gone", ()
    yield "one failure more", (replace(rule, after=rule.after + 1),)
    if rule.after > 1:
        yield "one failure less", (replace(rule, after=rule.after - 1, over_days=0),)
        yield "a day more", (replace(rule, over_days=rule.over_days + 1),)
    if rule.pause_days:
        yield "a longer pause", (replace(rule, pause_days=rule.pause_days + 1),)
    for action in set(PolicyAction) - set(rule.then):
        yield f"{action} instead", (replace(rule, then=(action,), pause_days=1),)


@pytest.mark.parametrize("preset", PRESETS)
def test_any_change_of_a_rule_or_a_category_shows(preset: Preset) -> None:
    agreed = golden(preset)
    for what, reasons, changed in with_one_change(build_policy(preset=preset)):
        found = table_of(changed, reasons)
        assert any(text != agreed[key] for key, text in found.items()), what


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("reason", [Reason.ADDRESS_UNKNOWN, Reason.MAILBOX_FULL, Reason.SPAM_CONTENT])
def test_a_rule_about_one_cell_changes_that_cell_alone(preset: Preset, reason: Reason) -> None:
    agreed = golden(preset)
    only = Rule(
        name="mine",
        reasons=frozenset({reason}),
        categories=frozenset({"announcement"}),
        then=(PolicyAction.NOTIFY,),
    )
    found = table_of(build_policy(preset=preset, rules=[only]))
    assert {key for key, text in found.items() if text != agreed[key]} == {("announcement", reason.value)}


def test_rules_of_which_one_follows_on_the_other_are_steps_of_one_cell() -> None:
    rules = [
        Rule(name="tell", after=2, then=(PolicyAction.NOTIFY,)),
        Rule(name="wait", after=3, over_days=5, then=(PolicyAction.PAUSE,), pause_days=9),
        Rule(name="stop", after=4, over_days=10, then=(PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST)),
    ]
    table = table_of(build_policy(preset=Preset.NONE, rules=rules))
    steps = "sent 2/0:notify>sent 3/5:pause>held9 4/10:notify+suppress+remove_from_list>held"
    assert table["newsletter", "address_unknown"] == steps
    assert table["invoice", "address_unknown"] == steps.replace("held9", "sent").replace("held", "sent")
    # of those that count once a day, two on one day are one: the answer is that of two days
    assert table["newsletter", "expired"].startswith("sent 2/1:notify>sent 3/5:pause>held9 ")


def test_a_rule_for_one_category_is_in_its_cells_alone() -> None:
    rule = Rule(name="mine", categories=frozenset({"raffle"}), then=(PolicyAction.SUPPRESS,))
    table = table_of(build_policy(preset=Preset.NONE, rules=[rule], categories=[Category(name="raffle")]))
    assert table["raffle", "mailbox_full"] == "suppress>held"
    assert table["newsletter", "mailbox_full"] == "sent"
