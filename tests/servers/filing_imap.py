"""A fake IMAP server that keeps folders, moves mails, and can lose its memory as one does that is restored from a backup."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from tests.servers.fake_imap import Answer, Conversation, FakeImap, given, within


class FilingImap(FakeImap):
    """See `FakeImap`. A script may look into `folders`, change `uidnext` and `uidvalidity`, and take a `backup`."""

    def __init__(self, *mails: bytes, capabilities: str = "IMAP4rev1 UIDPLUS MOVE", **answers: Answer) -> None:
        super().__init__(None, **answers)
        self.capabilities = capabilities
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": {}, "review": {}, "processed": {}}
        self.uidnext = dict.fromkeys(self.folders, 1)
        self.uidvalidity = dict.fromkeys(self.folders, 1)
        self.deleted: set[int] = set()  # of the inbox
        self._selected: dict[Conversation, str] = {}
        self.deliver(*mails)

    @property
    def settings_text(self) -> str:
        """The mailbox as an operator describes it, as mailbox `b`; its password is in the file `password`."""
        return (
            f'[[mailbox]]\nname = "b"\nkind = "imap"\nhost = "127.0.0.1"\nport = {self.port}\n'
            'security = "none"\nuser = "u"\npassword_file = "password"\n'
        )

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> list[int]:
        """Put mails into a folder; returns their UIDs."""
        uids = []
        for raw in mails:
            uids.append(self.uidnext[folder])
            self.folders[folder][self.uidnext[folder]] = raw
            self.uidnext[folder] += 1
        return uids

    def backup(self) -> tuple[dict[str, dict[int, bytes]], dict[str, int]]:
        """All that the server remembers."""
        return copy.deepcopy(self.folders), dict(self.uidnext)

    def restore(self, backup: tuple[dict[str, dict[int, bytes]], dict[str, int]]) -> None:
        """Forget what came since; the UIDVALIDITY stays as it was, which it must not."""
        self.folders, self.uidnext = copy.deepcopy(backup[0]), dict(backup[1])

    def count(self, folder: str) -> int:
        """How many mails a folder holds that nobody has flagged as deleted."""
        return len(self.folders[folder].keys() - (self.deleted if folder == "INBOX" else set()))

    def _answer(self, client: Conversation, command: str) -> None:
        words = command.split()
        name = self._selected.get(client, "INBOX")
        match [word.upper() for word in words[:2]]:
            case ["SELECT" | "EXAMINE", _]:
                name = self._selected[client] = words[1].strip('"')
                client.send(
                    f"* {len(self.folders[name])} EXISTS",
                    f"* OK [UIDVALIDITY {self.uidvalidity[name]}]",
                    f"* OK [UIDNEXT {self.uidnext[name]}]",
                )
            case ["UID", "SEARCH"]:
                gone = self.deleted if name == "INBOX" else set()
                wanted = "DELETED" in words
                client.send("* SEARCH " + " ".join(str(uid) for uid in self.folders[name] if (uid in gone) is wanted))
            case ["UID", "FETCH"]:
                self._give(client, name, command)
            case ["UID", "MOVE" | "COPY"]:
                self._take(client, name, words[2], words[3].strip('"'), move=words[1].upper() == "MOVE")
            case ["UID", "STORE"]:
                chosen = set(self._chosen(name, words[2]))
                self.deleted = self.deleted - chosen if words[3].startswith("-") else self.deleted | chosen
            case ["UID", "EXPUNGE"]:
                for uid in self._chosen(name, words[2]):
                    del self.folders[name][uid]
            case _:
                super()._answer(client, command)
                return
        client.ok()

    def _chosen(self, name: str, uid_set: str) -> list[int]:
        return [uid for uid in self.folders[name] if any(within(uid, run) for run in uid_set.split(","))]

    def _give(self, client: Conversation, name: str, command: str) -> None:
        uid_set, items = command.split(" ", 3)[2:]
        for number, uid in enumerate(self._chosen(name, uid_set), start=1):
            client.send(given(number, uid, self.folders[name][uid], items))

    def _take(self, client: Conversation, name: str, uid_set: str, target: str, *, move: bool) -> None:
        uids = self._chosen(name, uid_set)
        new = self.deliver(*(self.folders[name][uid] for uid in uids), folder=target)
        if uids and "UIDPLUS" in self.capabilities:
            client.send(f"* OK [COPYUID {self.uidvalidity[target]} {_set(uids)} {_set(new)}] done")
        if move:
            for uid in uids:
                del self.folders[name][uid]


def _set(uids: Iterable[int]) -> str:
    return ",".join(map(str, uids))
