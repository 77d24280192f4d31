"""The words of a language, and the pipeline's own sentences in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

#: The languages that there are words for; the first is the one in which the pipeline writes its sentences.
LANGUAGES: Final = ("en", "de")

_PLACEHOLDER: Final = re.compile(r"\\\{(\w+)\\\}")  # as `re.escape` leaves it


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything that can be said in one language: tables by their name, each with sentences by theirs."""

    language: str
    tables: Mapping[str, Mapping[str, str]]

    def say(self, table: str, key: str, **values: str) -> str:
        """The sentence of that name, with the values in their places. Values are text: braces in them mean nothing."""
        return self.tables[table][key].format(**values)

    def begin(self, table: str, key: str) -> str:
        """The same as a sentence begins, with a capital letter."""
        said = self.say(table, key)
        return said[:1].upper() + said[1:]

    def translate(self, sentence: str) -> str:
        """A sentence of the pipeline, such as `Examination.why`, in this language; unchanged where it is none of them.

        The pipeline writes English, for the record and for programs. It is recognised by the table `why` of English.
        """
        for key, pattern in _patterns():
            if found := pattern.fullmatch(sentence):
                return self.say(
                    "why", key, **{name: self._named(name, value) for name, value in found.groupdict().items()}
                )
        return sentence

    def _named(self, name: str, value: str) -> str:
        """What stands in a sentence of the pipeline, in words: of caps it gives the names (reference/limits)."""
        if name != "limits":
            return value
        known = self.tables["limit"]
        return ", ".join(known.get(limit, limit) for limit in value.split(", "))


@cache
def load_words(language: str) -> Words:
    """The words of one of the `LANGUAGES`."""
    text = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Words(language=language, tables=tomllib.loads(text))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What tells the pipeline's sentences from each other, by their names."""
    return tuple(
        (key, re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+)", re.escape(sentence))))
        for key, sentence in load_words(LANGUAGES[0]).tables["why"].items()
    )
