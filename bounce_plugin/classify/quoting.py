"""Which words of the mail stand behind a phrase that was found in its normalised text?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bounce_plugin.classify.normalise import END, normalise, squeeze
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.phrasebook import Phrasebook

#: How long a quoted span may be.
SPAN: Final = 200
#: So many words that normalising drops may stand between two words of a phrase.
_DROPPED: Final = 5
#: How words begin that normalising makes of others (can't, e-mail, mail-box).
_MADE: Final = ("not", "email", "mailbox")


def quote(text: str, words: Sequence[str], phrase: Phrase, book: Phrasebook) -> str:
    """The words of a text that stand behind those of its normalised form that hold a phrase, as the mail wrote them.

    At most 200 characters; of a longer span the beginning and the end. What is quoted holds the phrase itself, so that
    the verdict can be derived from it again: where that cannot be had, it is the normalised words that are given.
    """
    line = squeeze(text)
    joined = " ".join(words)
    begin = line.lower().find(joined) if line.isascii() else -1
    if begin >= 0 and len(joined) <= SPAN:
        return line[begin : begin + len(joined)]
    span = line[begin : begin + len(joined)] if begin >= 0 else _Tokens(line).span([w for w in words if w != END])
    if len(span) > SPAN:
        span = f"{span[: SPAN // 2 - 2]} … {span[1 - SPAN // 2 :]}"
    return span if holds(span, phrase, book) else _abridge(words, phrase)


def holds(text: str, phrase: Phrase, book: Phrasebook) -> bool:
    """Whether a text holds a phrase."""
    return any(found is phrase for found, _, _ in book.read(normalise(text)).matches)


def _abridge(words: Sequence[str], phrase: Phrase) -> str:
    """The words that occur in the phrase, with dots for the others."""
    wanted = {word for part in phrase.parts for wording in part for word in wording}
    beginnings = tuple(word.removesuffix("*") for word in wanted if word.endswith("*"))
    kept = []
    for word in words:
        labels = [f".{label}" for label in word.split(".")]
        if word in wanted or (beginnings and word.startswith(beginnings)) or not wanted.isdisjoint(labels):
            kept.append(word)
        elif kept[-1:] != ["…"]:
            kept.append("…")
    return " ".join(kept)[:SPAN]


class _Tokens:
    """A text whose words are not those of its normalised form; as few tokens as possible are normalised (3 µs each)."""

    __slots__ = ("_known", "_line", "_tokens")

    def __init__(self, line: str) -> None:
        self._line = line
        self._tokens = line.split()
        self._known: dict[str, list[str]] = {}

    def span(self, words: list[str]) -> str:
        """The tokens whose own words are these; the beginning of the text where they cannot be found again."""
        first = words[0]
        # Whether the first word stands in its token as it is: not made of others, no address, no number (192.0.2.1).
        certain = first.isascii() and not (first.startswith(_MADE) or "@" in first or "ip" in first)
        if certain:
            likely = [at for at, token in enumerate(self._tokens) if first in token.lower()]
            if (span := self._span(words, likely)) or self._line.isascii():
                return span or self._line[:SPAN]
        return self._span(words, range(len(self._tokens))) or self._line[:SPAN]

    def _span(self, words: list[str], begins: Sequence[int]) -> str:
        """The tokens whose own words are these, from the first of these tokens where they follow; else empty."""
        for begin in begins:
            for skip, word in enumerate(self._words(self._tokens[begin]), start=1):
                if word == words[0] and (end := self._end(begin, skip, words)) >= 0:
                    return " ".join(self._tokens[begin : end + 1])
        return ""

    def _end(self, begin: int, skip: int, words: list[str]) -> int:
        """The token in which the words end that begin in this one; -1 where they do not follow."""
        heard, end = self._heard(begin, skip), begin
        for wanted in words[1:]:
            for _, (word, at) in zip(range(_DROPPED + 1), heard, strict=False):
                if word == wanted:
                    end = at
                    break
            else:
                return -1
        return end

    def _heard(self, begin: int, skip: int) -> Iterator[tuple[str, int]]:
        """Each word from a token on, without the first few, and the token that it stands in."""
        for at in range(begin, len(self._tokens)):
            for word in self._words(self._tokens[at])[skip:]:
                yield word, at
            skip = 0

    def _words(self, token: str) -> list[str]:
        """The words of a token by itself."""
        if token.isascii() and token.isalnum() and "cannot" not in (word := token.lower()):
            return [word]
        if token not in self._known:
            self._known[token] = normalise(token)
        return self._known[token]
