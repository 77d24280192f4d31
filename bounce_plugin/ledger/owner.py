"""Who are we among the processes that read a mailbox, and is the one that had it still alive?"""

from __future__ import annotations

import os
import socket
from itertools import count
from pathlib import Path
from typing import Final

_PROCESSES: Final = Path("/proc")  # Linux; elsewhere only the number of a process is known
_serial = count(1)
_at_work: set[str] = set()  # the owners of this process


def new_owner() -> str:
    """A name that nobody else has, by which a process of the same machine can see whether we are alive."""
    owner = f"{_machine()}/{os.getpid()}/{_began(os.getpid())}/{next(_serial)}"
    _at_work.add(owner)
    return owner


def retire(owner: str) -> None:
    """An owner of this process has done its work, even if it could not say so in the ledger."""
    _at_work.discard(owner)


def is_gone(owner: str) -> bool:
    """Whether this owner was one of our own machine that has ended. Of others we know nothing."""
    parts = owner.rsplit("/", 3)
    if len(parts) != 4 or parts[0] != _machine() or not parts[1].isdigit():
        return False
    number, began = int(parts[1]), parts[2]
    if number == os.getpid():
        return owner not in _at_work
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:  # it lives, and is somebody else's
        return False
    began_now = _began(number)
    return bool(began_now) and began_now != began


def _machine() -> str:
    """This machine since it was started, and which of its processes see each other: containers number their own."""
    try:
        boot = (_PROCESSES / "sys/kernel/random/boot_id").read_text().strip()
        space = str((_PROCESSES / "self/ns/pid").readlink())
    except OSError:
        boot = space = ""
    return "/".join((socket.gethostname().replace("/", "_"), boot, space.replace("/", "_")))


def _began(number: int) -> str:
    """When a process began, for numbers are given again; "ended" for one that only waits to be noticed."""
    try:
        fields = (_PROCESSES / str(number) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if fields[0] in "ZX" else fields[19]
