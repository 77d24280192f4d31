"""Which phrases does a text hold? Hundreds of them are looked for in one pass over its words.

A phrase is words in their order. `|` separates alternatives, `&` stands for a gap of at most 14 words within one
sentence, `*` at the end lets the last word go on: `mailbox|account & is full|over quota*`. A word with a dot in front
is looked for within the names of hosts: `.spamhaus`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.normalise import END

#: How far the parts of a phrase may be apart, in words.
GAP: Final = 14
#: Phrases before this priority are about what looks like something else, so that plainer words do not overrule them.
SPECIAL: Final = 20
#: Phrases from this priority on are vague: they decide only where nothing else does, and overrule nothing.
VAGUE: Final = 90
#: Words that may go on are sorted by so many of their first letters.
_STEM: Final = 3

Wording = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One row of phrases.toml."""

    phrase: str  # as written
    parts: tuple[tuple[Wording, ...], ...]  # the alternatives of each part, in normalised words
    reason: Reason
    scope: str = "any"  # the provider that must have answered (providers.toml), or any
    priority: int  # 10 (first) to 99; see the head of phrases.toml
    code: re.Pattern[str] | None = None  # what "554 5.7.9", the reply code and the status of the refusal, must match
    example: str  # a reply that it is for

    @property
    def rule(self) -> str:
        """The name under which evidence cites it."""
        return f"phrase:{self.scope}:{self.phrase}"


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that a text holds, and where: from one of its words to before another."""

    phrase: Phrase
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text holds: phrases, in the order of their ends, and words by which providers are recognised."""

    matches: tuple[Match, ...] = ()
    tokens: tuple[Wording, ...] = ()


@dataclass(slots=True)
class _Node:
    """Where one stands after some words of a wording."""

    wording: Wording | None = None  # that ends here
    after: dict[str, _Node] = field(default_factory=dict)  # by the next word
    stems: dict[str, list[tuple[str, Wording]]] = field(default_factory=dict)  # last words that may go on


@dataclass(frozen=True, slots=True)
class _Hit:
    """A wording, and where it stands."""

    wording: Wording
    start: int
    end: int


class Phrasebook:
    """All phrases and all tokens of providers, made ready once."""

    __slots__ = ("_by_last", "_root", "_tokens")

    def __init__(self, phrases: Iterable[Phrase], tokens: Iterable[Wording] = ()) -> None:
        self._root = _Node()
        self._tokens = frozenset(tokens)
        self._by_last: dict[Wording, list[tuple[Phrase, tuple[frozenset[Wording], ...]]]] = {}
        for token in self._tokens:
            self._add(token)
        for phrase in phrases:
            *before, last = (frozenset(part) for part in phrase.parts)
            for wording in frozenset().union(*before, last):
                self._add(wording)
            for wording in last:
                self._by_last.setdefault(wording, []).append((phrase, tuple(before)))

    def _add(self, wording: Wording) -> None:
        node = self._root
        *before, last = wording
        for word in before:
            node = node.after.setdefault(word, _Node())
        if last.endswith("*"):
            node.stems.setdefault(last[:-1][:_STEM], []).append((last[:-1], wording))
        else:
            node.after.setdefault(last, _Node()).wording = wording

    def read(self, words: Sequence[str]) -> Reading:
        """Every phrase and token that the words of a normalised text hold; a phrase once for each place."""
        hits = self._hits(words)
        found: list[Match] = []
        for at, hit in enumerate(hits):
            for phrase, before in self._by_last.get(hit.wording, ()):
                start = _begin(words, hits[:at], before, hit.start) if before else hit.start
                if start >= 0:
                    found.append(Match(phrase, start, hit.end))
        return Reading(tuple(found), tuple(hit.wording for hit in hits if hit.wording in self._tokens))

    def _hits(self, words: Sequence[str]) -> list[_Hit]:
        hits: list[_Hit] = []
        root, count = self._root, len(words)
        for start, word in enumerate(words):
            node, end = root, start
            while True:
                if (stems := node.stems) and word[:_STEM] in stems:
                    hits.extend(
                        _Hit(wording, start, end + 1) for stem, wording in stems[word[:_STEM]] if word.startswith(stem)
                    )
                following = node.after.get(word)
                if following is None:
                    break
                node, end = following, end + 1
                if node.wording is not None:
                    hits.append(_Hit(node.wording, start, end))
                if end == count:
                    break
                word = words[end]
            if "." in words[start]:
                hits.extend(self._labels(words[start], start))
        return hits

    def _labels(self, host: str, at: int) -> list[_Hit]:
        """The wordings that are a label of a host's name: `.spamhaus` in zen.spamhaus.org."""
        nodes = [self._root.after.get(f".{label}") for label in host.split(".")]
        return [_Hit(node.wording, at, at + 1) for node in nodes if node is not None and node.wording is not None]


def _begin(words: Sequence[str], hits: Sequence[_Hit], parts: tuple[frozenset[Wording], ...], end: int) -> int:
    """Where a phrase begins whose last part begins at `end`; -1 where its earlier parts are missing or too far away."""
    for part in reversed(parts):
        for hit in reversed(hits):
            if hit.end <= end and hit.wording in part:
                if end - hit.end > GAP or END in words[hit.end : end]:
                    return -1
                end = hit.start
                break
        else:
            return -1
    return end
