"""Can these phrases be used? Rows of phrases.toml, or of a host's additions to it, are read and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.normalise import LIMIT
from bounce_plugin.classify.phrasebook import Phrase
from bounce_plugin.errors import SettingsError

_KEYS: Final = frozenset({"phrase", "reason", "scope", "priority", "code", "example"})
_REQUIRED: Final = ("phrase", "reason", "example")
#: The priority of a phrase that names none: among those that tell what happened to the recipient.
_PRIORITY: Final = 70
#: A code expression is matched against at most "554 5.7.509": literals, classes and choices, but nothing that repeats.
_CODE: Final = re.compile(r"[0-9 .|()\[\]?:\\d-]{1,80}")


def read_phrases(text: str, *, source: str, scopes: Set[str], known: Mapping[str, Phrase]) -> Iterator[Phrase]:
    """The phrases of a TOML text of the form `phrases = [{ phrase = …, reason = …, … }, …]`.

    Raises SettingsError that names the source and the line of what cannot be used: an unknown key, reason or scope, an
    empty part, a priority out of range, a code expression that could run away, a phrase that is `known` already.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is no TOML: {error}", source=source) from error
    rows = table.pop("phrases", None)
    if table or not isinstance(rows, list):
        raise SettingsError(
            "must hold one array named phrases, and nothing else", key=next(iter(table), "phrases"), source=source
        )
    seen = dict(known)
    for number, row in enumerate(rows):
        where = f"{source}, {_line(text, row, number)}"
        phrase = _phrase(row, where, scopes)
        if phrase.rule in seen:
            raise SettingsError("is there already", key="phrase", value=phrase.rule, source=where)
        seen[phrase.rule] = phrase
        yield phrase


def _phrase(row: object, where: str, scopes: Set[str]) -> Phrase:
    if not isinstance(row, dict):
        raise SettingsError(
            "must be a table { phrase = …, reason = …, example = … }", value=row, key="phrases", source=where
        )
    for key, value in row.items():
        if key not in _KEYS:
            raise SettingsError(f"is no key of a phrase; those are {', '.join(sorted(_KEYS))}", key=key, source=where)
        if not isinstance(value, int if key == "priority" else str) or isinstance(value, bool):
            raise SettingsError(
                f"must be {'a number' if key == 'priority' else 'text'}", key=key, value=value, source=where
            )
    for key in _REQUIRED:
        if not str(row.get(key, "")).strip():
            raise SettingsError("is missing", key=key, source=where)
    if row["reason"] not in set(Reason):
        raise SettingsError("is no reason", key="reason", value=row["reason"], source=where)
    scope, priority = row.get("scope", "any"), row.get("priority", _PRIORITY)
    if scope != "any" and scope not in scopes:
        raise SettingsError(
            f"must be any or one of {', '.join(sorted(scopes))}", key="scope", value=scope, source=where
        )
    if not 10 <= priority <= 99:
        raise SettingsError("must be from 10 to 99", key="priority", value=priority, source=where)
    phrase = Phrase(
        phrase=row["phrase"],
        reason=Reason(row["reason"]),
        scope=scope,
        priority=priority,
        code=_code(row.get("code", ""), where),
        example=row["example"],
    )
    if len(phrase.phrase) > LIMIT or not all(part and all(word.strip("* ") for word in part) for part in phrase.parts):
        raise SettingsError("has an empty part", key="phrase", value=phrase.phrase, source=where)
    if any("*" in word[:-1] for part in phrase.parts for word in part):
        raise SettingsError("may have `*` at the end of a word only", key="phrase", value=phrase.phrase, source=where)
    return phrase


def _code(expression: str, where: str) -> re.Pattern[str] | None:
    if not expression:
        return None
    if not _CODE.fullmatch(expression):
        raise SettingsError("may hold digits, \\d, [ ], ( ), | and ? only", key="code", value=expression, source=where)
    try:
        return re.compile(expression)
    except re.error as error:
        raise SettingsError(f"is no regular expression: {error}", key="code", value=expression, source=where) from error


def _line(text: str, row: object, number: int) -> str:
    """Where a row stands: `line 12` when it is found as written, else `phrase 3`."""
    phrase = row.get("phrase") if isinstance(row, dict) else None
    lines = [at for at, line in enumerate(text.splitlines(), start=1) if phrase and f'"{phrase}"' in line]
    return f"line {lines[-1]}" if lines else f"phrase {number + 1}"
