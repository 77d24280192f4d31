"""How are the octets of an mbox copied, and where does the next mail begin?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

PIECE: Final = 1024 * 1024  # octets at a time


def read_pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """What stands there, a piece at a time."""
    file.seek(start)
    left = end - start
    while left and (octets := file.read(min(left, PIECE))):
        left -= len(octets)
        yield octets


def write_all(descriptor: int, octets: bytes, offset: int) -> int:
    """Write all of it, and return where it ends."""
    rest = memoryview(octets)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
    return offset


def end_with_blank(descriptor: int, end: int) -> int:
    """Have a blank line at the end if there is anything before it, for a From_ line must follow one."""
    tail = os.pread(descriptor, 4, max(end - 4, 0))
    if not tail or tail.endswith((b"\n\n", b"\n\r\n")):
        return end
    return write_all(descriptor, b"\n" if tail.endswith(b"\n") else b"\n\n", end)
