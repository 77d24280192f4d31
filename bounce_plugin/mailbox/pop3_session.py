"""How do we get into a POP3 server, which mails does it show us, and when does it delete one? (RFC 1939, 2449, 3206)"""

from __future__ import annotations

import poplib
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox import spoken
from bounce_plugin.mailbox.pop3_wire import Octets, Pop3Client
from bounce_plugin.mailbox.sign_in import Access
from bounce_plugin.message import limits

_FAREWELL: Final = 5.0  # seconds that a server has for its good-bye: we may be about to stop
_HEAD_LINES: Final = 4096  # of a mail over the cap: about as many as its head has
_ALL_LINES: Final = 2**31 - 1
_DISCARDED: Final = 48 * 1024 * 1024  # octets of a mail that are read for its head's sake where there is no TOP
#: A refusal that is not our password's fault (RFC 2449, section 8.1.1; RFC 3206).
_TEMPORARY: Final = ("[IN-USE", "[LOGIN-DELAY", "[SYS/TEMP", "[SYS/PERM")
_ENTRY: Final = re.compile(rb"(\d{1,9}) +(\S+)(?: .*)?")
_UID: Final = re.compile(r"[!-~\xa0-\xff]{1,500}")  # RFC 1939 allows 70 octets of ASCII


class Pop3Session:
    """One connection, signed in. What it shows stays as it is until it ends; nothing is deleted but by `take`."""

    def __init__(self, access: Access, *, peek: bool) -> None:
        """Connect and sign in. Raises MailboxError; SignInError where the server refuses user and password.

        With `peek` a mail is not marked as read there by our reading it, if the server can do that.
        """
        self.access = access
        self._peek = peek
        self.usable = True
        self.read: set[str] = set()  # the mails that were read as a whole
        self._client = _connect(access)
        try:
            _sign_in(self._client, access)
            with self._asking("LIST"):
                self._sizes = {number: _whole(word) for number, word in _entries(self._client.list()[1])}
            self.numbers = self._read_uids()
        except BaseException:  # also a password that cannot be had
            self.hang_up()
            raise

    def fetch(self, uid: str) -> Octets:
        """A mail that is listed. Raises MailboxError; the session goes on if the server merely refuses it."""
        number = self.numbers[uid]
        size = self._sizes.get(number, 0)
        with self._asking(f"RETR {number}"):
            if size > limits.MESSAGE:
                return self._fetch_head(number, size)
            octets = self._fetch_whole(number, size)
        if octets.size == len(octets.raw):
            self.read.add(uid)
        return octets

    def take(self, uids: Iterable[str]) -> None:
        """Delete mails that were read here as a whole, and end the session: that does it (RFC 1939, section 6).

        Raises MailboxError when the server does not say that it did; perhaps it did, perhaps not.
        """
        try:
            for number in [self.numbers[uid] for uid in uids if uid in self.read]:
                with self._asking(f"DELE {number}"):
                    self._client.dele(number)
            with self._asking("QUIT"):
                self._client.ask("QUIT")
        finally:
            self.hang_up()

    def leave(self) -> None:
        """Say good-bye if the server still listens. Nothing is deleted."""
        if self.usable:
            try:
                self._client.sock.settimeout(_FAREWELL)
                self._client.ask("QUIT")
            except (poplib.error_proto, OSError):  # what we wanted to leave is gone
                pass
        self.hang_up()

    def hang_up(self) -> None:
        """End the session without a word: nothing is deleted, whatever was said before."""
        self.usable = False
        self._client.hang_up()

    def expires(self) -> str:
        """After how many days the server deletes mails itself: a number or NEVER; empty where it does not say."""
        with self._asking("CAPA"):
            try:
                words: Mapping[str, list[str]] = self._client.capa()
            except poplib.error_proto:  # an older server
                return ""
        return next(iter(words.get("EXPIRE", [])), "")

    def _fetch_whole(self, number: int, size: int) -> Octets:
        if self._peek:
            try:
                octets = self._client.read_lines(number, _ALL_LINES)
            except poplib.error_proto:  # it has no TOP
                self._peek = False
            else:
                if octets.size >= size:  # else it may be that the server gives no more lines at once
                    return octets
        return self._client.read_mail(number)

    def _fetch_head(self, number: int, size: int) -> Octets:
        try:
            head = self._client.read_lines(number, _HEAD_LINES).raw[: limits.HEAD]
        except poplib.error_proto:
            if size > _DISCARDED:
                raise
            octets = self._client.read_mail(number)
            return Octets(raw=octets.raw[: limits.HEAD], size=max(size, octets.size))
        return Octets(raw=head, size=size)

    def _read_uids(self) -> dict[str, int]:
        """The numbers of all mails by their UIDs, oldest first. Copies of a mail may share one UID (section 7)."""
        with self._asking("UIDL"):
            try:
                lines = self._client.uidl()[1]
            except poplib.error_proto as error:
                raise MailboxError(
                    f"{self.access.called}: UIDL: {spoken.reason(error) or 'refused'}: without it mails cannot be told "
                    "apart: ask the provider for UIDL (RFC 1939), or read the mailbox over IMAP"
                ) from error
            told = [(number, word.decode("latin-1")) for number, word in _entries(lines)]
            if not all(_UID.fullmatch(uid) for _, uid in told):
                raise ValueError("the server gives a UID that is none")
        taken, numbers = {uid for _, uid in told}, dict[str, int]()
        for number, uid in sorted(told):
            name, copy = uid, 1
            while name in numbers or (copy > 1 and name in taken):
                copy += 1
                name = f"{uid}/{copy}"
            numbers[name] = number
        return numbers

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn what can go wrong while we ask for something into a MailboxError, and distrust the session then."""
        try:
            yield
        except poplib.error_proto as error:  # a plain -ERR: the session is fine
            raise MailboxError(f"{self.access.called}: {what}: {spoken.reason(error) or 'refused'}") from error
        except (OSError, ValueError, IndexError) as error:  # what poplib raises at lines that are none
            self.hang_up()
            raise MailboxError(f"{self.access.called}: {what}: {spoken.reason(error)}") from error
        except MailboxError:
            raise
        except BaseException:  # interrupted: the rest of the answer is still on its way
            self.hang_up()
            raise


def _connect(access: Access) -> Pop3Client:
    context = access.make_context()
    try:
        return Pop3Client(access, context)
    except ssl.SSLCertVerificationError as error:
        raise access.distrust(error) from error
    except (poplib.error_proto, OSError, ValueError) as error:
        raise MailboxError(f"{access.called}: cannot connect ({access.security}): {spoken.reason(error)}") from error


def _sign_in(client: Pop3Client, access: Access) -> None:
    user, password = access.user, access.password()
    if any(character in user + password for character in "\r\n\0"):
        raise SignInError(f"{access.called}: the user or the password contains a line break or a NUL")
    try:
        client.ask(f"USER {user}")
        client.ask(f"PASS {password}")
    except (poplib.error_proto, OSError) as error:
        words = spoken.reason(error)
        failed = isinstance(error, OSError) or words.upper().startswith(_TEMPORARY)
        if password:  # some servers quote a command
            words = words.replace(password, "***")
    else:
        return
    # Outside, so that no traceback leads to the command that we sent.
    if failed:
        raise MailboxError(f"{access.called}: cannot sign in as {user!r}: {words}")
    raise SignInError(f"{access.called}: refuses user {user!r}: {words}")


def _entries(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The number of each mail, and what is said of it. Raises ValueError."""
    for line in lines:
        entry = _ENTRY.fullmatch(line.strip())
        if entry is None:
            raise ValueError(f"the server lists {line[:80].decode('utf-8', 'replace')!r}")
        yield int(entry[1]), entry[2]


def _whole(word: bytes) -> int:
    return int(word) if word.isdigit() and len(word) < 19 else 0  # the octets are right, not what was said
