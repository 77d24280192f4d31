"""What did the operator write into `[plugin.sqlalchemy]`? Read and checked, with errors that name key and value."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from bounce_plugin import SettingsError

SECTION: Final = "plugin.sqlalchemy"

Value = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Which rows put a contact on a list, and what becomes of them."""

    table: str
    contact: str
    list: str = ""  # empty: a contact is on the one list or is not
    where: Mapping[str, Value] = field(default_factory=dict)
    delete: bool = True  # else `set` and `stamp` are written
    set: Mapping[str, Value] = field(default_factory=dict)
    stamp: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where the contacts are."""

    url: str = field(repr=False)  # it may hold a password
    table: str
    id: str
    address: tuple[str, ...]
    where: Mapping[str, Value] = field(default_factory=dict)
    where_null: tuple[str, ...] = ()
    stored_lower: bool = False
    lists: Lists | None = None


def read_options(options: Mapping[str, object]) -> Options:
    """Read the options. Raises SettingsError."""
    section = _Section(SECTION, options)
    read = Options(
        url=_url(section),
        table=section.text("table"),
        id=section.text("id"),
        address=section.texts("address"),
        where=section.values("where"),
        where_null=section.texts("where_null", needed=False),
        stored_lower=section.flag("stored_lower"),
        lists=_lists(section.section("lists")),
    )
    section.refuse_the_rest()
    return read


def _url(section: _Section) -> str:
    variable = section.text("url_env", needed=False)
    if not variable:
        return section.text("url")
    if section.has("url"):
        raise section.wrong("url_env", variable, "only one of url and url_env can be used")
    url = os.environ.get(variable, "")
    if not url:
        raise section.wrong("url_env", variable, "is not set in the environment")
    return url


def _lists(section: _Section | None) -> Lists | None:
    if section is None:
        return None
    what = section.text("on_threshold")
    if what not in {"delete", "set"}:
        raise section.wrong("on_threshold", what, 'allowed: "delete", "set"')
    read = Lists(
        table=section.text("table"),
        contact=section.text("contact"),
        list=section.text("list", needed=False),
        where=section.values("where"),
        delete=what == "delete",
        set=section.values("set"),
        stamp=section.texts("stamp", needed=False),
    )
    section.refuse_the_rest()
    if read.delete and (read.set or read.stamp):
        raise section.wrong(
            "on_threshold", what, 'a row that is deleted keeps no value; use "set", or no set and stamp'
        )
    if not read.delete and not (read.set or read.stamp):
        raise section.wrong("on_threshold", what, 'says nothing without a table "set" or a list "stamp"')
    return read


class _Section:
    """One table of the options; it knows which of its keys were asked for."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        self._name, self._options = name, options
        self._known: list[str] = []

    def wrong(self, key: str, value: object, problem: str) -> SettingsError:
        return SettingsError(problem, key=f"{self._name}.{key}", value=value)

    def has(self, key: str) -> bool:
        return key in self._options

    def text(self, key: str, *, needed: bool = True) -> str:
        value = self._get(key, needed=needed)
        if value is None:
            return ""
        if not isinstance(value, str) or not value:
            raise self.wrong(key, value, "must be a text that is not empty")
        return value

    def texts(self, key: str, *, needed: bool = True) -> tuple[str, ...]:
        value = self._get(key, needed=needed)
        if value is None:
            return ()
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list) or not several or not all(one and isinstance(one, str) for one in several):
            raise self.wrong(key, value, "must be the name of a column, or a list of names")
        return tuple(several)

    def flag(self, key: str) -> bool:
        value = self._get(key, needed=False)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(key, value, "must be true or false")
        return bool(value)

    def values(self, key: str) -> Mapping[str, Value]:
        value = self._get(key, needed=False)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(one, Value) for one in value.values()):
            raise self.wrong(key, value, "must be a table of columns and values: { column = value }")
        return dict(value)

    def section(self, key: str) -> _Section | None:
        value = self._get(key, needed=False)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.wrong(key, value, "must be a table")
        return _Section(f"{self._name}.{key}", value)

    def refuse_the_rest(self) -> None:
        """To be called when every known key was asked for."""
        for key in self._options:
            if key not in self._known:
                raise self.wrong(key, self._options[key], f"there is no such key{nearest(key, self._known)}")

    def _get(self, key: str, *, needed: bool) -> object:
        self._known.append(key)
        if needed and key not in self._options:
            raise self.wrong(key, None, "is missing")
        return self._options.get(key)


def nearest(name: str, names: Collection[str]) -> str:
    """What to say about a name that is not among the names."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(sorted(names)) or 'none'}"
