"""What stands in an event's columns that hold several values? Written as it should be, read whatever was written.

An event is never changed, so one that a plugin's wrong types got into must stay readable: who explains a stop, or tells
of it, would otherwise fail for ever.
"""

from __future__ import annotations

import json
import logging
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bounce_plugin.classify.classification import Evidence
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.ledger.parcel import Parcel
from bounce_plugin.ledger.transaction import Transaction

log = logging.getLogger(__name__)

CONTACTS: Parcel[tuple[Contact, ...]] = Parcel(TypeAdapter(tuple[Contact, ...]))
EVIDENCE: Parcel[tuple[Evidence, ...]] = Parcel(TypeAdapter(tuple[Evidence, ...]))

_PACKED: Final[dict[tuple[Evidence, ...], str]] = {}
_MANY: Final = 1000  # of them are kept at most
_SHORT: Final = 4000  # characters of one that is


def pack_evidence(tx: Transaction, evidence: tuple[Evidence, ...]) -> str:
    """The evidence as it is stored. Most verdicts rest on words that were read before: these are packed once."""
    packed = _PACKED.get(evidence)
    if packed is None:
        packed = EVIDENCE.pack(tx, evidence)
        if "{@" not in packed and len(packed) < _SHORT:  # with addresses it depends on whose they are, and on the key
            if len(_PACKED) >= _MANY:
                _PACKED.clear()
            _PACKED[evidence] = packed
    return packed


def read_contacts(revealed: str) -> tuple[Contact, ...]:
    """The contacts; a key that is no text is read as its text, and what is no contact at all is left out."""
    try:
        return CONTACTS.unpack(revealed)
    except ValidationError:
        log.debug("contacts of wrong types: %s", revealed)
    stored = _loads(revealed)
    return tuple(_contact(one) for one in stored if isinstance(one, dict)) if isinstance(stored, list) else ()


def read_evidence(revealed: str) -> tuple[Evidence, ...]:
    """The evidence; none where it cannot be read."""
    try:
        return EVIDENCE.unpack(revealed)
    except ValidationError as error:
        log.warning("the evidence of an event cannot be read: %s", error.errors()[0]["msg"])
        return ()


def _contact(stored: dict[str, object]) -> Contact:
    lists = stored.get("lists")
    return Contact(
        id=_text(stored.get("id")),
        address=_text(stored.get("address")),
        lists=tuple(map(_text, lists)) if isinstance(lists, list) else (),
    )


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _loads(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value
