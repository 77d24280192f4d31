"""Ledgers for tests, for `pytest_plugins`: what asks for `ledger` or `ledger_url` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import metadata
from tests.servers.postgresql import NoPostgresqlError, Postgresql

KEY = b"a key for tests, of 32 octets..."

NewUrl = Callable[[], str]


@contextmanager
def _postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL; where none is installed the test is skipped."""
    try:
        server = Postgresql().__enter__()
    except NoPostgresqlError as error:
        pytest.skip(str(error))
    try:
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgresql]:
    """One PostgreSQL for all tests of this process."""
    with _postgresql() as server:
        yield server


@pytest.fixture
def own_postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL of a test's own, which it may stop."""
    with _postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_ledger(postgresql_server: Postgresql) -> str:
    """The URL of a database with a ledger, which tests use one after the other: a new one takes ten times as long."""
    url = postgresql_server.url(postgresql_server.new_database())
    Ledger.open(url, key=KEY).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    server: Postgresql = request.getfixturevalue("postgresql_server")
    return server.url(server.new_database())


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with an empty ledger, of the key `KEY`."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
        Ledger.open(url, key=KEY).close()
        return url
    shared: str = request.getfixturevalue("postgresql_ledger")
    with psycopg.connect(shared, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '10s'")  # a test that left a transaction open shows
        for table in reversed(metadata.sorted_tables):
            if table.name != "keys":
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
    return shared


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(ledger_url, key=KEY) as opened:
        yield opened
