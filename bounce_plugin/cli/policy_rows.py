"""How is the matrix of a policy shown? The same cells for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rich.table import Table

from bounce_plugin.cli.terminal import printable
from bounce_plugin.policy.matrix import Answer, Cell
from bounce_plugin.policy.rules import PolicyAction

#: What a rule does beside holding mail back, for people.
_WORDS: Final[Mapping[PolicyAction, str]] = {
    PolicyAction.REMOVE_FROM_LIST: "host removes contact",
    PolicyAction.NOTIFY: "people told",
    PolicyAction.REVIEW: "person decides",
    PolicyAction.INCIDENT: "operator told",
}


def as_record(cell: Cell) -> dict[str, object]:
    """A cell, under the names of the documentation."""
    return {
        "category": cell.category.name,
        "exempt": cell.category.exempt,
        "reason": cell.reason.value,
        "answers": [
            {
                "failures": answer.failures,
                "days": answer.days,
                "mail": _fate(answer.withheld),
                "for_days": answer.for_days,
                "exempt_mail": _fate(answer.exempt_withheld),
                "actions": [action.value for action in answer.actions],
            }
            for answer in cell.answers
        ],
    }


def tables(cells: Iterable[Cell]) -> Iterator[Table]:
    """A table for each group of categories that are treated alike, and in it a row for each reason."""
    by_category: dict[str, list[Cell]] = {}
    for cell in cells:
        by_category.setdefault(cell.category.name, []).append(cell)
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, its in by_category.items():
        alike.setdefault(tuple((cell.reason, cell.category.exempt, cell.answers) for cell in its), []).append(name)
    for names in alike.values():
        yield _table(names, by_category[names[0]])


def _table(names: Iterable[str], cells: Iterable[Cell]) -> Table:
    table = Table(title=printable(f"Mail of {', '.join(names)}"), title_justify="left")
    for column in ("reason", "after one failure", "after more", "exempt"):
        table.add_column(column, overflow="fold")
    for cell in cells:
        exempt = _fate(any(answer.exempt_withheld for answer in cell.answers))
        table.add_row(cell.reason.value, _in_words(cell.first), "\n".join(_later(cell)), exempt)
    return table


def _later(cell: Cell) -> Iterator[str]:
    """What more failures change; an answer in the same words as the one before is nothing to people."""
    said = _in_words(cell.first)
    for answer in cell.repeated:
        if _in_words(answer) != said:
            said = _in_words(answer)
            yield f"{_pace(answer)}: {said}"


def _pace(answer: Answer) -> str:
    return f"{answer.failures} over {answer.days} days" if answer.days else str(answer.failures)


def _in_words(answer: Answer) -> str:
    """What becomes of the mail, and what is done beside."""
    fate = _fate(answer.withheld)
    if answer.for_days is not None:
        fate += f" for {answer.for_days} days"
    return "; ".join((fate, *(_WORDS[action] for action in answer.actions if action in _WORDS)))


def _fate(withheld: bool) -> str:
    return "withheld" if withheld else "sent"
