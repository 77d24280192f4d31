"""What does each function of the ledger work with? A connection in a transaction, the tenant and the key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Executable, Table, bindparam, func, select
from sqlalchemy import Row as Found
from sqlalchemy.dialects import postgresql, sqlite

from bounce_plugin.correlate.address import normalise
from bounce_plugin.ledger.digests import Digests, fingerprint_in
from bounce_plugin.ledger.rows import Row, write_many
from bounce_plugin.policy.rules import PastEvent
from bounce_plugin.policy.state import Act
from bounce_plugin.policy.success import Sent

SHORTEST_KEY = 32  # octets

#: Former keys of the ledger, each with the fingerprints that are still made with it.
Former = Sequence[tuple[bytes, Set[str]]]

_INSERTS: Final[Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Transaction:
    """A transaction under way. `Ledger` makes it and ends it.

    Rows that nobody waits for are `put`: they are written together, which is several times as quick as one by one, and
    before anything else is asked of the connection.
    """

    __slots__ = ("_ask_keys", "_connection", "_fingerprints", "_keys", "_waiting", "known", "remembered", "tenant")

    def __init__(self, *, connection: Connection, tenant: int, keys: Callable[[], tuple[bytes, Former]]) -> None:
        """`keys` tells which keys the ledger has as this transaction sees it; it is asked once a fingerprint is needed."""
        self._connection, self.tenant, self._ask_keys = connection, tenant, keys
        self._keys: tuple[bytes, Former] | None = None
        self._waiting: dict[Executable, list[Row]] = {}
        self._fingerprints: dict[str, str] = {}
        self.remembered: set[str] = set()  # fingerprints whose rows it saw to already
        self.known: dict[str, Past] = {}  # what was read of addresses, by fingerprint; kept true by who writes

    @property
    def key(self) -> bytes:
        """The key of the ledger."""
        return self._keys_in_use()[0]

    def _keys_in_use(self) -> tuple[bytes, Former]:
        if self._keys is None:
            self._keys = self._ask_keys()
        return self._keys

    @property
    def connection(self) -> Connection:
        """The connection, with everything written that was put."""
        self.flush()
        return self._connection

    def put(self, statement: Executable, *rows: Row) -> None:
        """Write rows before the next question. Those of one statement stay in their order, and are written together.

        Statements come in the order of their first rows: a row may need one that an earlier statement writes.
        """
        self._waiting.setdefault(statement, []).extend(rows)

    def put_spelt(self, statement: IfAbsent | InPlace, *rows: Row) -> None:
        """The same by a statement that each database spells in its own way."""
        self.put(statement.on(self._connection), *rows)

    def flush(self) -> None:
        """Write what was put."""
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            for statement, rows in waiting.items():
                write_many(self._connection, statement, rows)

    def fingerprint(self, address: str) -> str:
        """The fingerprint of an address, however it is spelled."""
        found = self._fingerprints.get(address)
        if found is None:
            found = self._fingerprints[address] = fingerprint(self.key, address, self._keys_in_use()[1])
        return found

    def digests(self, addresses: Sequence[str]) -> tuple[list[bytes], str | None]:
        """32 octets for each of many addresses, in their order: the first 16 are its fingerprint.

        And the first of them that is no single address, if any.
        """
        key, former = self._keys_in_use()
        digests, odd = Digests(key, "address").of(addresses)
        for of_that_time, left in former:
            for place, old in enumerate(Digests(of_that_time, "address").of(addresses)[0]):
                if fingerprint_in(old) in left:
                    digests[place] = old
        return digests, odd

    def seal(self, purpose: str, *parts: bytes | bytearray | memoryview) -> bytes:
        """32 octets that only the ledger's key makes of these parts: what is kept outside is still what we wrote."""
        made = hmac.new(self.key, f"{purpose}\0{self.tenant}\0".encode(), hashlib.sha256)
        for part in parts:
            made.update(part)
        return made.digest()


class Failed(NamedTuple):
    """A message that failed, as one report names it."""

    names: tuple[str, ...]  # its key, then its aliases
    counts: bool


