"""A POP3 server that misbehaves as a test tells it: what a Dovecot never does. It has RFC 1939's states."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.servers.fake import FakeServer, HangUp, Line

Answer = Callable[["Session", str], None]


@dataclass(frozen=True)
class Kept:
    """A mail that the server has."""

    uid: str
    raw: bytes


class Session(Line):
    """One client, and the mailbox as it was when the client came."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.mails: list[Kept] = []
        self.marked: set[int] = set()  # numbers of mails that go with QUIT

    def lines(self, lines: Iterable[str], first: str = "+OK") -> None:
        """An answer of several lines."""
        self.send(first, *lines, ".")

    def mail(self, raw: bytes) -> None:
        """An answer that is a mail, with its dots stuffed."""
        stuffed = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
        stuffed = (b"\r\n" + stuffed).replace(b"\r\n.", b"\r\n..")[2:]
        self.send_raw(b"+OK\r\n" + stuffed + b".\r\n")


class FakePop3(FakeServer[Session]):
    """A context manager. It holds mails by UIDL; `answers` replace what it says to a command.

    The key of an answer is the beginning of the command, such as `RETR` or `RETR 2`; the longest wins.
    """

    def __init__(self, *mails: bytes, **answers: Answer) -> None:
        super().__init__()
        self.mails: list[Kept] = []
        self.answers = dict(answers)
        self.greeting = "+OK ready"
        self._uids = 0
        self.deliver(*mails)

    @property
    def settings_text(self) -> str:
        """The mailbox as an operator describes it, as mailbox `b`; its password is in the file `password`."""
        return (
            f'[[mailbox]]\nname = "b"\nkind = "pop3"\nhost = "127.0.0.1"\nport = {self.port}\n'
            'security = "none"\nuser = "u"\npassword_file = "password"\n'
        )

    def deliver(self, *mails: bytes, uid: str = "") -> None:
        """Put mails into the mailbox; with `uid` under that one."""
        for raw in mails:
            self._uids += 1
            self.mails.append(Kept(uid or f"u{self._uids}", raw))

    def remove(self, uid: str) -> None:
        """Another client deletes mails."""
        self.mails = [mail for mail in self.mails if mail.uid != uid]

    def update(self, client: Session) -> None:
        """Do what QUIT is for."""
        gone = [client.mails[number - 1] for number in client.marked]
        self.mails = [mail for mail in self.mails if not any(mail is one for one in gone)]

    def answer(self, client: Session, command: str) -> None:
        """What an honest server says."""
        words = command.split()
        match words[0].upper():
            case "USER" | "PASS" | "NOOP":
                if words[0].upper() == "PASS":
                    client.mails = list(self.mails)
                client.send("+OK")
            case "CAPA":
                client.lines(["TOP", "UIDL", "USER"])
            case "LIST":
                client.lines(f"{number} {len(mail.raw)}" for number, mail in enumerate(client.mails, 1))
            case "UIDL":
                client.lines(f"{number} {mail.uid}" for number, mail in enumerate(client.mails, 1))
            case "RETR":
                client.mail(client.mails[int(words[1]) - 1].raw)
            case "TOP":
                head, _, rest = client.mails[int(words[1]) - 1].raw.partition(b"\r\n\r\n")
                client.mail(head + b"\r\n\r\n" + b"\r\n".join(rest.split(b"\r\n")[: int(words[2])]))
            case "DELE":
                client.marked.add(int(words[1]))
                client.send("+OK")
            case "QUIT":
                self.update(client)
                client.send("+OK bye")
                raise HangUp
            case _:
                client.send("-ERR what?")

    def _meet(self, connection: socket.socket) -> Session:
        return Session(connection)

    def _serve(self, client: Session) -> None:
        client.send(self.greeting)
        while True:
            command = client.readline()
            self._note(command)
            keys = [key for key in self.answers if command.upper().startswith(key)]
            (self.answers[max(keys, key=len)] if keys else self.answer)(client, command)
