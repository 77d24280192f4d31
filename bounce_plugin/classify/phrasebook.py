"""Which phrases does a text hold? Hundreds of them are looked for in one pass over its words.

What a phrase is, `phrase.py` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from bounce_plugin.classify.normalise import END
from bounce_plugin.classify.phrase import GAP, JOINING, NEAR, PLACES, SAYS, Phrase, Wording

#: Words that may go on are sorted by so many of their first letters.
_STEM: Final = 3

#: What is remembered of words: so many of them, of so many characters, and of so many if they hold nothing but letters.
_MOST: Final = 20_000
_SHORT: Final = 6
_LONG: Final = 30

#: A phrase that a text holds, and where: from one of its words to before another. Plain tuples, here and below, because
#: there are many of them, and even a named tuple costs nearly ten times as much to make.
Match: TypeAlias = tuple[Phrase, int, int]


class Reading(NamedTuple):
    """What a text holds: phrases, in the order of their ends, and words by which providers are recognised."""

    matches: Sequence[Match]
    tokens: Sequence[Wording]
    names: Sequence[str]  # words with a dot, as names of hosts have them


_NOTHING: Final = Reading((), (), ())


@dataclass(slots=True, eq=False)
class _Wording:
    """Some words in their order, and what it means to find them."""

    words: Wording
    number: int
    token: bool = False  # of a provider
    opens: bool = False  # are a part of a phrase, but not its last
    alone: tuple[Phrase, ...] = ()  # that consist of them
    closing: tuple[tuple[Phrase, tuple[_Part, ...]], ...] = ()  # that end with them
    wanted: frozenset[int] = frozenset()  # one of these must have come before, or no closing is worth a look


#: Last words that may go on, by their first letters.
_Stems: TypeAlias = dict[str, list[tuple[str, _Wording]]]


#: Where one stands after some words of a wording: those that end here, the next words, and those that may go on.
_Node: TypeAlias = tuple[Sequence[_Wording], dict[str, "_Node"], _Stems]
#: Of which most have no next words, and the like: what all of them share stays in the processor's cache.
_NO_WORDS: Final[dict[str, _Node]] = {}
_NO_STEMS: Final[_Stems] = {}


#: What a word is by itself: the wordings that it is, the next words and those that may go on, and, where it has a dot,
#: the wordings that its labels are.
_Entry: TypeAlias = tuple[Sequence[_Wording], dict[str, _Node], _Stems, list[_Wording] | None]
#: A wording, and where it stands: from one word to before another.
_Hit: TypeAlias = tuple[_Wording, int, int]
#: A part of a phrase, by the numbers of its alternatives, and how far it may be from the next.
_Part: TypeAlias = tuple[frozenset[int], int]
#: The number of a wording that opens a phrase, and where it stands.
_Opened: TypeAlias = tuple[int, int, int]


class Phrasebook:
    """All phrases and all tokens of providers, made ready once, when it is first read in: most commands do not."""

    __slots__ = ("_phrases", "_tokens", "_words")

    _words: _Words

    def __init__(self, phrases: Iterable[Phrase], tokens: Iterable[Wording] = ()) -> None:
        self._phrases, self._tokens = tuple(phrases), tuple(tokens)

    def __getattr__(self, name: str) -> object:
        """What is not made ready yet; Python asks only for what it does not find."""
        if name != "_words":
            raise AttributeError(name)
        self._words = self._make_words()  # two threads may ask at once: each makes the same
        return self._words

    def _make_words(self) -> _Words:
        known: dict[Wording, _Wording] = {}

        def known_as(words: Wording) -> _Wording:
            return known.get(words) or known.setdefault(words, _Wording(words, len(known)))

        for token in self._tokens:
            known_as(token).token = True
        for phrase in self._phrases:
            *before, last = ([known_as(words) for words in part] for part in phrase.parts)
            numbers = [frozenset([wording.number for wording in part]) for part in before]
            parts = tuple(zip(numbers, phrase.gaps, strict=True))
            for wording in (wording for part in before for wording in part):
                wording.opens = True
            for wording in last:
                if parts:
                    wording.closing += ((phrase, parts),)
                    wording.wanted |= numbers[-1]
                else:
                    wording.alone += (phrase,)
        return _Words(_make_node([*known.values()], 0))

    def read(self, words: Sequence[str]) -> Reading:
        """Every phrase and token that the words of a normalised text hold; a phrase once for each place."""
        if not words:
            return _NOTHING
        found: list[Match] = []
        tokens: list[Wording] = []
        names: list[str] = []
        opened: list[_Opened] = []
        seen: set[int] = set()
        for wording, start, end in self._hits(words, names):
            for phrase in wording.alone:
                found.append((phrase, start, end))  # noqa: PERF401 - it is one or none, and a loop costs less
            if seen and wording.wanted and not wording.wanted.isdisjoint(seen):
                for phrase, before in wording.closing:
                    begin = -1 if before[-1][0].isdisjoint(seen) else _begin(words, opened, start, phrase.apart, before)
                    if begin >= 0:
                        found.append((phrase, begin, end))
            if wording.opens:
                opened.append((wording.number, start, end))
                seen.add(wording.number)
            if wording.token:
                tokens.append(wording.words)
        return Reading(found, tokens, names)

    def forget(self) -> None:
        """Forget what was remembered of the words of texts; it comes back as they do. The phrases' own words stay."""
        self._words.forget()

    def _hits(self, words: Sequence[str], names: list[str]) -> list[_Hit]:
        """Every wording, in the order of their first words; the words with a dot go to `names`."""
        hits: list[_Hit] = []
        following = [*words[1:], "", ""]
        for at, entry in enumerate(map(self._words.__getitem__, words)):
            if entry is None:
                continue
            ended, after, going_on, labels = entry
            for wording in ended:
                hits.append((wording, at, at + 1))  # noqa: PERF401 - one or none, as above: a loop costs less
            then = following[at]
            if then in after:  # the first step is taken here: most wordings have two words, and a call takes 0.4 µs
                ended, after, going_on = after[then]
                for wording in ended:
                    hits.append((wording, at, at + 2))  # noqa: PERF401 - one or none, as above: a loop costs less
                if going_on or following[at + 1] in after:
                    _walk(after, going_on, words, at, at + 2, hits)
            elif going_on and then[:_STEM] in going_on:
                hits += [(wording, at, at + 2) for wording in _stemmed(then, going_on)]
            if labels is not None:
                names.append(words[at])
                hits += [(wording, at, at + 1) for wording in labels]
        return hits


