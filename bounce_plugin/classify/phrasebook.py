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
    rank: int = field(init=False)  # a provider's own wording comes first, then the order of priority

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", f"phrase:{self.scope}:{self.phrase}")
        object.__setattr__(self, "rank", self.priority + (100 if self.scope == "any" else 0))


class Match(NamedTuple):
    """A phrase that a text holds, and where: from one of its words to before another."""

    phrase: Phrase
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text holds: phrases, in the order of their ends, and words by which providers are recognised."""

    matches: Sequence[Match] = ()
    tokens: Sequence[Wording] = ()


@dataclass(slots=True, eq=False)
class _Wording:
    """Some words in their order, and what it means to find them."""

    words: Wording
    number: int
    token: bool = False  # of a provider
    alone: list[Phrase] = field(default_factory=list)  # that consist of them
    closing: list[tuple[Phrase, tuple[frozenset[int], ...]]] = field(default_factory=list)  # that end with them
    wanted: frozenset[int] = frozenset()  # one of these must have come before, or no closing is worth a look


@dataclass(slots=True)
class _Node:
    """Where one stands after some words of a wording."""

    wording: _Wording | None = None  # that ends here
    after: dict[str, _Node] = field(default_factory=dict)  # by the next word
    stems: dict[str, list[tuple[str, _Wording]]] = field(default_factory=dict)  # last words that may go on


#: A wording, and where it stands: from one word to before another. Plain tuples, because there are many of them.
_Hit: TypeAlias = tuple[_Wording, int, int]


class Phrasebook:
    """All phrases and all tokens of providers, made ready once."""

    __slots__ = ("_known", "_root")

    def __init__(self, phrases: Iterable[Phrase], tokens: Iterable[Wording] = ()) -> None:
        self._root = _Node()
        self._known: dict[Wording, _Wording] = {}
        for token in tokens:
            self._wording(token).token = True
        for phrase in phrases:
            *before, last = ([self._wording(words) for words in part] for part in phrase.parts)
            parts = tuple(frozenset(wording.number for wording in part) for part in before)
            for wording in last:
                if parts:
                    wording.closing.append((phrase, parts))
                    wording.wanted |= parts[-1]
                else:
                    wording.alone.append(phrase)

    def _wording(self, words: Wording) -> _Wording:
        """The entry for these words; made when they are met for the first time."""
        if words in self._known:
            return self._known[words]
        wording = self._known[words] = _Wording(words, len(self._known))
        node = self._root
        *before, last = words
        for word in before:
            node = node.after.setdefault(word, _Node())
        if last.endswith("*"):
            node.stems.setdefault(last[:-1][:_STEM], []).append((last[:-1], wording))
        else:
            node.after.setdefault(last, _Node()).wording = wording
        return wording

    def read(self, words: Sequence[str]) -> Reading:
        """Every phrase and token that the words of a normalised text hold; a phrase once for each place."""
        found: list[Match] = []
        tokens: list[Wording] = []
        seen: set[int] = set()
        hits = self._hits(words)
        for at, (wording, start, end) in enumerate(hits):
            for phrase in wording.alone:
                found.append(Match(phrase, start, end))  # noqa: PERF401 - most wordings have none, and a loop costs nothing
            if wording.wanted and not wording.wanted.isdisjoint(seen):
                for phrase, before in wording.closing:
                    if not before[-1].isdisjoint(seen) and (begin := _begin(words, hits, at, before)) >= 0:
                        found.append(Match(phrase, begin, end))
            if wording.token:
                tokens.append(wording.words)
            seen.add(wording.number)
        return Reading(found, tokens)

    def _hits(self, words: Sequence[str]) -> list[_Hit]:
        hits: list[_Hit] = []
        root = self._root
        after, stems = root.after, root.stems
        for at, word in enumerate(words):
            if word in after or word[:_STEM] in stems:
                _walk(root, words, at, hits)
            if "." in word:
                labels = [after.get(f".{label}") for label in word.split(".")]
                hits += [(node.wording, at, at + 1) for node in labels if node is not None and node.wording is not None]
        return hits


def _walk(node: _Node, words: Sequence[str], start: int, hits: list[_Hit]) -> None:
    """Add every wording that begins with this word."""
    for end in range(start, len(words)):
        word = words[end]
        if node.stems:
            for stem, wording in node.stems.get(word[:_STEM], ()):
                if word.startswith(stem):
                    hits.append((wording, start, end + 1))
        following = node.after.get(word)
        if following is None:
            return
        node = following
        if node.wording is not None:
            hits.append((node.wording, start, end + 1))


def _begin(words: Sequence[str], hits: Sequence[_Hit], last: int, parts: tuple[frozenset[int], ...]) -> int:
    """Where a phrase begins whose last part is this hit; -1 where its earlier parts are missing or too far away."""
    end = hits[last][1]
    for part in reversed(parts):
        for at in range(last - 1, -1, -1):
            wording, begin, stop = hits[at]
            if stop <= end and wording.number in part:
                if end - stop > GAP or END in words[stop:end]:
                    return -1
                end, last = begin, at
                break
        else:
            return -1
    return end
