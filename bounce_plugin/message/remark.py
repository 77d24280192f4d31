"""Does somebody add anything to what he passes on? What says nothing is known; all else is a person's word on it (D-13)."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers

#: That one is to know of it, or to see to it, in lower case without signs.
_FOR_INFORMATION: Final = (
    "fyi", "fya", "for your information", "for information", "for info", "as discussed", "see below", "fwd", "fw", "forwarded", "forwarding", "forward the message", "please handle", "please see below", "please remove", "please unsubscribe",
    "zk", "z k", "zki", "z i", "zi", "zur kenntnis", "zur kenntnisnahme", "zur info", "zur information", "zu ihrer information", "info", "wg", "s u", "siehe unten", "weitergeleitet", "weiterleitung", "bitte bearbeiten", "zur bearbeitung", "bitte austragen", "bitte entfernen",
    "pour info", "pour information", "pour votre information", "p i", "voir ci-dessous", "tr", "transféré", "déjà vu", "à supprimer", "para su información", "para tu información", "para información", "ver abajo",
    "per conoscenza", "per tua conoscenza", "per vostra conoscenza", "p c", "segue", "inoltro", "vedi sotto", "ter info", "ter informatie", "ter kennisgeving", "ter kennisname", "zie onder", "do wiadomości",
    "för kännedom", "til orientering", "til info", "til informasjon", "til din information", "pro informaci", "na vědomí", "tiedoksi", "tájékoztatásul", "para conhecimento", "para sua informação",
    "bilginize", "bilgi için", "к сведению", "для информации", "ご参考まで", "ご参考", "转发", "轉寄", "供参考",
)  # fmt: skip
#: How a letter ends, likewise.
_VALEDICTIONS: Final = (
    "mit freundlichen grüßen", "mit freundlichen gruessen", "mit freundlichem gruß", "freundliche grüße", "viele grüße", "viele gruesse", "liebe grüße", "liebe gruesse", "beste grüße", "schöne grüße", "herzliche grüße", "sonnige grüße", "grüße", "gruß", "gruss", "mfg", "vg", "lg", "bg", "danke", "vielen dank",
    "best regards", "kind regards", "warm regards", "regards", "best wishes", "best", "cheers", "thanks", "thank you", "many thanks", "cordialement", "bien cordialement", "bien à vous", "amicalement", "merci", "saludos", "un saludo", "gracias", "cordiali saluti", "saluti", "un saluto", "grazie",
    "met vriendelijke groet", "met vriendelijke groeten", "groet", "groeten", "groetjes", "mvg", "bedankt", "pozdrawiam", "z poważaniem", "dziękuję", "med vänlig hälsning", "vänliga hälsningar", "hälsningar", "mvh", "med venlig hilsen", "venlig hilsen", "hilsen", "tack", "tak",
    "s pozdravem", "děkuji", "üdvözlettel", "üdv", "atenciosamente", "cumprimentos", "obrigado", "obrigada", "с уважением", "спасибо", "saygılarımla", "ystävällisin terveisin", "terveisin",
)  # fmt: skip
#: How one is addressed: with a name or two, in a line of its own.
_ADDRESSED: Final = re.compile(
    r"(?:hi|hello|hallo|hey|dear|liebe[rs]?|moin|servus|grüezi|bonjour|salut|hola|ciao|buongiorno|salve|beste|dag|cześć|olá|hej|hei|kære|ahoj|guten (?:tag|morgen)|good morning)(?: \w[\w.-]{0,30}){0,3}"
)
#: By which program a mail was sent, as phones write below each.
_SENT_BY: Final = re.compile(
    r"(?:sent (?:from|with|via)|gesendet (?:von|mit)|von mein\w+ \w+ gesendet|von \w+ \w+ auf \w+ gesendet|diese nachricht wurde von mein|get outlook|outlook für|envoyé (?:de|depuis|avec)|inviato da|enviado (?:desde|do)"
    r"|verzonden (?:vanaf|met)|wysłane? (?:z|przez)|skickat från|sendt fra|odesláno z|отправлено с)\b"
)
_SIGNS: Final = re.compile(r"[^\w\s'-]+|(?<!\w)[-_]+|[-_]+(?!\w)")
_TOKEN: Final = re.compile(r"[^\W\d_]{3,}")
#: Words in a signature that begin with a small letter.
_SMALL: Final = frozenset({
    "von", "van", "vom", "der", "die", "das", "des", "dem", "den", "und", "für", "im", "in", "am", "bei", "zu", "zur", "of", "the", "for", "and", "at", "de", "del", "della", "di", "da", "du", "la", "le", "les", "et", "y", "e",
    "ev", "eingetragener", "charity", "no", "number", "registered", "tel", "fax", "mob", "mobil", "mobile", "phone", "mail", "gmbh", "mbh", "co", "kg", "ag", "a.d", "i.a", "i.v", "v.l", "www", "het", "een", "en", "och", "og", "i", "a", "z", "w",
})  # fmt: skip
_SIGNED: Final = 8  # lines of a signature
#: In a text that stands between others: that it is not so, or no more.
_TAKEN_BACK: Final = re.compile(
    r"\b(?:(?<!nicht )(?<!nie )(?<!never )(?<!not )(?<!muss )(?<!must be )(?<!to be )(?:angekommen|arrived|korrigiert|corrected|fixed|erledigt|geklärt|gelöst|behoben|solved|resolved)"
    r"|fehlalarm|false alarm|vertippt|typo|kam (?:doch )?an|doch noch|stimmt(?! nicht)|geht (?:\w+ )?wieder|wieder (?:ok|erreichbar|da)|nicht unsere?|works again|again now|ignorieren|ignore|mein fehler|my mistake|bleibt"
    r"|(?:nicht|bitte nichts?) (?:austragen|löschen|entfernen|tun)|(?:not|don['’]t) (?:delete|remove|unsubscribe)|résolu|réglé|corrigé|resuelto|corregid[oa]|risolto|corrett[oa]|opgelost|rozwiązane)\b"
)
#: Somebody speaks of himself, as no report does below the refusal.
MYSELF: Final = re.compile(
    r"\bI\b(?!/O)|(?<![.@/])\b(?i:ich|mir|mich|j['’]ai|je (?:suis|vais|crois|pense|ne\b|[nlm]['’])|yo|creo|io|acho|ik|jag|jeg|minä|jsem|myslím|jestem|myślę|mnie|szerintem|nekem|я|мне)\b|\b(?:moi|penso|bence|bana)\b"
)


def speaks_as_person(text: str) -> bool:
    """Whether a text speaks of its writer, or says that what failed is settled; programs greet, too."""
    return MYSELF.search(text) is not None or _TAKEN_BACK.search(text.lower()) is not None


def adds_nothing(own: str, headers: Headers) -> bool:
    """Whether words of one's own only greet, pass on and sign: whoever says anything else may say that it is not so."""
    if "?" in own:
        return False
    lines = [line.strip() for line in own.split("\n")]
    lines = [line for line in lines if any(map(str.isalnum, line))]
    for number, line in enumerate(lines):
        words = _plain(line)
        if _SENT_BY.match(words) or _ADDRESSED.fullmatch(words):
            continue
        if _without_phrases(words):
            return _is_signature(lines[number:], headers)
    return True


