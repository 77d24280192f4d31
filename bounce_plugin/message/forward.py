"""Does somebody forward a report without a word of their own? Then it is the report that speaks (D-13).

Who writes about a bounce, and pastes or attaches it, is a person with a question: nothing of theirs is read so.
"""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.message.address import find_address, is_rewritten
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.remark import MYSELF, OF_SOMETHING, adds_nothing, is_prose, speaks_as_person

#: How a subject says that the mail is passed on: in front, alpine behind; mutt puts the writer and the subject into brackets.
_SUBJECT: Final = re.compile(
    r"\s*\[?(?:fwd?|wg|tr|rv|i|vs|enc|doorst|pd|转发|轉寄)\s?:|\s*\[[^\s\[\]@]{1,64}@[^\s\[\]:]{1,255}: ",
    re.IGNORECASE,
)
_MARKERS: Final = (
    "begin forwarded message", "forwarded message", "original message", "weitergeleitete nachricht", "anfang der weitergeleiteten",
    "ursprüngliche nachricht", "message transféré", "mensaje reenviado", "messaggio inoltrato", "doorgestuurd bericht",
    "wiadomość przekazana", "mensagem encaminhada", "originalnachricht", "début du message réexpédié", "inicio del mensaje reenviado", "inizio messaggio inoltrato", "inizio del messaggio inoltrato", "begin doorgestuurd bericht", "início da mensagem", "message original", "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht", "oryginalna wiadomość", "původní zpráva",
    "ursprungligt meddelande", "oprindelig meddelelse", "opprinnelig melding", "alkuperäinen viesti", "eredeti üzenet", "исходное сообщение", "元のメッセージ", "原始邮件", "пересылаемое сообщение", "転送",
    "original-nachricht", "ursprüngliche mitteilung", "weitergeleitete mail", "weitergeleitete e-mail", "weitergeleitet von", "beginn der weitergeleiteten", "forwarded mail", "forwarded by", "mail transféré", "courriel transféré",
    "továbbított üzenet", "videresendt meddelelse", "videresendt melding", "välitetty viesti", "iletilmiş ileti", "i̇letilmiş i̇leti", "转发邮件信息",
    "treść przekazanej wiadomości", "przekazana wiadomość", "vidarebefordrat meddelande", "přeposlaná zpráva", "перенаправленное сообщение",
)  # fmt: skip
#: How a letter begins; a program that says hello goes on otherwise.
GREETINGS: Final = (
    r"(?:hi(?!\. this is the)|hello|hallo|hey|dear|liebe[rs]?|sehr geehrte[rs]?|guten (?:tag|morgen|abend)|moin|servus|grüezi|bonjour|salut|chère?|hola|estimad\w{1,3}|buen[oa]s"
    r"|ciao|buongiorno|gentile|salve|beste|geachte|goedemorgen|dag|cześć|dzień dobry|szanown\w{1,3}|olá|bom dia|car[oa]|prezad\w{1,3}|hej|hei|kære|dobrý den|ahoj"
    r"|merhaba|sayın|здравствуйте|привет|добрый день|good (?:morning|afternoon|evening))\b"
)
#: Whom a program greets.
_IMPERSONAL: Final = re.compile(
    r"[ \t]+(?:user|sender|customer|client|subscriber|kunde|absender|nutzer|utilisateur|usuario|utente|gebruiker)\b",
    re.IGNORECASE,
)
GREETING: Final = re.compile(rf"\s*+{GREETINGS}", re.IGNORECASE)
# What an automaton calls itself in its own address.
_AUTOMATON: Final = re.compile(
    r"gate|filter|scan|spam|virus|no-?_?reply|do-?not-?reply|relay|mailer|server|system|daemon|master|admin|security|quarant|robot|notif|appliance|certificat|bounce|deliver|majordomo|sympa|mailman|listserv|^(?:mail|mta|exchange|root|postfix|exim|dsn|ndr|smtp|mx\d?|errors?|fehler)$"
)
#: The local part of a return path that a list has put there.
_OF_A_LIST: Final = re.compile(r"\+bnc|^owner-|-owner$|-bounces(?:\+|$)")
_LINK: Final = re.compile(r"https?://\S+")
# What mail programs call the fields of the mail that they forward, by what each is.
_FIELDS: Final = {
    name: field
    for field, names in (
        ("From", "von de da van od от från fra lähettäjä kimden gönderen 差出人 发件人 寄件者 보낸사람 nadawca"),
        ("To", "an à a para aan do komu кому till til vastaanottaja kime alıcı 宛先 收件人 收件者 받는사람 adresat"),
        ("Subject", "betreff objet sujet asunto oggetto onderwerp temat assunto předmět тема ämne emne aihe konu 件名 主题 主旨 제목"),
        ("Date", "datum fecha data дата dato päiväys tarih gesendet envoyé enviado inviato verzonden wysłano skickat sendt отправлено 日付 日期 날짜"),
    )
    for name in names.split()
}  # fmt: skip
# What a report quotes of a refusal, and the fields of the message that may come back below it.
_CODE: Final = re.compile(r"\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b")
_RETURNED: Final = re.compile(
    r"[ \t]*(?:received|return-path|from|to|subject|message-id|mime-version|content-type)[ \t]*:", re.IGNORECASE
)
#: What a report itself may say below the refusal: a field, an address, a line, or that it gives up.
_OF_A_REPORT: Final = re.compile(
    r"\A[ \t]*[\w-]{2,30}(?: [\w-]{2,20}){0,3}:|^[ \t]*(?:<?[^\s<>@]{1,64}@[^\s<>@]{1,255}(?:[>:]*$|>: (?:host|connect|mail for|delivery|lost|conversation|unable))|[-=_*]{3})|mail system|postmaster|administrator|giving up|not going to try|queue",
    re.MULTILINE,
)
#: The fields of the message that is forwarded, where no line announces them: so Outlook writes.
_BLOCK: Final = re.compile(
    rf"^(?:(?:{'|'.join(name for name, field in _FIELDS.items() if field == 'Date')})[ \t]?:.*\n)?(?:from|{'|'.join(name for name, field in _FIELDS.items() if field == 'From')})[ \t]?:.*\n(?:\S.*\n){{1,4}}?"
    rf"(?:subject|{'|'.join(name for name, field in _FIELDS.items() if field == 'Subject')})[ \t]?:",
    re.IGNORECASE | re.MULTILINE,
)
#: Where the forwarded message ends, if the mail program says so: mutt, alpine.
_END: Final = re.compile(
    r"^-{2,}[ \t]*(?:end|ende|fin|fine|einde|koniec|slut)\b[^\n]{0,80}$", re.IGNORECASE | re.MULTILINE
)
#: A line that somebody draws between two texts.
_DRAWN: Final = re.compile(r"^[ \t]{0,8}(?:-{4,8}|_{4,8}|={4,8}|\*{4,8}|~{4,8})[ \t]{0,8}$", re.MULTILINE)
#: What each report is about. Prose without any of it is no program's.
_OF_MAIL: Final = re.compile(
    r"m[ae]il|mess?ag|mensa|mensaje|nachricht|zustell|deliver|recipient|empfänger|destinat|remise|entrega|recapit|consegn|bericht|bezorg|aflever|wiadomo|dostarcz|zpráv|doruč|meddel|lever|сообщени|доставк|письм|ileti|viesti|toimit|üzenet|kézbes"
    r"|addres|adress|direcci|indirizz|endere|server|host|smtp|postfach|boîte|buz[óo]n|casella|skrzynk|schránk|error|fehler|erreur|fout|błąd|chyb|attempt|versuch|tentativ|reintent|original|header|kopf|en-tête|check|prüf|vérif|verif[iy]|comprueb|controll|copyright|©|administ|адрес|ящик|админис|διαχειρ|inbox|contact|kontakt|support|problem",
    re.IGNORECASE,
)
#: How prose on a person begins.
_ON_A_PERSON: Final = re.compile(
    r"\s{0,4}(?:she|he|sie ist|sie hat|er ist|er hat|elle|hij|ze|frau|herr|mrs?|pani?|hon|han|hun) ", re.IGNORECASE
)
#: Of whom no program knows so much.
_GENDERED: Final = re.compile(r"(?<!/)\b(?:he|she|his|him)\b(?!/| or )", re.IGNORECASE)
_PROSE: Final = 5  # words in lower case; a signature has fewer of them
#: What a program calls itself that says "I": qmail, in all its translations.
_PROGRAM: Final = re.compile(
    r"programm?|программ|qmail|sistema de correo|mailer|daemon|server|mail system|could not be delivered", re.IGNORECASE
)
#: How it does above a refusal: I'm sorry to have to inform you that your message could not be delivered.
_OF_A_DAEMON: Final = re.compile(
    r"\b(?:sorry|afraid|regret|inform you|deliver|unable|able to|zustell|leider|désol|remis|lament|entreg|spiacent|recapit|consegn|helaas|bezorg|przykro|dostarcz|tyvärr|beklager|bohužel|сожал|достав)",
    re.IGNORECASE,
)
#: What somebody put into a line of a report, behind an arrow that has a reply behind it in sessions.
_INSERTED: Final = re.compile(r"(?:<<<?|<--?|←) ?[a-zà-ÿ]{2,20} [a-zà-ÿ][^\n]{0,300}$", re.MULTILINE)
#: Who prints or asks below any mail is its footer, and so is what lawyers want there.
_FOOTER: Final = re.compile(
    r"fragen\?|questions\?|print|drucken|imprim|stamp|help|hilfe|assist|confident|vertraulich|privileg|riservat|gesendet|sent from|envoyé|inviato da|enviado des|wysłan|skickat från|odesláno|registered|amtsgericht|vorstand|geschäftsführ",
    re.IGNORECASE,
)
_POSTSCRIPT: Final = re.compile(r"^[ \t]*p\.? ?s\.?(?:[:,-]| ).{1,2000}", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_PRINTED: Final = re.compile(r"\b(?:umwelt|environment|environnement|ambiente|milieu)\b", re.IGNORECASE)
_LINE: Final = 60  # characters of a line that announces a forwarded message
_WORDS: Final = 6  # and words: more say something


def is_bare_forward(text: str, headers: Headers) -> bool:
    """Whether the subject says forwarded and the text above the forwarded message, and below it, says next to nothing."""
    return _is_forwarded(headers) and adds_nothing(_own_words(text, _marker(text)), headers)


def is_commented_forward(text: str, headers: Headers) -> bool:
    """Whether the subject says forwarded, and the text announces what is, below more words of somebody's own than that."""
    if not _is_forwarded(headers):
        return False
    at = _marker(text)
    return 0 < at < len(text) and not adds_nothing(_own_words(text, at), headers)


def is_letter(text: str) -> bool:
    """Whether a person has written about what is attached: a greeting, of no "user", or a question, in no link. Few gateways have either."""
    greeted = GREETING.match(text)
    if greeted and not _IMPERSONAL.match(text, greeted.end()):
        return True
    return "?" in text and "?" in _LINK.sub("", text)


def is_from_a_person(headers: Headers) -> bool:
    """Whether a person wrote a mail: the return path is the address in From, and no automaton's name.

    Mail servers leave the path empty (RFC 5321, section 4.5.5). Lists and forwarders put their own there, in known forms.
    """
    returns_to = headers.get("return-path")
    if "@" not in returns_to or headers.get("auto-submitted").lower().startswith("auto-"):
        return False  # as of nearly every report
    path = find_address(returns_to).lower()
    writer = find_address(headers.get("from")).lower()
    passed_on = is_rewritten(path) or _OF_A_LIST.search(path.rpartition("@")[0])
    if not path or not (path == writer or passed_on):
        return False
    return _AUTOMATON.search(writer.rpartition("@")[0]) is None


def find_forwarded(text: str, headers: Headers) -> str:
    """The mail forwarded within a text, its quoting undone; empty where there is none or a person has written more."""
    if not _is_forwarded(headers):  # first, as it costs next to nothing
        return ""
    at = _marker(text)
    if at >= len(text) or not adds_nothing(_own_words(text, at), headers):
        return ""
    # Apple quotes the blank line below its marker as well.
    body = text[at if _BLOCK.match(text, at) else text.find("\n", at) + 1 :]
    lines = [line.removeprefix(">").removeprefix(" ") for line in body.strip("\n").split("\n")]
    lines = lines[next((number for number, line in enumerate(lines) if line.strip()), 0) :]
    head = lines.index("") if "" in lines else 0
    return "\n".join([*map(_in_english, lines[:head]), *lines[head:]])


_WITHOUT_COLON: Final = re.compile(r"(From|To|Date|Subject|Von|An|Datum|Betreff) (?!:)(\S.*)$")


def _in_english(line: str) -> str:
    """A line of a forwarded mail's header with the field's name as RFC 5322 writes it; eM Client leaves out the colon."""
    name, colon, value = line.partition(":")
    if (bare := _WITHOUT_COLON.match(line)) is not None:
        name, colon, value = bare[1], ":", f" {bare[2]}"
    field = _FIELDS.get(name.strip().lower(), name)
    return f"{field}{colon}{value}"


def _is_forwarded(headers: Headers) -> bool:
    subject = decode_words(headers.get("subject"))
    return (":" in subject and _SUBJECT.match(subject) is not None) or (
        subject.endswith(")") and subject.lower().endswith("(fwd)")
    )


def _own_words(text: str, at: int) -> str:
    """What a person has written above the forwarded message, which is announced at this place, and below it."""
    above = _without_signature(f"\n{text[:at]}")
    if ended := _END.search(text, at):
        return f"{above}\n{_without_signature(text[ended.end() :])}"
    lines = text[at:].split("\n")[1:]
    if not next((line for line in lines if line.strip()), "").startswith(">"):  # a report has such lines of its own
        return f"{above}\n{_letter_within(lines)}"
    beside = "\n".join([line for line in lines if not line.startswith(">")])
    return f"{above}\n{_without_signature(beside)}"


def _without_signature(text: str) -> str:
    """The text without what stands below a line of two dashes, but for a postscript, and prose in paragraphs below it."""
    own, _, signature = text.partition("\n-- \n")
    postscript = _POSTSCRIPT.search(signature)
    if postscript and not _PRINTED.search(postscript[0]):
        own = f"{own}\n{postscript[0]}"
    _, *below = signature.split("\n\n")
    added = [one for one in below if any(map(is_prose, one.split("\n"))) and not _FOOTER.search(one)]
    return "\n".join([own, *added])


def _letter_within(lines: list[str]) -> str:
    """The prose of a person in a report that is not quoted: a letter above the refusal, or anything below its paragraph.

    Where a message comes back with the report, what stands below its fields may be its own; a line drawn below it is where it ends.
    """
    begins = next((number for number, line in enumerate(lines) if line.strip()), 0)
    head = next((number for number, line in enumerate(lines) if number > begins and not line.strip()), 0)
    # A date in the forwarded header may look like a code.
    coded = (number for number, line in enumerate(lines) if number >= head and _CODE.search(line))
    named = (number for number, line in reversed([*enumerate(lines)]) if "@" in line)
    refused = next(coded, next(named, len(lines)))
    for paragraph in "\n".join(lines[:refused]).split("\n\n"):
        if MYSELF.search(paragraph) and not _PROGRAM.search(paragraph) and not _OF_A_DAEMON.search(paragraph):
            return paragraph
    if within := _INSERTED.search("\n".join(lines)):
        return within[0]
    below = lines[refused:]
    returned = next((number for number, line in enumerate(below) if number and _RETURNED.match(line)), len(below))
    _, *paragraphs = _without_signature("\n".join(below[:returned])).split("\n\n")
    own = [one for one in paragraphs if not _CODE.search(one) and not _OF_A_REPORT.search(one.lower())]
    if any(map(_is_a_persons, own)):
        return "\n".join(own)
    drawn = _DRAWN.split("\n".join(below[returned:]))
    return drawn[1] if len(drawn) == 2 else ""


def _is_a_persons(paragraph: str) -> bool:
    """Whether a person wrote a paragraph: it greets, asks, speaks of its writer, takes something back, or speaks of no mail."""
    if speaks_as_person(paragraph):
        return True
    return not _FOOTER.search(paragraph) and (is_letter(paragraph) or _is_about_something_else(paragraph))


def _is_about_something_else(paragraph: str) -> bool:
    """Whether it is prose on a person, or that speaks of no mail: whatever a report says below the refusal does."""
    if _ON_A_PERSON.match(paragraph) and len(paragraph.split()) >= _WORDS:
        return True
    if _GENDERED.search(paragraph):
        return True
    return (
        _OF_MAIL.search(paragraph) is None
        and sum(word[0].islower() for word in OF_SOMETHING.sub("", paragraph).split()) >= _PROSE
    )


def _marker(text: str) -> int:
    """Where the line begins that announces the forwarded message; the text's length if none does."""
    block = _BLOCK.search(text)
    end = block.start() if block else len(text)
    lower = text[:end].lower()
    if not any(marker in lower for marker in _MARKERS):
        return end
    at = 0
    for line in lower.split("\n"):
        if any(marker in line and _announces(line, marker) for marker in _MARKERS):
            return at
        at += len(line) + 1
    return end


def _announces(line: str, marker: str) -> bool:
    """Whether a line only announces what is forwarded: between dashes, with a colon, or in nothing but these words."""
    line = line.strip()
    return line[0] in "-_=*|<>+#~" or line == marker or (len(line) <= _LINE and line.endswith((":", "：")))
