"""An IMAP server that misbehaves as a test tells it: what a Dovecot never does."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.servers.tls import Certificates

Answer = Callable[["Conversation", str], None]


class HangUp(Exception):  # noqa: N818  # no error: what a script raises to end the conversation
    """The script ends the connection here."""


class Conversation:
    """One client, as the script of a test sees it."""

    def __init__(self, connection: socket.socket, server: FakeImap) -> None:
        self._connection, self._server = connection, server
        self._buffer = b""
        self.tag = ""

    def send(self, *lines: str | bytes) -> None:
        """Send lines, each with its CRLF, in one go."""
        self.send_raw(b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines))

    def send_raw(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._connection.sendall(octets)

    def ok(self, text: str = "done") -> None:
        """Complete the command."""
        self.send(f"{self.tag} OK {text}")

    def readline(self) -> str:
        """The client's next line."""
        while b"\r\n" not in self._buffer:
            data = self._connection.recv(65536)
            if not data:
                raise HangUp
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    def start_tls(self, certificates: Certificates) -> None:
        """Continue under TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        self._connection = context.wrap_socket(self._connection, server_side=True)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class FakeImap:
    """A context manager. It knows enough IMAP to be read from; `answers` replace what it says to a command.

    The key of an answer is the beginning of the command, such as `UID FETCH` or `UID FETCH 7 (UID BODY`; the longest
    wins. What it holds are mails by UID, in one folder that has every name.
    """

    def __init__(self, mails: dict[int, bytes] | None = None, **answers: Answer) -> None:
        self.mails = dict(mails or {})
        self.answers = {key.replace("_", " "): answer for key, answer in answers.items()}
        self.greeting = "* OK ready"
        self.capabilities = "IMAP4rev1 UIDPLUS MOVE"
        self.commands: list[str] = []  # what all clients have said, without tags
        self.changed = threading.Condition()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._conversations: list[Conversation] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a client has not hung up"

    def await_command(self, beginning: str, seconds: float = 10) -> None:
        """Wait until a client has given such a command."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: any(command.startswith(beginning) for command in self.commands), seconds
            ), self.commands

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms
            thread = threading.Thread(target=self._serve, args=(Conversation(connection, self),), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: Conversation) -> None:
        try:
            client.send(self.greeting)
            while True:
                client.tag, _, command = client.readline().partition(" ")
                with self.changed:
                    self.commands.append(command)
                    self.changed.notify_all()
                keys = [key for key in self.answers if command.upper().startswith(key.upper())]
                if keys:
                    self.answers[max(keys, key=len)](client, command)
                else:
                    self._answer(client, command)
        except (HangUp, OSError):
            return
        finally:
            client.close()

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
                client.send("* SEARCH " + " ".join(map(str, self.mails)))
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
            if "BODY" in items:
                partial = re.search(r"<0\.(\d+)>", items)
                octets = raw[: int(partial[1])] if partial else raw
                client.send_raw(
                    f"* {number} FETCH (UID {uid} BODY[] {{{len(octets)}}}\r\n".encode() + octets + b")\r\n"
                )
            else:
                client.send(fact(number, uid, len(raw)))


def fact(number: int, uid: int, size: int, date: str = "23-Nov-2026 10:00:00 +0000") -> str:
    """The answer to a question for facts."""
    return f'* {number} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "{date}")'


def within(uid: int, run: str) -> bool:
    """Whether a UID is in a run such as `7` or `7:9`."""
    first, _, last = run.partition(":")
    return int(first) <= uid <= int(last or first)
