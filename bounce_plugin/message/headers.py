"""What do the header fields of a mail say? Read tolerantly, decoded only when asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Set
from typing import Final, Self

from bounce_plugin.message.charset import octets_to_text

# Name and value, still folded, of each field: all fields of a mail in one pass of the regex engine. The line feed that
# begins it lets the engine run from line to line; nothing is tried twice. Lines that are no field are passed over.
_FIELD: Final = re.compile(r"\n([^ \t\n:]++)[ \t]?:(.*+(?:\n[ \t].*+)*+)")


class Headers:
    """The header fields of one message or part, in their order; names are case-insensitive (RFC 5322, section 2.2).

    Values are unfolded text. Octets beyond ASCII that are no UTF-8 are read as Windows-1252. The fields are split at
    the first question: most parts of most mails are never asked.
    """

    __slots__ = ("_block", "_fields", "_first")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._block: bytes | Callable[[], bytes] = b""
        self._fields: list[tuple[str, str]] = list(fields)
        self._first: dict[str, str] | None = {name.lower(): value for name, value in reversed(self._fields)}

    @classmethod
    def read(cls, block: bytes | Callable[[], bytes]) -> Self:
        """The fields of a header block with LF line ends; lines that are no field are passed over (D-29).

        Where the block itself takes work to find, it is given as a function, called at the first question.
        """
        headers = cls.__new__(cls)
        headers._block = block
        headers._first = None
        return headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        if self._first is None:
            self._split()
        return iter([(name.lower(), _unfold(value)) for name, value in self._fields])

    def __contains__(self, name: str) -> bool:
        first = self._split() if self._first is None else self._first
        return name in first or (not name.islower() and name.lower() in first)

    def has_any(self, names: Set[str]) -> bool:
        """Whether a field of one of these names, in lower case, is there."""
        first = self._split() if self._first is None else self._first
        return not first.keys().isdisjoint(names)

    def get(self, name: str) -> str:
        """The first value of that name, as written; empty when absent."""
        first = self._split() if self._first is None else self._first
        value = first.get(name)
        if value is None:
            value = None if name.islower() else first.get(name.lower())
            if value is None:
                return ""
        return _unfold(value) if "\n" in value else value.strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, as written."""
        name = name.lower()
        if name not in (self._split() if self._first is None else self._first):
            return ()
        return tuple([_unfold(value) for key, value in self._fields if key.lower() == name])

    def _split(self) -> dict[str, str]:
        block = self._block if isinstance(self._block, bytes) else self._block()
        self._fields = _FIELD.findall("\n" + octets_to_text(block))
        self._first = {name.lower(): value for name, value in reversed(self._fields)}
        return self._first


def split_fields(block: str) -> list[tuple[str, str]]:
    """The (lower-case name, unfolded value) pairs of a block of header fields with LF line ends."""
    return [(name.lower(), _unfold(value)) for name, value in _FIELD.findall("\n" + block)]


def _unfold(value: str) -> str:
    return (value.replace("\n ", " ").replace("\n\t", " ") if "\n" in value else value).strip()
