"""Which rows do the tables have, and how are they shown? The same for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from rich.table import Table

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.codes import CodeRow
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.tables import BUILT_IN_SOURCE, Tables
from bounce_plugin.cli.terminal import printable

Fact: TypeAlias = str | int | float | bool | list[str]

#: The tables, in the order in which they are listed, and the facts that are columns of each.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "reasons": ("reason", "type", "fault", "counts", "definition"),
    "status": ("code", "scope", "reason", "meaning"),
    "reply": ("code", "reason", "meaning"),
    "phrases": ("priority", "scope", "code", "reason", "source", "rule"),
    "providers": ("scope", "hosts", "domains", "tokens"),
}
_TITLES: Final = {
    "reasons": "Reasons",
    "status": "Enhanced status codes: registered ones, and those that a provider uses in its own way",
    "reply": "Reply codes, and exit codes of delivery programs",
    "phrases": "Phrases, in the order in which they come",
    "providers": "Providers, and what they are recognised by",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of one of the tables."""

    table: str
    rule: str  # the name under which evidence cites it; "reason:…" for a reason
    reason: Reason | None = None
    scope: str = ""  # a provider, "any", or nothing where it makes no sense
    source: str = BUILT_IN_SOURCE
    facts: Mapping[str, Fact]

    def record(self) -> dict[str, Fact]:
        """All that is known of it, under the names of the documentation."""
        known: dict[str, Fact] = {"table": self.table, "rule": self.rule}
        if self.reason is not None:
            known["reason"] = self.reason.value
        if self.scope:
            known["scope"] = self.scope
        return {**known, **self.facts, "source": self.source}

    def holds(self, word: str) -> bool:
        """Whether one of its facts has this in it, in any case."""
        return any(word.lower() in in_words(fact).lower() for fact in self.record().values())


def rows_of(tables: Tables) -> Iterator[Row]:
    """Every row of every table."""
    for reason, meaning in tables.reasons.items():
        facts: dict[str, Fact] = {
            "type": meaning.type.value,
            "fault": meaning.fault.value,
            "counts": meaning.counts,
            "weight": meaning.weight,
            "definition": meaning.definition,
        }
        yield Row(table="reasons", rule=f"reason:{reason}", reason=reason, facts=facts)
    yield from map(_code, tables.codes.rows())
    for phrase in sorted(tables.phrases.values(), key=lambda one: one.rank):
        yield _phrase(phrase, tables.source_of(phrase.rule))
    known = tables.providers
    for name in sorted(known.names):
        facts = {
            "hosts": [host for host, owner in known.hosts.items() if owner == name],
            "domains": [domain for domain, owner in known.domains.items() if owner == name],
            "tokens": [" ".join(words) for words, owner in known.tokens.items() if owner == name],
        }
        yield Row(table="providers", rule=f"provider:{name}", scope=name, facts=facts)


def _code(row: CodeRow) -> Row:
    kind, _, name = row.rule.partition(":")
    scope, _, code = name.rpartition(":")
    table = "status" if kind in ("status", "code") else "reply"
    marks = {"firm": row.firm, "overloaded": row.overloaded} if table == "status" else {}
    facts: dict[str, Fact] = {"code": code if kind != "exit" else f"exit {code}", **marks, "meaning": row.meaning}
    return Row(table=table, rule=row.rule, reason=row.reason, scope=scope or "any", facts=facts)


def _phrase(phrase: Phrase, source: str) -> Row:
    facts: dict[str, Fact] = {
        "priority": phrase.priority,
        "phrase": phrase.phrase,
        "words": [" | ".join(" ".join(words) for words in part) for part in phrase.parts],
        "code": phrase.code.pattern if phrase.code else "",
        "example": phrase.example,
    }
    return Row(table="phrases", rule=phrase.rule, reason=phrase.reason, scope=phrase.scope, source=source, facts=facts)


def tabulate(name: str, rows: Iterable[Row]) -> Table:
    """A table for people."""
    table = Table(title=_TITLES[name], title_justify="left")
    for column in COLUMNS[name]:
        table.add_column(column, overflow="fold")
    for row in rows:
        record = row.record()
        table.add_row(*[printable(in_words(record[column])) for column in COLUMNS[name]])
    return table


def in_words(fact: Fact) -> str:
    """A fact as people read it."""
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return ", ".join(fact) if isinstance(fact, list) else str(fact)
