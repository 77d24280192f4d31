"""A ledger with its plugins, and a clock that the test moves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from bounce_plugin.announce import Announcements, Told, load_plugins
from bounce_plugin.event import BounceEvent
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.ledger import outbox, record, review
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.outcome import ReviewItem
from bounce_plugin.testing import FakeHost, sample_event
from bounce_plugin.testing.samples import SAMPLE_TIME as NOW
from tests.servers.ledgers import KEY

MINUTE: Final = timedelta(minutes=1)
ALWAYS: Final = 1_000_000


class House:
    """A ledger with its plugins."""

    def __init__(self, ledger: Ledger, plugins: Mapping[str, object]) -> None:
        self.ledger = ledger
        self.announcements = Announcements(ledger, load_plugins(plugins, entry_points=False))

    def classify(self, number: int = 1, address: str = "joe@example.org") -> BounceEvent:
        """Record an event, and announce it."""
        event = replace(sample_event(address=address), id=f"event{number}", message_key=f"mid:{number}")
        with self.ledger.transaction() as tx:
            assert record.record_event(tx, event, weight=1.0)
            self.announcements.bounce_classified(tx, event, NOW)
        return event

    def deliver(self, after: timedelta = timedelta()) -> Told:
        return self.announcements.deliver_due(NOW + after)

    def waiting(self) -> int:
        with self.ledger.reading() as tx:
            return outbox.waiting(tx)

    def items(self) -> tuple[ReviewItem, ...]:
        with self.ledger.reading() as tx:
            return review.items(tx)


def ids(host: FakeHost, hook: str = "on_bounce_classified") -> list[str]:
    return [about.id for about in host.told(hook) if isinstance(about, BounceEvent)]


class Notebook:
    """A plugin that writes down what it is told, and takes its time."""

    def __init__(self, path: Path, seconds: float = 0) -> None:
        self.path, self.seconds = path, seconds

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        with self.path.open("a") as file:
            file.write(f"{event.id}\n")
        time.sleep(self.seconds)


def deliver_on(url: str, notebook: Path, seconds: float) -> None:
    """Tell what is due, in a process of its own."""
    with Ledger.open(url, key=KEY) as ledger:
        House(ledger, {"notebook": Notebook(notebook, seconds)}).deliver()
