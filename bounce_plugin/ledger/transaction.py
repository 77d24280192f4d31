"""What does each function of the ledger work with? A connection in a transaction, the tenant and the key."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from bounce_plugin.correlate.address import normalise

SHORTEST_KEY = 32  # octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction under way. `Ledger` makes it and ends it."""

    connection: Connection
    tenant: int
    key: bytes = field(repr=False)
    remembered: set[str] = field(default_factory=set, repr=False)  # fingerprints whose rows it saw to already

    def fingerprint(self, address: str) -> str:
        """The fingerprint of an address, however it is spelled."""
        return fingerprint(self.key, address)


def fingerprint(key: bytes, address: str) -> str:
    """The fingerprint under which an address is remembered: the same for all its spellings.

    What is no address has a fingerprint too, of its own: a host may ask about anything.
    """
    return keyed(key, "address", normalise(address) or address.strip())


def keyed(key: bytes, purpose: str, text: str) -> str:
    """HMAC-SHA256 of a text under the ledger's key, cut to 128 bits: 32 hexadecimal digits.

    The purpose keeps values that are made for different uses apart.
    """
    return hmac.digest(key, f"{purpose}\0{text}".encode(errors="surrogatepass"), hashlib.sha256).hex()[:32]


class IfAbsent:
    """INSERT that passes over a row whose unique key is taken, as SQLite and PostgreSQL spell it.

    That a thing is recorded once is the constraint's doing, not a check's. With `returning`, the new row's value of
    that column comes back, and no row for one that was there before.
    """

    def __init__(self, table: Table, *, returning: Column[int] | None = None) -> None:
        self._sqlite: Executable = sqlite.insert(table).on_conflict_do_nothing()
        self._postgresql: Executable = postgresql.insert(table).on_conflict_do_nothing()
        if returning is not None:
            self._sqlite = sqlite.insert(table).on_conflict_do_nothing().returning(returning)
            self._postgresql = postgresql.insert(table).on_conflict_do_nothing().returning(returning)

    def on(self, connection: Connection) -> Executable:
        """The statement for the connection's database."""
        return self._sqlite if connection.dialect.name == "sqlite" else self._postgresql
