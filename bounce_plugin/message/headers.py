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

    __slots__ = ("_block", "_fields", "_index")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._block: bytes | None = None
        self._fields: list[tuple[str, str]] = [(name.lower(), value) for name, value in fields]
        self._index: dict[str, list[str]] | None = None

    @classmethod
    def read(cls, block: bytes) -> Self:
        """The fields of a header block with LF line ends; lines that are no field are passed over (D-29)."""
        headers = cls()
        headers._block = block
        return headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        self._by_name()
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name()

    def get(self, name: str) -> str:
        """The first value of that name, as written; empty when absent."""
        values = self._by_name().get(name.lower())
        return values[0] if values else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, as written."""
        return tuple(self._by_name().get(name.lower(), ()))

    def _by_name(self) -> dict[str, list[str]]:
        if self._index is None:
            if self._block is not None:
                self._fields = split_fields(octets_to_text(self._block))
                self._block = None
            index: dict[str, list[str]] = {}
            for name, value in self._fields:
                if name in index:
                    index[name].append(value)
                else:
                    index[name] = [value]
            self._index = index
        return self._index


def split_fields(block: str) -> list[tuple[str, str]]:
    """The (lower-case name, unfolded value) pairs of a block of header fields with LF line ends."""
    if "\n " in block or "\n\t" in block:
        block = block.replace("\n ", " ").replace("\n\t", " ")
    fields = []
    for line in block.split("\n"):
        name, colon, value = line.partition(":")
        if colon and " " not in name[:-1] and "=" not in name:
            fields.append((name.rstrip().lower(), value.strip()))
        elif fields and fields[-1][1].endswith(";"):  # folded without the blank that makes a fold
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
    return fields
