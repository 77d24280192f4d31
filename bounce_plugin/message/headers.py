"""What do the header fields of a mail say? Read tolerantly, decoded only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from bounce_plugin.message.charset import octets_to_text


class Headers:
    """The header fields of one message or part, in their order; names are case-insensitive (RFC 5322, section 2.2).

    Values are unfolded text. Octets beyond ASCII that are no UTF-8 are read as Windows-1252. The fields are split at
    the first question: most parts of most mails are never asked.
    """

    __slots__ = ("_block", "_fields", "_first")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._block = b""
        self._fields: list[tuple[str, str]] = [(name.lower(), value) for name, value in fields]
        self._first: dict[str, str] | None = dict(reversed(self._fields))

    @classmethod
    def read(cls, block: bytes) -> Self:
        """The fields of a header block with LF line ends; lines that are no field are passed over (D-29)."""
        headers = cls.__new__(cls)
        headers._block = block
        headers._fields = []
        headers._first = None
        return headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        if self._first is None:
            self._split()
        return iter([(name, value.strip()) for name, value in self._fields])

    def __contains__(self, name: str) -> bool:
        first = self._split() if self._first is None else self._first
        return name in first or name.lower() in first

    def get(self, name: str) -> str:
        """The first value of that name, as written; empty when absent."""
        first = self._split() if self._first is None else self._first
        value = first.get(name) or first.get(name.lower())
        return value.strip() if value else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, as written."""
        name = name.lower()
        if name not in (self._split() if self._first is None else self._first):
            return ()
        return tuple([value.strip() for key, value in self._fields if key == name])

    def _split(self) -> dict[str, str]:
        self._fields = _split_block(octets_to_text(self._block))
        self._first = dict(reversed(self._fields))
        return self._first


def split_fields(block: str) -> list[tuple[str, str]]:
    """The (lower-case name, unfolded value) pairs of a block of header fields with LF line ends."""
    return [(name, value.strip()) for name, value in _split_block(block)]


def _split_block(block: str) -> list[tuple[str, str]]:
    """The same with the blanks around the values left for those who ask for them."""
    if "\n " in block or "\n\t" in block:
        block = block.replace("\n ", " ").replace("\n\t", " ")
    return [
        (name.rstrip().lower(), value)
        for name, colon, value in [line.partition(":") for line in block.split("\n")]
        if colon and " " not in name[:-1]
    ]
