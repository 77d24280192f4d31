"""How are many rows written by one statement? Compiled once; of each row only the values are looked at that need it.

SQLAlchemy, asked to execute a statement with many rows, takes several times as long for each as SQLite does to write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler

from bounce_plugin.ledger.columns import Moment, Wording, storable

Row = Mapping[str, object]
_Processor = Callable[[object], object]

_MOMENTS: Final = 256  # spelt points in time that are remembered for each column: the rows of a batch are of one moment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A statement in a database's own words."""

    text: str
    names: tuple[tuple[str, _Processor | None], ...]  # what it takes, in its order, and what makes a value of it
    always: Mapping[str, object]  # what the statement itself holds
    by_name: bool  # the driver wants names with the values

    def values(self, row: Row) -> tuple[object, ...] | dict[str, object]:
        """What a row gives to it."""
        row = {**self.always, **row} if self.always else row
        if self.by_name:
            return {name: process(row[name]) if process else row[name] for name, process in self.names}
        return tuple([process(row[name]) if process else row[name] for name, process in self.names])


def write_many(connection: Connection, statement: Executable, rows: Sequence[Row]) -> None:
    """Execute a statement that gives nothing back, once for each row; all rows have the same columns."""
    compiled = _compile(statement, connection.dialect, tuple(rows[0]))
    values = [compiled.values(row) for row in rows]
    connection.exec_driver_sql(compiled.text, values)


@lru_cache(maxsize=128)
def _compile(statement: Executable, dialect: Dialect, columns: tuple[str, ...]) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns), for_executemany=True)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    names = compiled.positiontup if dialect.positional else dict.fromkeys(compiled.bind_names.values())
    return _Compiled(
        text=compiled.string,
        names=tuple((name, _processor(compiled, dialect, name)) for name in names or ()),
        always={name: compiled.params[name] for name in names or () if name not in columns},
        by_name=not dialect.positional,
    )


def _processor(compiled: SQLCompiler, dialect: Dialect, name: str) -> _Processor | None:
    kind = compiled.binds[name].type
    process: _Processor | None = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is not None and isinstance(kind, Moment):
        return lru_cache(maxsize=_MOMENTS)(process)
    return _storable if isinstance(kind, Wording) else process


def _storable(text: object) -> object:
    return storable(text) if isinstance(text, str) else text
