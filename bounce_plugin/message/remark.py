"""Does somebody add anything to what he passes on? What says nothing is known; all else is a person's word on it (D-13)."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers

#: That one is to know of it, or to see to it, in lower case without signs.
_FOR_INFORMATION: Final = (
    "fyi", "fya", "for your information", "for information", "for info", "as discussed", "see below", "fwd", "fw", "forwarded", "forwarding", "forward the message", "please handle", "please see below", "please remove", "please unsubscribe",
    "anbei", "anbei zur kenntnis", "anbei zur kenntnisnahme", "anbei zur info", "nur zur info", "nur zur kenntnis", "nur zur information", "für dich zur info", "für dich zur kenntnis", "für euch zur info", "z w v", "zwv", "zur weiteren verwendung", "zur weiteren bearbeitung", "zur weiteren veranlassung",
    "zur kenntnis und weiteren bearbeitung", "zur kenntnis und weiteren veranlassung", "zur kenntnis und weiteren verwendung", "zk", "z k", "zki", "z i", "zi", "zur kenntnis", "zur kenntnisnahme", "zur info", "zur information", "zu ihrer information", "info", "wg", "s u", "siehe unten", "weitergeleitet", "weiterleitung", "bitte bearbeiten", "zur bearbeitung", "bitte austragen", "bitte entfernen",
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
#: How one is addressed: with a name or two, up to a comma or the end of the line. What follows a comma is said to them.
_ADDRESSED: Final = re.compile(
    r"\s*(?i:hi|hello|hallo|hey|dear|liebe[rs]?|moin|servus|grüezi|bonjour|salut|hola|ciao|buongiorno|salve|beste|dag|cześć|olá|hej|hei|kære|ahoj|guten (?:tag|morgen)|good morning|sehr geehrte[rs]?|dear sirs?)\b((?: [\w.'’-]{1,30}){0,5}?)[ \t]*(?:[,!.:;–-]+(?=\s|$)|$)"
)
#: Whom one addresses in small letters.
_ALL: Final = frozenset({
    "all", "alle", "everyone", "everybody", "both", "team", "folks", "zusammen", "beisammen", "miteinander", "allerseits", "ihr", "leute", "liebe", "lieber", "lieben", "tous", "toutes", "tutti", "todos", "todas", "allen", "allemaal", "iedereen", "colleagues", "und", "and", "et", "y", "e", "en", "och", "og", "von", "van", "de", "der", "du",
})  # fmt: skip
#: By which program a mail was sent, as phones write below each.
_SENT_BY: Final = re.compile(
    r"(?:sent (?:from|with|via)|gesendet (?:von|mit|über)|von mein\w+(?: [\w-]+){1,4} gesendet|von \w+ \w+ auf \w+ gesendet|diese nachricht wurde von mein|(?:(?:get|holen sie sich|téléchargez|obtenez|obtener|scarica|download|obter) )?outlook (?:for|für|pour|para|per|voor)|envoyé (?:de|depuis|avec|à partir de)|inviato da|enviado (?:desde|do)"
    r"|(?:verzonden|verstuurd) (?:vanaf|met|via)|wysłane? (?:z|przez)|skickat från|sendt fra|odesláno z|отправлено с)\b"
)
_ADVERTISED: Final = ("yahoo mail: ", "yahoo mail - ")
#: What each of them names; `Sent with the old address book by mistake` names none.
_DEVICE: Final = re.compile(
    r"\b(?:iphone|ipad|ipod|galaxy|samsung|android|huawei|xiaomi|redmi|pixel|xperia|nokia|blackberry|smartphone|tablet|handy|mobil\w*|telefon|téléphone|phone|gerät|device|outlook|yahoo|gmx|web de|mail[- ]?app|mail (?:für|for|pour|para|per|voor)|apple mail|proton ?mail|proton|thunderbird|k-9|fairemail|aquamail|spark|bluemail|ios|windows)\w*"
)
_MORE: Final = re.compile(r"[.,;!–](?:\s+|$)")
_EXCUSED: Final = re.compile(r"\b(?:brevity|typos?|excuse|kürze|tippfehler|entschuldig|pardon|brièveté)")
_NOTE: Final = re.compile(
    r"(?:p\W{0,2}s|n\W{0,2}b|nachtrag|edit|update|ergänzung|anm(?:erkung)?|hinweis|notiz|note)\b[\W\d]*(?:\w|$)",
    re.IGNORECASE,
)
#: What somebody is of: Comité de jumelage, Présidente de l'association.
OF_SOMETHING: Final = re.compile(r"\b(?:de|du|des|d['’]|di|del|della|do|da|of)\s?(?:l['’]|la |les |the )?\w{1,30}")
_PRONOUNS: Final = re.compile(r"\((?:she|he|they|sie|er|elle|ella|zij|hij)/\w+(?:/\w+)?\)", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[^\w\s'-]+|(?<!\w)[-_]+|[-_]+(?!\w)")
_TOKEN: Final = re.compile(r"[^\W\d_]{3,}")
#: Words in a signature that begin with a small letter.
_SMALL: Final = frozenset({
    "von", "van", "vom", "der", "die", "das", "des", "dem", "den", "und", "für", "im", "in", "am", "bei", "zu", "zur", "of", "the", "for", "and", "at", "de", "del", "della", "di", "da", "du", "la", "le", "les", "et", "y", "e",
    "ev", "eingetragener", "charity", "no", "number", "registered", "tel", "fax", "mob", "mobil", "mobile", "phone", "mail", "t", "m", "f", "p", "d", "c", "o", "c/o", "stellv", "stv", "ppa", "iv", "ia", "aus", "gmbh", "mbh", "co", "kg", "ag", "a.d", "i.a", "i.v", "v.l", "www", "het", "een", "en", "och", "og", "i", "a", "z", "w",
})  # fmt: skip
#: How a sentence ends, and no signature: with a sign, or with a word and a full stop.
_SENTENCE: Final = re.compile(r"(?:[!?]|[^\W\d_]{4}\.)$")
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
    lines = [line for line in lines if any(map(str.isalnum, line)) and not _is_of_a_device(line)]
    for number, line in enumerate(lines):
        if _without_phrases(_plain(_without_greeting(line))):
            return _is_signature(lines[number:], headers)
    return True


def _is_of_a_device(line: str) -> bool:
    """Whether a line names what a mail was sent with, and says no more but that it may be short."""
    if line.lower().startswith(_ADVERTISED):
        return True
    first, *more = _MORE.split(line.lower(), maxsplit=1)
    words = _plain(first)
    if not _SENT_BY.match(words) or not _DEVICE.search(words) or len(words.split()) > _DEVICE_WORDS:
        return False
    return not any(map(str.isalnum, "".join(more))) or _EXCUSED.search(more[0]) is not None


def _without_greeting(line: str) -> str:
    """What stands behind those who are addressed at the beginning of a line."""
    while found := _ADDRESSED.match(line):
        if not all(word[0].isupper() or word.lower() in _ALL for word in found[1].split()):
            break
        line = line[found.end() :]
    return line


def _plain(line: str) -> str:
    return " ".join(_SIGNS.sub(" ", line.lower()).split()).replace("ß", "ss")


def _without_phrases(words: str) -> str:
    """What is left of a line, in lower case, without all that passes on or ends a letter at its beginning."""
    while found := next((one for one in _BOTH if words == one or words.startswith(f"{one} ")), ""):
        words = _AND.sub("", words.removeprefix(found).strip())
    return words


#: The longest first: "zur kenntnisnahme" is more than "zur kenntnis".
_BOTH: Final = sorted([one.replace("ß", "ss") for one in (*_FOR_INFORMATION, *_VALEDICTIONS)], key=len, reverse=True)
_AND: Final = re.compile(r"^(?:und|and|et|y|e|en|och|og|i|a)\b ?")
_DEVICE_WORDS: Final = 14


def _is_signature(lines: list[str], headers: Headers) -> bool:
    """Whether lines are a signature: few, none of them prose or a note, and in the first a name that the writer has in From."""
    writer = {*_TOKEN.findall(decode_words(headers.get("from")).lower())}
    if len(lines) > _SIGNED or writer.isdisjoint(_TOKEN.findall(lines[0].lower())) or ":" in lines[0]:
        return False
    if speaks_as_person("\n".join(lines)) or any(map(_NOTE.match, lines)):
        return False
    return not any(map(is_prose, lines))


def is_prose(line: str) -> bool:
    """Whether a line is a sentence, or has a word that no signature has: one in small letters, or in a script without capitals."""
    if _SENTENCE.search(line):
        return True
    line = OF_SOMETHING.sub("", _PRONOUNS.sub("", _without_greeting(line)))
    plain = _plain(line)
    if found := next((one for one in _BOTH if plain == one or plain.startswith(f"{one} ")), ""):
        line = " ".join(line.split()[len(found.split()) :])
    words = [word.strip(".,;:()|/*_-–•") for word in line.split() if "@" not in word]
    small = [word for word in words if word[:1].isalpha() and not word[0].isupper() and "." not in word]
    return any(word not in _SMALL for word in small)
