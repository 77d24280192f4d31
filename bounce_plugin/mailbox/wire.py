"""What do we accept from an IMAP server? `imaplib`, with a bound on everything that a server may send."""

from __future__ import annotations

import imaplib
import socket
import ssl
from threading import Event
from typing import Final, Literal

from imap_tools import BaseMailBox

from bounce_plugin.mailbox.inflow import Inflow
from bounce_plugin.mailbox.reach import reach, shake_hands
from bounce_plugin.message import limits

LITERAL: Final = (
    2 * limits.MESSAGE
)  # octets; one that is larger was not asked for, whatever the server says of its size
LINE: Final = 16 * 1024 * 1024  # octets; the answer to a search in a folder with two million mails is one line
Security = Literal["tls", "starttls", "none"]


class _Guards(Inflow, imaplib.IMAP4):
    """`imaplib`, which reads through a buffer of our own."""

    def __init__(self, host: str, port: int, *, timeout: float, stop: Event) -> None:
        self._begin(private=False, stop=stop)
        super().__init__(host, port, timeout)

    def _begin(self, *, private: bool, stop: Event) -> None:
        self._begin_inflow(stop)
        self._private = private  # under TLS since the last command

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
        return self._take_line(LINE)

    def _lost(self, why: str) -> Exception:
        return self.abort(why)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return reach(self.host, self.port, timeout or 0.0, self._stop)


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
