"""How much do we take in of what a mail server says, and how long do we wait for it?"""

from __future__ import annotations

import select
import socket
import ssl
from abc import abstractmethod
from threading import Event
from time import monotonic
from typing import Final

from bounce_plugin.mailbox.reach import LOOK_EVERY

ANSWER: Final = 64 * 1024 * 1024  # octets that a server may send between two of our commands
FAREWELL: Final = 1.5  # seconds that a server has to finish what it was asked for once we are told to stop
_RECEIVE: Final = 256 * 1024  # whoever else is at work here gives way for each


class Inflow:
    """What a client reads, in a buffer of our own: bounded, and open to the question whether anything has come."""

    sock: socket.socket

    def _begin_inflow(self, stop: Event) -> None:
        self._stop, self._told_to_stop = stop, 0.0  # when we noticed it
        self._received = bytearray()
        self._answered = 0  # octets since our last command; whoever sends one sets it to 0

    @abstractmethod
    def _lost(self, why: str) -> Exception:
        """What is raised when the server is not to be listened to any more."""

    def await_line(self, seconds: float) -> bool:
        """Whether the server says something within this time (perhaps that it is leaving)."""
        if b"\n" in self._received or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return True
        poll = select.poll()  # not select(): it knows no descriptor above 1023
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _take_line(self, most: int) -> bytes:
        """The next line, with its end."""
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > most:
                raise self._lost(f"the server sends a line of more than {most} octets")
            self._receive()
        return self._take(end + 1)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _receive(self) -> None:
        data = self._await_data()
        if not data:
            raise self._lost("the server closed the connection")
        self._answered += len(data)
        if self._answered > ANSWER:
            raise self._lost(f"the server answers with more than {ANSWER} octets")
        self._received += data

    def _await_data(self) -> bytes:
        """What comes next, within the time-out; once we are told to stop, within a moment."""
        patience = self.sock.gettimeout() or 0.0
        until = monotonic() + patience
        self.sock.settimeout(LOOK_EVERY)
        try:
            while True:
                if self._stop.is_set():
                    self._told_to_stop = self._told_to_stop or monotonic()
                    if monotonic() > self._told_to_stop + FAREWELL:
                        raise self._lost("no answer in time, now that we are told to stop")
                try:
                    return self.sock.recv(_RECEIVE)
                except TimeoutError:  # amid a TLS record, too: the rest of it is read by the next call
                    if monotonic() > until:
                        raise
        finally:
            self.sock.settimeout(patience)
