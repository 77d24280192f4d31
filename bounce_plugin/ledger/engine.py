"""Which database is the ledger kept in, and how is it spoken to?"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, inspect, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from bounce_plugin.errors import LedgerError

_PATIENCE = 60  # seconds that a writer waits for the one before it


def exists(url: str) -> bool:
    """Whether there is a ledger at this URL already. Makes nothing; `LedgerError` if the database cannot be reached."""
    engine = engine_for(url)
    database = engine.url.database
    if engine.dialect.name == "sqlite" and (not database or not Path(database).exists()):
        return False
    try:
        with engine.connect() as connection:
            return inspect(connection).has_table("alembic_version")
    except SQLAlchemyError as error:
        raise failure(engine.url, error) from error
    finally:
        engine.dispose()


def beside(url: URL, name: str) -> Path | None:
    """Where a file belongs that goes with a database: next to SQLite's, else in the user's cache folder; None: nowhere."""
    if url.get_backend_name() == "sqlite":
        database = url.database
        return None if not database or database.startswith((":", "file:")) else Path(f"{database}-{name}")
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # nobody's home
        return None
    told = f"{url.host}\0{url.port}\0{url.database}\0{url.query}"  # neither user nor password
    return cache / "bounce-plugin" / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}-{name}"


def engine_for(url: str) -> Engine:
    """The engine for a database URL; `LedgerError` for one that is not supported."""
    try:
        parsed = make_url(url)
        match parsed.get_backend_name():
            case "sqlite":
                return _sqlite(parsed)
            case "postgresql":
                return create_engine(parsed.set(drivername="postgresql+psycopg"))
            case other:
                raise LedgerError(f"the ledger cannot be kept in {other!r}: sqlite and postgresql are supported")
    except (ArgumentError, ValueError) as error:  # a ValueError: the port is no number
        why = "its port must be a whole number" if isinstance(error, ValueError) else "sqlite:///FILE is one"
        raise LedgerError(f"ledger.url is no database URL: {why}") from None  # neither may show the password
    except ModuleNotFoundError as error:
        raise LedgerError("PostgreSQL needs the extra: pip install 'bounce-plugin[postgresql]'") from error


def _sqlite(url: URL) -> Engine:
    in_memory = url.database in {None, "", ":memory:"}
    pool = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(url, connect_args={"check_same_thread": False}, **pool)

    @event.listens_for(engine, "do_connect")
    def make_private(_dialect: object, _record: object, _args: object, _options: object) -> None:
        # It will hold people's addresses, and mails that wait for a person: SQLite would let everybody read a new file.
        if not in_memory and not str(url.database).startswith("file:"):
            with suppress(OSError):  # it is there, as nearly always; or SQLite will say what is wrong
                os.close(os.open(str(url.database), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        # sqlite3 would begin a transaction by itself, late and deferred: two writers would then deadlock, not queue.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE * 1000}")
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = NORMAL")
        # The keys are random, so a batch touches pages everywhere: have many at hand, and carry each over less often.
        cursor.execute("PRAGMA cache_size = -4000")  # kB
        cursor.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: 16 MB
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # who is forgotten must not stand in the file's free space
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("ledger_mode")
        if mode is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if mode == "write" else "BEGIN")

    return engine


def _write_ahead(cursor: DBAPICursor) -> None:
    """Have writers wait for no reader. SQLite does not wait to change the journal mode, whatever its busy_timeout is."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)  # somebody else opens a new ledger at this moment
        else:
            return


def failure(url: URL, error: Exception) -> LedgerError:
    """What the database said, on one line, without the password of its URL."""
    cause = getattr(error, "orig", None) or error
    return LedgerError(f"the ledger {url.render_as_string(hide_password=True)}: {' '.join(str(cause).split())}")