def _plain(line: str) -> str:
    return " ".join(_SIGNS.sub(" ", line.lower()).split())


def _without_phrases(words: str) -> str:
    """What is left of a line, in lower case, without all that passes on or ends a letter at its beginning."""
    while found := next((one for one in _BOTH if words == one or words.startswith(f"{one} ")), ""):
        words = words.removeprefix(found).strip()
    return words


#: The longest first: "zur kenntnisnahme" is more than "zur kenntnis".
_BOTH: Final = sorted((*_FOR_INFORMATION, *_VALEDICTIONS), key=len, reverse=True)


def _is_signature(lines: list[str], headers: Headers) -> bool:
    """Whether lines are a signature: few, none of them prose, and in the first a name that the writer has in From."""
    writer = {*_TOKEN.findall(decode_words(headers.get("from")).lower())}
    if len(lines) > _SIGNED or writer.isdisjoint(_TOKEN.findall(lines[0].lower())):
        return False
    return not any(map(_is_prose, lines))


def _is_prose(line: str) -> bool:
    """Whether a line has a word that no signature has: one in small letters, or in a script without capitals."""
    if line.rstrip().endswith(("!", "?")) or _plain(line).startswith("ps "):
        return True
    words = [word.strip(".,;:()|/*_-–•") for word in line.split() if "@" not in word]
    small = [word for word in words if word[:1].isalpha() and not word[0].isupper() and "." not in word]
    return any(word not in _SMALL for word in small)
