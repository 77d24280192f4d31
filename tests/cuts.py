"""What is left when the network breaks at an octet of a session? The machinery of the tests that break it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.everyday import a_moment, everyday_plugin, memory
from tests.servers.account import Account
from tests.servers.cutting import Cutting
from tests.servers.dovecot import Dovecot

ACCOUNTS = 20


@dataclass(frozen=True)
class Cuts:
    """Sessions with a Dovecot, each with a new mailbox, that break at an octet of one direction."""

    server: Dovecot
    folder: Path
    upwards: bool  # count what we say, not what the server says
    accounts: list[Account] = field(default_factory=list)

    def length(self) -> int:
        """How many octets a whole session has in this direction."""
        return self._session(None)

    def cut_at(self, octets: Iterable[int]) -> int:
        """Break one session at each of these; returns how many there were. Afterwards all must be as ever."""
        return sum(1 for octet in octets if self._session(octet) <= octet)

    def _session(self, octet: int | None) -> int:
        day, folder = a_moment(), self.folder / f"{self.upwards}-{octet}"
        folder.mkdir()
        self._copy_ledger(folder)
        account = self._new_mailbox()
        account.append(*day.mails, at="23-Nov-2026 10:00:00 +0000")
        with Cutting(account.port, octet, upwards=self.upwards) as network:
            through = replace(account, port=network.port)
            with everyday_plugin(folder, through, notebook=folder / "notebook") as plugin:
                assert plugin.run_once().ok or octet is not None
            passed = network.passed
        with everyday_plugin(folder, account, notebook=folder / "notebook") as plugin:
            assert plugin.run_once().ok, octet
            assert plugin.run_once().outcomes == ()
            self._check(account, memory(plugin), octet)
        shutil.rmtree(folder)
        return passed

    def _new_mailbox(self) -> Account:
        """An empty mailbox; one of an earlier session is made anew, for a Dovecot has not so many users."""
        if len(self.accounts) < ACCOUNTS:
            self.accounts.append(self.server.add_account())
            return self.accounts[-1]
        self.accounts.append(self.accounts.pop(0))
        shutil.rmtree(self.accounts[-1].maildir)
        return self.accounts[-1]

    def _check(self, account: Account, left: dict[str, object], octet: int | None) -> None:
        day = a_moment()
        counts = [len(account.contents(name)) for name in ("INBOX", "processed", "review")]
        assert counts == [day.private, day.processed, day.review], octet
        assert [event[1] for event in left["events"]] == ["member1@example.com", "stranger1@example.com"], octet  # type: ignore[attr-defined]
        assert len(left["review"]) == 1, octet  # type: ignore[arg-type]

    def _copy_ledger(self, folder: Path) -> None:
        made = self.folder / "made"
        if not made.exists():
            made.mkdir()
            everyday_plugin(made, made / "none").close()
        shutil.copyfile(made / "bounces.sqlite3", folder / "bounces.sqlite3")
