"""Which phrases does a text hold? Hundreds of them are looked for in one pass.

A phrase is words in their order. `|` separates alternatives, `&` stands for a gap of at most 80 characters within one
sentence, and `*` at the end of a word lets it go on: `mailbox|account & is full|over quota*`. A word is matched whole:
it neither begins nor ends within another word of the Latin alphabet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.normalise import normalise_phrase

#: How far the parts of a phrase may be apart, in characters.
GAP: Final = 80
#: Phrases from this priority on are vague: they decide only where nothing else does, and overrule nothing.
VAGUE: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One row of phrases.toml."""

    phrase: str
    reason: Reason
    scope: str = "any"  # the provider that must have answered (providers.toml), or any
    priority: int  # 10 (first) to 99; see the head of phrases.toml
    code: re.Pattern[str] | None = None  # what "554 5.7.9", the reply code and the status of the refusal, must match
    example: str  # a reply that it is for
    order: int = 0

    @property
    def rule(self) -> str:
        """The name under which evidence cites it."""
        return f"phrase:{self.scope}:{self.phrase}"

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """The alternatives of each part, in normalised words; a trailing `*` is kept."""
        return tuple(
            tuple(word for one in part.split("|") if (word := normalise_phrase(one))) for part in self.phrase.split("&")
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that a text holds, and where in the normalised text."""

    phrase: Phrase
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    open: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text holds: phrases, in the order of their ends, and words by which providers are recognised."""

    matches: tuple[Match, ...] = ()
    tokens: tuple[str, ...] = ()


class Phrasebook:
    """All phrases and all tokens of providers, compiled once."""

    __slots__ = ("_rules_by_last", "_search", "_tokens", "_words")

    def __init__(self, phrases: Iterable[Phrase], tokens: Iterable[str] = ()) -> None:
        rules = [(phrase, tuple(frozenset(part) for part in phrase.parts)) for phrase in phrases]
        self._tokens = frozenset(tokens)
        words = self._tokens.union(*(part for _, parts in rules for part in parts))
        self._rules_by_last: dict[str, list[tuple[Phrase, tuple[frozenset[str], ...]]]] = {}
        for phrase, parts in rules:
            for word in parts[-1]:
                self._rules_by_last.setdefault(word, []).append((phrase, parts[:-1]))
        self._words = _words_within(words)
        self._search = re.compile(f"(?<![a-z])(?=({_expression(words)}))")

    def read(self, text: str) -> Reading:
        """Every phrase and token that a normalised text holds; a phrase once for each place."""
        hits: list[tuple[int, int, str]] = []
        found: list[Match] = []
        tokens: list[str] = []
        for hit in self._search.finditer(text):
            start = hit.start()
            for length, word, closed in self._words[hit[1]]:
                end = start + length
                if closed and text[end : end + 1].isalpha() and text[end] <= "z":
                    continue
                hits.append((start, end, word))
                if word in self._tokens:
                    tokens.append(word)
                for phrase, before in self._rules_by_last.get(word, ()):
                    begin = _begin(text, hits, before, start) if before else start
                    if begin >= 0:
                        found.append(Match(phrase, begin, end))
        return Reading(tuple(found), tuple(tokens))


def _begin(text: str, hits: list[tuple[int, int, str]], parts: tuple[frozenset[str], ...], end: int) -> int:
    """Where a phrase begins whose last part begins at `end`; -1 where its earlier parts are missing or too far away."""
    for part in reversed(parts):
        for start, stop, word in reversed(hits):
            if word in part and stop <= end:
                if end - stop > GAP or _ends_sentence(text, stop, end):
                    return -1
                end = start
                break
        else:
            return -1
    return end


def _ends_sentence(text: str, start: int, end: int) -> bool:
    return ". " in text[start:end] or "! " in text[start:end]


def _words_within(words: Set[str]) -> dict[str, tuple[tuple[int, str, bool], ...]]:
    """For each literal that can be found: the words that it begins with or is, whether each must end there as a word."""
    literals = {word.rstrip("*") for word in words}
    within: dict[str, tuple[tuple[int, str, bool], ...]] = {}
    for literal in literals:
        known = []
        for length in range(1, len(literal) + 1):
            if literal[:length] in words:
                known.append((length, literal[:length], True))
            if literal[:length] + "*" in words:
                known.append((length, literal[:length] + "*", False))
        within[literal] = tuple(known)
    return within


def _expression(words: Set[str]) -> str:
    """One expression for all words, factored by their beginnings, the longest first: linear, without any repeat."""
    root = _Node()
    for word in sorted(words):
        node = root
        for sign in word.rstrip("*"):
            node = node.children.setdefault(sign, _Node())
        node.open |= word.endswith("*")
        node.closed |= not word.endswith("*")
    return _branch(root)


def _branch(node: _Node) -> str:
    options = list(_options(node))
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _options(node: _Node) -> Iterator[str]:
    for sign, child in sorted(node.children.items()):
        literal = sign
        while len(child.children) == 1 and not child.open and not child.closed:
            ((sign, child),) = child.children.items()
            literal += sign
        yield re.escape(literal) + _branch(child)
    if node.open:
        yield ""
    elif node.closed:
        yield "(?![a-z])"
