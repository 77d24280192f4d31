"""Can a phrase ever decide? It cannot if a stronger one is in all of its words, and nothing lets it pass.

Said only where it is certain. "In its words": one part of the phrase has no alternative that does not hold the stronger
one whole. "Stronger", wherever both hold (the same scope and code, or none):

- One for the same reason that comes before it: of each reason only the strongest phrase is weighed.
- One that blames the sender or the message and comes before it, as do all phrases that may speak for that reason in its
  place. No principle overrules such a reason, at no stage is it left out.

Nothing else is certain: one that blames the recipient is overruled by asymmetry, or left out at an early stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bounce_plugin.classify.classification import Fault, Reason
from bounce_plugin.classify.phrase import VAGUE, WEAK, Phrase, Wording
from bounce_plugin.classify.tables import Tables

_OURS: Final = frozenset({Fault.SENDER, Fault.CONTENT})
#: How a word goes on that may go on in any way, and what stands around a word that is looked for in names of hosts.
_ANYTHING: Final = "\ue000"


def find_blockers(phrase: Phrase, tables: Tables) -> tuple[Phrase, ...]:
    """The phrases for which this one can never decide; empty where it can, or where that is not certain."""
    stronger: dict[str, bool] = {}

    def precedes(other: Phrase) -> bool:
        if other.rule not in stronger:
            stronger[other.rule] = _precedes(other, phrase, tables)
        return stronger[other.rule]

    for part in phrase.parts:
        blockers = [next(filter(precedes, _held(words, tables)), None) for words in part]
        if None not in blockers:
            return tuple({one.rule: one for one in blockers if one is not None}.values())
    return ()


def _held(words: Wording, tables: Tables) -> Iterator[Phrase]:
    """The phrases that are found in these words wherever they stand: in any text, and however their last word goes on."""
    certain = [_ANYTHING + word + _ANYTHING if word.startswith(".") else word for word in words]
    certain[-1] = certain[-1].replace("*", _ANYTHING)
    return (phrase for phrase, _, _ in tables.phrasebook.read(certain).matches)


def _precedes(other: Phrase, phrase: Phrase, tables: Tables) -> bool:
    """Whether this one never decides where the other one is found, too."""
    if other.rank >= phrase.rank or other.scope not in ("any", phrase.scope):
        return False
    if other.code is not None and other.code != phrase.code:
        return False
    if other.reason is phrase.reason:
        return True
    meaning = tables.reasons[other.reason]
    if meaning.fault not in _OURS or meaning.counts:
        return False
    if phrase.reason is Reason.MAILBOX_FULL:  # the one thing that is heard of what a program printed
        return False
    # Another phrase may speak for that reason, if it is stronger still: it must not come later, nor be overruled.
    return all(
        rival.turn <= phrase.turn and rival.priority <= phrase.priority and _as_firm(rival, phrase)
        for rival in tables.phrases.values()
        if rival.reason is other.reason and rival.rank <= other.rank
    )


def _as_firm(rival: Phrase, phrase: Phrase) -> bool:
    """Whether the rival overrules whatever this phrase would overrule by asymmetry."""
    return phrase.priority < VAGUE or rival.priority < WEAK or rival.priority >= VAGUE
