"""`python -m example_host.demo [FOLDER]`: five weeks of a club's bounces, played and shown."""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from rich.console import Console

from bounce_plugin import Handling
from example_host import tables
from example_host.hooks import CrmHooks
from example_host.story import Story, play

DAYS = {
    "2026-10-05": "5 October: the newsletter went to 30 members; in the evening its bounces are read",
    "2026-10-20": "20 October: the invoices for the yearly fee; what fails goes by post",
    "2026-11-02": "2 November: the next newsletter; who fails again is stopped, and comes off the list",
    "2026-11-07": "7 November: two of the invoices for the berths came back",
}


def main(arguments: list[str]) -> int:
    """Play the story in a folder that is kept, or else in a temporary one, and show it. 1: the second run changed something."""
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    if not arguments:
        with tempfile.TemporaryDirectory(prefix="rowing-club-") as folder:
            story = play(Path(folder), not_installed())
            show(console, story)
    else:
        folder = arguments[0]
        if Path(folder).exists() and any(Path(folder).iterdir()):
            console.print(f"{folder} is not empty: name a new folder.", markup=False)
            return 2
        story = play(Path(folder).resolve(), not_installed())
        show(console, story)
        console.print(
            f"\nEverything is in {folder}: crm.sqlite3, bounces.sqlite3, bounce.toml, and the Maildir bounces/."
        )
    return 0 if story.before == story.after else 1


def not_installed() -> dict[str, object]:
    """Our hooks, if this runs from a checkout and no entry point tells the plugin of them."""
    return {} if entry_points(group="bounce_plugin", name="crm") else {"crm": CrmHooks}


def show(console: Console, story: Story) -> None:
    """Print the story."""
    for day, title in DAYS.items():
        if day == "2026-11-07":
            _show_policy(console, story)
        console.rule(f"[bold]{title}", align="left")
        console.print(tables.mails(story, day))
    console.rule("[bold]What waits for a person, and why", align="left")
    console.print(tables.office(story))
    console.rule("[bold]What the office sends by post, as the `fallback` in bounce.toml asks", align="left")
    console.print(tables.by_post(story))
    console.rule("[bold]The plugin runs once more over the same mailbox", align="left")
    console.print(tables.comparison(story))
    _sum_up(console, story)


def _show_policy(console: Console, story: Story) -> None:
    console.rule("[bold]6 November: what may be sent now?", align="left")
    console.print(tables.answers(story))
    console.print()
    console.print("Yesterday Hugo Hahn telephoned, and the office lifted his stop: he is back on his lists.\n")
    console.print(f"[bold]A newsletter.[/] Off the list before: {', '.join(off_the_list(story))}.")
    console.print(tables.sendings(story.party, withheld="withheld"))
    console.print()
    console.print(
        "[bold]Invoices.[/] They go to stopped and paused addresses, too; but not to a mailbox that has a new owner."
    )
    console.print(tables.sendings(story.berths, withheld="by post"))


def off_the_list(story: Story) -> list[str]:
    """Who is on the list of the newsletter no more."""
    rows = story.crm.rows(
        "SELECT name FROM contact WHERE id NOT IN (SELECT contact FROM membership WHERE list = 'news' AND NOT ended)"
    )
    return [row["name"] for row in rows]


def _sum_up(console: Console, story: Story) -> None:
    outcomes = [handled.outcome.handling for day in story.days.values() for handled in day]
    counts = ", ".join(f"{outcomes.count(handling)} {handling}" for handling in Handling if handling in outcomes)
    console.print(
        f"\n[bold]{len(outcomes)} mails: {counts}.[/] Nothing was deleted, nobody was blamed for what is not theirs."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
