"""How is a diagnostic text put into the words in which phrases are looked for, and how are its own words quoted?"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

#: How much of a diagnostic is read.
LIMIT: Final = 4096
#: How long a quoted span may be.
SPAN: Final = 200
#: The word that ends a sentence.
END: Final = "!"

# Codes that a folded multi-line reply repeats inside its sentence ("at a rate that 550-5.2.1 prevents") would hide the
# phrase, and look like a code of their own (T4). The second form is a bare continuation, "550-For explanation".
_REPEATED: Final = re.compile(r" (?:(?:[245]\d\d[ -])?#?[245]\.\d{1,3}\.\d{1,3}(?= )|[245]\d\d-(?=\S))")
# An address starts only after a delimiter, so that each word is read once however many there are.
_ADDRESS: Final = re.compile(r"""(?<![^\s<>()\[\]"',;:|`])[^\s<>()\[\]"',;:|`@]*@(?:[^\s<>()\[\]"',;:.|`]|\.(?=\w))*""")
# Internet addresses: `192.0.2.1 is blocked` and `your IP is blocked` are one phrase.
_NUMBERS: Final = re.compile(r"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
# Of a link only the host says something, and the page in Google's help (?p=OverQuotaPerm).
_LINK: Final = re.compile(r"https?://([^\s/?#<>\"]{1,255})(?:[^\s?]{0,255}\?p=(\w{1,40}))?[^\s<>\"]*")
# Signs that only frame words: `<user> unknown`, `user: unknown`, `user_unknown` and `user-unknown` are one phrase.
_FRAMES: Final = str.maketrans({**dict.fromkeys("<>()[]{}\"'`´:;|_~#-,/?=+*&\\", " "), "!": " ! "})
# Letters that have no accent to drop.
_LETTERS: Final = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "’": "'"})
# Scripts without spaces between words: each sign is a word.
_SIGNS: Final = re.compile(r"([\u0e00-\u0e7f\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff])")


def normalise(text: str) -> list[str]:
    """The words of a text in lower case, without addresses, frames and repeated codes; at most 4096 characters are read.

    Addresses become `@`: a person's name must not look like a phrase ("mailbox.full@example.org"), and a verdict must
    come out the same once addresses were erased. `can't` and `doesn't` are written out, accents are dropped, and `!`
    stands between sentences.
    """
    plain = _lower(text[:LIMIT])
    if "://" in plain:
        plain = _LINK.sub(r" \1 \2 ", plain)
    if "@" in plain:
        plain = _ADDRESS.sub("@", plain)
    if plain.count(".") > 2:
        plain = _NUMBERS.sub("ip", plain)
    return _words(_REPEATED.sub(" ", plain))


@cache
def normalise_phrase(phrase: str) -> tuple[str, ...]:
    """The words of a phrase as they look in a normalised text; a `*` at the end is kept."""
    words = _words(_lower(phrase.strip().removesuffix("*")))
    if phrase.strip().endswith("*") and words:
        words[-1] += "*"
    return tuple(words)


def squeeze(text: str) -> str:
    """The part of a text that is read, on one line."""
    return " ".join(text[:LIMIT].split())


def quote(squeezed: str, words: list[str]) -> str:
    """The words of a squeezed text that stand behind these words of its normalised form, as the mail wrote them.

    At most 200 characters; of a longer span the beginning and the end, where the parts of a phrase stand.
    """
    joined = " ".join(words)
    begin = squeezed.lower().find(joined) if squeezed.isascii() else -1
    span = squeezed[begin : begin + len(joined)] if begin >= 0 else _span(squeezed, [w for w in words if w != END])
    return span if len(span) <= SPAN else f"{span[: SPAN // 2 - 2]} … {span[1 - SPAN // 2 :]}"


def _span(text: str, words: list[str]) -> str:
    """The part of a text whose own words are these; up to five words that normalising drops may stand between two."""
    tokens = text.split()
    heard = [(word, at) for at, token in enumerate(tokens) for word in _token(token)]
    for begin, (word, first) in enumerate(heard):
        if word != words[0]:
            continue
        at = begin
        for wanted in words[1:]:
            following = (after for after in range(at + 1, min(at + 7, len(heard))) if heard[after][0] == wanted)
            at = next(following, -1)
            if at < 0:
                break
        else:
            return " ".join(tokens[first : heard[at][1] + 1])
    return text[:SPAN]


def _token(token: str) -> list[str]:
    return [word for word in normalise(token) if word]


def _lower(text: str) -> str:
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
        text = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
        text = _SIGNS.sub(r" \1 ", text.replace("。", ". "))
    plain = " ".join(text.lower().split())
    if "n't" in plain or "cannot" in plain:
        plain = plain.replace("can't", "can not").replace("cannot", "can not").replace("n't", " not")
    return plain


def _words(plain: str) -> list[str]:
    plain = plain.replace("...", " ").replace(". ", " ! ").rstrip(".")
    plain = " ".join(plain.translate(_FRAMES).split())
    if "e mail" in plain or "mail box" in plain:
        plain = f" {plain}".replace(" e mail", " email").replace(" mail box", " mailbox")[1:]
    return plain.split(" ")
