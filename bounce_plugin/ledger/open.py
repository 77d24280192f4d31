"""How is the ledger opened, and what makes a transaction of it? Engine, key and age of the database."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, Select, false, insert, text, update
from sqlalchemy.exc import SQLAlchemyError

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.asking import Asking, Columns
from bounce_plugin.ledger.engine import beside, engine_for, exists, failure
from bounce_plugin.ledger.migrate import bring_up_to_date, is_up_to_date
from bounce_plugin.ledger.ring import CHECK_VALUE, KeyRing, read_ring, uses
from bounce_plugin.ledger.schema import keys, metadata
from bounce_plugin.ledger.transaction import SHORTEST_KEY, Former, Transaction
from bounce_plugin.ledger.turn import turn_to_tell

__all__ = ["Ledger", "exists"]

_QUEUE = 0x626F756E  # which of PostgreSQL's advisory locks ours is
_EVERYBODY = 0  # no tenant: who migrates, or changes the key, does it for all

#: Let one writer of a tenant pass after the other, and none while somebody writes for all of them. Without it, two
#: processes that record the failures of one address at the same time would each decide without the other's.
QUEUE = text("SELECT pg_advisory_xact_lock_shared(:lock, :everybody), pg_advisory_xact_lock(:lock, :queue)")

#: Let all writers of all tenants pass first, and none meanwhile.
QUEUE_ALONE = text("SELECT pg_advisory_xact_lock(:lock, :everybody)")

#: Carry what SQLite's write-ahead log holds into the database, and empty it.
EMPTY_LOG = text("PRAGMA wal_checkpoint(TRUNCATE)")


class Ledger:
    """Everything that is remembered, for one tenant. May be used by several threads and processes at once."""

    def __init__(self, engine: Engine, *, given: Sequence[bytes], tenant: int) -> None:
        self._engine, self._given, self.tenant = engine, tuple(given), tenant
        self._ring = KeyRing(key=self._given[0])
        self._rehearsal: Connection | None = None
        self._held = threading.local()
        self._asking = Asking(engine)

    @classmethod
    def open(
        cls, url: str, *, key: bytes, previous_keys: Sequence[bytes] = (), tenant: int = 1, migrate: bool = True
    ) -> Self:
        """Open the ledger, making or updating its tables if need be.

        `url` is SQLAlchemy's: `sqlite:////var/lib/bounces/ledger.db`, `postgresql://user@host/name`. `key` has at least
        32 random octets; a ledger that was begun neither with it nor with one of `previous_keys` is a `LedgerError`, as
        are a database that cannot be reached, and one that a newer version of this software has made.
        """
        given = (key, *previous_keys)
        if (shortest := min(map(len, given))) < SHORTEST_KEY:
            raise LedgerError(f"the ledger's key has {shortest} octets; it needs at least {SHORTEST_KEY} random ones")
        ledger = cls(engine_for(url), given=given, tenant=tenant)
        try:
            ledger._prepare(migrate=migrate)
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def in_memory(cls, *, tenant: int = 1) -> Self:
        """A ledger that forgets everything when it is closed; for one thread."""
        return cls.open("sqlite://", key=secrets.token_bytes(SHORTEST_KEY), tenant=tenant)

    def _prepare(self, *, migrate: bool) -> None:
        with self._begun("read") as connection:
            if is_up_to_date(connection) and self._is_mine(connection):
                return  # as nearly always: no writer is waited for
        with self._begun("write", alone=True) as connection:
            bring_up_to_date(connection, migrate=migrate)
            if not self._is_mine(connection):
                connection.execute(insert(keys), {"number": 1, "check_value": self._ring.check_value})

    def _is_mine(self, connection: Connection) -> bool:
        """Whether the ledger was begun with a key of ours; not yet begun if not. Another key is a `LedgerError`."""
        ring = read_ring(connection, self.tenant, self._given)
        self._ring = ring or self._ring
        return ring is not None

    def _ring_of(self, connection: Connection) -> KeyRing:
        """The keys that are in use as the connection sees it: another process may have changed the ledger's key."""
        ring = self._ring
        if connection.scalar(CHECK_VALUE) != ring.check_value:
            ring = self._ring = read_ring(connection, self.tenant, self._given) or ring
        return ring

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One write transaction: committed at the end, rolled back by any exception. Writers wait for each other.

        What the database refuses comes as `LedgerError`.
        """
        with self._begun("write") as connection:
            tx = self._transaction(connection)
            yield tx
            tx.flush()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One consistent view of the ledger; waits for no writer."""
        with self._begun("read") as connection:
            yield self._transaction(connection)

    @contextmanager
    def alone(self) -> Iterator[tuple[Connection, Sequence[bytes]]]:
        """One write transaction for all tenants, and the keys that are given: nobody else writes anything meanwhile."""
        with self._begun("write", alone=True) as connection:
            yield connection, self._given

    def _transaction(self, connection: Connection) -> Transaction:
        def keys() -> tuple[bytes, Former]:
            ring = self._ring_of(connection)
            return ring.key, ring.former

        return Transaction(connection=connection, tenant=self.tenant, keys=keys)

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Everything inside happens, is seen by what follows inside, and is undone at the end. Other writers wait."""
        with self._begun("write") as connection:
            self._rehearsal = connection
            try:
                yield
            finally:
                self._rehearsal = None
                connection.rollback()

    @property
    def rehearsing(self) -> bool:
        """Whether what is read and written now will be undone."""
        return self._rehearsal is not None

    @contextmanager
    def turn_to_tell(self, patience: float) -> Iterator[bool]:
        """Have the other processes of this tenant wait with telling plugins; False: they did not let us, for `patience` seconds."""
        try:
            with turn_to_tell(self._engine, self.tenant, patience) as taken:
                yield taken
        except SQLAlchemyError as error:
            raise failure(self._engine.url, error) from error

    def scrub(self) -> None:
        """Have what was removed stand in no file any more: for PostgreSQL that is the work of its autovacuum."""
        if self._engine.dialect.name != "sqlite":
            return
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(EMPTY_LOG)
        except SQLAlchemyError as error:
            raise failure(self._engine.url, error) from error

    def try_writing(self) -> None:
        """Begin a write transaction, write into each table, and undo it. Raises LedgerError where that is refused."""
        with self.rehearsal(), self.transaction() as tx:
            for table in metadata.sorted_tables:
                column = next(iter(table.c))
                tx.connection.execute(update(table).where(false()).values({column: column}))

    @contextmanager
    def _begun(self, mode: str, *, alone: bool = False) -> Iterator[Connection]:
        """A connection in a transaction. Writers of a tenant wait for each other, and all for one who writes `alone`."""
        try:
            if self._rehearsal is not None:
                with self._rehearsal.begin_nested():
                    yield self._rehearsal
                return
            with self._engine.connect().execution_options(ledger_mode=mode) as connection:
                if mode == "read":
                    if connection.dialect.name == "postgresql":
                        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                    yield connection
                    return
                with self._only_writer_of_this_thread():
                    if connection.dialect.name == "postgresql":
                        names = {"lock": _QUEUE, "everybody": _EVERYBODY}
                        if alone:
                            connection.execute(QUEUE_ALONE, names)
                        else:
                            connection.execute(QUEUE, {**names, "queue": self.tenant})
                    yield connection
                    connection.commit()
        except SQLAlchemyError as error:
            raise failure(self._engine.url, error) from error

    @contextmanager
    def _only_writer_of_this_thread(self) -> Iterator[None]:
        if getattr(self._held, "writes", False):
            raise RuntimeError(
                "this thread is in a write transaction of this ledger: another would wait for it forever"
            )
        self._held.writes = True
        try:
            yield
        finally:
            self._held.writes = False

    def ask(self, question: Select[*Columns], **values: object) -> tuple[*Columns] | None:
        """The first row that answers a single question, from the newest state, over this thread's own connection.

        Far quicker than a transaction.
        """
        return self._asking.ask(question, {"tenant": self.tenant, **values})

    def ask_about(self, address: str, question: Select[str, *Columns]) -> tuple[str, *Columns] | None:
        """The same of one address, by a question that also gives, first, the ledger's `check_value`.

        Where another process has changed the key since, it is asked again under the new one: else nobody were found.
        """
        ring = self._ring
        row = self.ask(question, fingerprint=ring.fingerprint(address))
        while row is not None and row[0] != ring.check_value:
            with self._begun("read") as connection:
                ring = self._ring_of(connection)
            row = self.ask(question, fingerprint=ring.fingerprint(address))
        return row

    def version(self) -> tuple[int, int] | None:
        """What is another one after any commit, for this thread: whoever has seen it need not ask again.

        None where that costs as much as to ask: on PostgreSQL, and in memory.
        """
        return self._asking.version()

    def fingerprint(self, address: str) -> str:
        """The fingerprint under which an address is remembered, however it is spelled."""
        return self._ring.fingerprint(address)

    def has_former_key(self, tx: Transaction) -> bool:
        """Whether the first of the keys that it was opened with is not yet the ledger's."""
        return tx.key != self._given[0]

    def needs_keys(self, tx: Transaction) -> tuple[int, ...]:
        """How many fingerprints, of all tenants, each key that it was opened with but the first still stands for."""
        return uses(tx.connection, self._given[1:])

    def beside(self, name: str) -> Path | None:
        """Where a file belongs that follows from the ledger and can be made anew: next to it, or in the cache folder."""
        return beside(self._engine.url, f"{name}-{self.tenant}")

    def close(self) -> None:
        """Let go of the database."""
        self._asking.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self._engine.url.render_as_string(hide_password=True)!r}, tenant={self.tenant})"
