"""How is a diagnostic text put into the words in which phrases are looked for?

Every mail pays for this: one pass in C (`split`, `replace`, `translate`) after the other, and an expression only where a
cheap look says that it could find something.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

#: How much of a diagnostic is read.
LIMIT: Final = 4096
#: The word that ends a sentence.
END: Final = "!"

# Codes that a folded multi-line reply repeats inside its sentence ("at a rate that 550-5.2.1 prevents") would hide the
# phrase, and look like a code of their own (T4). The last form is a bare continuation, "550-For explanation". Each form
# begins with its own sign, so that a space before anything else is passed at once.
_REPEATED: Final = re.compile(
    r" (?:[245]\.\d{1,3}\.\d{1,3}(?= )|#[245]\.\d{1,3}\.\d{1,3}(?= )"
    r"|[245]\d\d(?:[ -]#?[245]\.\d{1,3}\.\d{1,3}(?= )|-(?=\S)))"
)
# An address starts only after a delimiter, so that each word is read once however many there are.
_ADDRESS: Final = re.compile(r"""(?<![^\s<>()\[\]"',;:|`])[^\s<>()\[\]"',;:|`@]*@(?:[^\s<>()\[\]"',;:.|`]|\.(?=\w))*""")
_FRAMED_ADDRESS: Final = re.compile(r"([<(]?)[a-z0-9._+=-]++@[a-z0-9-]++(?:\.[a-z0-9][a-z0-9-]*+)*+([>)]?[.:,;]{0,2})")
# Internet addresses: `192.0.2.1 is blocked` and `your IP is blocked` are one phrase. Few texts have one, and the first
# expression finds that out in 0.2 instead of 1.1 µs, as it looks at dots only; the second tries every digit.
_DOTTED: Final = re.compile(r"\.\d{1,3}\.\d{1,3}\.\d")
_NUMBERS: Final = re.compile(r"\d(?<![\d.].)\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
#: The one of them that is always the host itself; others of its network are what block lists answer.
_LOOPBACK: Final = re.compile(r"127(?<![\d.]...)\.0\.0\.1(?![\d.]*\d)")
# Of a link only the host says something, and the page in Google's help (?p=OverQuotaPerm).
_LINK: Final = re.compile(r"https?://([^\s/?#<>\"]{1,255})(?:[^\s?]{0,255}\?p=(\w{1,40}))?[^\s<>\"]*")
# What who reports says of the command that was refused, in Postfix's words and in Exim's: no words of the host that refused it.
_IN_REPLY: Final = re.compile(r"\(in reply to (?:end of )?[a-z]{4,8}(?: from| to)? command\)")
_AFTER: Final = re.compile(
    r"\bafter (?:pipelined )?(?:rcpt to|mail from):\s?<[^<>\s]{0,320}>(?: [a-z]{4,8}=\S{1,40}){0,4}"
)
#: The same of Exchange, around the reply that it got.
_RESPONDED: Final = re.compile(
    r"primary target ip address responded with: \"?|attempted failover to alternate host, but that did not succeed"
)
#: Whom a report greets: no word on our sender address.
_GREETED: Final = re.compile(
    r"\b(?:dear|geachte|sehr geehrte[rs]?|liebe[rs]?|cher|chere|estimado|estimada|gentile|caro|szanowny|prezado|basta|kaere|kjaere|vazeny|hyva) "
    r"(?:e-?mail )?(?:sender|afzender|absender|expediteur|remitente|mittente|nadawco|remetente|avsandare|afsender|avsender|odesilateli|lahettaja)\b"
)
_GREETINGS: Final = (
    "dear ",
    "geachte ",
    "sehr geehrte",
    "liebe",
    "cher",
    "estimad",
    "gentile ",
    "caro ",
    "szanown",
    "prezado ",
    "basta ",
    "kaere ",
    "kjaere ",
    "vazeny ",
    "hyva ",
)
#: What a host advises to who disagrees; it does not say that it is so: `If you believe that your server was blocked in error, …`
_ADVISED: Final = re.compile(
    r"\bif you (?:believe|think|feel)\b(?:(?! please\b| contact\b| visit\b| see\b| [245]\d\d[ -]| - )[^.;!?,:]|\.(?! |$))*+"
)
#: What a host says of everything; why, only its advice tells.
_SAYS_LITTLE: Final = re.compile(
    r"(?:mailbox (?:is )?(?:unavailable|not available)|(?:user|account) unavailable|recipient (?:address )?(?:rejected|refused)|recipient not accepted|transaction failed|service unavailable|(?:message|mail) (?:rejected|refused)|(?:action )?not taken)\W{0,8}\Z"
)
_BLOCKS: Final = ("block", "blacklist", "listed", "reputation", "spam")
_WORD: Final = re.compile(r"[a-z]{2,}")
_FEW: Final = 2  # words that say nothing yet: "access denied"
# Signs that only frame words: `<user> unknown`, `user: unknown`, `user_unknown` and `user-unknown` are one phrase.
_FRAME: Final = "<>()[]{}\"'`´:;|_~#-,/?=+*&\\"
_FRAMES: Final = re.compile(f"[{re.escape(_FRAME)}]")
# The same for a text in ASCII, octet by octet: 0.3 instead of 2 µs, which a table for `str.translate` takes.
_OCTETS: Final = bytes(ord(" ") if chr(octet) in _FRAME else octet for octet in range(128)) + bytes(128)
_ENDS: Final = ('."', ".)", ".'", ".>")
# Letters that have no accent to drop.
_LETTERS: Final = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "’": "'"}
# Scripts without spaces between words: each sign is a word.
_SIGNS: Final = re.compile(r"([\u0e00-\u0e7f\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff])")


def normalise(text: str) -> list[str]:
    """The words of a text in lower case, without addresses, frames and repeated codes; at most 4096 characters are read.

    Addresses become `@`: a person's name must not look like a phrase ("mailbox.full@example.org"), and a verdict must
    come out the same once addresses were erased. `can't` and `doesn't` are written out, accents are dropped, and `!`
    stands between sentences.
    """
    return split_words(make_plain(text))


def make_plain(text: str) -> str:
    """The text that `split_words` makes the words of."""
    plain = squeeze(_lower(text[:LIMIT]))
    if "://" in plain:
        plain = _LINK.sub(_shorten_link, plain)
    if "(in reply to " in plain:
        plain = _IN_REPLY.sub(" ", plain)
    if ":<" in plain:
        plain = _AFTER.sub(" ", plain)
    if plain.startswith(_GREETINGS):
        plain = _GREETED.sub(" ", plain, count=1)
    if "if you " in plain:
        plain = _ADVISED.sub(_without_advice, plain)
    if "primary target" in plain:
        plain = _RESPONDED.sub(" ", plain)
    if "@" in plain:
        plain = _erase_addresses(plain)
    if _DOTTED.search(plain):
        if "127.0.0.1" in plain:
            plain = _LOOPBACK.sub("localhost", plain)
        plain = _NUMBERS.sub("ip", plain)
    return _REPEATED.sub(" ", plain)


def _without_advice(found: re.Match[str]) -> str:
    """Nothing of it, where words stand before it; alone it is all that the host says."""
    if _SAYS_LITTLE.search(found.string, 0, found.start()) and any(word in found[0] for word in _BLOCKS):
        return found[0]
    return " " if len(_WORD.findall(found.string, 0, found.start())) > _FEW else found[0]


def _shorten_link(found: re.Match[str]) -> str:
    return f" {found[1]} {found[2] or ''} "


@cache
def normalise_phrase(phrase: str) -> tuple[str, ...]:
    """The words of a phrase as they look in a normalised text; a `*` at the end is kept."""
    words = split_words(squeeze(_lower(phrase.strip().removesuffix("*"))))
    if phrase.strip().endswith("*") and words:
        words[-1] += "*"
    return tuple(words)


def _erase_addresses(plain: str) -> str:
    """Put `@` for each address. None has a space in it, and the expression is slow: 20 to 30 ns for each character."""
    at = plain.find("@")
    while at >= 0:
        begin = plain.rfind(" ", 0, at) + 1
        end = plain.find(" ", at)
        word = plain[begin:] if end < 0 else plain[begin:end]
        framed = _FRAMED_ADDRESS.fullmatch(word)  # as most are written, in a third of the time
        left = f"{framed[1]}@{framed[2]}" if framed else _ADDRESS.sub("@", word)
        plain = plain[:begin] + left + ("" if end < 0 else plain[end:])
        at = plain.find("@", begin + len(left))
    return plain


def squeeze(text: str) -> str:
    """The part of a text that is read, on one line."""
    text = text[:LIMIT]
    if "  " in text or not text.isprintable():  # no other white space can be printed; mostly there is none (0.5 µs)
        return " ".join(text.split())
    return text.strip()


def _lower(text: str) -> str:
    """A text in small letters without accents; `n't` is written out."""
    plain = text.lower()
    if not plain.isascii():
        plain = _drop_accents(plain)
    if "n't" in plain or "cannot" in plain:
        plain = plain.replace("can't", "can not").replace("cannot", "can not").replace("n't", " not")
    return plain


def _drop_accents(text: str) -> str:
    for letter, plain in _LETTERS.items():
        text = text.replace(letter, plain)
    text = unicodedata.normalize("NFKD", text)
    for sign in set(text):  # a text has few signs, each many times
        if unicodedata.combining(sign):
            text = text.replace(sign, "")
    return " ".join(_SIGNS.split(text.replace("。", ". "))).lower()


def split_words(plain: str) -> list[str]:
    """The words of a text on one line, without the signs that frame them."""
    if "." in plain:
        plain = plain.replace("...", " ").replace(". ", END).rstrip(".")
        for end in _ENDS:  # of a sentence within quotes or brackets
            if end in plain:
                plain = plain.replace(end, END)
    framed = plain.encode().translate(_OCTETS).decode() if plain.isascii() else _FRAMES.sub(" ", plain)
    words = (framed.replace(END, f" {END} ") if END in framed else framed).split()
    if "mail" in plain and ("e" in words or "mail" in words):
        line = " " + " ".join(words)
        words = line.replace(" e mail", " email").replace(" mail box", " mailbox").split()
    return words
