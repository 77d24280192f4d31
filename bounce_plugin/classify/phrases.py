"""Can these phrases be used? Rows of phrases.toml, or of a host's additions to it, are read and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.normalise import normalise_phrase
from bounce_plugin.classify.phrasebook import Phrase, Wording
from bounce_plugin.errors import SettingsError

_KEYS: Final = frozenset({"phrase", "reason", "scope", "priority", "code", "example"})
_REQUIRED: Final = ("phrase", "reason", "example")
#: The priority of a phrase that names none: among those that tell what happened to the recipient.
_PRIORITY: Final = 70
#: A part shorter than this would be found anywhere.
_SHORTEST: Final = 2
_WORDS: Final = re.compile(r"\{(\w{1,40})\}")
#: A code expression is matched against at most "554 5.7.509": literals, classes and choices, but nothing that repeats.
_CODE: Final = re.compile(r"[0-9 .|()\[\]?:\\d-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseTable:
    """What a text of the form of phrases.toml holds."""

    words: Mapping[str, str]  # names for alternatives that many phrases share
    phrases: tuple[Phrase, ...]


def read_phrases(text: str, *, source: str, scopes: Set[str], known: PhraseTable) -> PhraseTable:
    """The phrases of a TOML text of the form `phrases = [{ phrase = …, reason = …, example = … }, …]`.

    The result holds those that are `known` already, too. Raises SettingsError that names the source and the line of what
    cannot be used: an unknown key, reason, scope or `{name}`, an empty part, a priority out of range, a code expression
    that could run away, a phrase that is known already.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is no TOML: {error}", source=source) from error
    added, rows = table.pop("words", {}), table.pop("phrases", None)
    if table or not isinstance(rows, list) or not isinstance(added, dict):
        unknown = next(iter(table), "phrases")
        raise SettingsError(
            "must hold an array `phrases`, perhaps a table `words`, and nothing else", key=unknown, source=source
        )
    words = {**known.words, **{name: str(value) for name, value in added.items()}}
    phrases = {phrase.rule: phrase for phrase in known.phrases}
    for number, row in enumerate(rows):
        try:
            phrase = _Row(_checked(row)).read(scopes, words)
            if phrase.rule in phrases:
                raise SettingsError("is there already", key="phrase", value=phrase.phrase)
        except SettingsError as error:
            where = f"{source}, {_line(text, row, number)}"
            raise SettingsError(error.problem, key=error.key, value=error.value, source=where) from None
        phrases[phrase.rule] = phrase
    return PhraseTable(words=words, phrases=tuple(phrases.values()))


def _checked(row: object) -> dict[str, str | int]:
    """A row whose keys and types are right."""
    if not isinstance(row, dict):
        raise SettingsError("must be { phrase = …, reason = …, example = … }", key="phrases", value=row)
    for key, value in row.items():
        if key not in _KEYS:
            raise SettingsError(f"is no key of a phrase; those are {', '.join(sorted(_KEYS))}", key=key)
        wanted, name = (int, "a number") if key == "priority" else (str, "text")
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise SettingsError(f"must be {name}", key=key, value=value)
    for key in _REQUIRED:
        if not str(row.get(key, "")).strip():
            raise SettingsError("is missing", key=key)
    return row


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, while it is read."""

    row: dict[str, str | int]

    def read(self, scopes: Set[str], words: Mapping[str, str]) -> Phrase:
        reason, scope = self.text("reason"), self.text("scope") or "any"
        if reason not in set(Reason):
            raise self.error("reason", "is no reason")
        if scope != "any" and scope not in scopes:
            raise self.error("scope", f"must be any or one of {', '.join(sorted(scopes))}")
        priority = int(self.row.get("priority", _PRIORITY))
        if not 10 <= priority <= 99:
            raise self.error("priority", "must be from 10 to 99")
        return Phrase(
            phrase=self.text("phrase"),
            parts=self.parts(words),
            reason=Reason(reason),
            scope=scope,
            priority=priority,
            code=self.code(),
            example=self.text("example"),
        )

    def parts(self, words: Mapping[str, str]) -> tuple[tuple[Wording, ...], ...]:
        """The alternatives of each part; the order of a phrase's parts is that of the text."""

        def named(found: re.Match[str]) -> str:
            if found[1] not in words:
                raise self.error(
                    "phrase", f"names {{{found[1]}}}, which is not among the words {', '.join(sorted(words))}"
                )
            return words[found[1]]

        parts = tuple(
            tuple(dict.fromkeys(normalise_phrase(one) for one in part.split("|")))
            for part in _WORDS.sub(named, self.text("phrase")).split("&")
        )
        whole = [" ".join(wording).rstrip("*") for part in parts for wording in part]
        if any(len(words) < _SHORTEST and words.isascii() and words != "@" for words in whole):
            raise self.error("phrase", "has a part that is empty or too short to mean anything")
        if re.search(r"\*\s*[^\s|&]", self.text("phrase")):
            raise self.error("phrase", "may have `*` at the end of an alternative only")
        return parts

    def code(self) -> re.Pattern[str] | None:
        expression = self.text("code")
        if not expression:
            return None
        if not _CODE.fullmatch(expression):
            raise self.error("code", "may hold digits, \\d, spaces, dots, [ ], ( ), | and ? only")
        try:
            return re.compile(expression)
        except re.error as error:
            raise self.error("code", f"is no regular expression: {error}") from error

    def text(self, key: str) -> str:
        return str(self.row.get(key, ""))

    def error(self, key: str, problem: str) -> SettingsError:
        return SettingsError(problem, key=key, value=self.row.get(key))


def _line(text: str, row: object, number: int) -> str:
    """Where a row stands: `line 12` when it is found as written, else `phrase 3`."""
    phrase = row.get("phrase") if isinstance(row, dict) else None
    lines = [at for at, line in enumerate(text.splitlines(), start=1) if phrase and f'"{phrase}"' in line]
    return f"line {lines[-1]}" if lines else f"phrase {number + 1}"
