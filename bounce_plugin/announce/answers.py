"""Is an answer of a plugin what it should be? Python checks no types, and what is recorded stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Final

from bounce_plugin.correlate.correlation import Contact, Delivery

#: Keys of the host: an empty one would make all its contacts, or all its messages, one.
_KEYS: Final = ("id", "ref")


def find_fault(answer: Contact | Delivery) -> str:
    """What is wrong with the first field of a wrong type, in words that name it and its value; empty if all is well."""
    return next(_faults(answer), "")


def _faults(answer: Contact | Delivery) -> Iterator[str]:
    for field in fields(answer):
        value: object = getattr(answer, field.name)
        what = f"{type(answer).__name__}.{field.name} is {shorten(value)}, not "
        if field.name == "lists":
            if not isinstance(value, tuple) or not all(isinstance(one, str) for one in value):
                yield what + "a tuple of texts"
        elif field.name == "sent_at":
            if not isinstance(value, datetime):
                yield what + "a datetime"
            elif value.utcoffset() is None:
                yield what + "an aware datetime (with a time zone)"
        elif not isinstance(value, str):
            yield what + "a text"
        elif field.name in _KEYS and not value:
            yield what + "a key"


def shorten(answer: object) -> str:
    """An answer as it is shown to people."""
    text = repr(answer)
    return text if len(text) <= 100 else f"{text[:97]}..."
