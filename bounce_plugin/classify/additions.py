"""What do an operator and the plugins add to our phrases, and can it be used? All that is wrong is found at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from bounce_plugin.classify.example import find_example_fault
from bounce_plugin.classify.lines import Lines, find_lines
from bounce_plugin.classify.overlap import Overlaps
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.phrasebook import Phrasebook
from bounce_plugin.classify.phrases import read_phrase
from bounce_plugin.classify.tables import Tables
from bounce_plugin.errors import SettingsError

#: What the array of phrases is called, in a plugin's text and in bounce.toml.
PHRASES: Final = "phrases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Rows of the form of phrases.toml that somebody adds, not read yet."""

    source: str  # for messages: the path of bounce.toml, "plugin 'crm'"
    rows: tuple[object, ...]
    words: Mapping[str, str] = field(default_factory=dict)  # names for alternatives, for these rows alone
    text: str = ""  # the TOML that they stand in, to tell lines


class Extended(NamedTuple):
    """The tables with what was added, and what cannot stay as it is: at start there must be no fault."""

    tables: Tables
    faults: tuple[SettingsError, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one row of an addition stands."""

    source: str
    number: int  # of the row, from one
    lines: Lines | None

    def name(self, key: str = "") -> str:
        """`bounce.toml, line 12`; `bounce.toml, phrase 3` where lines cannot be told."""
        return f"{self.source}, " + (f"line {self.lines.of(key)}" if self.lines else f"phrase {self.number}")

    def put(self, fault: SettingsError) -> SettingsError:
        """The same fault, with its place."""
        return SettingsError(fault.problem, key=fault.key, value=fault.value, source=self.name(fault.key))


class _Added(NamedTuple):
    """A phrase that was added, and where it stands."""

    phrase: Phrase
    place: _Place


def read_addition(text: str, *, source: str) -> Addition:
    """The rows of a TOML text `phrases = [{ phrase = …, reason = …, example = … }, …]` that holds nothing else.

    A table `words` may name alternatives that several of them share. Raises SettingsError for any other form.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is no TOML: {error}", source=source) from error
    words, rows = table.pop("words", {}), table.pop(PHRASES, None)
    if table or not isinstance(rows, list) or not isinstance(words, dict):
        unknown = next(iter(table), PHRASES)
        raise SettingsError(
            "must hold an array `phrases`, perhaps a table `words`, and nothing else", key=unknown, source=source
        )
    return Addition(
        source=source, rows=tuple(rows), words={name: str(value) for name, value in words.items()}, text=text
    )


def extend(tables: Tables, additions: Iterable[Addition]) -> Extended:
    """The tables with the phrases of these additions, in their order, and one fault for each row that is not in order.

    A row that cannot be read is left out. The others are checked against their own addition and what was added before:
    whether they repeat or contradict it, and whether it takes their example (`overlap.py`, `example.py`). An addition
    may overrule those before it.
    """
    faults: list[SettingsError] = []
    overlaps = Overlaps(tables)
    for addition in additions:
        tables, more = _extend_once(tables, addition, overlaps)
        faults += more
    return Extended(tables, tuple(faults))


def _extend_once(tables: Tables, addition: Addition, overlaps: Overlaps) -> Extended:
    faults: dict[int, SettingsError] = {}
    added: dict[str, _Added] = {}
    for place, phrase in _read(tables, addition):
        if isinstance(phrase, SettingsError):
            faults[place.number] = place.put(phrase)
        elif phrase.rule in tables.phrases or phrase.rule in added:
            where = added[phrase.rule].place.name() if phrase.rule in added else tables.source_of(phrase.rule)
            again = SettingsError(f"is there already ({where})", key="phrase", value=phrase.phrase)
            faults[place.number] = place.put(again)
        else:
            added[phrase.rule] = _Added(phrase, place)
    extended = _with(tables, added)
    for phrase, place in added.values():
        fault = overlaps.find_fault(phrase, extended) or find_example_fault(phrase, extended)
        overlaps.add(phrase)
        if fault is not None:
            faults[place.number] = place.put(fault)
    return Extended(extended, tuple(faults[number] for number in sorted(faults)))


def _read(tables: Tables, addition: Addition) -> Iterator[tuple[_Place, Phrase | SettingsError]]:
    """Where each row stands, and the phrase that it stands for, or why it stands for none."""
    words = {**tables.words, **addition.words}
    lines = find_lines(addition.text, PHRASES)
    for number, row in enumerate(addition.rows, start=1):
        known = lines[number - 1] if len(lines) == len(addition.rows) else None
        place = _Place(addition.source, number, known)
        try:
            yield place, read_phrase(row, scopes=tables.providers.names, words=words)
        except SettingsError as error:
            yield place, error


def _with(tables: Tables, added: Mapping[str, _Added]) -> Tables:
    if not added:
        return tables
    phrases = {**tables.phrases, **{rule: one.phrase for rule, one in added.items()}}
    return replace(
        tables,
        phrases=phrases,
        phrasebook=Phrasebook(phrases.values(), tables.providers.tokens),
        sources={**tables.sources, **{rule: one.place.name() for rule, one in added.items()}},
    )
