"""Is what a host says of a contact or a delivery what it should be? Python checks no types, and what is recorded stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Final

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.correlation import Contact, Delivery

#: Keys of the host: an empty one would make all its contacts, or all its messages, one.
_KEYS: Final = ("id", "ref")


def find_fault(said: Contact | Delivery) -> str:
    """What is wrong with the first field of a wrong type, or with a key that holds an address, in words that name it and its
    value; empty if all is well.
    """
    return next(_faults(said), "")


def _faults(said: Contact | Delivery) -> Iterator[str]:
    for field in fields(said):
        name = field.name
        value: object = getattr(said, name)
        expected = _expected(name, value)
        if expected:
            yield f"{type(said).__name__}.{name} is {shorten(value)}, not {expected}"
    if isinstance(said, Delivery) and _holds(said.ref, said.address):
        other = "a key without the address, which could never be forgotten: make it of the document and the contact's number"
        yield f"Delivery.ref is {shorten(said.ref)}, not {other}"


def _holds(ref: str, address: str) -> bool:
    """Whether a key holds an address, and not only a longer one or a longer word, as a Message-ID may."""
    if "@" not in ref:
        return False
    written, key = normalise(address), ref.lower()
    return (
        written != ""
        and written in key
        and re.search(rf"(?<![^\W\d_]){re.escape(written)}(?![^\W_]|[.-]+[^\W\d_])", key) is not None
    )


def _expected(name: str, value: object) -> str:
    """What the value should be instead; empty if it is that."""
    if name == "lists":
        good = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
        return "" if good else "a tuple of texts"
    if name == "sent_at":
        if not isinstance(value, datetime):
            return "a datetime"
        return "" if value.utcoffset() is not None else "an aware datetime (with a time zone)"
    if not isinstance(value, str):
        return "a text"
    return "a key" if name in _KEYS and not value else ""


def shorten(value: object) -> str:
    """A value as it is shown to people."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
