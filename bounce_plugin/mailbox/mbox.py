"""How are mails read from an mbox, and moved to the files beside it? (RFC 4155)"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import BinaryIO, Final, Self

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.from_lines import received_at, split_mbox
from bounce_plugin.mailbox.incoming import PEEK, Filing, Folder, Incoming, Listing, Numbering, has_all
from bounce_plugin.mailbox.maildir import sync_directory
from bounce_plugin.mailbox.mbox_index import Entry, Index, number, state_of
from bounce_plugin.mailbox.mbox_lock import locked
from bounce_plugin.mailbox.mbox_octets import PIECE, end_with_blank, read_pieces, write_all
from bounce_plugin.message import limits

_UIDVALIDITY: Final = "mbox"  # a UID is made of the mail itself
_TOGETHER: Final = 4 * PIECE  # octets of mail that are read while we hold the lock, if more than one mail
_LOOK_EVERY: Final = 1.0  # seconds between two looks at the file while waiting


class MboxMailbox:
    """A bounce mailbox in an mbox file. See `Mailbox`.

    Moving appends to the target file, makes sure that it is on the disk, and then puts a file without the moved mails
    in the source's place, while both are locked. After a crash between the two a mail may be in both, never in
    neither. The file is replaced, not rewritten: a program that delivers to it must take the `.lock` file before it
    opens the mbox, as Postfix, Exim, procmail, Dovecot and mail.local do.
    """

    filing: Final = Filing.FOLDERS
    deletes: Final = True
    remote: Final = False

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        processed: Path | None = None,
        review: Path | None = None,
        dedicated: bool = False,
        read_only: bool = False,
        stop: Event | None = None,
    ) -> None:
        """Name the file; the folders are files beside it, unless given. Once `stop` is set, no lock is waited for."""
        self.name, self.dedicated = name, dedicated
        self._read_only, self._stop = read_only, stop or Event()
        self._paths = {
            Folder.INBOX: path,
            Folder.PROCESSED: processed or path.with_name(f"{path.name}.processed"),
            Folder.REVIEW: review or path.with_name(f"{path.name}.review"),
        }
        self._indexes: dict[Folder, Index] = {}
        self._listed: tuple[int, int, int] | None = None

    def __enter__(self) -> Self:
        path = self._paths[Folder.INBOX]
        if not path.parent.is_dir():
            raise MailboxError(f"mailbox {self.name!r}: there is no folder {path.parent}; make it, or correct `path`")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave; nothing is held open."""

    def listing(self, folder: Folder) -> Listing:
        """See `Mailbox`. In the order of the file."""
        if folder is Folder.INBOX:
            self._listed = self._glance()
        with self._asking(folder):
            try:
                with self._locked(folder) as file:
                    return Listing(uidvalidity=_UIDVALIDITY, uids=tuple(self._index(folder, file).entries))
            except FileNotFoundError:
                return Listing(uidvalidity="", uids=())

    def numbering(self, folder: Folder) -> Numbering:
        """See `Mailbox`."""
        return Numbering(uidvalidity=_UIDVALIDITY if self._paths[folder].exists() else "")

    def fetch(self, folder: Folder, uids: Sequence[str]) -> Iterator[Incoming]:
        """See `Mailbox`. The file is locked while some mails are read, and not while the caller works on them."""
        wanted = deque(uids)
        while wanted:
            some: list[Incoming] = []
            with self._asking(folder):
                try:
                    with self._locked(folder) as file:
                        entries = self._index(folder, file).entries
                        while wanted and sum(len(mail.raw) for mail in some) < _TOGETHER:
                            if (entry := entries.get(wanted.popleft())) is not None:
                                some.append(self._read(folder, file, entry))
                except FileNotFoundError:
                    return
            yield from some

    def heads(self, folder: Folder, uids: Sequence[str], words: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """See `Mailbox`."""
        found: list[tuple[str, bytes]] = []
        with self._asking(folder), suppress(FileNotFoundError), self._locked(folder) as file:
            entries = self._index(folder, file).entries
            for entry in filter(None, map(entries.get, uids)):
                file.seek(entry.start)
                head = file.read(min(PEEK, entry.end - entry.start)).partition(b"\n")[2]  # without the From_ line
                if has_all(head, words):
                    found.append((entry.uid, head))
        yield from found

    def move(self, source: Folder, uids: Iterable[str], target: Folder) -> Mapping[str, str]:
        """See `Mailbox`."""
        if self._read_only:
            raise MailboxError(f"mailbox {self.name!r} is open for reading only")
        moving = set(uids)
        if not moving or source is target:
            return {}
        with self._asking(target), ExitStack() as stack:
            files: dict[Folder, BinaryIO] = {}
            # Always in the same order, so that two processes do not wait for each other.
            for folder in sorted({source, target}, key=lambda folder: self._paths[folder]):
                try:
                    files[folder] = stack.enter_context(self._locked(folder, create=folder is target))
                except FileNotFoundError:
                    return {}
            entries = self._index(source, files[source]).entries
            chosen = [entry for entry in entries.values() if entry.uid in moving]
            if not chosen:
                return {}
            told = self._append(target, files[target], files[source], chosen)
            kept = [entry for entry in entries.values() if entry.uid not in moving]
            self._replace(source, files[source], kept)
        return told

    def moved_under(self, target: Folder) -> str:
        """See `Mailbox`."""
        return _UIDVALIDITY

    def delete(self, folder: Folder, uidvalidity: str, uids: Iterable[str]) -> None:
        """See `Mailbox`. A file without them is put in its place, as `move` does."""
        if self._read_only or uidvalidity != _UIDVALIDITY:
            raise MailboxError(f"mailbox {self.name!r}: nothing is deleted under {uidvalidity!r}, or for reading only")
        leaving = set(uids)
        with self._asking(folder), suppress(FileNotFoundError), self._locked(folder) as file:
            entries = self._index(folder, file).entries
            if leaving & entries.keys():
                self._replace(folder, file, [entry for entry in entries.values() if entry.uid not in leaving])

    def wait(self, seconds: float, stop: Event) -> None:
        """See `Mailbox`. New mail changes the file."""
        until = monotonic() + seconds
        before = self._listed if self._listed is not None else self._glance()
        while (left := until - monotonic()) > 0 and not stop.is_set():
            if self._glance() != before:
                return
            stop.wait(min(left, _LOOK_EVERY))

    def check(self) -> Iterable[str]:
        """See `Mailbox`."""
        for folder, path in self._paths.items():
            if not path.parent.is_dir():
                yield f"mailbox {self.name!r}: there is no folder {path.parent}; make it, or correct the path of {folder}"
            elif not self._read_only and not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
                yield f"mailbox {self.name!r}: {path.parent} is not ours to write, where {path.name} and its lock belong"
            elif path.exists() and not self._read_only and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
                yield f"mailbox {self.name!r}: {path} ({folder}) is not ours to read and write"
            elif path.exists():
                try:
                    with self._asking(folder), locked(path.resolve(), read_only=True) as file:
                        self._index(folder, file)
                except MailboxError as error:
                    yield str(error)

    @contextmanager
    def _asking(self, folder: Folder) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self._paths[folder]
            raise MailboxError(f"mailbox {self.name!r}: {where}: {error.strerror}") from error

    @contextmanager
    def _locked(self, folder: Folder, *, create: bool = False) -> Iterator[BinaryIO]:
        path = self._paths[folder].resolve()
        with locked(path, read_only=self._read_only, create=create, stop=self._stop) as file:
            yield file

    def _glance(self) -> tuple[int, int, int] | None:
        try:
            return state_of(self._paths[Folder.INBOX].stat())
        except OSError:  # not there yet; a listing tells what else is the matter
            return None

    def _index(self, folder: Folder, file: BinaryIO) -> Index:
        """What the file holds; read again only where it has changed."""
        state = state_of(os.fstat(file.fileno()))
        known = self._indexes.get(folder)
        if known is None or known.state != state:
            file.seek(0)
            if file.read(5) not in (b"", b"From "):
                raise MailboxError(f"mailbox {self.name!r}: {file.name} is no mbox: it does not begin with 'From '")
            file.seek(0)
            known = self._indexes[folder] = Index(state=state, entries=number(split_mbox(file, keep=0)))
        return known

    def _read(self, folder: Folder, file: BinaryIO, entry: Entry) -> Incoming:
        file.seek(entry.start)
        stored = next(split_mbox(file))
        changed = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        return Incoming(
            mailbox=self.name,
            folder=folder,
            uidvalidity=_UIDVALIDITY,
            uid=entry.uid,
            raw=stored.raw if stored.size <= limits.MESSAGE else stored.raw[: limits.HEAD],
            size=stored.size,
            # It was here when the file last changed, whatever zone the one who delivered it meant.
            received_at=min(received_at(stored.from_line) or changed, changed),
        )

    def _append(self, target: Folder, there: BinaryIO, here: BinaryIO, chosen: Sequence[Entry]) -> dict[str, str]:
        """Copy mails as they are stored, From_ line and quoting and all; returns their UIDs in the target."""
        known = self._index(target, there)
        entries, told = dict(known.entries), dict[str, str]()
        same = Counter(uid.partition("-")[0] for uid in entries)
        descriptor = there.fileno()  # past the buffer: after an error nothing may be left to be written later
        before = os.fstat(descriptor).st_size
        try:
            end = end_with_blank(descriptor, before)
            for entry in chosen:
                start = end
                for octets in read_pieces(here, entry.start, entry.end):
                    end = write_all(descriptor, octets, end)
                end = end_with_blank(descriptor, end)
                sha256 = entry.uid.partition("-")[0]
                same[sha256] += 1
                told[entry.uid] = f"{sha256}-{same[sha256]}"
                entries[told[entry.uid]] = Entry(uid=told[entry.uid], start=start, end=end)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)  # the disk is full: no half a mail, and no duplicate of the others
            raise
        self._indexes[target] = Index(state=state_of(os.fstat(descriptor)), entries=entries)
        return told

    def _replace(self, source: Folder, here: BinaryIO, kept: Sequence[Entry]) -> None:
        path = self._paths[source].resolve()
        new = path.with_name(f"{path.name}.new")
        status = os.fstat(here.fileno())
        new.unlink(missing_ok=True)  # of a crash
        try:
            with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                os.fchmod(file.fileno(), status.st_mode & 0o7777)
                with suppress(PermissionError):  # not root: it is ours, as the old one was
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                for entry in kept:
                    file.writelines(read_pieces(here, entry.start, entry.end))
                file.flush()
                os.utime(file.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))  # people see by these what is new
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)
        self._indexes.pop(source, None)
