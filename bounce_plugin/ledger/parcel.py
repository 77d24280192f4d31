"""How does a value of several parts fit into one column? As JSON, with the addresses in it hidden."""

from __future__ import annotations

import json
from typing import Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from bounce_plugin.ledger.addresses import hide
from bounce_plugin.ledger.transaction import Transaction

Value = TypeVar("Value")
_Json = str | int | float | bool | list["_Json"] | dict[str, "_Json"] | None


class Parcel(Generic[Value]):
    """Packs and unpacks values of one type."""

    def __init__(self, adapter: TypeAdapter[Value]) -> None:
        self._adapter = adapter

    def pack(self, tx: Transaction, value: Value) -> str:
        """The JSON of a value, without what is as its type has it by default; every address is a placeholder."""
        try:
            whole = self._adapter.dump_json(value, exclude_defaults=True).decode()
        except PydanticSerializationError:  # a lone surrogate
            whole = "\\"
        if "\\" not in whole:
            return hide(tx, whole)  # no text has an escape, whose letter would be taken for an address's: far quicker
        plain: _Json = self._adapter.dump_python(value, mode="json", exclude_defaults=True)
        return json.dumps(_hidden(tx, plain), ensure_ascii=False, separators=(",", ":"))

    def unpack(self, revealed: str) -> Value:
        """The value again, from JSON whose addresses were put back (`reveal`; an address needs no escape in JSON)."""
        return self._adapter.validate_json(revealed)


def _hidden(tx: Transaction, plain: _Json) -> _Json:
    """The same with placeholders for addresses in every text."""
    if isinstance(plain, str):
        return hide(tx, plain)
    if isinstance(plain, dict):
        return {name: _hidden(tx, part) for name, part in plain.items()}
    if isinstance(plain, list):
        return [_hidden(tx, part) for part in plain]
    return plain
