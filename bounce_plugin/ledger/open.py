"""How is the ledger opened, and what makes a transaction of it? Engine, key and age of the database."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from sqlalchemy import Connection, Engine, Row, Select, false, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.engine import engine_for, exists, failure
from bounce_plugin.ledger.migrate import bring_up_to_date, is_up_to_date
from bounce_plugin.ledger.schema import keys, metadata
from bounce_plugin.ledger.transaction import SHORTEST_KEY, Transaction, fingerprint, keyed
from bounce_plugin.ledger.turn import turn_to_tell

__all__ = ["Ledger", "exists"]

_QUEUE = 0x626F756E  # which of PostgreSQL's advisory locks ours is
_EVERYBODY = 0  # no tenant: who migrates does it for all

#: By which key this ledger was made.
CHECK_VALUE = select(keys.c.check_value)

#: Let one writer of a tenant pass after the other. Without it, two processes that record the failures of one address
#: at the same time would each decide without the other's.
QUEUE = text("SELECT pg_advisory_xact_lock(:lock, :queue)")

#: Carry what SQLite's write-ahead log holds into the database, and empty it.
EMPTY_LOG = text("PRAGMA wal_checkpoint(TRUNCATE)")


class Ledger:
    """Everything that is remembered, for one tenant. May be used by several threads and processes at once."""

    def __init__(self, engine: Engine, *, key: bytes, tenant: int) -> None:
        self._engine, self._key, self.tenant = engine, key, tenant
        self._rehearsal: Connection | None = None
        self._held = threading.local()
        self._all_held: WeakSet[Connection] = WeakSet()  # a thread that ends gives its connection back to the pool

    @classmethod
    def open(cls, url: str, *, key: bytes, tenant: int = 1, migrate: bool = True) -> Self:
        """Open the ledger, making or updating its tables if need be.

        `url` is SQLAlchemy's: `sqlite:////var/lib/bounces/ledger.db`, `postgresql://user@host/name`. `key` has at least
        32 random octets; another one than that with which the ledger was begun is a `LedgerError`, as are a database
        that cannot be reached, and one that a newer version of this software has made.
        """
        if len(key) < SHORTEST_KEY:
            raise LedgerError(f"the ledger's key has {len(key)} octets; it needs at least {SHORTEST_KEY} random ones")
        ledger = cls(engine_for(url), key=key, tenant=tenant)
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
        with self._begun("write", queue=_EVERYBODY) as connection:
            bring_up_to_date(connection, migrate=migrate)
            if not self._is_mine(connection):
                connection.execute(insert(keys), {"number": 1, "check_value": self._check_value})

    @property
    def _check_value(self) -> str:
        return keyed(self._key, "check", "ledger")

    def _is_mine(self, connection: Connection) -> bool:
        """Whether the ledger was begun with this key; not yet begun if not. Another key is a `LedgerError`."""
        begun_with = connection.scalar(CHECK_VALUE)
        if begun_with is not None and not hmac.compare_digest(begun_with, self._check_value):
            raise LedgerError(
                "this ledger was begun with another key: nobody would be found suppressed. Restore the key file that "
                "belongs to this database, or name another database"
            )
        return begun_with is not None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One write transaction: committed at the end, rolled back by any exception. Writers wait for each other.

        What the database refuses comes as `LedgerError`.
        """
        with self._begun("write") as connection:
            tx = Transaction(connection=connection, tenant=self.tenant, key=self._key)
            yield tx
            tx.flush()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One consistent view of the ledger; waits for no writer."""
        with self._begun("read") as connection:
            yield Transaction(connection=connection, tenant=self.tenant, key=self._key)

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
    def _begun(self, mode: str, *, queue: int | None = None) -> Iterator[Connection]:
        """A connection in a transaction. Writers of one queue, the tenant's if none is named, wait for each other."""
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
                        connection.execute(QUEUE, {"lock": _QUEUE, "queue": self.tenant if queue is None else queue})
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

    def ask(self, question: Select[*tuple[Any, ...]], **values: object) -> Row[*tuple[Any, ...]] | None:
        """The first row that answers a single question, from the newest state, over this thread's own connection.

        Far quicker than a transaction. A connection that broke meanwhile, as when the database was restarted, is
        replaced once.
        """
        parameters = {"tenant": self.tenant, **values}
        try:
            return self._asking().execute(question, parameters).first()
        except SQLAlchemyError as error:
            if not getattr(error, "connection_invalidated", False):
                raise failure(self._engine.url, error) from error
        try:
            return self._asking().execute(question, parameters).first()
        except SQLAlchemyError as error:
            raise failure(self._engine.url, error) from error

    def _asking(self) -> Connection:
        held: Connection | None = getattr(self._held, "connection", None)
        if held is None or held.closed or held.invalidated:
            held = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._held.connection = held
            self._all_held.add(held)
        return held

    def fingerprint(self, address: str) -> str:
        """The fingerprint under which an address is remembered, however it is spelled."""
        return fingerprint(self._key, address)

    def close(self) -> None:
        """Let go of the database."""
        for held in list(self._all_held):
            held.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self._engine.url.render_as_string(hide_password=True)!r}, tenant={self.tenant})"
