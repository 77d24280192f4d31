"""What do we accept from a POP3 server? `poplib`, with a bound on everything that a server may send (RFC 1939, 2595)."""

from __future__ import annotations

import poplib
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from bounce_plugin.mailbox.inflow import Inflow
from bounce_plugin.mailbox.reach import reach, shake_hands
from bounce_plugin.mailbox.sign_in import Access
from bounce_plugin.message import limits

LINE: Final = 64 * 1024  # octets of a line of an answer; those of mails may be as long as they like
_PORTION: Final = 1024 * 1024  # octets of a mail that are looked at together
_END: Final = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Octets:
    """What came of one mail."""

    raw: bytes  # as on the wire, but for the dots that POP3 puts before others (RFC 1939, section 3)
    size: int  # more than len(raw) where it is over the cap: then the head alone was kept


class Pop3Client(Inflow, poplib.POP3):
    """Raises `poplib.error_proto` for a plain -ERR, after which all is well, and OSError when the server is lost."""

    def __init__(self, access: Access, context: ssl.SSLContext | None) -> None:
        """Connect, privately if that is asked for; `context` None is for the security "none" alone."""
        self._access, self._context = access, context
        self._begin_inflow(access.stop)
        try:
            super().__init__(access.host, access.port, access.timeout)
            if access.security == "starttls":
                self._start_tls()
        except BaseException:
            self.hang_up()
            raise

    def read_mail(self, number: int) -> Octets:
        """A mail as a whole; of one over the cap what comes after its head is thrown away."""
        self.ask(f"RETR {number}")
        return self._read_octets()

    def read_lines(self, number: int, lines: int) -> Octets:
        """A mail as far as so many lines of its body; not every server can do that (TOP is optional)."""
        self.ask(f"TOP {number} {lines}")
        return self._read_octets()

    def ask(self, command: str) -> bytes:
        """Give a command, and the answer's first line."""
        self._putline(command.encode("utf-8", "surrogateescape"))  # a password from the environment is octets
        return self._getresp()

    def hang_up(self) -> None:
        """End the connection without a word: nothing is deleted then (RFC 1939, section 6)."""
        try:
            self.close()
        except (OSError, AttributeError):  # it was gone already, or never there
            return

    def _lost(self, why: str) -> Exception:
        return ConnectionAbortedError(why)

    def _create_socket(self, timeout: float) -> socket.socket:
        connection = reach(self.host, self.port, timeout, self._access.stop)
        return self._protect(connection) if self._access.security == "tls" else connection

    def _start_tls(self) -> None:
        self.ask("STLS")
        if self._received:  # what was said in the clear must not answer what we ask in private
            raise self._lost("something was sent in the clear after the answer to STLS")
        self.sock = self._protect(self.sock)

    def _protect(self, connection: socket.socket) -> ssl.SSLSocket:
        if self._context is None:
            raise ValueError(f"security {self._access.security!r} needs a context")
        return shake_hands(connection, self._context, self.host, self._access.timeout, self._access.stop)

    # What poplib says and hears, by its own names for it.

    def _putline(self, line: bytes) -> None:
        if self._received:
            raise self._lost("the server says more than it was asked for")
        self._answered = 0
        self.sock.sendall(line + b"\r\n")

    def _getline(self) -> tuple[bytes, int]:
        line = self._take_line(LINE)
        return line.rstrip(b"\r\n"), len(line)

    def _getresp(self) -> bytes:
        line, _ = self._getline()
        if line.startswith(b"+OK"):
            return line
        if line.startswith(b"-ERR"):
            raise poplib.error_proto(line.removeprefix(b"-ERR").strip())
        raise self._lost(f"the server gives no answer, but says {line[:80].decode('utf-8', 'replace')!r}")

    def _read_octets(self) -> Octets:
        """What follows until a line with a dot alone. Lines are not looked at one by one, however long they are."""
        self._received[:0] = b"\r\n"  # of the answer's first line: so each line has one before it
        kept, size, searched = bytearray(), -2, 0
        while (end := self._received.find(_END, searched)) < 0:
            searched = max(len(self._received) - len(_END), 0)
            if len(self._received) > _PORTION:
                # Up to a line end if there is one: then no dot is parted from the line end before it.
                part = self._take(max(self._received.rfind(b"\r\n"), 0) or searched)
                size, searched = size + _keep(kept, part), 0
            self._receive()
        size += _keep(kept, self._take(end + 2))
        self._take(len(_END) - 2)
        raw = bytes(kept[2:])
        return Octets(raw=raw if size <= limits.MESSAGE else raw[: limits.HEAD], size=size)


def _keep(kept: bytearray, part: bytes) -> int:
    """Put what came to the rest, unless that is over the cap already; returns how many octets it was."""
    part = part.replace(b"\r\n..", b"\r\n.")
    if len(kept) <= limits.MESSAGE:
        kept += part
    return len(part)
