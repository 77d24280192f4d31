"""Which phrases does a text hold? Hundreds of them are looked for in one pass over its words.

A phrase is words in their order. `|` separates alternatives, `&` stands for a gap of at most 14 words within one
sentence, `*` at the end lets the last word go on: `mailbox|account & is full|over quota*`. A word with a dot in front
is looked for within the names of hosts: `.spamhaus`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.normalise import END

#: How far the parts of a phrase may be apart, in words.
GAP: Final = 14
#: Phrases before this priority are about what looks like something else, so that plainer words do not overrule them.
SPECIAL: Final = 20
#: Phrases from this priority on say little of the recipient: even vague words that blame the sender overrule them.
WEAK: Final = 75
#: Phrases from this priority on are vague: they decide only where nothing else does, and overrule nothing.
VAGUE: Final = 90
#: Words that may go on are sorted by so many of their first letters.
_STEM: Final = 3

Wording: TypeAlias = tuple[str, ...]
#: A wording, and where it stands: from one word to before another. Plain tuples, because there are many of them.
_Hit: TypeAlias = tuple[Wording, int, int]


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
    rule: str = field(init=False)  # the name under which evidence cites it

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", f"phrase:{self.scope}:{self.phrase}")


class Match(NamedTuple):
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
        tokens: list[Wording] = []
        seen: set[Wording] = set()
        for at, (wording, begin, end) in enumerate(hits):
            for phrase, before in self._by_last.get(wording, ()):
                if not before:
                    found.append(Match(phrase, begin, end))
                elif not before[-1].isdisjoint(seen) and (start := _begin(words, hits, at, before)) >= 0:
                    found.append(Match(phrase, start, end))
            if wording in self._tokens:
                tokens.append(wording)
            seen.add(wording)
        return Reading(tuple(found), tuple(tokens))

    def _hits(self, words: Sequence[str]) -> list[_Hit]:
        hits: list[_Hit] = []
        after, stems = self._root.after, self._root.stems
        for at, word in enumerate(words):
            if word in after or word[:_STEM] in stems:
                _walk(self._root, words, at, hits)
            if "." in word:
                hits.extend(self._labels(word, at))
        return hits

    def _labels(self, host: str, at: int) -> list[_Hit]:
        """The wordings that are a label of a host's name: `.spamhaus` in zen.spamhaus.org."""
        nodes = [self._root.after.get(f".{label}") for label in host.split(".")]
        return [(node.wording, at, at + 1) for node in nodes if node is not None and node.wording is not None]


def _walk(node: _Node, words: Sequence[str], start: int, hits: list[_Hit]) -> None:
    """Add every wording that begins with this word."""
    for end in range(start, len(words)):
        word = words[end]
        for stem, wording in node.stems.get(word[:_STEM], ()):
            if word.startswith(stem):
                hits.append((wording, start, end + 1))
        following = node.after.get(word)
        if following is None:
            return
        node = following
        if node.wording is not None:
            hits.append((node.wording, start, end + 1))


def _begin(words: Sequence[str], hits: Sequence[_Hit], last: int, parts: tuple[frozenset[Wording], ...]) -> int:
    """Where a phrase begins whose last part is this hit; -1 where its earlier parts are missing or too far away."""
    end = hits[last][1]
    for part in reversed(parts):
        for at in range(last - 1, -1, -1):
            wording, begin, stop = hits[at]
            if stop <= end and wording in part:
                if end - stop > GAP or END in words[stop:end]:
                    return -1
                end, last = begin, at
                break
        else:
            return -1
    return end
