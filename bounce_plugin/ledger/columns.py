"""Which types do the ledger's columns have that SQLite and PostgreSQL spell differently?"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator

Word = TypeVar("Word", bound=StrEnum)

_LONGEST_KEY = 255  # characters; PostgreSQL cannot index more than 2,704 octets, and a Message-ID may have any length

#: SQLite numbers rows by itself only in a column that is exactly INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database, readable in both."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: its zone would be guessed."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give it its zone back, whatever zone the session has."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Wording(TypeDecorator[str]):
    """Text from the outside world, without what PostgreSQL or UTF-8 cannot hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """See `storable`."""
        return None if value is None else storable(value)


def bounded(key: str) -> str:
    """A key that a mail's author may have made long, in a length that can be indexed; equal keys stay equal."""
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:100]}…{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"


def storable(text: str) -> str:
    """Replace NUL, which PostgreSQL refuses, and lone surrogates, which UTF-8 refuses, by U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text  # as nearly always
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    return text


def word(kind: type[Word], text: str | None) -> Word | None:
    """The value of an enumeration that a column may hold."""
    return None if text is None else kind(text)
