"""A host with a plain contacts table, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from bounce_plugin_sqlalchemy import SqlAlchemyHooks
from tests.hooks.host import SCHEMA, OpenHooks, read_options


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the host's tables."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path / 'crm.db'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        made = server.url(server.new_database()).replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(made)
    with engine.begin() as connection:
        for statement in SCHEMA.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    engine.dispose()
    return made


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def open_hooks(url: str) -> Iterator[OpenHooks]:
    opened: list[SqlAlchemyHooks] = []

    def open_(of_lists: Mapping[str, object] | None = None, **changes: object) -> SqlAlchemyHooks:
        """Options as above with changes; a change to None leaves the key out."""
        options: dict[str, object] = {"url": url, **read_options(), **changes}
        if of_lists is not None:
            options["lists"] = {**read_options()["lists"], **of_lists}
        opened.append(SqlAlchemyHooks({key: value for key, value in options.items() if value is not None}))
        return opened[-1]

    yield open_
    for hooks in opened:
        hooks.close()
