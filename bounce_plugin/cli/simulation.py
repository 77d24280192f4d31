"""How is a rehearsed policy shown? Who would be stopped, paused or released, as a table, a chart, or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import click
from rich.table import Table

from bounce_plugin.cli.records import stop_record, write_record
from bounce_plugin.cli.terminal import counted, is_narrow, print_table, printable
from bounce_plugin.desk.rehearse import Rehearsed
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.simulate import Standing
from bounce_plugin.policy.state import Suppression

#: Columns of the longest bar.
_BAR: Final = 40
#: For people; free addresses have no bar, which would dwarf the others.
_WORDS: Final = {
    Standing.PAUSED: "paused",
    Standing.STOPPED: "stopped",
    Standing.STOPPED_ALL: "stopped, exempt mail too",
}


def show_json(rehearsed: Iterable[Rehearsed]) -> None:
    """One object a line for each address that is treated otherwise."""
    for one in rehearsed:
        if one.simulated.changes:
            write_record(_record(one))


def show(rehearsed: Iterable[Rehearsed], most: int) -> None:
    """At most so many of those that are treated otherwise, and the numbers of all."""
    before: Counter[Standing] = Counter()
    after: Counter[Standing] = Counter()
    moves: Counter[str] = Counter()
    listed: list[Rehearsed] = []
    for one in rehearsed:
        before[one.simulated.was] += 1
        after[one.simulated.becomes] += 1
        if one.simulated.changes:
            moves[_change(one)] += 1
            if len(listed) < most:
                listed.append(one)
    if listed:
        _list(listed)
    changed = moves.total()
    if changed > len(listed):
        click.echo(f"… and {changed - len(listed)} more: --number shows more of them, --json all.")
    for line in _chart(before, after):
        click.echo(line)
    kinds = ", ".join(f"{moves[kind]} would be {kind}" for kind in sorted(moves)) or "none would be treated otherwise"
    click.echo(f"Of {counted(before.total(), 'address', 'addresses')} with a history {kinds}. Nothing was changed.")


def category_changes(old: Policy, new: Policy) -> Iterator[str]:
    """A sentence for each category whose mail is treated otherwise as a whole; mail of one not declared is sent."""
    withheld, would_be = ({category.name for category in one.categories if not category.exempt} for one in (old, new))
    for name in sorted(would_be - withheld):
        yield f"Mail of {name} would be withheld from stopped addresses; it is sent now."
    for name in sorted(withheld - would_be):
        yield f"Mail of {name} would be sent to stopped addresses, too; it is withheld now."


def _record(one: Rehearsed) -> dict[str, object]:
    return {
        "address": one.address,
        "change": _change(one),
        "before": stop_record(one.simulated.before),
        "after": stop_record(one.simulated.after),
    }


def _change(one: Rehearsed) -> str:
    becomes = one.simulated.becomes
    return {Standing.FREE: "released", Standing.PAUSED: "paused"}.get(becomes, "stopped")


def _list(listed: Iterable[Rehearsed]) -> None:
    if is_narrow():
        for one in listed:
            was, becomes, why = _cells(one)
            click.echo(printable(f"{one.address or '(erased)'}  {was} -> {becomes}\n  {why}"))
        return
    table = Table("address", "is", "would be", "why")
    table.columns[0].overflow = "fold"
    for one in listed:
        table.add_row(*map(printable, (one.address or "(erased)", *_cells(one))))
    print_table(table)


def _cells(one: Rehearsed) -> tuple[str, str, str]:
    """What it is under, what it would be under, and why: the rule that stops it, or the one that does no longer."""
    was, becomes = _in_words(one.simulated.before), _in_words(one.simulated.after)
    stop = one.simulated.after
    if stop is not None:
        return was, becomes, f"{stop.rule}: {stop.because}"
    old = one.simulated.before
    if one.simulated.held:
        return was, becomes, f"the breaker would hold {counted(one.simulated.held, 'failure')}"
    return was, becomes, f"no rule is reached; it was “{old.rule}”: {old.because}" if old else ""


def _in_words(stop: Suppression | None) -> str:
    if stop is None:
        return "free"
    if stop.until:
        return f"paused until {stop.until:%Y-%m-%d}"
    return _WORDS[Standing.STOPPED_ALL if stop.exempt_too else Standing.STOPPED]


def _chart(before: Counter[Standing], after: Counter[Standing]) -> Iterator[str]:
    most = max((numbers[standing] for numbers in (before, after) for standing in _WORDS), default=0)
    width = max(map(len, _WORDS.values()))
    for standing, words in _WORDS.items():
        if before[standing] or after[standing]:
            for name, label, numbers in ((words, "now ", before), ("", "then", after)):
                bar = "█" * -(-numbers[standing] * _BAR // most)  # whoever is there at all is seen
                yield f"{name:<{width}}  {label}  {numbers[standing]:>7}  {bar}".rstrip()
