"""How is a diagnostic text put into the one form in which phrases are looked for, and how are its own words quoted?"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: How much of a diagnostic is read.
LIMIT: Final = 4096
#: How long a quoted span may be.
SPAN: Final = 200

# Codes that a folded multi-line reply repeats inside its sentence ("at a rate that 550-5.2.1 prevents") would hide the
# phrase, and look like a code of their own (T4). The second form is a bare continuation, "550-For explanation".
_REPEATED: Final = re.compile(r" (?:(?:[245]\d\d[ -])?#?[245]\.\d{1,3}\.\d{1,3}(?= )|[245]\d\d-(?=\S))")
_FIRST_CODE: Final = re.compile(r"[245]\d\d-")
# An address starts only after a delimiter, so that each word is read once however many there are.
_ADDRESS: Final = re.compile(
    r"""(?<![^\s<>()\[\]"',;:=|`])[^\s<>()\[\]"',;:=|`@]*=?[^\s<>()\[\]"',;:=|`@]*@(?:[^\s<>()\[\]"',;:.|`]|\.(?=\w))*"""
)


def normalise(text: str) -> str:
    """The text in lower case, squeezed, without addresses and repeated codes; at most 4096 characters are read.

    Addresses become `@`: a person's name must not look like a phrase ("mailbox.full@example.org"), and a verdict must
    come out the same once addresses were erased. The words `can't` and `doesn't` are written out, accents are dropped.
    """
    words = _plain(text[:LIMIT])
    if "@" in words:
        words = _ADDRESS.sub("@", words)
    return _REPEATED.sub(" ", _FIRST_CODE.sub(lambda code: code[0][:-1] + " ", words, count=1)).replace("  ", " ")


def normalise_phrase(phrase: str) -> str:
    """A phrase as it looks in a normalised text."""
    return _plain(phrase)


def quote(text: str, words: str) -> str:
    """The words of a text that stand behind these words of its normalised form, as the mail wrote them."""
    squeezed = " ".join(text[:LIMIT].split())
    lower = squeezed.lower()
    if len(lower) != len(squeezed):  # a letter whose lower case is longer: quote the text as it stands
        return squeezed[:SPAN]
    at = lower.find(words)
    if at >= 0:
        return squeezed[at : at + min(len(words), SPAN)]
    begin = end = _find_word(lower, words, 0)[0]
    for word in words.split():
        begin_of_word, end_of_word = _find_word(lower, word, end)
        if begin_of_word < 0:
            return squeezed[:SPAN]
        begin, end = (begin_of_word, end_of_word) if begin < 0 else (begin, end_of_word)
    return squeezed[begin : min(end, begin + SPAN)]


def _find_word(text: str, word: str, start: int) -> tuple[int, int]:
    at = text.find(word, start)
    return at, at + len(word)


def _plain(text: str) -> str:
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.replace("’", "'"))
        text = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    words = " ".join(text.replace("_", " ").lower().split())
    if "n't" in words or "cannot" in words:
        words = words.replace("can't", "can not").replace("cannot", "can not").replace("n't", " not")
    return words
