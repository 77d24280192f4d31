"""What does another client of a test's mailbox see and do? A user of a real server, by plain imaplib."""

from __future__ import annotations

import imaplib
from dataclasses import dataclass
from pathlib import Path

from tests.servers.tls import Certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of a server, with a mailbox of its own."""

    user: str
    password: str
    port: int  # plain and STARTTLS
    tls_port: int
    maildir: Path
    certificates: Certificates
    pop3_port: int = 0  # plain and STLS, where the server was started with `pop3`
    pop3s_port: int = 0

    def sign_in(self) -> imaplib.IMAP4:
        """Another client of the same mailbox; use it as a context manager."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            client.login(self.user, self.password)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def append(self, *mails: bytes, folder: str = "INBOX", flags: str = "", at: str = "") -> None:
        """Put mails into a folder; `at` is an INTERNALDATE such as `01-Nov-2026 10:00:00 +0100`."""
        with self.sign_in() as client:
            for raw in mails:
                status, answer = client.append(folder, flags, f'"{at}"' if at else "", raw)
                assert status == "OK", answer

    def contents(self, folder: str = "INBOX") -> dict[str, str]:
        """The mails of a folder by their UIDs: their flags, as another client sees them."""
        with self.sign_in() as client:
            status, _ = client.select(folder, readonly=True)
            if status != "OK":
                return {}
            lines = [line for line in client.uid("FETCH", "1:*", "(FLAGS)")[1] if isinstance(line, bytes)]
        fields = (line.decode().partition("UID ")[2].partition(" FLAGS ") for line in lines)
        return {uid: flags.strip("()") for uid, _, flags in fields}

    def folders(self) -> dict[str, bool]:
        """The names of the folders as they are on the wire, and whether they are subscribed to."""
        with self.sign_in() as client:
            names = [_last_word(line) for line in client.list()[1]]
            subscribed = {_last_word(line) for line in client.lsub()[1]}
        return {name: name in subscribed for name in names if name}


def _last_word(line: object) -> str:
    """The name in an answer to LIST; it may be quoted."""
    if not isinstance(line, bytes):
        return ""
    _, _, rest = line.decode().partition(") ")
    return rest.split(" ", 1)[1].strip('"')
