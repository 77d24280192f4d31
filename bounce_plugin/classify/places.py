"""On which line of which table does a rule stand? Looked up for people, when they ask; no verdict needs it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Final, TypeAlias

_Row: TypeAlias = Mapping[str, object]

#: The classes of enhanced status codes that tell of a failure, and the columns that hold their reasons.
_COLUMNS: Final = {"4": "temporary", "5": "permanent"}


def find_table_line(rule: str) -> str:
    """The file and the line of a rule as evidence cites it, `status_codes.toml:14`.

    Empty for what stands in no packaged table: an action, a stage, a person, the phrase of a host or a plugin.
    """
    kind, _, name = rule.partition(":")
    find = _FINDERS.get(kind)
    return find(name) if find else ""


def _find_phrase(name: str) -> str:
    scope, _, phrase = name.partition(":")
    written = phrase.replace("\\", "\\\\").replace('"', '\\"')

    def is_it(row: _Row) -> bool:
        return row.get("phrase") == phrase and row.get("scope", "any") == scope

    return _find("phrases.toml", f'"{written}"', is_it)


def _find_status(name: str) -> str:
    return _find_code(name, lambda row: "scope" not in row)


def _find_provider_code(name: str) -> str:
    scope, _, codes = name.partition(":")
    return _find_code(codes, lambda row: row.get("scope") == scope)


def _find_code(codes: str, applies: Callable[[_Row], bool]) -> str:
    """The row of a code or of a range of codes; one of X.1.1 stands for 4.1.1 and for 5.1.1, as far as it says."""
    low, _, high = codes.partition("-")
    class_, general = low[:1], f"X{low[1:]}"
    spellings = {codes, general, f"{general}-X{high[1:]}"}

    def is_it(row: _Row) -> bool:
        return row.get("code") in spellings and _COLUMNS.get(class_, "") in row and applies(row)

    return _find("status_codes.toml", low[1:], is_it)


def _find_reply(name: str) -> str:
    return _find("reply_codes.toml", f'"{name}"', lambda row: row.get("code") == name)


def _find_provider(name: str) -> str:
    lines = _lines("providers.toml")
    return f"providers.toml:{lines.index(f'[{name}]') + 1}" if f"[{name}]" in lines else ""


_FINDERS: Final = {
    "phrase": _find_phrase,
    "status": _find_status,
    "code": _find_provider_code,
    "reply": _find_reply,
    "exit": _find_reply,
    "provider": _find_provider,
}


def _find(file: str, words: str, is_it: Callable[[_Row], bool]) -> str:
    """Where the row stands that is the one; only lines that hold its words are parsed."""
    for number, line in enumerate(_lines(file), start=1):
        if words in line and line.startswith("{") and is_it(_parse(line)):
            return f"{file}:{number}"
    return ""


def _parse(line: str) -> _Row:
    row: _Row = tomllib.loads(f"rows = [\n{line}\n]")["rows"][0]  # a comma or a comment may follow the row
    return row


@cache
def _lines(file: str) -> tuple[str, ...]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return tuple(map(str.strip, text.splitlines()))
