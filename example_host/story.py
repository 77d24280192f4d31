"""What happens to the club in five weeks? Sends, bounces, runs of the plugin; and what is there in the end.

The clock is part of the story: `Clock` says what time it is, and each mail arrives on the day that its folder names.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from bounce_plugin import BouncePlugin, MailOutcome, ReturnPath, RunSummary, load_settings
from example_host.crm import Crm
from example_host.sending import Sending, send_invoices, send_newsletter

#: What tells of runs, and not of mails: who works on the mailbox just now, and when it was read last.
WHO_READ_WHEN = ('INSERT INTO "leases"', 'INSERT INTO "polls"')
FEES = {f"F-2026-{number:03d}": number for number in range(1, 31)}  # the yearly fee, for everybody
BERTHS = {f"B-2026-{number:03d}": number for number in (1, 2, 3, 4, 5, 9, 11, 25)}  # who has a boat in the boathouse
ASKED = ("anna@alder.example", "grace@gum.example", "iris@ivy.example", "jonas@juniper.example", "hugo@hazel.example")


class Clock:
    """The time of day in the story."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_to(self, day: str, hour: int) -> datetime:
        """Set the clock."""
        self.now = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One mail of the bounce mailbox, and what the plugin made of it."""

    name: str  # the file, which says where it is from
    outcome: MailOutcome


@dataclass(slots=True, kw_only=True)
class Story:
    """Everything that the demo shows and the tests look at."""

    folder: Path
    crm: Crm
    clock: Clock = field(default_factory=Clock)
    days: dict[str, list[Handled]] = field(default_factory=dict)  # by the day of arrival
    party: list[Sending] = field(default_factory=list)  # the newsletter in the end
    berths: list[Sending] = field(default_factory=list)  # and the invoices
    answers: dict[tuple[str, str], bool] = field(default_factory=dict)  # (address, category): is it withheld?
    again: RunSummary | None = None  # the second run over the same mailbox
    before: Mapping[str, str] = field(default_factory=dict)  # everything that is stored, before and after it
    after: Mapping[str, str] = field(default_factory=dict)

    def open_plugin(self, plugins: Mapping[str, object]) -> BouncePlugin:
        """The plugin, as any of the CRM's processes opens it."""
        return BouncePlugin(load_settings(self.folder / "bounce.toml"), plugins=plugins, clock=self.clock)


def begin(folder: Path) -> Story:
    """Make the CRM, its settings, the plugin's keys and an empty bounce mailbox in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    crm = Crm.create(folder / "crm.sqlite3")
    settings = resources.files("example_host").joinpath("bounce.toml").read_text("utf-8")
    (folder / "bounce.toml").write_text(settings.replace('"crm.sqlite3"', f"'{folder / 'crm.sqlite3'}'"), "utf-8")
    for key in ("ledger.key", "trust.key"):
        (folder / key).write_text(secrets.token_hex(32))
        (folder / key).chmod(0o600)
    for place in ("new", "cur", "tmp"):
        (folder / "bounces" / place).mkdir(parents=True)
    return Story(folder=folder, crm=crm)


def play(folder: Path, plugins: Mapping[str, object]) -> Story:
    """Play the whole story."""
    story = begin(folder)
    with story.open_plugin(plugins) as plugin:
        _newsletter(story, plugin, "2026-10-05", "news-2026-10")
        _bounces(story, plugin, "2026-10-05")
        story.clock.go_to("2026-10-20", 8)
        send_invoices(story.crm, plugin, invoices=FEES, transport=_transport)
        _bounces(story, plugin, "2026-10-20")
        _newsletter(story, plugin, "2026-11-02", "news-2026-11")
        _bounces(story, plugin, "2026-11-02")
        story.clock.go_to("2026-11-05", 15)
        plugin.lift("hugo@hazel.example", actor="Erna", why="He telephoned: the mailbox works again.")
        story.party = _newsletter(story, plugin, "2026-11-06", "winter-party")
        story.clock.go_to("2026-11-06", 9)
        story.berths = send_invoices(story.crm, plugin, invoices=BERTHS, transport=_transport)
        story.answers = {
            (address, category): plugin.should_suppress(address, category)
            for address in ASKED
            for category in ("newsletter", "invoice")
        }
        _bounces(story, plugin, "2026-11-07")
    story.before = state_of(story)
    story.clock.go_to("2026-11-07", 13)
    with story.open_plugin(plugins) as plugin:  # as another process would
        story.again = plugin.run_once()
    story.after = state_of(story)
    return story


def state_of(story: Story) -> dict[str, str]:
    """All that is stored anywhere: the CRM, the plugin's ledger, and where each mail is."""
    with closing(sqlite3.connect(story.folder / "bounces.sqlite3")) as ledger:
        rows = "\n".join(row for row in ledger.iterdump() if not row.startswith(WHO_READ_WHEN))
    mailbox = sorted(path for path in (story.folder / "bounces").rglob("*") if path.is_file())
    return {
        "the CRM": story.crm.dump(),
        "the ledger": rows,
        "the mailbox": "\n".join(str(path.relative_to(story.folder)) for path in mailbox),
    }


def _transport(path: ReturnPath) -> None:
    """Here a real CRM hands the mail to its mail server."""


def _newsletter(story: Story, plugin: BouncePlugin, day: str, document: str) -> list[Sending]:
    story.clock.go_to(day, 8)
    return send_newsletter(story.crm, plugin, which="news", document=document, transport=_transport)


def _bounces(story: Story, plugin: BouncePlugin, day: str) -> None:
    """The mails of a day arrive, and in the evening the plugin reads them: oldest first, so in the order of arrival."""
    names = list(_arrive(story, day))
    story.clock.go_to(day, 20)
    outcomes = plugin.run_once().outcomes
    story.days[day] = [Handled(name=name, outcome=outcome) for name, outcome in zip(names, outcomes, strict=True)]


def _arrive(story: Story, day: str) -> Iterator[str]:
    """Drop a day's mails into the Maildir, five minutes apart."""
    arrival = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    with resources.as_file(resources.files("example_host").joinpath("bounces", day)) as mails:
        for number, mail in enumerate(sorted(mails.glob("*.eml"))):
            target = story.folder / "bounces" / "new" / f"{day}.{number:03d}.mx.rowing.example"
            shutil.copyfile(mail, target)
            at = (arrival + timedelta(minutes=5 * number)).timestamp()
            os.utime(target, (at, at))
            yield mail.stem
