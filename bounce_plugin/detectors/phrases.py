"""Does a text hold one of many phrases? Asked of every notice, so that it has to cost little where the answer is no.

A plain search for a word is far faster than any pattern; and of phrases that share a stem none has to be looked for in
a text without the stem.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

# What several phrases share. A phrase without any of these is merely looked for itself.
_STEMS: Final = (
    "yet ", "continu", "retr", "warn", "delay", "keep ", "need ", "delivered to", "successful", "transcript",
    "be deliver", "been deliver", "to deliver", "t deliver", "delivering", "delivery s", "reject", "return", "permanent", "mailbox", "valid", "unknown", "error", "quota", "follow", "reach", "deliver", "message", "this is the",
    "entrega", "lever", "remi", "recapit", "bezorgd", "zugestellt", "dostarczon", "nie ", "nicht", "versuch", "tentativ", "intent", "prob", "deneme", "weitergeleitet",
    "foi en", "contact", "kontakt", "contat", "help", "assist", "scri", "schr", "quarant", "incoming", "eingehende", "your ", "mail to you", "addressed to you",
    " an sie", " para ", "dirigido", "indirizzat", " u gericht", "aan u", "sendt til d", "adresowan",
    "mdaemon", "daemon", "master", "admin", "bounce", "mmdf", "ndr", "pak", "доставл", "достав", "送", "投", "配", "传", "傳",
)  # fmt: skip


class Phrases:
    """Some phrases, in lower case."""

    __slots__ = ("_all", "_ascii")

    def __init__(self, phrases: Sequence[str]) -> None:
        self._all = _group(phrases)
        self._ascii = _group(phrase for phrase in phrases if phrase.isascii())

    def stand_in(self, lower: str) -> bool:
        """Whether one of them stands in a text, which is given in lower case."""
        groups = self._ascii if lower.isascii() else self._all
        for stem in groups:
            if stem in lower:
                for phrase in groups[stem]:  # a plain loop is the fastest way to ask
                    if phrase in lower:
                        return True
        return False


class Beginnings:
    """Some phrases with which a text may begin, in lower case, each of two characters at least."""

    __slots__ = ("_by_start",)

    def __init__(self, phrases: Sequence[str]) -> None:
        by_start: dict[str, list[str]] = {}
        for phrase in phrases:
            by_start.setdefault(phrase[:2], []).append(phrase)
        self._by_start = {start: tuple(phrases) for start, phrases in by_start.items()}

    def begin(self, lower: str) -> bool:
        """Whether a text, which is given in lower case, begins with one of them."""
        return lower.startswith(self._by_start.get(lower[:2], ()))


def _group(phrases: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The phrases by what they share, in the order in which their stems first occur; a phrase that shares nothing by itself."""
    groups: dict[str, list[str]] = {}
    for phrase in phrases:
        stem = next((stem for stem in _STEMS if stem in phrase), phrase)
        groups.setdefault(stem, []).append(phrase)
    # To look for the stem of a single one would only take longer: the shorter a word, the more places have to be looked at.
    return {stem if len(group) > 1 else group[0]: tuple(group) for stem, group in groups.items()}
