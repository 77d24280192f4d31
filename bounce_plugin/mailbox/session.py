"""How do we get into an IMAP server, and how do we ask it so that every failure is a MailboxError?"""

from __future__ import annotations

import imaplib
import math
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError
from imap_tools.utils import encode_folder

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox import spoken
from bounce_plugin.mailbox.folders import Naming
from bounce_plugin.mailbox.sign_in import Access, sign_in
from bounce_plugin.mailbox.wire import Connection

_FAREWELL: Final = 5.0  # seconds that a server has for its good-bye: we may be about to stop


class Session:
    """One connection, signed in. After the first doubt about what the server means it is of no use any more."""

    def __init__(self, access: Access) -> None:
        """Connect and sign in. Raises MailboxError; SignInError where the server refuses user and password."""
        self.access = access
        self.usable = True
        self.selected: tuple[str, bool] | None = None  # the real name, and whether we may write
        self.uidvalidity = ""
        self.uidnext = 0
        self._connection = self._connect()
        self.client = self._connection.guards
        try:
            sign_in(self._connection, access)
            self.ends = access.tokens.ends if access.tokens is not None else math.inf  # by the monotonic clock
            # Only now a server says all that it can do: imap-tools and imaplib ask before, and miss MOVE.
            with self.asking("CAPABILITY"):
                self.client.untagged_responses.clear()
                self.capabilities = frozenset(
                    _first(self.client.capability()[1]).decode("ascii", "replace").upper().split()
                )
            self.naming = self._read_naming()
        except BaseException:  # also a password that cannot be had
            self._connection.hang_up()
            raise

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Turn what can go wrong while we ask for something into a MailboxError, and distrust the session then."""
        try:
            yield
        except UnexpectedCommandStatusError as error:  # a plain NO: the session is fine
            raise MailboxError(
                f"{self.access.called}: {what}: {self._explain(spoken.text(error.command_result[1]))}"
            ) from error
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError) as error:
            self.usable = False
            raise MailboxError(f"{self.access.called}: {what}: {self._explain(spoken.reason(error))}") from error
        except BaseException:  # interrupted: the rest of the answer is still on its way
            self.usable = False
            raise

    def refuse(self, what: str, answer: object) -> MailboxError:
        """The error for a NO."""
        return MailboxError(f"{self.access.called}: {what}: {self._explain(spoken.text(answer))}")

    def select(self, folder: str, *, write: bool) -> bool:
        r"""Open a folder anew, with EXAMINE unless we are to write; False where there is no such folder.

        EXAMINE leaves even `\Recent` as it is, by which other readers know what is new.
        """
        self.selected = None
        with self.asking(f"open {folder}"):
            status, answer = self.client.select(encode(folder), not write)
        if status != "OK":
            if b"[NONEXISTENT]" in spoken.octets(answer).upper() or not self.exists(folder):
                return False
            raise self.refuse(f"open {folder}", answer)
        self.uidvalidity = _first(self.client.untagged_responses.get("UIDVALIDITY", [])).decode("ascii", "replace")
        if not self.uidvalidity.isdigit():
            raise self.refuse(f"open {folder}", "the server gives no UIDVALIDITY, and UIDs mean nothing without it")
        uidnext = _first(self.client.untagged_responses.get("UIDNEXT", []))
        self.uidnext = int(uidnext) if uidnext.isdigit() else 0
        self.selected = (folder, write)
        return True

    def exists(self, folder: str) -> bool:
        """Whether the server lists a folder."""
        with self.asking(f"look for {folder}"):
            return self._connection.folder.exists(folder)

    def create(self, folder: str) -> None:
        """Make a folder and subscribe to it, so that people's mail programs show it. Another may be quicker."""
        try:
            with self.asking(f"make {folder}"):
                self._connection.folder.create(folder)
        except MailboxError:
            if not (self.usable and self.exists(folder)):
                raise
        with self.asking(f"subscribe to {folder}"):
            self._connection.folder.subscribe(folder, True)

    def search(self) -> list[int]:
        """The UIDs in the selected folder, but those that someone has flagged as deleted."""
        with self.asking("UID SEARCH"):
            return sorted({int(uid) for uid in self._connection.uids("UNDELETED", charset=None)})

    def command(self, name: str, *arguments: str) -> tuple[str, list[bytes | tuple[bytes, bytes] | None]]:
        """A UID command in the selected folder: the server's status, and the data of that name."""
        with self.asking(f"UID {name}"):
            status, answer = self.client.uid(name, *arguments)
        return status, list(answer)

    def response(self, code: str) -> list[bytes | tuple[bytes, bytes] | None]:
        """Take the data of this name, or of this response code, that came with the last answers."""
        return list(self.client.response(code)[1] or [])

    def leave(self) -> None:
        """Say good-bye if the server still listens. LOGOUT expunges nothing, CLOSE would."""
        if self.usable:
            try:
                self.client.sock.settimeout(_FAREWELL)
                self._connection.logout()
            except (imaplib.IMAP4.error, ImapToolsError, OSError):  # what we wanted to leave is gone
                self.usable = False
        if not self.usable:
            self._connection.hang_up()

    def _explain(self, words: str) -> str:
        """Microsoft lets an app in that may not read this mailbox, and refuses every command then, in these words."""
        if self.access.tokens is not None and "authenticated but not connected" in words.lower():
            return f"{words.rstrip('.')}: {self.access.tokens.remedy}"
        return words

    def _connect(self) -> Connection:
        access, context = self.access, self.access.make_context()
        try:
            return Connection(access.host, access.port, access.security, context, access.timeout, access.stop)
        except ssl.SSLCertVerificationError as error:
            raise access.distrust(error) from error
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError) as error:
            raise MailboxError(
                f"{self.access.called}: cannot connect ({access.security}): {spoken.reason(error)}"
            ) from error

    def _read_naming(self) -> Naming:
        with self.asking("NAMESPACE"):
            if "NAMESPACE" in self.capabilities:
                naming = Naming.from_namespace(_first(self.client.namespace()[1]))
                if naming is not None:
                    return naming
            return Naming.from_list(_first(self.client.list('""', '""')[1]))


def encode(folder: str) -> str:
    """Quoted, in modified UTF-7 (RFC 9051, appendix A.1)."""
    return encode_folder(folder).decode("ascii")


def _first(data: object) -> bytes:
    item = data[0] if isinstance(data, list) and data else b""
    return item if isinstance(item, bytes) else b""
