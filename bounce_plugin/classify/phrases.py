"""What does a row of phrases.toml say, or one that somebody adds? Each is read by itself, and refused if it says nothing."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Set
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.normalise import normalise_phrase
from bounce_plugin.classify.phrase import GAP, NEAR, Phrase, Wording
from bounce_plugin.errors import SettingsError

KEYS: Final = frozenset({"phrase", "reason", "scope", "priority", "code", "example"})
_REQUIRED: Final = ("phrase", "reason", "example")
_REASONS: Final = frozenset(Reason)
#: The priority of a phrase that names none: among those that tell what happened to the recipient.
_PRIORITY: Final = 70
#: A part shorter than this would be found anywhere.
_SHORTEST: Final = 2
_WORDS: Final = re.compile(r"\{(\w{1,40})\}")
#: A code expression is matched against at most "554 5.7.509": literals, classes and choices, but nothing that repeats,
#: and nothing that is looked up elsewhere in it.
_CODE: Final = re.compile(r"(?:[0-9 .|()\[\]?-]|\(\?:|\\[d.]){1,80}")
#: Each of these may double the ways in which an expression can be tried: `.?` forty times over takes minutes.
_CHOICES: Final = {"(": 3, "?": 3, "|": 15}


def read_phrase(row: object, *, scopes: Set[str], words: Mapping[str, str]) -> Phrase:
    """The phrase that a row `{ phrase = …, reason = …, example = … }` stands for; `words` has what `{who}` stands for.

    Raises SettingsError, which names the key and the value: an unknown key, reason, scope or `{name}`, an empty part, a
    priority out of range, a code expression that could run away.
    """
    return _Row(_checked(row)).read(scopes, words)


def _checked(row: object) -> dict[str, str | int]:
    """A row whose keys and types are right."""
    if not isinstance(row, dict):
        raise SettingsError("must be { phrase = …, reason = …, example = … }", key="phrases", value=row)
    for key, value in row.items():
        if key not in KEYS:
            raise SettingsError(f"is no key of a phrase; those are {', '.join(sorted(KEYS))}", key=key, value=value)
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
        if reason not in _REASONS:
            near = get_close_matches(reason, [one.value for one in Reason], n=1)
            raise self.error("reason", "is no reason" + (f"; did you mean {near[0]}?" if near else ""))
        if scope != "any" and scope not in scopes:
            raise self.error("scope", f"must be any or one of {', '.join(sorted(scopes))}")
        priority = int(self.row.get("priority", _PRIORITY))
        if not 10 <= priority <= 99:
            raise self.error("priority", "must be from 10 to 99")
        return Phrase(
            phrase=self.text("phrase"),
            parts=self.parts(words),
            gaps=tuple([NEAR if sign == "~" else GAP for sign in self.text("phrase") if sign in "&~"]),
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
            for part in _WORDS.sub(named, self.text("phrase").replace("~", "&")).split("&")
        )
        whole = [" ".join(wording).rstrip("*") for part in parts for wording in part]
        if any(len(words) < _SHORTEST and words.isascii() and words != "@" for words in whole):
            raise self.error("phrase", "has a part that is empty or too short to mean anything")
        if re.search(r"\*\s*[^\s|&~]", self.text("phrase")):
            raise self.error("phrase", "may have `*` at the end of an alternative only")
        return parts

    def code(self) -> re.Pattern[str] | None:
        expression = self.text("code")
        if not expression:
            return None
        if not _CODE.fullmatch(expression):
            raise self.error("code", "may hold digits, \\d, spaces, dots, [ ], ( ), | and ? only")
        for sign, most in _CHOICES.items():
            if expression.replace("(?:", "(").count(sign) > most:
                raise self.error("code", f"could take too long to try: it may hold {sign} {most} times at most")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # such as of a set within a set, which a later Python reads otherwise
                return re.compile(expression)
        except (re.error, FutureWarning) as error:
            raise self.error("code", f"is no regular expression: {error}") from error

    def text(self, key: str) -> str:
        return str(self.row.get(key, ""))

    def error(self, key: str, problem: str) -> SettingsError:
        return SettingsError(problem, key=key, value=self.row.get(key))
