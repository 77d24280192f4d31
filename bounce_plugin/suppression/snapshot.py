"""Who may be stopped, for whom is it out of the question? A file of bits that is made of all stops, and read at once.

Two bits stand for each stop, at places that two parts of its fingerprint tell: the fingerprint is a keyed hash, so the
places are as good as random, and tell nobody without the key anything. An address of which a bit is missing is not
stopped. One of which both are there may be, and the ledger is asked: so two addresses that share their bits harm nobody.
Of a bit for each of 16 places or more, some 1 in 100 are asked for nothing.

The file has at its end which ledger's it is, and a seal under the ledger's key: what is cut short, damaged or of another
ledger is not read.
"""

from __future__ import annotations

import fcntl
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from struct import Struct
from typing import Final

MAGIC: Final = b"bounce stopped 1"
_END = Struct(">16sQQ16s")  # the magic, how many bits as a power of two, how many stops, the mark
_SEAL = 32
_PLACES = 16  # for each stop, at least
_FEWEST, _MOST = 13, 32  # bits, as powers of two
_WORDS = 8  # of four octets, in a digest; the first two tell the places
_OF_FINGERPRINT = Struct(">II8x")

_Part = bytes | bytearray | memoryview
Seal = Callable[[_Part, _Part], bytes]


class Bits:
    """The bits. They are only ever added."""

    __slots__ = ("_octets", "_shift")

    def __init__(self, octets: bytearray, power: int) -> None:
        self._octets, self._shift = octets, 32 - power + 3

    def add(self, fingerprints: Iterable[str]) -> None:
        """Have these found from now on. Not by two threads at once."""
        octets, shift = self._octets, self._shift
        for one, other in _OF_FINGERPRINT.iter_unpack(bytes.fromhex("".join(fingerprints))):
            octets[one >> shift] |= 1 << (one & 7)
            octets[other >> shift] |= 1 << (other & 7)

    def possible(self, digests: Sequence[bytes]) -> list[int]:
        """The places in the list of those who may be stopped; all others are not."""
        octets, shift = self._octets, self._shift
        words = array("I", b"".join(digests))
        if sys.byteorder == "little":
            words.byteswap()
        return [
            place
            for place, one in enumerate(words[::_WORDS])
            if octets[one >> shift] >> (one & 7) & 1
            and octets[(other := words[place * _WORDS + 1]) >> shift] >> (other & 7) & 1
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A file that was read: everybody who was stopped when it was made."""

    mark: str  # by which the ledger knows it
    stops: int
    bits: Bits  # changes to it stay in this process


def mark_of(path: Path) -> str | None:
    """Which snapshot the file says it is; None: none. Nothing else of it is looked at."""
    try:
        with path.open("rb") as file:
            file.seek(-_END.size - _SEAL, os.SEEK_END)
            magic, _, _, mark = _END.unpack(file.read(_END.size))
    except OSError:  # none there, or shorter than that
        return None
    return mark.hex() if magic == MAGIC else None


def read(path: Path, seal: Seal) -> Snapshot | None:
    """The snapshot in a file; None if there is none, or if it is not whole, or not one that was written with this key.

    It is read into memory, and not mapped: whoever changes or shortens the file in its place must change no answer.
    """
    try:
        octets = bytearray(path.read_bytes())
    except OSError:
        return None
    end = len(octets) - _END.size - _SEAL
    if end < 0:
        return None
    whole = memoryview(octets)
    magic, power, stops, mark = _END.unpack(whole[end : end + _END.size])
    if magic != MAGIC or not _FEWEST <= power <= _MOST or end != 1 << (power - 3):
        return None
    if not compare_digest(seal(whole[:end], whole[end : end + _END.size]), whole[end + _END.size :]):
        return None
    return Snapshot(mark=mark.hex(), stops=stops, bits=Bits(octets, power))


def write(path: Path, seal: Seal, *, mark: str, expected: int, stops: Iterable[Sequence[str]], file: int) -> None:
    """Make a snapshot, and put it in the place of what is there, at once. `file` is that of `claim`."""
    power = min(max((_PLACES * expected).bit_length(), _FEWEST), _MOST)
    octets = bytearray(1 << (power - 3))
    bits = Bits(octets, power)
    number = 0
    for fingerprints in stops:
        bits.add(fingerprints)
        number += len(fingerprints)
    end = _END.pack(MAGIC, power, number, bytes.fromhex(mark))
    with os.fdopen(os.dup(file), "wb") as target:
        target.truncate(0)
        target.write(octets)
        target.write(end)
        target.write(seal(octets, end))
    _new(path).replace(path)


@contextmanager
def claim(path: Path) -> Iterator[int | None]:
    """A new file that only we may read and write; None while another process or thread makes one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(_new(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        if not _is_still(_new(path), file):  # another one was ready between the two steps, and this is its file
            yield None
            return
        os.fchmod(file, 0o600)
        try:
            yield file
        finally:
            if _is_still(_new(path), file):  # it was not made
                _new(path).unlink()
    finally:
        os.close(file)


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _is_still(path: Path, file: int) -> bool:
    try:
        there, ours = path.stat(), os.fstat(file)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
