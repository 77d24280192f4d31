"""What do we accept from an IMAP server? `imaplib`, with a bound on everything that a server may send."""

from __future__ import annotations

import imaplib
import select
import socket
import ssl
from threading import Event
from time import monotonic
from typing import Final, Literal

from imap_tools import BaseMailBox

from bounce_plugin.mailbox.reach import LOOK_EVERY, reach, shake_hands
from bounce_plugin.message import limits

LITERAL: Final = (
    2 * limits.MESSAGE
)  # octets; one that is larger was not asked for, whatever the server says of its size
LINE: Final = 16 * 1024 * 1024  # octets; the answer to a search in a folder with two million mails is one line
ANSWER: Final = 64 * 1024 * 1024  # octets that a server may send between two of our commands
Security = Literal["tls", "starttls", "none"]
FAREWELL: Final = 1.5  # seconds that a server has to finish what it was asked for once we are told to stop
_RECEIVE: Final = 64 * 1024


class _Guards(imaplib.IMAP4):
    """Reads through a buffer of our own: bounded, and open to the question whether anything has come (for IDLE)."""

    def __init__(self, host: str, port: int, *, timeout: float, stop: Event) -> None:
        self._begin(private=False, stop=stop)
        super().__init__(host, port, timeout)

    def _begin(self, *, private: bool, stop: Event) -> None:
        self._stop, self._told_to_stop = stop, 0.0  # when we noticed it
        self._private = private  # under TLS since the last command
        self._received = bytearray()
        self._answered = 0

    def send(self, data: bytes) -> None:  # type: ignore[override]  # typeshed asks for any buffer; imaplib sends bytes
        """Send a command; the count of what is answered begins anew."""
        if not self._private and isinstance(self.sock, ssl.SSLSocket):
            # The first command after STARTTLS: what was said in the clear must not answer it (RFC 9051, section 6.2.1).
            self.untagged_responses.clear()
            if self._received:
                raise self.abort("something was sent in the clear after the answer to STARTTLS")
            self._private = True
        self._answered = 0
        super().send(data)

    def read(self, size: int) -> bytes:
        """A literal of `size` octets: all of them, or `abort`."""
        if size > LITERAL:
            raise self.abort(f"the server announces {size} octets at once")
        while len(self._received) < size:
            self._receive()
        return self._take(size)

    def readline(self) -> bytes:
        """A line, or b"" at the end of the connection, which imaplib knows as an abort."""
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > LINE:
                raise self.abort(f"the server sends a line of more than {LINE} octets")
            self._receive()
        return self._take(end + 1)

    def await_line(self, seconds: float) -> bool:
        """Whether the server says something within this time (perhaps that it is leaving)."""
        if b"\n" in self._received or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return True
        poll = select.poll()  # not select(): it knows no descriptor above 1023
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _receive(self) -> None:
        data = self._await_data()
        if not data:
            raise self.abort("the server closed the connection")
        self._answered += len(data)
        if self._answered > ANSWER:
            raise self.abort(f"the server answers with more than {ANSWER} octets")
        self._received += data

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return reach(self.host, self.port, timeout or 0.0, self._stop)

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
                        raise self.abort("no answer in time, now that we are told to stop")
                try:
                    return self.sock.recv(_RECEIVE)
                except TimeoutError:  # amid a TLS record, too: the rest of it is read by the next call
                    if monotonic() > until:
                        raise
        finally:
            self.sock.settimeout(patience)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken


class _TlsClient(_Guards, imaplib.IMAP4_SSL):
    """Implicit TLS."""

    def __init__(self, host: str, port: int, *, timeout: float, context: ssl.SSLContext, stop: Event) -> None:
        self._begin(private=True, stop=stop)
        imaplib.IMAP4_SSL.__init__(self, host, port, ssl_context=context, timeout=timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connection = super()._create_socket(timeout)
        return shake_hands(connection, self.ssl_context, self.host, timeout or 0.0, self._stop)


class Connection(BaseMailBox):
    """An imap-tools mailbox over a guarded client."""

    guards: _Guards

    def __init__(
        self, host: str, port: int, security: Security, context: ssl.SSLContext | None, timeout: float, stop: Event
    ) -> None:
        """Connect; `context` None is for "none" alone. Raises OSError (ssl.SSLError too) and imaplib's errors."""
        self._address, self._security = (host, port), security
        self._context, self._timeout, self._stop = context, timeout, stop
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        host, port = self._address
        if self._security == "none":
            self.guards = _Guards(host, port, timeout=self._timeout, stop=self._stop)
        elif self._context is None:
            raise ValueError(f"security {self._security!r} needs a context")
        elif self._security == "tls":
            self.guards = _TlsClient(host, port, timeout=self._timeout, context=self._context, stop=self._stop)
        else:
            self.guards = _Guards(host, port, timeout=self._timeout, stop=self._stop)
            try:
                self.guards.starttls(self._context)
            except BaseException:
                self.hang_up()
                raise
        return self.guards

    def hang_up(self) -> None:
        """End the connection without a word; what a selected folder has flagged stays as it is."""
        try:
            self.guards.shutdown()
        except OSError:  # it was gone already
            return


def loopback(host: str) -> bool:
    """Whether all addresses of this host are our own machine's."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(str(address[4][0]).startswith("127.") or address[4][0] == "::1" for address in found)
