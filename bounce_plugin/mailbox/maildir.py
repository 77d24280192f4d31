"""How are mails read from a Maildir, and moved to its folders? (https://cr.yp.to/proto/maildir.html, and Maildir++)"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Final, Self

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.incoming import PEEK, Filing, Folder, Incoming, Listing, Numbering, has_all
from bounce_plugin.mailbox.maildir_names import new_name, uid_of
from bounce_plugin.message import limits

UIDVALIDITY: Final = "maildir"  # the format promises that a name is never used twice
_PLACES: Final = ("new", "cur")  # in this order: a mail that a reader takes from new/ to cur/ meanwhile is not missed
_LOOK_EVERY: Final = 1.0  # seconds between two looks at the clock of new/ while waiting


class MaildirMailbox:
    """A bounce mailbox in a Maildir. See `Mailbox`.

    A mail's UID is the unique part of its file name, which a change of flags leaves alone. `processed` and `review`
    are Maildir++ folders (`.processed`), made on demand; a mail keeps its flags, and one that nobody has seen yet
    stays in new/.
    """

    filing: Final = Filing.FOLDERS
    deletes: Final = True
    remote: Final = False

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        inbox: str = "",
        processed: str = "processed",
        review: str = "review",
        dedicated: bool = False,
        read_only: bool = False,
    ) -> None:
        """Name the Maildir at `path`; `inbox` "" is the Maildir itself, other names are folders of it."""
        self.name = name
        self.dedicated = dedicated
        self.path = path
        self._read_only = read_only
        self._folders = {
            Folder.INBOX: self._locate(inbox),
            Folder.PROCESSED: self._locate(processed),
            Folder.REVIEW: self._locate(review),
        }
        self._listed: tuple[int, ...] | None = None  # the inbox's clocks when it was last listed

    def __enter__(self) -> Self:
        problem = next(iter(self._absences()), None)
        if problem:
            raise MailboxError(problem)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave; nothing is held open."""

    def listing(self, folder: Folder) -> Listing:
        """See `Mailbox`. The oldest first, by the time when the file was delivered."""
        root = self._folders[folder]
        if folder is Folder.INBOX:
            self._listed = self._clocks()
        files = self._files(root)
        dated: list[tuple[int, str]] = []
        for uid, path in files.items():
            with suppress(FileNotFoundError):  # gone since we listed it
                dated.append((self._stat(path).st_mtime_ns, uid))
        return Listing(uidvalidity=UIDVALIDITY if root.is_dir() else "", uids=tuple(uid for _, uid in sorted(dated)))

    def numbering(self, folder: Folder) -> Numbering:
        """See `Mailbox`."""
        return Numbering(uidvalidity=UIDVALIDITY if self._folders[folder].is_dir() else "")

    def fetch(self, folder: Folder, uids: Sequence[str]) -> Iterator[Incoming]:
        """See `Mailbox`. A file that cannot be read is reported when all the others have been given."""
        unreadable: list[OSError] = []
        # Where mails are that nobody has seen yet. Others are looked for once, which takes as long as the folder is large.
        files: Mapping[str, Path] = {uid: self._folders[folder] / "new" / uid for uid in uids}
        for uid in uids:
            try:
                found = self._read(folder, uid, files)
                if found is None:  # never listed, gone, or renamed by a change of flags
                    files = self._files(self._folders[folder])
                    found = self._read(folder, uid, files)
            except OSError as error:
                unreadable.append(error)
                continue
            if found is not None:
                yield found
        if unreadable:
            more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
            raise MailboxError(
                f"mailbox {self.name!r}: cannot read {unreadable[0].filename}{more}: {unreadable[0].strerror}"
            ) from unreadable[0]

    def heads(self, folder: Folder, uids: Sequence[str], words: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """See `Mailbox`. What cannot be read, `fetch` reports."""
        files = self._files(self._folders[folder])
        for uid in uids:
            with suppress(KeyError, OSError), files[uid].open("rb", buffering=0) as file:
                if has_all(head := file.read(PEEK), words):
                    yield uid, head

    def move(self, source: Folder, uids: Iterable[str], target: Folder) -> Mapping[str, str]:
        """See `Mailbox`. A moved mail gets a new name, as it gets a new UID on an IMAP server."""
        if self._read_only:
            raise MailboxError(f"mailbox {self.name!r} is open for reading only")
        files: Mapping[str, Path] | None = None  # as in `fetch`: what is not in new/ is looked for once
        moved: dict[str, str] = {}
        touched: set[Path] = set()
        try:
            self._make(self._folders[target])
            for uid in uids:
                path = self._folders[source] / "new" / uid
                there = self._rename(path, target)
                if there is None:
                    files = self._files(self._folders[source]) if files is None else files
                    path = files.get(uid, path)
                    there = self._rename(path, target)
                if there is not None:
                    moved[uid] = uid_of(there.name)
                    touched |= {there.parent, path.parent}
            for place in sorted(touched, key=lambda place: place.parent == self._folders[source]):
                sync_directory(place)  # the target first: after a power cut a mail may be in both, never in neither
        except OSError as error:
            raise MailboxError(
                f"mailbox {self.name!r}: cannot move to {self._folders[target]}: {error.strerror}"
            ) from error
        return moved

    def moved_under(self, target: Folder) -> str:
        """See `Mailbox`."""
        return UIDVALIDITY

    def delete(self, folder: Folder, uidvalidity: str, uids: Iterable[str]) -> None:
        """See `Mailbox`."""
        if self._read_only or uidvalidity != UIDVALIDITY:
            raise MailboxError(f"mailbox {self.name!r}: nothing is deleted under {uidvalidity!r}, or for reading only")
        leaving, touched = set(uids), set[Path]()
        try:
            while files := {uid: path for uid, path in self._files(self._folders[folder]).items() if uid in leaving}:
                for path in files.values():
                    path.unlink(missing_ok=True)  # it may have got other flags since: then it is listed once more
                    touched.add(path.parent)
            for place in touched:
                sync_directory(place)
        except OSError as error:
            raise MailboxError(f"mailbox {self.name!r}: cannot delete {error.filename}: {error.strerror}") from error

    def _rename(self, path: Path, target: Folder) -> Path | None:
        """Move a file to a folder under a new name; None: it is not there, or another process was quicker."""
        there = self._folders[target] / path.parent.name / new_name(path.name)
        try:
            path.rename(there)
        except FileNotFoundError:
            return None
        return there

    @property
    def inbox(self) -> Path:
        """The directory of the inbox."""
        return self._folders[Folder.INBOX]

    def holds(self, uid: str) -> bool:
        """Whether a mail is in the inbox now."""
        return (self.inbox / "new" / uid).exists() or uid in self._files(self.inbox, ("cur",))

    def wait(self, seconds: float, stop: Event) -> None:
        """See `Mailbox`. New mail changes the clock of new/, which costs two system calls a look."""
        until = monotonic() + seconds
        before = self._listed if self._listed is not None else self._clocks()
        while (left := until - monotonic()) > 0 and not stop.is_set():
            if self._clocks() != before:
                return
            stop.wait(min(left, _LOOK_EVERY))

    def check(self) -> Iterable[str]:
        """See `Mailbox`."""
        absences = list(self._absences())
        return absences if absences or self._read_only else list(self._obstacles())

    def _locate(self, folder: str) -> Path:
        """The directory of a folder: Maildir++ keeps `a/b` in `.a.b`, one level below the Maildir."""
        return self.path / ("." + folder.strip("/.").replace("/", ".")) if folder else self.path

    def _absences(self) -> Iterable[str]:
        root = self._folders[Folder.INBOX]
        for place in _PLACES:
            if not (root / place).is_dir():
                yield f"mailbox {self.name!r}: {root} is no Maildir: it has no {place}/; make it, or correct `path`"

    def _obstacles(self) -> Iterable[str]:
        """What would keep us from moving mails."""
        for folder, root in self._folders.items():
            existing = root if root.is_dir() else self.path
            for directory in (existing, existing / "new", existing / "cur"):
                needed = os.R_OK | os.W_OK | os.X_OK
                if directory.is_dir() and not os.access(directory, needed, effective_ids=True):
                    yield (
                        f"mailbox {self.name!r}: {directory} ({folder}) is not ours to write: "
                        f"run as its owner, or give this user the rights"
                    )
            if existing.stat().st_dev != self.path.stat().st_dev:
                yield (
                    f"mailbox {self.name!r}: {existing} ({folder}) is on another file system than {self.path}: "
                    f"mails can only be moved within one"
                )

    def _files(self, root: Path, places: tuple[str, ...] = _PLACES) -> dict[str, Path]:
        """The mails of a folder by UID; an absent folder has none."""
        files: dict[str, Path] = {}
        for place in places:
            try:
                with os.scandir(root / place) as entries:
                    for entry in entries:
                        if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                            files[uid_of(entry.name)] = Path(entry.path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise MailboxError(f"mailbox {self.name!r}: cannot list {root / place}: {error.strerror}") from error
        return files

    def _read(self, folder: Folder, uid: str, files: Mapping[str, Path]) -> Incoming | None:
        if uid not in files:
            return None
        try:
            with files[uid].open("rb") as file:
                status = os.fstat(file.fileno())
                raw = file.read(limits.HEAD if status.st_size > limits.MESSAGE else limits.MESSAGE)
        except FileNotFoundError:
            return None
        return Incoming(
            mailbox=self.name,
            folder=folder,
            uidvalidity=UIDVALIDITY,
            uid=uid,
            raw=raw,
            size=max(len(raw), status.st_size),
            received_at=datetime.fromtimestamp(status.st_mtime, UTC),
        )

    def _make(self, root: Path) -> None:
        """Make a Maildir++ folder: tmp/ first, for a folder without one is not complete."""
        if root == self.path or all((root / place).is_dir() for place in _PLACES):
            return
        for place in ("tmp", *_PLACES):
            (root / place).mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / "maildirfolder").touch(mode=0o600)
        sync_directory(root)
        sync_directory(self.path)

    def _clocks(self) -> tuple[int, ...]:
        """When files last came to the inbox's directories or left them, in nanoseconds."""
        try:
            return tuple((self._folders[Folder.INBOX] / place).stat().st_mtime_ns for place in _PLACES)
        except OSError as error:
            raise MailboxError(f"mailbox {self.name!r}: {error.filename}: {error.strerror}") from error

    def _stat(self, path: Path) -> os.stat_result:
        try:
            return path.stat()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise MailboxError(f"mailbox {self.name!r}: {path}: {error.strerror}") from error


def sync_directory(directory: Path) -> None:
    """Make sure that the names in a directory are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