def _make_node(wordings: Sequence[_Wording], depth: int, stemmed: Sequence[_Wording] = ()) -> _Node:
    """Where one stands after the first words of these, as many as `depth`; `stemmed` are others that end here, too.

    The stems of a word stand beside the word itself where it is known, so that nobody need look for them there.
    """
    if len(wordings) == 1 and len(wordings[0].words) == depth:  # as most
        return (*stemmed, *wordings), _NO_WORDS, _NO_STEMS
    ended, following, stems = [*stemmed], dict[str, list[_Wording]](), _Stems()
    for wording in wordings:
        words = wording.words
        if len(words) == depth:
            ended.append(wording)
        elif len(words) == depth + 1 and words[depth].endswith("*"):
            stem = words[depth][:-1]
            stems.setdefault(stem[:_STEM], []).append((stem, wording))
        else:
            following.setdefault(words[depth], []).append(wording)
    after = {
        word: _make_node(then, depth + 1, _stemmed(word, stems) if stems else ()) for word, then in following.items()
    }
    return tuple(ended), after or _NO_WORDS, stems or _NO_STEMS


class _Words(dict[str, _Entry | None]):
    """What each word is by itself, None if nothing; looked up once for each word that the world's mails have in common."""

    def __init__(self, root: _Node) -> None:
        _, self._first, self._stems = root
        self._own = {word: self._read(word) for word in self._first}
        super().__init__(self._own)

    def forget(self) -> None:
        """Be as it was made: what texts had beyond the phrases' own words is gone."""
        self.clear()
        self.update(self._own)

    def __missing__(self, word: str) -> _Entry | None:
        entry = self._read(word)
        if len(word) <= (_LONG if word.isalpha() else _SHORT):  # no long numbers and names: they do not come again
            if len(self) >= _MOST:
                self.clear()
            self[word] = entry
        return entry

    def _read(self, word: str) -> _Entry | None:
        labels = None
        if "." in word:
            nodes = [self._first.get(f".{label}") for label in word.split(".")]
            labels = [wording for node in nodes if node is not None for wording in node[0]]
        ended, after, going_on = self._first.get(word) or (_stemmed(word, self._stems), _NO_WORDS, _NO_STEMS)
        return (ended, after, going_on, labels) if ended or after or going_on or labels is not None else None


def _stemmed(word: str, stems: _Stems) -> list[_Wording]:
    return [wording for stem, wording in stems.get(word[:_STEM], ()) if word.startswith(stem)]


def _walk(
    after: dict[str, _Node], stems: _Stems, words: Sequence[str], start: int, third: int, hits: list[_Hit]
) -> None:
    """Add every wording that begins at `start` and goes on with these words, from the third on."""
    for end in range(third, len(words)):
        word = words[end]
        if word not in after:
            if stems:
                hits += [(wording, start, end + 1) for wording in _stemmed(word, stems)]
            return
        ended, after, stems = after[word]
        for wording in ended:
            hits.append((wording, start, end + 1))


def _are_apart(between: Sequence[str], apart: frozenset[str]) -> bool:
    """Whether one of these words stands between that does not only tell where."""
    return any(
        word in apart and PLACES.isdisjoint(between[max(at - 2, 0) : at]) and SAYS.isdisjoint(between[at + 1 : at + 2])
        for at, word in enumerate(between)
    )


def _begin(
    words: Sequence[str], opened: Sequence[_Opened], end: int, apart: frozenset[str], parts: tuple[_Part, ...]
) -> int:
    """Where a phrase begins whose last part stands at `end`; -1 where its earlier parts are missing or too far away,
    or one of the words `apart` stands between.
    """
    back = reversed(opened)
    for part, gap in reversed(parts):
        for number, start, stop in back:
            if number in part and stop <= end:
                between = words[stop:end]
                if (
                    len(between) > GAP
                    or END in between
                    or (not apart.isdisjoint(between) and _are_apart(between, apart))
                ):
                    return -1
                if len(between) > gap or (gap == NEAR and not JOINING.issuperset(between)):
                    continue  # an alternative of more words may end nearer
                end = start
                break
        else:
            return -1
    return end
