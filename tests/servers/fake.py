"""What do all fake servers have in common? A port, a thread for each client, and a script that says what is answered."""

from __future__ import annotations

import socket
import ssl
import threading
from abc import abstractmethod
from types import TracebackType
from typing import Generic, Self, TypeVar

from tests.servers.tls import Certificates


class HangUp(Exception):  # noqa: N818  # no error: what a script raises to end the conversation
    """The script ends the connection here."""


class Line:
    """One client, as the script of a test sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def send(self, *lines: str | bytes) -> None:
        """Send lines, each with its CRLF, in one go."""
        self.send_raw(b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines))

    def send_raw(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._connection.sendall(octets)

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


Client = TypeVar("Client", bound=Line)


class FakeServer(Generic[Client]):
    """A context manager: a server on a port of its own, which all clients must have left in the end."""

    def __init__(self) -> None:
        self.commands: list[str] = []  # what all clients have said
        self.changed = threading.Condition()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
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

    @abstractmethod
    def _meet(self, connection: socket.socket) -> Client:
        """Somebody comes."""

    @abstractmethod
    def _serve(self, client: Client) -> None:
        """Talk until somebody hangs up."""

    def _note(self, command: str) -> None:
        with self.changed:
            self.commands.append(command)
            self.changed.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        client = self._meet(connection)
        try:
            self._serve(client)
        except (HangUp, OSError):
            return
        finally:
            client.close()
