"""Whose turn is it to tell the plugins? One process after the other, or each would tell the same.

The turn ends with the process that has it, however that ends: what it had not told yet is told by the next one, at once.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

log = logging.getLogger(__name__)

_AGAIN: Final = 0.05  # seconds between two tries
_TURN: Final = 0x74656C6C  # which of PostgreSQL's advisory locks ours is

#: Take the turn of a tenant for as long as the connection lasts, if nobody has it; and give it back.
TAKE_TURN: Final = text("SELECT pg_try_advisory_lock(:lock, :tenant)")
GIVE_BACK: Final = text("SELECT pg_advisory_unlock(:lock, :tenant)")


@contextmanager
def turn_to_tell(engine: Engine, tenant: int, patience: float) -> Iterator[bool]:
    """Take the turn; False: another process had it for all of `patience` seconds."""
    if engine.dialect.name == "postgresql":
        with _turn_on(engine, tenant, patience) as taken:
            yield taken
    elif (database := engine.url.database) and Path(database).exists():
        with _turn_in(Path(database).parent, patience) as taken:
            yield taken
    else:  # in memory, where no other process is
        yield True


@contextmanager
def _turn_on(engine: Engine, tenant: int, patience: float) -> Iterator[bool]:
    key = {"lock": _TURN, "tenant": tenant}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = _try(lambda: bool(connection.scalar(TAKE_TURN, key)), patience)
        try:
            yield taken
        finally:
            if taken:
                connection.execute(GIVE_BACK, key)


@contextmanager
def _turn_in(folder: Path, patience: float) -> Iterator[bool]:
    """Lock the folder of an SQLite file. Ledgers that lie in one folder wait for each other.

    A lock file would lie about for ever, and SQLite's own files must not be opened: its locks would be lost when we
    close them.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # a folder that may be used, but not listed: telling twice is better than not at all
        log.debug("cannot open %s to take turns with other processes", folder)
        yield True
        return
    try:
        yield _try(lambda: _lock(descriptor), patience)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # a file system that knows no locks, as some of the network
        log.debug("cannot take turns with other processes: %s", error)
    return True


def _try(take: Callable[[], bool], patience: float) -> bool:
    until = time.monotonic() + patience
    while not (taken := take()) and time.monotonic() < until:
        time.sleep(_AGAIN)
    return taken
