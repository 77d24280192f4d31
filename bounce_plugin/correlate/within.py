"""Which addresses stand in a piece of text that was taken for one address? What surrounds them there belongs to nobody.

Software writes `'ann@…'`, `to=ann@…`, `/ann@…`, and puts addresses into others (VERP, SRS). Whoever is forgotten must not
stay in what looks like another address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bounce_plugin.correlate.unwrap import unwrap

_LOCAL: Final = 128  # characters of a local part that are looked at
_LONGEST: Final = 1300  # and of a text; no address of a text is longer (`ledger/addresses.py`)
#: Nothing stands around it, as with nearly all.
_BARE: Final = re.compile(r"[\w.+-]+@[A-Za-z0-9.-]*[A-Za-z0-9]")
#: What an address has in its middle (VERP writes `=`), and the domain behind it.
_MIDDLE: Final = re.compile(r"[@=](?P<domain>[\w-]{1,63}(?:\.[\w-]{1,63}){0,16})")
#: Where one may begin: `joanna` is not `anna`, nor is `jo.anna`, and the apostrophe of `o'brien` is a part of the name.
_BEGINS: Final = re.compile(r"(?<![\w.+-])(?<!\w')[\w!#$%&+?^~.{}-]")
#: SRS, and what is made like it: the domain comes first.
_TURNED: Final = re.compile(
    r"(?<![\w.-])(?P<domain>[\w-]{1,63}(?:\.[\w-]{1,63}){1,16})(?==(?P<local>[^@=]{1,128})[@=])"
)


def addresses_within(text: str) -> frozenset[str]:
    """The addresses that a text may hold, whatever surrounds them, in their normal spelling; none where nothing does."""
    text = text[:_LONGEST]
    if _BARE.fullmatch(text):
        return frozenset()
    return frozenset(reading for candidate in _candidates(text) for reading in unwrap(candidate))


def _candidates(text: str) -> Iterator[str]:
    yield text
    for match in _TURNED.finditer(text):
        yield f"{match['local']}@{match['domain']}"
    for match in _MIDDLE.finditer(text):
        whole = match["domain"]
        if match[0][0] == "=" and "." not in whole:
            continue
        left = text[max(match.start() - _LOCAL, 0) : match.start()]
        for begin in _BEGINS.finditer(left):
            for domain in {whole.rstrip("-"), whole.partition("_")[0], whole.rpartition("_")[0]} - {""}:
                yield f"{left[begin.start() :]}@{domain}"
