"""How do we get into an IMAP server, and how do we ask it so that every failure is a MailboxError?"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError
from imap_tools.utils import encode_folder

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox.folders import Naming
from bounce_plugin.mailbox.wire import Connection, Security

_FAREWELL: Final = 5.0  # seconds that a server has for its good-bye: we may be about to stop
_TEMPORARY: Final = ("[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[LIMIT]")  # a refusal that is not our password's fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a mailbox is, and how we get in. The password is asked for when it is needed, and not kept."""

    name: str
    host: str
    port: int
    security: Security
    ca_file: Path | None
    timeout: float
    user: str
    password: Callable[[], str]


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
            self._sign_in()
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
            raise MailboxError(f"{self._called}: {what}: {_text(error.command_result[1])}") from error
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError) as error:
            self.usable = False
            raise MailboxError(f"{self._called}: {what}: {_reason(error)}") from error
        except BaseException:  # interrupted: the rest of the answer is still on its way
            self.usable = False
            raise

    def refuse(self, what: str, answer: object) -> MailboxError:
        """The error for a NO."""
        return MailboxError(f"{self._called}: {what}: {_text(answer)}")

    def select(self, folder: str, *, write: bool) -> bool:
        r"""Open a folder anew, with EXAMINE unless we are to write; False where there is no such folder.

        EXAMINE leaves even `\Recent` as it is, by which other readers know what is new.
        """
        self.selected = None
        with self.asking(f"open {folder}"):
            status, answer = self.client.select(encode(folder), not write)
        if status != "OK":
            if b"[NONEXISTENT]" in _octets(answer).upper() or not self.exists(folder):
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

    @property
    def _called(self) -> str:
        return f"mailbox {self.access.name!r} at {self.access.host}:{self.access.port}"

    def _connect(self) -> Connection:
        access = self.access
        context: ssl.SSLContext | None = None
        if access.security != "none":
            try:
                context = ssl.create_default_context(cafile=access.ca_file)  # a file instead of the system's store
            except OSError as error:
                raise MailboxError(f"{self._called}: cannot read ca_file {access.ca_file}: {_reason(error)}") from error
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            return Connection(access.host, access.port, access.security, context, access.timeout)
        except ssl.SSLCertVerificationError as error:
            raise MailboxError(
                f"{self._called}: its certificate is not trusted: {error.verify_message}; "
                f"name the issuer's certificate in `ca_file`, or the host as the certificate does"
            ) from error
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError) as error:
            raise MailboxError(f"{self._called}: cannot connect ({access.security}): {_reason(error)}") from error

    def _sign_in(self) -> None:
        user, password = self.access.user, self.access.password()
        if any(character in user + password for character in "\r\n\0"):
            raise SignInError(f"{self._called}: the user or the password contains a line break or a NUL")
        plain = "AUTH=PLAIN" in self.client.capabilities
        if "LOGINDISABLED" in self.client.capabilities and not plain:
            raise MailboxError(f"{self._called}: it lets nobody sign in without TLS; set `security`")
        try:
            if (user + password).isascii() and "LOGINDISABLED" not in self.client.capabilities:
                self._connection.login(user, password, initial_folder=None)
            else:
                self._connection.login_utf8(user, password, initial_folder=None)
        except (imaplib.IMAP4.error, ImapToolsError, OSError) as error:
            words = _reason(error)
            failed = isinstance(error, (imaplib.IMAP4.abort, OSError)) or words.upper().startswith(_TEMPORARY)
            if password:
                words = words.replace(password, "***")  # some servers quote the command that they refuse
            kind, what = (MailboxError, "cannot sign in as") if failed else (SignInError, "refuses user")
        else:
            return
        # Outside, so that no traceback leads to the command that we sent.
        raise kind(f"{self._called}: {what} {user!r}: {words}")

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


def _octets(answer: object) -> bytes:
    return b" ".join(item for item in answer if isinstance(item, bytes)) if isinstance(answer, list) else b""


def _text(answer: object) -> str:
    return answer if isinstance(answer, str) else _octets(answer).decode("utf-8", "replace").strip() or "refused"


def _reason(error: Exception) -> str:
    """What an exception of imaplib or the system says, as people would read it."""
    if isinstance(error, UnexpectedCommandStatusError):
        return _text(error.command_result[1])
    if isinstance(error, TimeoutError):
        return "no answer in time"
    first = error.args[0] if error.args else ""
    if isinstance(first, bytes):  # imaplib passes the server's words on
        return first.decode("utf-8", "replace")
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
