"""A host with the plugin, its mailbox and its clock, for tests of what follows from a mail."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bounce_plugin import (
    BounceEvent,
    BouncePlugin,
    Contact,
    Decision,
    Incident,
    hookimpl,
)
from bounce_plugin.ledger.history import events_of
from bounce_plugin.settings import parse_settings
from tests.bounces import Box, report
from tests.handing import Post

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ANNA = "anna@example.com"
KEY = "00" * 31 + "07"


class Host:
    """A host's hooks, which remember what they are told."""

    def __init__(self) -> None:
        self.contacts = {ANNA: Contact(id="7", address=ANNA, lists=("news",))}
        self.classified: list[BounceEvent] = []
        self.reached: list[tuple[BounceEvent, Decision]] = []
        self.exempt: list[BounceEvent] = []
        self.fallbacks: list[str] = []
        self.incidents: list[Incident] = []
        self.down = False

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        if self.down:
            raise ConnectionError("the CRM is down")
        return self.contacts.get(address)

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        self.classified.append(event)

    @hookimpl
    def on_threshold_reached(self, event: BounceEvent, decision: Decision) -> None:
        self.reached.append((event, decision))

    @hookimpl
    def on_exempt_failure(self, event: BounceEvent, fallback: str) -> None:
        self.exempt.append(event)
        self.fallbacks.append(fallback)

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        self.incidents.append(incident)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class World:
    """A host with the plugin, its mailbox and its clock."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder
        self.box = Box(folder / "Maildir")
        self.host = Host()
        self.clock = Clock()
        (folder / "ledger.key").write_text(KEY)
        text = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n' + more
        self.settings = parse_settings(text, folder=folder)
        self.plugin = self.open()

    def open(self) -> BouncePlugin:
        return BouncePlugin(self.settings, plugins={"host": self.host}, clock=self.clock, entry_points=False)

    def bounce(self, address: str = ANNA, reply: str = "550 5.1.1 User unknown", **more: str) -> None:
        """Drop a bounce that arrives now, and run."""
        self.box.drop(report(address, reply, **more), self.clock.now)
        self.plugin.run_once()

    def counted(self, address: str = ANNA) -> int:
        """How many failures the ledger holds against an address."""
        with self.plugin.ledger.reading() as tx:
            return sum(event.counts for event in events_of(tx, address))


def open_world(folder: Path, more: str) -> World:
    return World(folder, more)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.plugin:
        yield made


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """A mail server's way to hand us mails, one process each."""
    made = Post(tmp_path)
    made.set_up()
    return made


@pytest.fixture
def plugin(post: Post) -> Iterator[BouncePlugin]:
    """The plugin that `post` hands to, in this process."""
    with post.plugin() as opened:
        yield opened
