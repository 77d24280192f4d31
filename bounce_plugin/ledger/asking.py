"""How is a single question answered as quickly as the database can? Over a connection that each thread keeps."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import count
from typing import Any, TypeVarTuple, cast
from weakref import WeakSet

from sqlalchemy import Connection, Dialect, Engine, Select, StaticPool
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

from bounce_plugin.ledger.engine import failure

Columns = TypeVarTuple("Columns")

#: Values as a driver takes them: in its order, or by its names.
_Bound = Sequence[Any] | Mapping[str, Any]

#: Changes with every commit of another connection to the same file, and costs a few microseconds.
DATA_VERSION = "PRAGMA data_version"


class Asking:
    """The connections by which single questions are asked, one for each thread. They never write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held = threading.local()
        self._all_held: WeakSet[Connection] = WeakSet()  # a thread that ends gives its connection back to the pool
        self._spelt: dict[Select[*tuple[Any, ...]], _Spelt] = {}
        self._serial = count()
        self._has_version = engine.dialect.name == "sqlite" and not isinstance(engine.pool, StaticPool)

    def ask(self, question: Select[*Columns], parameters: Mapping[str, object]) -> tuple[*Columns] | None:
        """The first row that answers it, from the newest state: in the driver's own words, which SQLAlchemy finds once.

        A connection that broke meanwhile, as when the database was restarted, is replaced once.
        """
        spelt = self._spelt.get(question)
        if spelt is None:
            spelt = self._spelt[question] = _Spelt(question, self._engine.dialect)
        row = self._first(spelt.text, spelt.bind(parameters))
        return None if row is None else cast("tuple[*Columns]", spelt.convert(row))

    def version(self) -> tuple[int, int] | None:
        """What is another one after any commit by anybody, for this thread; None where that cannot be told at once."""
        if not self._has_version:
            return None
        row = self._first(DATA_VERSION, ())
        assert row is not None
        return self._held.serial, row[0]

    def close(self) -> None:
        """Let go of the connections."""
        for held in list(self._all_held):
            held.close()

    def _first(self, text: str, parameters: _Bound) -> Any:
        for last in (False, True):
            try:
                connection = self._connection()
            except SQLAlchemyError as error:
                raise failure(self._engine.url, error) from error
            try:
                with closing(connection.cursor()) as cursor:
                    cursor.execute(text, parameters)
                    rows = cursor.fetchall()  # all, or the connection would go on looking at this state
            except self._engine.dialect.loaded_dbapi.Error as error:
                if last or not self._engine.dialect.is_disconnect(error, connection, None):
                    raise failure(self._engine.url, error) from error
                self._held.connection.invalidate(error)
            else:
                return rows[0] if rows else None
        raise AssertionError("the second try answers or raises")

    def _connection(self) -> DBAPIConnection:
        held: Connection | None = getattr(self._held, "connection", None)
        if held is None or held.closed or held.invalidated:
            held = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._held.connection, self._held.serial = held, next(self._serial)
            self._all_held.add(held)
        connection = held.connection.dbapi_connection
        assert connection is not None
        return connection


class _Spelt:
    """A question as one driver takes it, and how its values go in and out."""

    def __init__(self, question: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = question.compile(dialect=dialect)
        self.text = str(compiled)
        self._defaults = dict(compiled.params)
        self._names: list[str] | None = getattr(compiled, "positiontup", None)
        binds = getattr(compiled, "binds", {})
        self._into = {
            name: convert
            for name, bind in binds.items()
            if (convert := _native(bind.type, dialect).bind_processor(dialect)) is not None
        }
        self._out_of = tuple(
            _native(column.type, dialect).result_processor(dialect, None) or _as_it_is
            for column in question.selected_columns
        )

    def bind(self, values: Mapping[str, object]) -> _Bound:
        """The values in the order, or by the names, that the driver wants."""
        bound = {**self._defaults, **values}
        for name, convert in self._into.items():
            bound[name] = convert(bound[name])
        return bound if self._names is None else [bound[name] for name in self._names]

    def convert(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row of the driver as values of ours."""
        return tuple([convert(value) for convert, value in zip(self._out_of, row, strict=True)])


def _native(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _as_it_is(value: Any) -> Any:
    return value
