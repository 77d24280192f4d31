"""Does a phrase repeat, or contradict, one that stands before it?

Compared are words as they are looked for, in lower case and without signs, so that `Mailbox-full` repeats `mailbox full`.
Of a phrase in one part each alternative is compared. One with gaps repeats another only as a whole: parts such as
`{who}` are meant to be shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from bounce_plugin.classify.phrase import Phrase, Wording
from bounce_plugin.classify.phrasebook import Phrasebook
from bounce_plugin.classify.tables import Tables
from bounce_plugin.classify.trial import as_finding, decided_by, try_finding
from bounce_plugin.errors import SettingsError

#: Scope, code expression, and the words of one alternative or the number of the parts.
_Key: TypeAlias = tuple[str, str, Wording | int]


class Overlaps:
    """The phrases that stand before the next one, by their words."""

    __slots__ = ("_known",)

    def __init__(self, tables: Tables) -> None:
        self._known: dict[_Key, list[Phrase]] = {}
        for phrase in tables.phrases.values():
            self.add(phrase)

    def add(self, phrase: Phrase) -> None:
        """Have it stand before those that are asked about from now on."""
        code = phrase.code.pattern if phrase.code else ""
        for words in phrase.parts[0] if len(phrase.parts) == 1 else (len(phrase.parts),):
            self._known.setdefault((phrase.scope, code, words), []).append(phrase)

    def find_fault(self, phrase: Phrase, tables: Tables) -> SettingsError | None:
        """Why its words cannot stand beside those that are known; None where they can.

        The same words for the same reason are in order where they come earlier than those that are known; those for
        another reason where it is settled which of the two decides.
        """
        for other, words in self._shared(phrase):
            where = f"{shorten(other.phrase)} ({tables.source_of(other.rule)}, priority {other.priority})"
            if other.reason is phrase.reason and other.rank <= phrase.rank:
                problem = f"{shorten(words)} is there already, for the same reason: {where}"
                return SettingsError(problem, key="phrase", value=phrase.phrase)
            if other.reason is not phrase.reason and other.rank == phrase.rank and _loses(phrase, other, words, tables):
                problem = (
                    f"contradicts {where}: {shorten(words)} means {other.reason} there. "
                    "With a smaller `priority` this phrase decides"
                )
                return SettingsError(problem, key="reason", value=phrase.reason.value)
        return None

    def _shared(self, phrase: Phrase) -> Iterator[tuple[Phrase, str]]:
        """Each known phrase that holds wherever this one does, with the words that they share."""
        codes = dict.fromkeys(("", phrase.code.pattern if phrase.code else ""))
        if len(phrase.parts) == 1:
            for words in phrase.parts[0]:
                for code in codes:
                    for other in self._known.get((phrase.scope, code, words), ()):
                        yield other, " ".join(words)
            return
        for code in codes:
            for other in self._known.get((phrase.scope, code, len(phrase.parts)), ()):
                wider = all(gap <= known for gap, known in zip(phrase.gaps, other.gaps, strict=True))
                if wider and all(set(one) <= set(known) for one, known in zip(phrase.parts, other.parts, strict=True)):
                    yield other, phrase.phrase


def _loses(phrase: Phrase, other: Phrase, words: str, tables: Tables) -> bool:
    """Whether of these two alone the other one decides what their words mean."""
    both = {one.rule: one for one in (other, phrase)}
    two = replace(tables, phrases=both, phrasebook=Phrasebook(both.values(), tables.providers.tokens))
    spoken = words if len(phrase.parts) == 1 else " ".join(" ".join(part[0]) for part in phrase.parts)
    finding = as_finding(spoken.replace("*", ""), tables, provider=phrase.scope)
    if phrase.code:
        said = as_finding(phrase.example, tables)
        finding = replace(finding, reply_code=said.reply_code, status=said.status)
    return decided_by(try_finding(finding, two)) == other.rule


def shorten(phrase: str) -> str:
    """A phrase in quotes, as much of it as people need to find it."""
    return f"“{phrase}”" if len(phrase) <= 60 else f"“{phrase[:60]}…”"