@dataclass(slots=True, kw_only=True)
class Past:
    """What a decision about an address must know, each in its order."""

    events: list[PastEvent] = field(default_factory=list)  # since a person lifted its stop last, that count
    held: list[PastEvent] = field(default_factory=list)  # the same that do not count until a person decides
    acts: list[Act] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)  # whatever became of it
    sent: list[Sent] = field(default_factory=list)  # after `sent_since`; None: nothing was asked for
    sent_since: datetime | None = None


def fingerprint(key: bytes, address: str, former: Former = ()) -> str:
    """The fingerprint under which an address is remembered: the same for all its spellings.

    What is no address has a fingerprint too, of its own: a host may ask about anything. Who was forgotten before the key
    was changed is remembered under the one of that time.
    """
    spelt = normalise(address) or address.strip()
    for of_that_time, left in former:
        old = keyed(of_that_time, "address", spelt)
        if old in left:
            return old
    return keyed(key, "address", spelt)


def keyed(key: bytes, purpose: str, text: str) -> str:
    """HMAC-SHA256 of a text under the ledger's key, cut to 128 bits: 32 hexadecimal digits.

    The purpose keeps values that are made for different uses apart.
    """
    return hmac.digest(key, f"{purpose}\0{text}".encode(errors="surrogatepass"), hashlib.sha256).hex()[:32]


class IfAbsent:
    """INSERT that passes over a row whose unique key is taken, as SQLite and PostgreSQL spell it.

    That a thing is recorded once is the constraint's doing, not a check's. With `returning`, each new row's values of
    these columns come back, and nothing for one that was there before.
    """

    def __init__(self, table: Table, *, returning: Sequence[Column[Any]] = ()) -> None:
        self._spelt: dict[str, Executable] = {}
        for name, insert in _INSERTS.items():
            statement = insert(table).on_conflict_do_nothing()
            self._spelt[name] = statement.returning(*returning) if returning else statement

    def on(self, connection: Connection) -> Executable:
        """The statement for the connection's database."""
        return self._spelt[connection.dialect.name]


class NewRows:
    """Many rows, but for those whose unique key is taken; and which of them were new.

    As the database numbers rows and one writer follows the other, the new ones are those above the last number. That is
    several times as quick as INSERT … RETURNING, which takes many rows only as one long statement.
    """

    def __init__(self, table: Table, *, number: Column[int], returning: Sequence[Column[Any]]) -> None:
        self._insert = IfAbsent(table)
        self.last = select(func.max(number))
        self.added = (
            select(*returning)
            .where(number > bindparam("last"), table.c.tenant + 0 == bindparam("tenant"))  # by no index of the tenant's
            .order_by(number)
        )

    def add(self, tx: Transaction, rows: Sequence[Row]) -> Sequence[Found[*tuple[Any, ...]]]:
        """Write the rows; returns the chosen columns of those that are new, in their order."""
        last = tx.connection.scalar(self.last) or 0
        tx.put_spelt(self._insert, *rows)
        return tx.connection.execute(self.added, {"tenant": tx.tenant, "last": last}).all()


class InPlace:
    """INSERT that changes the row that has its primary key: to what the new one says, or as `change` makes of that.

    With `only`, a row of which that does not hold is left as it is.
    """

    def __init__(
        self,
        table: Table,
        *,
        change: Callable[[Any], Mapping[str, object]] | None = None,
        only: ColumnElement[bool] | None = None,
    ) -> None:
        others = [column.name for column in table.c if not column.primary_key]
        self._spelt: dict[str, Executable] = {}
        for name, insert in _INSERTS.items():
            statement = insert(table)
            new = statement.excluded
            changed = change(new) if change else {other: new[other] for other in others}
            self._spelt[name] = statement.on_conflict_do_update(
                index_elements=table.primary_key, set_=changed, where=only
            )

    def on(self, connection: Connection) -> Executable:
        """The statement for the connection's database."""
        return self._spelt[connection.dialect.name]
