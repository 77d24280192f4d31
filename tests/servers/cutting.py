"""A network that breaks: what passes between a client and a server, up to an octet that the test names."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Cutting:
    """A context manager: a port that leads to another one, and ends each connection after so many octets.

    `octets` counts what the server says, or with `upwards` what the client says; None lets everything through. `silent`
    keeps the connection open and says no more, as a gateway does that has forgotten us.
    """

    def __init__(self, port: int, octets: int | None = None, *, upwards: bool = False, silent: bool = False) -> None:
        self._to, self._octets, self._upwards, self._silent = port, octets, upwards, silent
        self.passed = 0  # octets in the direction that counts
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()
        for thread in self._threads:
            thread.join(10)
        for end in self._ends:
            end.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._ends += [client, server]
                self._start(self._pass_on, client, server, self._upwards)
                self._start(self._pass_on, server, client, not self._upwards)

    def _pass_on(self, here: socket.socket, there: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if counts and self._octets is not None and self.passed + len(data) >= self._octets:
                    there.sendall(data[: self._octets - self.passed])
                    self.passed = self._octets
                    if self._silent:
                        return
                    break
                self.passed += len(data) if counts else 0
                there.sendall(data)
        self._hang_up()

    def _hang_up(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
