"""Are the tables there, and what is asked of them? Reflected once at start; every statement is built here.

Names come from the configuration and are checked against the database; values travel as parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    MetaData,
    Table,
    and_,
    create_engine,
    delete,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, NoSuchTableError, SQLAlchemyError

from bounce_plugin import Contact, SettingsError
from bounce_plugin_sqlalchemy.options import SECTION, Lists, Options, Value, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """The table of contacts."""

    id: Column[object]
    addresses: tuple[Column[object], ...]
    only: ColumnElement[bool]
    stored_lower: bool

    def find(self, connection: Connection, spellings: Sequence[str]) -> dict[object, str]:
        """Who has one of these addresses (in lower case): the ids, each with the address as it is stored."""
        compared = [address if self.stored_lower else func.lower(address) for address in self.addresses]
        matches = or_(*(one.in_(spellings) for one in compared))
        statement = select(self.id, *self.addresses).where(matches, self.only).order_by(self.id)
        found: dict[object, str] = {}
        for number, *addresses in connection.execute(statement):
            for address in addresses:
                # Compared again: some collations take `ü` for `u`, and that is somebody else.
                if address is not None and address.lower() in spellings:
                    found.setdefault(number, address)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """The rows that put a contact on a list."""

    table: Table
    contact: Column[object]
    list: Column[object] | None
    only: ColumnElement[bool]
    delete: bool
    set: Mapping[str, Value]
    stamp: tuple[Column[object], ...]

    def of(self, connection: Connection, contacts: Iterable[object]) -> dict[object, tuple[str, ...]]:
        """The lists of each contact."""
        if self.list is None:
            return {}
        statement = (
            select(self.contact, self.list).where(self.contact.in_(list(contacts)), self.only).order_by(self.list)
        )
        found: dict[object, list[str]] = {}
        for contact, name in connection.execute(statement):
            found.setdefault(contact, []).append(str(name))
        return {contact: tuple(dict.fromkeys(names)) for contact, names in found.items()}

    def remove(self, connection: Connection, contacts: Iterable[object], at: datetime) -> None:
        """Take contacts off their lists; who is off already stays as he is."""
        these = and_(self.contact.in_(list(contacts)), self.only)
        if self.delete:
            connection.execute(delete(self.table).where(these))
            return
        changes: list[ColumnElement[bool]] = [column.is_(None) for column in self.stamp]
        changes += [self.table.c[name].is_distinct_from(value) for name, value in self.set.items()]
        new = {**self.set, **{column.name: func.coalesce(column, _moment(column, at)) for column in self.stamp}}
        connection.execute(update(self.table).where(these, or_(*changes)).values(new))


def open_database(options: Options) -> Engine:
    """Make the engine.

    Raises SettingsError for what is no URL, needs a driver that is not installed, or names an SQLite file that is not
    there: SQLite would make an empty one.
    """
    try:
        engine = create_engine(options.url, pool_pre_ping=True)
    except ArgumentError:
        raise SettingsError("cannot be used: it is no database URL", key=f"{SECTION}.url") from None
    except ValueError:
        raise SettingsError("cannot be used: its port must be a whole number", key=f"{SECTION}.url") from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"cannot be used: {error}", key=f"{SECTION}.url") from error
    file = engine.url.database or ""
    if (
        engine.dialect.name == "sqlite"
        and file
        and not file.startswith((":memory:", "file:"))
        and not Path(file).exists()
    ):
        raise SettingsError(f"cannot be used: there is no file {Path(file).absolute()}", key=f"{SECTION}.url")
    return engine


def open_tables(engine: Engine, options: Options) -> tuple[Contacts, Memberships | None]:
    """Reflect the tables, and check that everything that the options name exists. Raises SettingsError."""
    try:
        return _contacts(engine, options), _memberships(engine, options.lists) if options.lists else None
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        shown = engine.url.render_as_string(hide_password=True)
        raise SettingsError(f"{shown} cannot be read: {cause}", key=f"{SECTION}.url") from error


def _contacts(engine: Engine, options: Options) -> Contacts:
    table = _reflect(engine, options.table, SECTION)
    alive = [_column(table, name, f"{SECTION}.where_null").is_(None) for name in options.where_null]
    return Contacts(
        id=_column(table, options.id, f"{SECTION}.id"),
        addresses=tuple(_column(table, name, f"{SECTION}.address") for name in options.address),
        only=and_(True, _equal(table, options.where, f"{SECTION}.where"), *alive),
        stored_lower=options.stored_lower,
    )


def _memberships(engine: Engine, lists: Lists) -> Memberships:
    section = f"{SECTION}.lists"
    table = _reflect(engine, lists.table, section)
    for name in lists.set:
        _column(table, name, f"{section}.set")
    return Memberships(
        table=table,
        contact=_column(table, lists.contact, f"{section}.contact"),
        list=_column(table, lists.list, f"{section}.list") if lists.list else None,
        only=_equal(table, lists.where, f"{section}.where"),
        delete=lists.delete,
        set=lists.set,
        stamp=tuple(_column(table, name, f"{section}.stamp") for name in lists.stamp),
    )


def _reflect(engine: Engine, name: str, section: str) -> Table:
    schema, _, plain = name.rpartition(".")
    database = inspect(engine)
    try:
        # Columns alone: indexes and foreign keys are not needed, and an index on lower(email) makes SQLAlchemy warn.
        columns = [Column(column["name"], column["type"]) for column in database.get_columns(plain, schema or None)]
    except NoSuchTableError as error:
        there = database.get_table_names(schema or None)
        problem = f"there is no such table{nearest(plain, there)}"
        raise SettingsError(problem, key=f"{section}.table", value=name) from error
    return Table(plain, MetaData(), *columns, schema=schema or None)


def _column(table: Table, name: str, key: str) -> Column[object]:
    if name not in table.c:
        problem = f"the table {table.name!r} has no such column{nearest(name, table.c.keys())}"
        raise SettingsError(problem, key=key, value=name)
    return table.c[name]


def _equal(table: Table, values: Mapping[str, Value], key: str) -> ColumnElement[bool]:
    return and_(True, *(_column(table, name, key) == value for name, value in values.items()))


def _moment(column: Column[object], at: datetime) -> datetime:
    """The time as the column takes it: without a zone it is UTC."""
    zoned = isinstance(column.type, DateTime) and column.type.timezone
    return at if zoned else at.astimezone(UTC).replace(tzinfo=None)


def as_contacts(found: Mapping[object, str], lists: Mapping[object, tuple[str, ...]]) -> tuple[Contact, ...]:
    """What we tell of the rows."""
    return tuple(
        Contact(id=str(number), address=address, lists=lists.get(number, ())) for number, address in found.items()
    )
