"""How is the story shown? One function for each table."""

from __future__ import annotations

from textwrap import shorten

from rich.table import Table
from rich.text import Text

from bounce_plugin import Handling, Kind
from example_host.sending import Sending
from example_host.story import Handled, Story

NO_BOUNCE = {
    Kind.AUTO_REPLY: "an automatic reply, no bounce",
    Kind.CHALLENGE: "wants us to confirm, no bounce",
    Kind.COMPLAINT: "somebody marked our mail as spam",
    Kind.MDN: "a read receipt, no bounce",
    Kind.OTHER: "ordinary mail, no bounce",
    Kind.REPORT: "a report for postmasters, no bounce",
}


def mails(story: Story, day: str) -> Table:
    """What a day brought: each mail, the verdict in words, whether it counts, the contact, and what was done."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold", expand=True)
    for title, width in (("mail", 23), ("verdict", None), ("counts", 6), ("contact", 14), ("done", 21)):
        table.add_column(title, width=width, ratio=None if width else 1, overflow="fold")
    for handled in story.days[day]:
        name = Text(handled.name[3:].replace("-", " "), style="cyan")
        rows = story.crm.rows("SELECT * FROM failure WHERE mail = ? ORDER BY rowid", handled.outcome.mail_id)
        if not rows:
            table.add_row(name, _without_failure(handled), "", "", _filed(handled))
        for row in rows:
            done = story.crm.rows("SELECT line FROM done WHERE id = ? ORDER BY rowid", row["id"])
            lines = Text("\n".join(one["line"] for one in done), style="bold")
            style = "yellow" if row["counts"] == "yes" else "dim"
            counts = Text(row["counts"], style=style)
            table.add_row(
                name, Text(row["verdict"]), counts, row["who"].replace(", ", "\n"), lines if done else _filed(handled)
            )
            name = Text()  # of a mail about several people
    return table


def office(story: Story) -> Table:
    """What went to review and why, and what the operator should know."""
    names = {handled.outcome.mail_id: handled.name for day in story.days.values() for handled in day}
    table = _table("for the office", "why")
    for row in story.crm.rows("SELECT * FROM task ORDER BY mail = 0, rowid"):
        mail = names.get(row["mail"], "")[3:].replace("-", " ")
        table.add_row(
            Text(f"look at: {mail}" if mail else "incident", style="magenta" if mail else "yellow"),
            Text(shorten(row["line"], 150, placeholder=" …")),
        )
    return table


def sendings(rows: list[Sending], *, withheld: str) -> Table:
    """What became of each mail that was to be sent; those about whom there is nothing to say in one line."""
    table = _table("", "to", "address", "why")
    for row in rows:
        if row.why:
            table.add_row(_answer(row.sent, withheld), row.person.name, row.person.email, Text(row.why))
    others = [row.person.name for row in rows if not row.why]
    table.add_row(_answer(True, withheld), f"{len(others)} others", "", Text("Nothing stops mail to them."))
    return table


def answers(story: Story) -> Table:
    """What the plugin answers before a send."""
    table = _table("may this be sent to", "newsletter", "invoice")
    for address in dict.fromkeys(address for address, _ in story.answers):
        asked = [story.answers[address, category] for category in ("newsletter", "invoice")]
        table.add_row(address, *(_answer(not withheld, "withheld") for withheld in asked))
    return table


def by_post(story: Story) -> Table:
    """Which invoices the office sends by post, and why."""
    table = _table("by post", "to", "why")
    for row in story.crm.rows("SELECT document, name, why FROM to_post JOIN contact ON id = contact ORDER BY document"):
        table.add_row(row["document"], row["name"], Text(row["why"].replace("\n", ": ")))
    return table


def comparison(story: Story) -> Table:
    """What the second run changed."""
    table = _table("stored in", "lines before", "after the second run", "")
    for name, text in story.before.items():
        same = text == story.after[name]
        verdict = Text("identical", style="green") if same else Text("CHANGED", style="bold red")
        table.add_row(name, str(len(text.splitlines())), str(len(story.after[name].splitlines())), verdict)
    return table


def _table(*columns: str) -> Table:
    return Table(*columns, show_edge=False, pad_edge=False, header_style="bold")


def _answer(sent: bool, withheld: str) -> Text:
    return Text("sent", style="green") if sent else Text(withheld, style="bold red")


def _without_failure(handled: Handled) -> str:
    if handled.outcome.handling is Handling.DUPLICATE:
        return "told before, about the same message"
    return NO_BOUNCE.get(handled.outcome.kind, "a failure, but whose?")


def _filed(handled: Handled) -> Text:
    match handled.outcome.handling:
        case Handling.LEFT:
            return Text("left untouched", style="dim")
        case Handling.REVIEW:
            return Text("to review", style="magenta")
        case Handling.DUPLICATE:
            return Text("counted already", style="dim")
    return Text("recorded", style="dim")
