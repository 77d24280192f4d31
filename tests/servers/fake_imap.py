"""An IMAP server that misbehaves as a test tells it: what a Dovecot never does."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from tests.servers.fake import FakeServer, HangUp, Line

__all__ = ["Answer", "Conversation", "FakeImap", "HangUp", "fact", "given", "within"]

Answer = Callable[["Conversation", str], None]


class Conversation(Line):
    """One client, as the script of a test sees it."""

    tag = ""

    def ok(self, text: str = "done") -> None:
        """Complete the command."""
        self.send(f"{self.tag} OK {text}")


class FakeImap(FakeServer[Conversation]):
    """A context manager. It knows enough IMAP to be read from; `answers` replace what it says to a command.

    The key of an answer is the beginning of the command, such as `UID FETCH` or `UID FETCH 7 (UID BODY`; the longest
    wins. What it holds are mails by UID, in one folder that has every name.
    """

    def __init__(self, mails: dict[int, bytes] | None = None, **answers: Answer) -> None:
        super().__init__()
        self.mails = dict(mails or {})
        self.answers = {key.replace("_", " "): answer for key, answer in answers.items()}
        self.greeting = "* OK ready"
        self.capabilities = "IMAP4rev1 UIDPLUS MOVE"

    def _meet(self, connection: socket.socket) -> Conversation:
        return Conversation(connection)

    def _serve(self, client: Conversation) -> None:
        client.send(self.greeting)
        while True:
            client.tag, _, command = client.readline().partition(" ")
            self._note(command)
            keys = [key for key in self.answers if command.upper().startswith(key.upper())]
            if keys:
                self.answers[max(keys, key=len)](client, command)
            else:
                self._answer(client, command)

    def _answer(self, client: Conversation, command: str) -> None:
        words = command.upper().split()
        match words[0]:
            case "CAPABILITY":
                client.send(f"* CAPABILITY {self.capabilities}")
            case "LIST":
                client.send(r'* LIST (\HasNoChildren) "/" ' + ('""' if words[1:] == ['""', '""'] else words[-1]))
            case "SELECT" | "EXAMINE":
                client.send(f"* {len(self.mails)} EXISTS", "* OK [UIDVALIDITY 1]", "* OK [UIDNEXT 100]")
            case "UID" if words[1] == "SEARCH":
                found = [] if words[-1] == "DELETED" else self.mails  # nothing is flagged here
                client.send("* SEARCH " + " ".join(map(str, found)))
            case "UID" if words[1] == "FETCH":
                self._fetch(client, command)
            case "LOGOUT":
                client.send("* BYE")
        client.ok()

    def _fetch(self, client: Conversation, command: str) -> None:
        uid_set, items = command.split(" ", 3)[2:]
        for number, (uid, raw) in enumerate(self.mails.items(), start=1):
            if not any(within(uid, run) for run in uid_set.split(",")):
                continue
            client.send(given(number, uid, raw, items))


def fact(number: int, uid: int, size: int, date: str = "23-Nov-2026 10:00:00 +0000") -> str:
    """The answer to a question for facts."""
    return f'* {number} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "{date}")'


def given(number: int, uid: int, raw: bytes, items: str) -> bytes:
    """The answer to a question for a mail, or a part of it, or facts, or both."""
    said = fact(number, uid, len(raw)) if "RFC822.SIZE" in items else f"* {number} FETCH (UID {uid})"
    if "BODY" not in items:
        return said.encode()
    partial = re.search(r"<0\.(\d+)>", items)
    octets = raw[: int(partial[1])] if partial else raw
    return f"{said[:-1]} BODY[]{'<0>' if partial else ''} {{{len(octets)}}}\r\n".encode() + octets + b")"


def within(uid: int, run: str) -> bool:
    """Whether a UID is in a run such as `7` or `7:9`."""
    first, _, last = run.partition(":")
    return int(first) <= uid <= int(last or first)
