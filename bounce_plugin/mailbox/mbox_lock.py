"""How do we keep others out of an mbox while we read or rewrite it? (fcntl, and a `.lock` file beside it)"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from bounce_plugin.errors import MailboxError

PATIENCE: Final = 30.0  # seconds that we wait for another program
STALE: Final = 300.0  # seconds after which a lock file whose owner we cannot ask is nobody's (as liblockfile has it)
_AGAIN: Final = 0.1  # seconds between two tries
_held: set[Path] = set()  # by this process, within which fcntl keeps nobody out
_making = threading.Lock()


@contextmanager
def locked(path: Path, *, read_only: bool = False, create: bool = False) -> Iterator[BinaryIO]:
    """Open an mbox and keep it for ourselves. Raises FileNotFoundError where there is none, MailboxError in a queue.

    `read_only` changes nothing in the folder: it does without the lock file.
    """
    until = time.monotonic() + PATIENCE
    with _open(path, read_only=read_only, create=create, until=until) as file:
        if read_only:
            yield file
            return
        lock_file = path.with_name(f"{path.name}.lock")
        _take(lock_file, until)
        _held.add(lock_file)
        try:
            yield file
        finally:
            _held.discard(lock_file)
            lock_file.unlink(missing_ok=True)


def _open(path: Path, *, read_only: bool, create: bool, until: float) -> BinaryIO:
    """Open and lock with fcntl; again, if someone put another file in its place while we waited."""
    while True:
        if create:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        file = path.open("rb" if read_only else "rb+")
        try:
            _wait_for(file, fcntl.LOCK_SH if read_only else fcntl.LOCK_EX, until)
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _wait_for(file: BinaryIO, kind: int, until: float) -> None:
    while True:
        try:
            fcntl.lockf(file, kind | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # systems differ
            if time.monotonic() > until:
                raise MailboxError(f"{file.name} is locked by another program for {PATIENCE:.0f} seconds") from None
            time.sleep(_AGAIN)
        else:
            return


def _take(lock_file: Path, until: float) -> None:
    while not _make(lock_file):
        if _is_stale(lock_file):
            # Ours to remove: no other process of ours is here, for this one holds the file itself.
            lock_file.unlink(missing_ok=True)
        elif time.monotonic() > until:
            raise MailboxError(
                f"{lock_file} has been there for {PATIENCE:.0f} seconds: end the program that holds it, or remove it"
            )
        else:
            time.sleep(_AGAIN)


def _make(lock_file: Path) -> bool:
    """Make the lock file with our number in it from the first moment on: killed earlier, we leave no riddle behind."""
    written = lock_file.with_name(f"{lock_file.name}.new")
    with _making:
        written.unlink(missing_ok=True)
        descriptor = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        try:
            os.write(descriptor, f"{os.getpid()}\n".encode())
        finally:
            os.close(descriptor)
        try:
            lock_file.hardlink_to(written)
        except FileExistsError:
            return False
        finally:
            written.unlink()
    return True


def _is_stale(lock_file: Path) -> bool:
    """Whether the process that it names is gone (as after a crash of ours), or it names none and is old."""
    try:
        owner = lock_file.read_bytes()[:32].strip()
        age = time.time() - lock_file.stat().st_mtime
    except FileNotFoundError:
        return False  # gone meanwhile: try again
    if not owner.isdigit() or int(owner) == 0:
        return age > STALE
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(owner) == os.getpid() and lock_file not in _held  # a process before us that had our number
