"""How are mails read from an IMAP server, and moved there, without harm to anyone's mail? (RFC 9051, 6851, 4315, 2177)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Final, Self

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.addressed import find_addressed
from bounce_plugin.mailbox.fetch_answer import FACTS, Facts, compact, in_groups, read_bodies, read_facts
from bounce_plugin.mailbox.idle import await_news
from bounce_plugin.mailbox.incoming import PEEK, Filing, Folder, Incoming, Listing, Numbering
from bounce_plugin.mailbox.moving import move_set, remove
from bounce_plugin.mailbox.oauth import TokenSource
from bounce_plugin.mailbox.session import Session
from bounce_plugin.mailbox.sign_in import Access, travels_openly
from bounce_plugin.mailbox.wire import Security
from bounce_plugin.message import limits

_AT_ONCE: Final = 200  # mails in one command: one by one is slow, and a command line must not grow without bound
_TOGETHER: Final = 4 * 1024 * 1024  # octets of mail in one answer, if more than one mail
_SMALL: Final = _TOGETHER // _AT_ONCE  # octets; so many of each mail are asked for at first, which is all of most
_PORTS: Final[Mapping[Security, int]] = {"tls": 993, "starttls": 143, "none": 143}


class ImapMailbox:
    r"""A bounce mailbox on an IMAP server. See `Mailbox`.

    A mail that someone has flagged `\Deleted` is on its way out and passed over; it is never expunged by us, for we
    give neither EXPUNGE nor CLOSE.
    """

    filing: Final = Filing.FOLDERS
    remote: Final = True

    def __init__(
        self,
        *,
        name: str,
        host: str,
        user: str,
        password: Callable[[], str],
        tokens: TokenSource | None = None,
        port: int | None = None,
        security: Security = "tls",
        ca_file: Path | None = None,
        inbox: str = "INBOX",
        processed: str = "processed",
        review: str = "review",
        dedicated: bool = False,
        read_only: bool = False,
        timeout: float = 60.0,
        stop: Event | None = None,
    ) -> None:
        """Name the mailbox; nothing connects yet. `timeout`: seconds for each answer; "/" is the level in names.

        With `tokens` the password is not asked for. Once `stop` is set, a server that does not answer is left within a moment.
        """
        self.name = name
        self.dedicated = dedicated
        self._access = Access(
            name=name,
            host=host,
            port=port or _PORTS[security],
            security=security,
            ca_file=ca_file,
            timeout=timeout,
            user=user,
            password=password,
            tokens=tokens,
            stop=stop or Event(),
        )
        self._names = {Folder.INBOX: inbox, Folder.PROCESSED: processed, Folder.REVIEW: review}
        self._read_only = read_only
        self._session: Session | None = None
        self._moved_under: dict[Folder, str] = {}
        self._listed: dict[Folder, tuple[str, int]] = {}  # UIDVALIDITY and UIDNEXT when it was last listed

    def __repr__(self) -> str:
        return f"ImapMailbox(name={self.name!r}, host={self._access.host!r}, user={self._access.user!r})"

    def __enter__(self) -> Self:
        self._session = Session(self._access)
        self._listed.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.leave()
            self._session = None

    def listing(self, folder: Folder) -> Listing:
        """See `Mailbox`."""
        session = self._ask()
        if not session.select(self._real_name(folder), write=False):
            return Listing(uidvalidity="", uids=())
        self._listed[folder] = (session.uidvalidity, session.uidnext)
        uids = tuple(map(str, session.search()))
        return Listing(uidvalidity=session.uidvalidity, uids=uids, uidnext=session.uidnext)

    def numbering(self, folder: Folder) -> Numbering:
        """See `Mailbox`. While a folder is open its UIDVALIDITY does not change (RFC 9051, section 6.3.2)."""
        session, name = self._ask(), self._real_name(folder)
        if session.selected not in ((name, False), (name, True)) and not session.select(name, write=False):
            return Numbering(uidvalidity="")
        return Numbering(uidvalidity=session.uidvalidity, uidnext=session.uidnext)

    def fetch(self, folder: Folder, uids: Sequence[str]) -> Iterator[Incoming]:
        """See `Mailbox`. What the server refuses to give is reported when all the rest has been given."""
        refusals: list[MailboxError] = []
        for some in _chunks(uids):
            if not self._open(folder, write=False):
                return
            with self._distrusting():
                answer = self._fetch(some, f"({FACTS} BODY.PEEK[]<0.{_SMALL}>)", refusals)
                bodies = dict(read_bodies(answer, some))
            facts, larger = read_facts(answer, some), list[Facts]()
            for fact in [facts[uid] for uid in some if uid in facts]:
                octets = bodies.pop(fact.uid, None)
                if octets is None or len(octets) != fact.size or fact.size == _SMALL:
                    larger.append(fact)  # or the server errs in sizes
                    continue
                yield from self._fetch_larger(folder, larger, refusals)
                larger = []
                yield self._incoming(folder, fact, octets)
            yield from self._fetch_larger(folder, larger, refusals)
        if refusals:
            raise refusals[0]

    def heads(self, folder: Folder, uids: Sequence[str], words: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """See `Mailbox`. The server looks for the words; only what it finds is fetched."""
        if not uids or not self._open(folder, write=False):
            return
        wanted, refusals = frozenset(map(int, uids)), list[MailboxError]()
        found = find_addressed(self._ask(), f"{min(wanted)}:{max(wanted)}", words)
        for some in _chunks(str(uid) for uid in found if uid in wanted):
            if not self._open(folder, write=False):
                return
            answer = self._fetch(some, f"(UID BODY.PEEK[]<0.{PEEK}>)", refusals)
            yield from ((str(uid), head) for uid, head in read_bodies(answer, some))

    def move(self, source: Folder, uids: Iterable[str], target: Folder) -> Mapping[str, str]:
        """See `Mailbox`. The new UIDs are known from servers with UIDPLUS."""
        if self._read_only:
            raise MailboxError(f"mailbox {self.name!r} is open for reading only")
        session, known = self._ask(), dict[str, str]()
        for some in _chunks(uids):
            if not self._open(source, write=True):
                return known
            uid_set, destination = compact(some), self._real_name(target)
            told, self._moved_under[target] = move_set(session, uid_set, destination)
            known |= told
        return known

    def moved_under(self, target: Folder) -> str:
        """See `Mailbox`. A server with UIDPLUS tells it with the new UIDs."""
        return self._moved_under.get(target, "")

    @property
    def deletes(self) -> bool:
        """See `Mailbox`. Without UIDPLUS an EXPUNGE would take what others have flagged, too (RFC 4315, section 2.1)."""
        return "UIDPLUS" in self._ask().capabilities

    def delete(self, folder: Folder, uidvalidity: str, uids: Iterable[str]) -> None:
        """See `Mailbox`."""
        if self._read_only or not self.deletes:
            raise MailboxError(f"mailbox {self.name!r}: single mails cannot be deleted here")
        session = self._ask()
        for some in _chunks(uids):
            if not self._open(folder, write=True):
                return
            if session.uidvalidity != uidvalidity:
                raise MailboxError(f"mailbox {self.name!r}: {self._real_name(folder)} has been made anew meanwhile")
            remove(session, compact(some))

    def wait(self, seconds: float, stop: Event) -> None:
        """See `Mailbox`."""
        if monotonic() >= self._ask().ends:
            self._sign_in_anew()
        session = self._ask()
        if not self._open(Folder.INBOX, write=False, anew=True):
            raise MailboxError(f"mailbox {self.name!r}: there is no folder {self._real_name(Folder.INBOX)}")
        uidvalidity, uidnext = self._listed.get(Folder.INBOX, ("", 0))
        if uidvalidity == session.uidvalidity and session.uidnext > uidnext:
            return  # something came between our last look and now
        await_news(session, min(monotonic() + seconds, session.ends), stop)
        if monotonic() >= session.ends and not stop.is_set():
            self._sign_in_anew()

    def check(self) -> Iterable[str]:
        """See `Mailbox`."""
        if self._session is not None:
            return list(self._complaints(self._session))
        try:
            with self:
                return list(self._complaints(self._ask()))
        except MailboxError as error:
            return [str(error)]

    def _complaints(self, session: Session) -> Iterable[str]:
        inbox = self._real_name(Folder.INBOX)
        if not session.exists(inbox):
            yield f"mailbox {self.name!r}: there is no folder {inbox}: correct `inbox`"
        if not {"MOVE", "UIDPLUS"} & session.capabilities:
            yield (
                f"mailbox {self.name!r}: the server can neither MOVE nor expunge single mails (UIDPLUS): "
                f"handled mails are copied, and stay in {inbox}, flagged as deleted, until someone expunges them"
            )
        yield from travels_openly(self._access)

    def _ask(self) -> Session:
        if self._session is None or not self._session.usable:
            raise MailboxError(f"mailbox {self.name!r} is not connected; open it anew")
        return self._session

    def _sign_in_anew(self) -> None:
        """Leave and come back: a server may hang up in the midst of our work when the token ends that let us in."""
        session, self._session = self._ask(), None
        session.leave()
        self._session = Session(self._access)

    def _real_name(self, folder: Folder) -> str:
        return self._ask().naming.real_name(self._names[folder])

    def _open(self, folder: Folder, *, write: bool, anew: bool = False) -> bool:
        """Select a folder if it is not; False: there is none. The UIDs of another UIDVALIDITY are other mails."""
        session, name = self._ask(), self._real_name(folder)
        if anew or session.selected not in ((name, write), (name, True)):
            if not session.select(name, write=write):
                return False
            listed, _ = self._listed.get(folder, ("", 0))
            if listed and listed != session.uidvalidity and not anew:
                raise MailboxError(f"mailbox {self.name!r}: {name} has been made anew meanwhile; list it again")
        return True

    def _fetch(
        self, uids: Iterable[int], items: str, refusals: list[MailboxError]
    ) -> list[bytes | tuple[bytes, bytes] | None]:
        session = self._ask()
        status, answer = session.command("FETCH", compact(uids), items)
        if status == "OK":
            return answer
        # Some of them were expunged by others meanwhile (RFC 5530); what came of the rest counts.
        if not any(isinstance(item, bytes) and b"[EXPUNGEISSUED]" in item.upper() for item in answer):
            refusals.append(session.refuse("UID FETCH", answer))
        return session.response("FETCH")

    def _fetch_larger(
        self, folder: Folder, larger: Sequence[Facts], refusals: list[MailboxError]
    ) -> Iterator[Incoming]:
        """The mails that one answer cannot hold together with many others: in groups that it can; those over the cap in part."""
        for group in in_groups(larger, _TOGETHER):
            if not self._open(folder, write=False):  # the caller may have worked in another one since
                return
            over = group[0].size > limits.MESSAGE
            items = f"(UID BODY.PEEK[]<0.{limits.HEAD}>)" if over else "(UID BODY.PEEK[])"
            facts = {fact.uid: fact for fact in group}
            with self._distrusting():
                bodies = list(read_bodies(self._fetch(facts, items, refusals), facts))
            for uid, octets in bodies:
                yield self._incoming(folder, facts[uid], octets, over=over)

    @contextmanager
    def _distrusting(self) -> Iterator[None]:
        """Ask nothing more in this session once an answer was not what it should be."""
        session = self._ask()
        try:
            yield
        except MailboxError:
            session.usable = False
            raise

    def _incoming(self, folder: Folder, fact: Facts, octets: bytes, *, over: bool = False) -> Incoming:
        return Incoming(
            mailbox=self.name,
            folder=folder,
            uidvalidity=self._ask().uidvalidity,
            uid=str(fact.uid),
            raw=octets if len(octets) <= limits.MESSAGE else octets[: limits.HEAD],
            size=max(fact.size, len(octets)) if over else len(octets),  # the octets are right, not what was said
            received_at=fact.received_at,
        )


def _chunks(uids: Iterable[str]) -> Iterator[list[int]]:
    rest = (int(uid) for uid in uids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
