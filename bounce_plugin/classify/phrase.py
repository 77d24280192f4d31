"""What is a phrase? One row of phrases.toml: words, the reason that they speak for, and how much they say.

A phrase is words in their order. `|` separates alternatives, `&` stands for a gap of at most 14 words within one
sentence, `~` for none but a few words that only join (`is`, `wurde`, `ha sido`), `*` at the end lets the last word go on:
`mailbox|account & is full|over quota*`. A word with a dot in front is looked for within the names of hosts: `.spamhaus`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bounce_plugin.classify.classification import Reason

#: How far the parts of a phrase may be apart, in words.
GAP: Final = 14
#: The same where they stand side by side, and the words that alone may stand between them.
NEAR: Final = 3
JOINING: Final = frozenset({
    "is", "was", "are", "were", "be", "been", "has", "have", "being", "now", "ist", "wurde", "wird", "sind", "war", "worden", "est", "a", "ete", "etait", "sont", "ont", "esta", "es", "fue", "ha", "sido", "se", "encuentra", "foi", "e", "sta",
    "stato", "stata", "risulta", "werd", "wordt", "werden", "jest", "zostal", "zostala", "zostalo", "sa", "ar", "har", "blivit", "blev", "er", "bliver", "ble", "on", "oli", "je", "byl", "byla", "bylo", "jsou", "van", "volt", "este", "fost", "bol", "bola", "bolo", "ειναι", "був", "була", "було", "был", "была", "было",
})  # fmt: skip
#: What is missing or off is this, and nobody's mailbox, where one of these words stands between: "user database not found".
_MACHINES: Final = frozenset({
    "server", "servers", "database", "backend", "directory", "ldap", "lookup", "partition", "dns", "certificate",
})  # fmt: skip
#: Behind these they only tell where ("user on this server not found"), and before these who speaks ("server replied: unknown").
PLACES: Final = frozenset({
    "on", "at", "in", "of", "for", "this", "our", "the", "auf", "diesem", "dieses", "unserem", "dem", "im", "am", "su", "questo", "nostro", "sul", "del", "ce", "notre", "sur", "dans", "este", "nuestro", "en", "op", "deze", "onze", "na", "tym", "naszym", "neste", "no", "nosso",
})  # fmt: skip
SAYS: Final = frozenset({"returned", "replied", "said", "says", "response", "issued", "answered", "reported"})
_OF_MAILBOX: Final = {Reason.ADDRESS_UNKNOWN, Reason.ADDRESS_MOVED, Reason.MAILBOX_DISABLED, Reason.MAILBOX_FULL}
#: Phrases before this priority are about what looks like something else, so that plainer words do not overrule them.
SPECIAL: Final = 20
#: Phrases from this priority on say little of the recipient: even vague words that blame the sender overrule them.
WEAK: Final = 75
#: Phrases from this priority on are vague: they decide only where nothing else does, and overrule nothing.
VAGUE: Final = 90

Wording: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One row of phrases.toml."""

    phrase: str  # as written
    parts: tuple[tuple[Wording, ...], ...]  # the alternatives of each part, in normalised words
    gaps: tuple[int, ...]  # how far each part may be from the next: `GAP` or `NEAR`
    reason: Reason
    scope: str = "any"  # the provider that must have answered (providers.toml), or any
    priority: int  # 10 (first) to 99; see the head of phrases.toml
    code: re.Pattern[str] | None = None  # what "554 5.7.9", the reply code and the status of the refusal, must match
    example: str  # a reply that it is for
    rule: str = field(init=False)  # the name under which evidence cites it
    rank: int = field(init=False)  # a provider's own wording comes first, then the order of priority
    turn: int = field(init=False)  # when it is asked, beside codes (codes.py)
    apart: frozenset[str] = field(init=False)  # words that keep its parts from belonging together

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", f"phrase:{self.scope}:{self.phrase}")
        object.__setattr__(self, "rank", self.priority + (100 if self.scope == "any" else 0))
        object.__setattr__(self, "apart", _MACHINES if self.reason in _OF_MAILBOX else frozenset())
        turn = 1 if self.priority < VAGUE else 4
        # The last resort: any error that is quoted says more than that time ran out.
        object.__setattr__(self, "turn", 3 if self.reason is Reason.EXPIRED else turn)
