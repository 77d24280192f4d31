"""How is the ledger opened, and what makes a transaction of it? Engine, key and age of the database."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, insert, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.migrate import bring_up_to_date
from bounce_plugin.ledger.schema import keys
from bounce_plugin.ledger.transaction import SHORTEST_KEY, Transaction, fingerprint, keyed

_PATIENCE = 60  # seconds that a writer waits for the one before it
_QUEUE = 0x626F756E  # which of PostgreSQL's advisory locks ours is

#: By which key this ledger was made.
CHECK_VALUE = select(keys.c.check_value)

#: Let one writer of a tenant pass after the other. Without it, two processes that record the failures of one address
#: at the same time would each decide without the other's.
QUEUE = text("SELECT pg_advisory_xact_lock(:lock, :tenant)")


class Ledger:
    """Everything that is remembered, for one tenant. May be used by several threads and processes at once."""

    def __init__(self, engine: Engine, *, key: bytes, tenant: int) -> None:
        self._engine, self._key, self.tenant = engine, key, tenant
        self._rehearsal: Connection | None = None
        self._held = threading.local()

    @classmethod
    def open(cls, url: str, *, key: bytes, tenant: int = 1, migrate: bool = True) -> Self:
        """Open the ledger, making or updating its tables if need be.

        `url` is SQLAlchemy's: `sqlite:////var/lib/bounces/ledger.db`, `postgresql://user@host/name`. `key` has at least
        32 random octets; another one than that with which the ledger was begun is a `LedgerError`, as are a database
        that cannot be reached, and one that a newer version of this software has made.
        """
        if len(key) < SHORTEST_KEY:
            raise LedgerError(f"the ledger's key has {len(key)} octets; it needs at least {SHORTEST_KEY} random ones")
        ledger = cls(_engine(url), key=key, tenant=tenant)
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
        with self._begun("write") as connection:
            bring_up_to_date(connection, migrate=migrate)
            mine = keyed(self._key, "check", "ledger")
            theirs = connection.scalar(CHECK_VALUE)
            if theirs is None:
                connection.execute(insert(keys), {"number": 1, "check_value": mine})
            elif not hmac.compare_digest(theirs, mine):
                raise LedgerError(
                    "this ledger was begun with another key: nobody would be found suppressed. Restore the key file "
                    "that belongs to this database, or name another database"
                )

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One write transaction: committed at the end, rolled back by any exception. Writers wait for each other.

        What the database refuses comes as `LedgerError`.
        """
        with self._begun("write") as connection:
            yield Transaction(connection=connection, tenant=self.tenant, key=self._key)

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
    def _begun(self, mode: str) -> Iterator[Connection]:
        try:
            if self._rehearsal is not None:
                with self._rehearsal.begin_nested():
                    yield self._rehearsal
                return
            with self._engine.connect().execution_options(ledger_mode=mode) as connection:
                if connection.dialect.name == "postgresql":
                    if mode == "read":
                        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                    else:
                        connection.execute(QUEUE, {"lock": _QUEUE, "tenant": self.tenant})
                yield connection
                if mode == "write":
                    connection.commit()
        except SQLAlchemyError as error:
            raise _failure(self._engine.url, error) from error

    def asking(self) -> Connection:
        """This thread's own connection for single questions, each of which sees the newest state."""
        held: Connection | None = getattr(self._held, "connection", None)
        if held is None or held.closed or held.invalidated:
            held = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._held.connection = held
        return held

    def fingerprint(self, address: str) -> str:
        """The fingerprint under which an address is remembered, however it is spelled."""
        return fingerprint(self._key, address)

    def close(self) -> None:
        """Let go of the database."""
        held: Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            held.close()
            self._held = threading.local()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self._engine.url.render_as_string(hide_password=True)!r}, tenant={self.tenant})"


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        match parsed.get_backend_name():
            case "sqlite":
                return _sqlite(parsed)
            case "postgresql":
                return create_engine(parsed.set(drivername="postgresql+psycopg"))
            case other:
                raise LedgerError(f"the ledger cannot be kept in {other!r}: sqlite and postgresql are supported")
    except ArgumentError as error:
        raise LedgerError(f"this is no database URL: {url!r}") from error
    except ModuleNotFoundError as error:
        raise LedgerError("PostgreSQL needs the extra: pip install 'bounce-plugin[postgresql]'") from error


def _sqlite(url: URL) -> Engine:
    in_memory = url.database in {None, "", ":memory:"}
    pool = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(url, connect_args={"check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        # sqlite3 would begin a transaction by itself, late and deferred: two writers would then deadlock, not queue.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE * 1000}")  # first: changing the journal mode may have to wait
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("ledger_mode")
        if mode is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if mode == "write" else "BEGIN")

    return engine


def _failure(url: URL, error: SQLAlchemyError) -> LedgerError:
    cause = getattr(error, "orig", None) or error
    return LedgerError(f"the ledger {url.render_as_string(hide_password=True)}: {cause}")
