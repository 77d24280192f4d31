"""A host whose bounce mailbox is on a POP3 server, for tests of whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from sqlalchemy import select

from bounce_plugin import BouncePlugin
from bounce_plugin.ledger.filing import place_of
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.schema import mails
from bounce_plugin.outcome import Handling, RunSummary
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.world import ANNA, KEY, Clock, Host

STRANGER = "typo@example.com"
DATED = b"Received: from mx by pop.example.org; Mon, 2 Nov 2026 08:00:00 +0000\r\n"


def bounce(address: str = ANNA, **more: str) -> bytes:
    return DATED + report(address, **more).replace(b"\n", b"\r\n")


class Office:
    """A host whose bounce mailbox is on a POP3 server."""

    def __init__(self, folder: Path, mailbox: str, password: str = "secret") -> None:
        self.host, self.clock = Host(), Clock()
        (folder / "ledger.key").write_text(KEY)
        (folder / "password").write_text(password)
        (folder / "bounce.toml").write_text(mailbox)
        self.folder = folder
        self.plugin = BouncePlugin(
            parse_settings(mailbox, folder=folder), plugins={"host": self.host}, clock=self.clock, entry_points=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.plugin.close()

    def run(self) -> RunSummary:
        return self.plugin.run_once()

    def handled(self) -> list[Handling]:
        """What became of each mail of a run that went well."""
        summary = self.run()
        assert summary.ok, summary.errors
        return [outcome.handling for outcome in summary.outcomes]

    def counted(self, address: str = ANNA) -> int:
        with self.plugin.ledger.reading() as tx:
            return sum(event.counts for event in events_of(tx, address))

    def waiting(self) -> list[int]:
        return [item.id for item in self.plugin.desk.items(limit=1000)]

    def place(self, number: int) -> str:
        """Where the mail of an item is."""
        item, _ = self.plugin.desk.show(number)
        with self.plugin.ledger.reading() as tx:
            return place_of(tx, item.mail_id).folder


def is_kept(office: Office, raw: bytes) -> bool:
    """Whether the ledger has these octets."""
    with office.plugin.ledger.reading() as tx:
        return raw in set(tx.connection.scalars(select(mails.c.raw)))
