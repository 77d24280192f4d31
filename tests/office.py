"""A host whose bounce mailbox is on a POP3 server, for tests of whole runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
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
from tests.servers.cutting import Cutting
from tests.servers.fake_pop3 import FakePop3
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


#: One that counts, one for a person, and one that stays.
MAILS = (
    bounce(message_id="1@crm.example"),
    bounce(STRANGER, message_id="2@crm.example"),
    b"Subject: hi\r\n\r\n.\r\n",
)


@dataclass(frozen=True, kw_only=True)
class Pop3Cuts:
    """Sessions with a POP3 server, each with a new mailbox, that break at an octet of one direction."""

    folder: Path
    upwards: bool  # count what we say, not what the server says

    def length(self) -> int:
        """How many octets a whole session has in this direction."""
        return self._session(None)

    def cut_at(self, octets: Iterable[int]) -> int:
        """Break one session at each of these, and run once more; returns how many there were."""
        return sum(1 for octet in octets if self._session(octet) <= octet)

    def _session(self, octet: int | None) -> int:
        folder = self.folder / f"{self.upwards}-{octet}"
        folder.mkdir()
        made = self.folder / "made.sqlite3"
        if made.exists():  # a new ledger takes longer than all the rest
            shutil.copyfile(made, folder / "bounces.sqlite3")
        with FakePop3(*MAILS) as server:
            with Cutting(server.port, octet, upwards=self.upwards) as network:
                text = server.settings_text.replace(str(server.port), str(network.port))
                with Office(folder, text + "delete = true\n") as office:
                    if not made.exists():
                        shutil.copyfile(folder / "bounces.sqlite3", made)
                    office.run()
                    there = [kept.raw for kept in server.mails]
                    assert all(is_kept(office, raw) for raw in MAILS if raw not in there), octet
            with Office(folder, server.settings_text + "delete = true\n") as office:
                assert office.run().ok, octet
                assert office.handled() == []
                assert (office.counted(), len(office.waiting())) == (1, 1), octet
            assert [kept.raw for kept in server.mails] == [MAILS[2]], octet
        shutil.rmtree(folder)
        return network.passed
