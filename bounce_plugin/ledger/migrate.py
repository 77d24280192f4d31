"""How old is the database, and how does it become as new as the code?"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Inspector, inspect, text

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.schema import REVISION

MIGRATIONS = Path(__file__).parent / "migrations"

#: Which migration this database had last.
AGE = text("SELECT version_num FROM alembic_version")


def is_up_to_date(connection: Connection) -> bool:
    """Whether the database has had every migration that the code knows, and no other."""
    return age_of(connection) == REVISION


def bring_up_to_date(connection: Connection, *, migrate: bool) -> None:
    """Run the migrations that are missing, within the connection's transaction.

    The caller holds the write lock, so that of two processes that start at once one migrates and the other finds it
    done. `LedgerError` when the database is newer than the code, or older and `migrate` is false.
    """
    age = age_of(connection)
    if age == REVISION:
        return
    if age is not None and age not in _known():
        raise LedgerError(
            f"the database is at version {age}, which this software (version {REVISION}) does not know: it was made by "
            "a newer one. Update bounce-plugin"
        )
    if not migrate:
        found = "holds no ledger yet" if age is None else f"is at version {age}, the software at {REVISION}"
        raise LedgerError(f"the database {found}: run `bounce-plugin migrate`")
    _upgrade(connection)


def age_of(connection: Connection) -> str | None:
    """The newest migration that this database has had; None for an empty one."""
    inspector: Inspector = inspect(connection)
    return connection.scalar(AGE) if inspector.has_table("alembic_version") else None


def _known() -> set[str]:
    from alembic.script import ScriptDirectory  # slow to import, and needed once in the life of a version

    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
