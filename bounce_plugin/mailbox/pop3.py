"""How are mails read over POP3, and taken from the server only when they are safe with us? (RFC 1939)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Final, Self

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.dated import received_at
from bounce_plugin.mailbox.incoming import Filing, Folder, Incoming, Listing, Numbering
from bounce_plugin.mailbox.pop3_session import Pop3Session
from bounce_plugin.mailbox.sign_in import Access, travels_openly
from bounce_plugin.mailbox.wire import Security

_PORTS: Final[Mapping[Security, int]] = {"tls": 995, "starttls": 110, "none": 110}
_UIDVALIDITY: Final = "uidl"  # there is but one kind of UID


class Pop3Mailbox:
    """A bounce mailbox on a POP3 server. See `Mailbox`.

    There is an inbox and no other folder. A server shows it to one client at a time, as it was when the client came:
    so we come with the first question, and go when we wait. What a session was told to delete goes when it ends with
    QUIT, and not before; one that is cut off, or that we cut off, has deleted nothing.

    Where mails are to be deleted all are read by RETR, for nothing else promises whole mails; servers that have flags
    may set that of a read mail then. Otherwise they are read by TOP, which sets none, if the server can do that.
    """

    remote: Final = False  # it shows what it has to one session, and what is taken must be what that session has read

    def __init__(
        self,
        *,
        name: str,
        host: str,
        user: str,
        password: Callable[[], str],
        port: int | None = None,
        security: Security = "tls",
        ca_file: Path | None = None,
        delete: bool = False,
        dedicated: bool = False,
        read_only: bool = False,
        timeout: float = 60.0,
        stop: Event | None = None,
    ) -> None:
        """Name the mailbox; nothing connects yet. `timeout`: seconds for each answer; `delete`: see `Filing`.

        Once `stop` is set, a server that does not answer is left within a moment.
        """
        self.name = name
        self.dedicated = dedicated
        self.filing = Filing.LEDGER if delete else Filing.STAYS
        self._access = Access(
            name=name,
            host=host,
            port=port or _PORTS[security],
            security=security,
            ca_file=ca_file,
            timeout=timeout,
            user=user,
            password=password,
            stop=stop or Event(),
        )
        self._read_only = read_only
        self._entered = False
        self._session: Pop3Session | None = None
        self._trouble: MailboxError | None = None  # why we cannot get in

    def __repr__(self) -> str:
        return f"Pop3Mailbox(name={self.name!r}, host={self._access.host!r}, user={self._access.user!r})"

    def __enter__(self) -> Self:
        self._entered, self._trouble = True, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and self._session is not None:
            self._session.hang_up()  # what was read may not be recorded
        self._leave()
        self._entered = False

    def listing(self, folder: Folder) -> Listing:
        """See `Mailbox`."""
        if folder is not Folder.INBOX:
            return Listing(uidvalidity="", uids=())
        return Listing(uidvalidity=_UIDVALIDITY, uids=tuple(self._ask().numbers), uids_return=True)

    def numbering(self, folder: Folder) -> Numbering:
        """See `Mailbox`. The UIDs of a POP3 server mean the same for ever, if they mean anything (RFC 1939, section 7)."""
        return Numbering(uidvalidity=_UIDVALIDITY if folder is Folder.INBOX else "")

    def fetch(self, folder: Folder, uids: Sequence[str]) -> Iterator[Incoming]:
        """See `Mailbox`. What the server refuses to give is reported when all the rest has been given."""
        refusals: list[MailboxError] = []
        for uid in uids if folder is Folder.INBOX else ():
            session = self._ask()
            if uid not in session.numbers:
                continue
            try:
                octets = session.fetch(uid)
            except MailboxError as error:
                if not session.usable:
                    raise
                refusals.append(error)
                continue
            yield Incoming(
                mailbox=self.name,
                folder=folder,
                uidvalidity=_UIDVALIDITY,
                uid=uid,
                raw=octets.raw,
                size=octets.size,
                received_at=received_at(octets.raw, datetime.now(UTC)),
            )
        if refusals:
            raise refusals[0]

    deletes: Final = False  # there is no folder of what was handled

    def heads(self, folder: Folder, uids: Sequence[str], words: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """See `Mailbox`. Nothing: a server may count as read what is looked into."""
        return iter(())

    def moved_under(self, target: Folder) -> str:
        """See `Mailbox`."""
        return ""

    def delete(self, folder: Folder, uidvalidity: str, uids: Iterable[str]) -> None:
        """See `Mailbox`."""
        raise MailboxError(f"mailbox {self.name!r}: there is no folder to delete mails from")

    def move(self, source: Folder, uids: Iterable[str], target: Folder) -> Mapping[str, str]:
        """See `Mailbox`. To LEDGER: delete the mails, which this very session must have read as a whole.

        Else the UID might be another mail's by now. To any other folder nothing is done: there is none.
        """
        if self._read_only:
            raise MailboxError(f"mailbox {self.name!r} is open for reading only")
        if source is not Folder.INBOX or target is not Folder.LEDGER or self.filing is not Filing.LEDGER:
            return {}
        session = self._ask()
        there = [uid for uid in uids if uid in session.numbers]
        read = [uid for uid in there if uid in session.read]
        if read:
            try:
                session.take(read)
            except MailboxError as error:
                self._trouble = error
                raise
            finally:
                self._session = None
        if len(read) < len(there):
            raise MailboxError(
                f"mailbox {self.name!r}: the connection broke before mails were deleted; the next run does it"
            )
        return {}

    def wait(self, seconds: float, stop: Event) -> None:
        """See `Mailbox`. Others can have the mailbox meanwhile; of new mail we are not told."""
        self._leave()
        stop.wait(seconds)

    def check(self) -> Iterable[str]:
        """See `Mailbox`."""
        if self._session is not None:
            return list(self._complaints(self._session))
        try:
            with self:
                return list(self._complaints(self._ask()))
        except MailboxError as error:
            return [str(error)]

    def _complaints(self, session: Pop3Session) -> Iterable[str]:
        expires = session.expires()
        if self.filing is Filing.STAYS and expires.isdigit():
            yield (
                f"mailbox {self.name!r}: delete = false leaves mails on the server, but the server deletes them after "
                f"{expires} days (EXPIRE): a mail that could not be read until then is lost"
            )
        yield from travels_openly(self._access)

    def _ask(self) -> Pop3Session:
        """The session under way, or a new one; where there was trouble, none until the mailbox is opened anew."""
        if self._trouble is not None:
            raise type(self._trouble)(*self._trouble.args)
        if not self._entered or (self._session is not None and not self._session.usable):
            raise MailboxError(f"mailbox {self.name!r} is not connected; open it anew")
        if self._session is None:
            try:
                # Where mails are not taken from the server, somebody else may read them, too.
                peek = self._read_only or self.filing is Filing.STAYS
                self._session = Pop3Session(self._access, peek=peek)
            except MailboxError as error:
                self._trouble = error
                raise
        return self._session

    def _leave(self) -> None:
        """End the session. Opened for reading only, without QUIT: some servers take as done what was read then."""
        session, self._session = self._session, None
        if session is None:
            return
        if self._read_only:
            session.hang_up()
        else:
            session.leave()
