"""How do we keep others out of an mbox while we read or rewrite it? (fcntl, and a `.lock` file beside it)"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final

from bounce_plugin.errors import MailboxError

PATIENCE: Final = 30.0  # seconds that we wait for another program
STALE: Final = 300.0  # seconds after which a lock file whose owner we cannot ask is nobody's (as liblockfile has it)
_AGAIN: Final = 0.1  # seconds between two tries
_held: set[Path] = set()  # by this process, within which fcntl keeps nobody out
_changing = threading.Lock()


class _Wait:
    """How long another program is waited for."""

    def __init__(self, stop: Event) -> None:
        self._stop, self._until = stop, time.monotonic() + PATIENCE

    def is_over(self) -> bool:
        """Wait for a moment. Raises MailboxError when we are told to stop."""
        if self._stop.wait(_AGAIN):
            raise MailboxError("an mbox is locked by another program, and we are told to stop")
        return time.monotonic() > self._until


@contextmanager
def locked(
    path: Path, *, read_only: bool = False, create: bool = False, stop: Event | None = None
) -> Iterator[BinaryIO]:
    """Open an mbox and keep it for ourselves. Raises FileNotFoundError where there is none, MailboxError in a queue.

    `read_only` changes nothing in the folder: it does without the lock file. Once `stop` is set, nobody is waited for.
    """
    wait = _Wait(stop or Event())
    while True:
        with ExitStack() as stack:
            file = stack.enter_context(_open(path, read_only=read_only, create=create))
            _wait_for(file, fcntl.LOCK_SH if read_only else fcntl.LOCK_EX, wait)
            if not read_only:
                stack.enter_context(_lock_file(path.with_name(f"{path.name}.lock"), wait))
            # Someone may have put another file in its place while we waited: then this one is of the past.
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield file
                return


def _open(path: Path, *, read_only: bool, create: bool) -> BinaryIO:
    if create:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return path.open("rb" if read_only else "rb+")


@contextmanager
def _lock_file(path: Path, wait: _Wait) -> Iterator[None]:
    _take(path, wait)
    try:
        yield
    finally:
        with _changing:
            _held.discard(path)
            path.unlink(missing_ok=True)


def _wait_for(file: BinaryIO, kind: int, wait: _Wait) -> None:
    while True:
        try:
            fcntl.lockf(file, kind | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # systems differ
            if wait.is_over():
                raise MailboxError(f"{file.name} is locked by another program for {PATIENCE:.0f} seconds") from None
        else:
            return


def _take(lock_file: Path, wait: _Wait) -> None:
    while True:
        with _changing:
            if _is_stale(lock_file):
                # Ours to remove: no other process of ours is here, for this one holds the file itself.
                lock_file.unlink(missing_ok=True)
            if _make(lock_file):
                _held.add(lock_file)
                return
        if wait.is_over():
            raise MailboxError(
                f"{lock_file} has been there for {PATIENCE:.0f} seconds: end the program that holds it, or remove it"
            )


def _make(lock_file: Path) -> bool:
    """Make the lock file with our number in it from the first moment on: killed earlier, we leave no riddle behind."""
    written = lock_file.with_name(f"{lock_file.name}.new")
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
        return False  # there is none, or no longer
    if not owner.isdigit() or int(owner) == 0:
        return age > STALE
    try:
        os.kill(int(owner), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return int(owner) == os.getpid() and lock_file not in _held  # a process before us that had our number
