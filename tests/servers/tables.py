"""The tables of SQLite ledgers, for `pytest_plugins`: migrations run once in a process, and what they made is made again from then on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection

from bounce_plugin.ledger import migrate

Upgrade = Callable[[Connection], None]


@pytest.fixture(scope="session", autouse=True)
def made_again() -> Iterator[Upgrade]:
    """Give an empty database what the migrations gave to the first one, in a tenth of the time; yields the migrations."""
    migrations: Upgrade = migrate._upgrade
    statements: list[str] = []

    def upgrade(connection: Connection) -> None:
        database = connection.connection.driver_connection
        if not isinstance(database, sqlite3.Connection) or migrate.age_of(connection) is not None:
            migrations(connection)
            return
        for statement in statements:
            database.execute(statement)
        if not statements:
            migrations(connection)
            _begin, *made, _commit = database.iterdump()
            statements.extend(made)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "_upgrade", upgrade)
        yield migrations


@pytest.fixture
def every_migration(made_again: Upgrade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the migrations run, for tests that are about them."""
    monkeypatch.setattr(migrate, "_upgrade", made_again)
