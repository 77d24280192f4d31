"""Do the migrations make what the code expects, and do the walls stand?"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, UniqueConstraint, create_engine, inspect

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.attempts import tried
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.lease import hold
from bounce_plugin.ledger.mails import mail_by_id, record_mail
from bounce_plugin.ledger.migrate import MIGRATIONS
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import REVISION, metadata
from tests.ledger.ages import make_older
from tests.ledger.samples import JOE, NOW, a_mail, recorded
from tests.servers.ledgers import KEY

pytestmark = pytest.mark.usefixtures("every_migration")


def test_migrations_make_exactly_the_schema(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ledger, ledger.reading() as tx:
        connection = tx.connection
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        checks = {
            check["name"]: check["sqltext"]
            for table in metadata.tables
            for check in inspect(connection).get_check_constraints(table)
        }
    assert set(checks) == {
        constraint.name
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def test_migrations_make_on_sqlite_the_same_statements_as_the_schema(tmp_path) -> None:
    # What alembic does not compare: WITHOUT ROWID, AUTOINCREMENT, partial indexes.
    def statements(url: str) -> dict[str, str]:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            return {name: re.sub(r"[\s\"]+", "", sql) for name, sql in rows if "alembic" not in name}

    migrated, created = f"sqlite:///{tmp_path}/migrated.db", f"sqlite:///{tmp_path}/created.db"
    Ledger.open(migrated, key=KEY).close()
    engine = create_engine(created)
    metadata.create_all(engine)
    engine.dispose()
    ours, theirs = statements(migrated), statements(created)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert sorted(re.split("[,(]", ours[name])) == sorted(re.split("[,(]", theirs[name]))


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_a_ledger_of_an_earlier_version_is_brought_up_to_date_with_all_that_it_holds(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ledger, ledger.transaction() as tx:
        event = recorded(tx, mail_id=record_mail(tx, a_mail("7")) or 0, document="")
        make_older(tx, "0001")
    with pytest.raises(LedgerError, match="is at version 0001"):
        Ledger.open(empty_url, key=KEY, migrate=False)
    with (
        Ledger.open(empty_url, key=KEY) as ledger,
        hold(ledger, "bounces", lambda: NOW) as lease,
        lease.transaction() as tx,
    ):
        assert events_of(tx, JOE) == (event,)
        assert mail_by_id(tx, event.mail_id).uid == "7"
        assert tried(tx, "bounces", "1") == {}
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_unique_key_begins_with_the_tenant() -> None:
    for table in metadata.tables.values():
        if table.name == "keys":  # one key for the whole database
            continue
        assert "tenant" in table.c
        keys = [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
        keys += [list(index.columns) for index in table.indexes if index.unique]
        if len(table.primary_key.columns) > 1:
            keys.append(list(table.primary_key.columns))
        for key in keys:
            assert key[0].name == "tenant", (table.name, key)


def test_an_address_has_one_column_in_the_whole_ledger() -> None:
    columns = [(table.name, column.name) for table in metadata.tables.values() for column in table.columns]
    assert [column for column in columns if "address" in column[1]] == [
        ("addresses", "address"),
        ("review_items", "addresses"),  # JSON of placeholders
    ]
