"""Work for the processes of a crew, in a module of its own, as they have to import it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time


def double(number: int) -> int:
    """Slowly at times, so that the processes do not go in step."""
    if number % 97 == 0:
        time.sleep(0.01)
    return 2 * number


def who(_: object) -> int:
    """Which process does the work."""
    return os.getpid()


def blow_up(octet: int) -> bytes:
    """Much from little."""
    return bytes([octet % 256]) * 500_000


def echo(octets: bytes) -> bytes:
    return octets


def fall(number: int) -> int:
    """Die at numbers 100 and 600, as when the system runs out of memory; but never in the process that runs the tests."""
    if number in (100, 600) and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def raise_at(number: int) -> int:
    if number == 100:
        raise ZeroDivisionError
    return number


def dawdle(number: int) -> int:
    """As a mail that takes long."""
    time.sleep(60)
    return number


def who_from_within(_: object) -> list[int]:
    """Who does the work where a process that may have no children asks for it."""
    from bounce_plugin import crew

    return [pid for _, pid in crew.work_in_order(who, range(crew.FEW + 10), size_of=lambda _: 1)]
