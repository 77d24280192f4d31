"""Which plugins hear of what a command has done only later? Those that a host gives in its own program."""

from __future__ import annotations

import click

from bounce_plugin.cli.terminal import printable
from bounce_plugin.plugin import BouncePlugin


def absent(plugin: BouncePlugin) -> tuple[str, ...]:
    """The names of the plugins that this ledger told before, and that are not loaded here."""
    with plugin.ledger.reading() as tx:
        return plugin.announcements.absent.names(tx, plugin.clock())


def note_absent(names: tuple[str, ...]) -> None:
    """Say who is told later, and by whom."""
    for name in names:
        click.echo(printable(f"The plugin {name!r} is not loaded here: it is told when the program that has it runs."))


def told_in_words(names: tuple[str, ...], *, done: bool) -> str:
    """How a sentence goes on that says what the host is told; not of what nobody was told yet."""
    if not done:
        return "would be told"
    return "will be told" if names else "is told"
