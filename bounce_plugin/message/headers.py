"""What do the header fields of a mail say? Read tolerantly, decoded only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Headers:
    """The header fields of one message or part, in their order; names are case-insensitive (RFC 5322, section 2.2).

    Values are unfolded text. Octets beyond ASCII that are no UTF-8 are read as Windows-1252.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def get(self, name: str) -> str:
        """The first value of that name, as written; empty when absent."""
        name = name.lower()
        return next((value for key, value in self._fields if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, as written."""
        name = name.lower()
        return tuple(value for key, value in self._fields if key == name)
