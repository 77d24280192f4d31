"""Did a machine write this mail for another reason than a failure? Auto-replies, receipts, challenges, statistics.

RFC 3834 for auto-replies, RFC 8098 for receipts, RFC 8460 and 7489 for reports on domains. What the headers alone
tell is told here; whether a text that looks so is a bounce after all is weighed by the detectors (D-30).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bounce_plugin.message.headers import Headers

# Header fields that only vacation programs and other responders write.
_RESPONDER_FIELDS: Final = frozenset({
    "x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-autoreply-from", "x-auto-respond", "x-vacation", "x-mail-autoreply",
    "x-otrs-loop", "x-vacation-loop", "x-ms-exchange-inbox-rules-loop", "x-apple-vacation", "x-away", "x-mdautoresponder", "x-mailer-autoreply", "x-ebay-autoreply",
    "x-fd-autoreply", "x-auto-response",
})  # fmt: skip
_TICKET: Final = re.compile(r"\b(?:incident|request|ticket|case|(?:inc|ritm|req|cs|chg)\d+)\b")
#: What a responder does not say of itself: somebody's mail to it, or its own, came back.
_OF_A_FAILURE: Final = (
    "nicht zugestellt",
    "unzustellbar",
    "undeliver",
    "not be delivered",
    "failed",
    "failure",
    "fehlgeschlagen",
    "was returned",
    "been returned",
    "returned mail",
    "returned to sender",
    "does not exist",
    "unknown",
    "échec",
    "non-remise",
    "non remis",
    "non distribu",
)
#: By whom, in front of a subject: [Help desk] Request received
_BRACKETED: Final = re.compile(r"^\[[^\[\]]{1,40}\] (?=\S)")
# How the subject of an auto-reply begins, decoded, lower case.
_REPLY_SUBJECTS: Final = (
    "automatic reply", "yahoo! auto response", "auto reply", "auto-reply", "autoreply", "auto:", "auto :", "autorespons", "autoresponder", "auto-respons", "auto respons", "automatic respons",
    "out of office", "out of the office", "out-of-office", "ooo:", "ooo ", "vacation", "on vacation", "away from", "i am away", "i'm away", "annual leave",
    "on leave", "currently out", "re: out of office", "automated reply", "automated response", "thank you for your email", "thank you for your message",
    "thank you for contacting", "we have received your", "we received your", "your request has been received", "ticket received",
    "request received", "automatic receipt:", "anfrage erhalten", "demande reçue", "solicitud recibida", "richiesta ricevuta", "verzoek ontvangen", "solicitação recebida", "pedido recebido", "anmodning modtaget", "begäran mottagen", "zgłoszenie otrzymane", "ticket ontvangen", "ticket erhalten", "ticket reçu", "ticket recibido", "ticket ricevuto", "ticket recebido",
    "automatische antwort", "automatische rückantwort", "abwesenheit", "abwesend", "außer haus", "ausser haus", "nicht im büro", "nicht im haus", "im urlaub", "urlaub", "eingangsbestätigung", "eingangsbestaetigung",
    "empfangsbestätigung", "autom. antwort", "antwort:", "ihre nachricht ist eingegangen", "ihre anfrage",
    "réponse automatique", "reponse automatique", "accusé de réception", "accusé réception", "absence du bureau", "absent", "absence", "message d'absence", "congés",
    "respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina", "ausente", "ausencia", "vacaciones",
    "risposta automatica", "fuori sede", "fuori ufficio", "assente", "assenza",
    "automatisch antwoord", "afwezig", "automatisch bericht", "niet aanwezig",
    "automatyczna odpowied", "odpowiedź automatyczna", "odpowiedz automatyczna", "poza biurem", "nieobecno", "jestem poza",
    "resposta automática", "resposta automatica", "ausência", "fora do escritório",
    "autosvar", "automatiskt svar", "automatisk svar", "frånvaro", "frånvarande", "fraværende", "ikke på kontoret", "poissa", "automaattinen vastaus",
    "automatická odpověď", "automatická odpoveď", "mimo kancelář", "automatikus válasz", "házon kívül", "räspuns automat", "răspuns automat", "otomatik yanıt",
    "otomatik cevap", "ofis dışında", "αυτόματη απάντηση", "автоматический ответ", "автоответ", "вне офиса", "в отпуске", "автоматична відповідь",
    "ikke til stede", "nicht anwesend", "nie pracuję", "nie ma mnie", "vielen dank für", "danke für ihre", "danke für deine", "merci pour votre", "merci de votre message",
    "gracias por su", "gracias por tu", "grazie per la tua", "grazie per averci", "grazie per il", "bedankt voor", "dziękujemy za", "obrigado por", "obrigada por", "tack för", "tak for din", "takk for",
    "ontvangstbevestiging", "conferma di ricezione", "potwierdzenie otrzymania", "mottagningsbekräftelse", "potvrzení přijetí",
    "děkujeme za", "köszönjük", "kiitos viestist", "спасибо за", "благодарим за", "дякуємо за", "お問い合わせありがとう", "お問い合わせいただき", "感谢您的", "謝謝您的", "문의해 주셔서",
    "自動応答", "自動返信", "不在", "自动答复", "自动回复", "自動回覆", "外出", "자동 회신", "부재중", "תשובה אוטומטית", "رد تلقائي",
)  # fmt: skip
# What may come later in it: Domino begins with a name, GroupWise with the subject that is answered.
_LATER_WORDS: Final = (
    "is out of the office",
    "ist außer haus",
    "ist ausser haus",
    "ist nicht im haus",
    "(out of office",
    "[out of office",
    "(abwesen",
    "[abwesen",
    "abwesenheitsnotiz",
    "(auto reply",
    "(automatic reply",
    "(autoreply",
    "autoreply:",
    "auto-reply:",
    "sarà fuori ufficio",
    "sara' fuori ufficio",
)
# What an automatic answer without any of these says of itself, near its beginning or at its end.
_SELF_DESCRIPTIONS: Final = (
    "this is an automated response", "this is an automated reply", "this is an automatic reply", "this is an automatic response", "this is an automatic message",
    "this is an auto-reply", "this is an automatic acknowledg", "this is an auto-generated reply", "automatically generated reply", "i am on holiday", "i am on vacation", "i am currently out of",
    "wir haben betriebsferien", "ist bei uns eingegangen und", "ihre mail ist eingegangen", "no longer read this account", "i have retired",
    "we've received your request", "confirming that we got your request", "your case number is", "généré automatiquement par glpi", "we have received your request", "we have received your message", "reply above this line",
    "wir haben ihre anfrage erhalten", "wir haben ihre nachricht erhalten", "ihre anfrage ist bei uns eingegangen", "antworten sie oberhalb dieser",
    "nous avons bien reçu votre", "hemos recibido su", "hemos recibido tu", "abbiamo ricevuto la sua", "abbiamo ricevuto la tua",
    "wij hebben uw e-mail", "wij hebben uw bericht", "otrzymaliśmy twoj", "otrzymaliśmy państwa", "recebemos sua", "recebemos a sua",
    "vi har mottagit ditt", "vi har tagit emot ditt", "vi har modtaget din", "přijali jsme vaš", "talebinizi aldık", "мы получили ваш", "お問い合わせを受け付け", "我们已收到您的",
    "dies ist eine automatische antwort", "diese antwort wurde automatisch", "automatisch generierte antwort", "ich bin im urlaub", "ich bin derzeit nicht im büro",
    "ceci est une réponse automatique", "ceci est un message automatique", "réponse automatique", "esta es una respuesta automática", "respuesta automática", "questa è una risposta automatica",
    "risposta automatica", "dit is een automatisch", "to jest automatyczna odpowiedź", "esta é uma resposta automática", "detta är ett automatiskt svar",
    "dette er et automatisk svar", "toto je automatická odpověď", "bu otomatik bir yanıt", "это автоматический ответ", "このメールは自動返信", "自動返信です", "此为自动回复", "这是自动回复",
)  # fmt: skip
# What is said of an address that nobody reads: the mail arrived.
_UNATTENDED: Final = (
    "to an address that is used for", "to an address that only sends", "to an unattended mailbox", "to an unmonitored mailbox", "an eine adresse, die nur", "an eine unbetreute adresse",
    "à une adresse qui sert uniquement", "a una dirección que solo", "a un indirizzo che serve solo", "naar een adres dat alleen",
)  # fmt: skip
_RECEIPT_SUBJECTS: Final = (
    "message status - opened", "message status - read", "message status - deleted",  # GroupWise
    "read:", "read receipt", "return receipt", "gelesen:", "lu :", "lu:", "leído:", "letto:", "gelezen:", "przeczytano:", "lida:", "läst:", "læst:",
    "lest:", "прочитано:", "not read:", "ungelesen gelöscht:", "non lu :", "no leído:", "nicht gelesen:", "lesebestätigung", "开封:", "既読:", "開封済み:", "已读:", "已讀:", "přečteno:", "disposition notification",
)  # fmt: skip
# The same as a label of its own, which nobody's letter begins with: no other header need agree.
_RECEIPT_LABELS: Final = (
    "read receipt:", "return receipt:", "lesebestätigung:", "leesbevestiging:", "confirmation de lecture", "confirmación de lectura", "conferma di lettura", "potwierdzenie przeczytania",
    "confirmação de leitura", "läskvitto", "kvittering for lest", "kvittering for læst", "potvrzení o přečtení", "уведомление о прочтении",
)  # fmt: skip
# What the text of such a receipt says of our message.
_WAS_READ: Final = (
    "was read ", "was displayed ", "return receipt", "a receipt for the mail", "empfangsbestätigung für", "accusé de réception", "ricevuta per il messaggio", "acuse de recibo", "ontvangstbevestiging voor",
    "without being read", "gelesen", "a été lu", "sans être lu", "sans avoir été lu", "fue leído", "se leyó", "sin ser leído", "sin leer", "è stato letto", "senza essere lett", "gelezen",
    "przeczytan", "foi lid", "sem ser lid", "lästes", "har lästs", "utan att ha lästs", "blev læst", "uden at blive læst", "ble lest", "přečten", "прочитан", "開封", "既読", "已读", "已讀",
)  # fmt: skip
# The labels of Notes' receipt, a table whose columns may stand one below the other, and the word between them.
_NOTES_RECEIPT: Final = (
    ("document:", frozenset({"your", "was", "received", "by:", "at:"})),
    ("dokument:", frozenset({"ihr", "wurde", "empfangen", "von:", "um:"})),
)
# A challenge in any words: it wants to be sure (1) that a person has written (2) the message that waits (3). Whoever is to
_REPORT_SUBJECT: Final = re.compile(
    r"^(?:\[preview\] ?)?report[ -]domain:|report[ -]domain:.{0,250}submitter:"  # RFC 7489 and RFC 8460
    r"|smtp (?:server|client): .{0,80}(?:from|to) "  # Postfix to its postmaster, about strangers' sessions
    r"|^loop alert|^message (?:\S+ (?:has been )?)?frozen|frozen on |^tls-?rpt|dmarc (?:aggregate )?report|^\[?dmarc\]? "
    r"|^bounce action notification|error monitoring report|^uncaught bounce notification|'s subscription disabled on |^bounce (?:processing )?(?:report|summary|statistics)"  # to the owner of a list
)
# One of these is in each of them, and in hardly any other subject.
_REPORT_WORDS: Final = (
    "domain:", "smtp ", "loop alert", "frozen", "tls", "dmarc", "bounce action", "bounce processing", "bounce report", "bounce summary", "bounce statistics", "monitoring report", "uncaught bounce", "subscription disabled",
)  # fmt: skip
_REPORT_TYPES: Final = ("application/tlsrpt+json", "application/tlsrpt+gzip", "application/tlsrpt")
_AGGREGATE: Final = re.compile(
    r"""name\*?=\s?["']?[^\s"'!]{1,250}![^\s"'!]{1,250}!\d{1,20}!\d{1,20}(?:![^\s"'.]{1,80})?\.(?:xml|zip|gz|json)"""
)


def is_domain_report(headers: Headers, subject: str, types: Iterable[str]) -> bool:
    """Whether statistics or a notice to an operator, by subject (decoded, lower case) and the content types (D-39)."""
    if "tls-report-domain" in headers:
        return True
    for kind in types:
        if kind.startswith(_REPORT_TYPES) or ("!" in kind and _AGGREGATE.search(kind)):
            return True
    for word in _REPORT_WORDS:
        if word in subject:
            return _REPORT_SUBJECT.search(subject) is not None
    return False


def is_receipt(headers: Headers, subject: str) -> bool:
    """Whether a receipt that has lost its machine-readable part, or never had one (D-32)."""
    return (
        "disposition-notification" in headers.get("content-type").lower()
        or subject.startswith(_RECEIPT_LABELS)
        or (subject.startswith(_RECEIPT_SUBJECTS) and _is_marked_as_receipt(headers))
    )


def _is_marked_as_receipt(headers: Headers) -> bool:
    if headers.get("content-class").lower().endswith(":mdn"):  # Exchange 2000 and 2003
        return True
    return "in-reply-to" in headers and headers.get("auto-submitted") != ""


def is_receipt_in_words(subject: str, lower: str) -> bool:
    """Whether a receipt without any mark: Outlook tells in the text alone that it was read; `lower` is the text in lower case."""
    return subject.startswith(_RECEIPT_SUBJECTS) and any(words in lower[:1000] for words in _WAS_READ)


def is_receipt_of_notes(lower: str) -> bool:
    """Whether a text, in lower case, is Notes' receipt; for mails that report no failure."""
    near = lower[:1000]
    return any(first in near[:300] and labels.issubset(near.split()) for first, labels in _NOTES_RECEIPT)


def is_auto_reply(headers: Headers, subject: str) -> bool:
    """Whether the headers are those of an auto-reply (RFC 3834 and its many predecessors)."""
    if headers.has_any(_RESPONDER_FIELDS):
        return True
    if (
        "vacation" in headers.get("auto-submitted").lower()
        or headers.get("x-apple-action").upper() == "VACATION"
        or "auto_reply" in headers.get("precedence").lower()
        or "via the vacation program" in headers.get("from")
        or "autorespond" in headers.get("x-mailer").lower()
        or headers.get("x-autogenerated").lower() == "reply"  # GroupWise; it has other values for what it passes on
    ):
        return True
    if "has been opened on your behalf" in subject and _TICKET.search(subject):
        return True
    bare = subject.lstrip("[(【「《 ")
    if bare.startswith(("autoresponder", "accusé")) and any(words in bare for words in _OF_A_FAILURE):
        return False
    if bare.startswith(_REPLY_SUBJECTS) or any(words in subject for words in _LATER_WORDS):
        return True
    return subject.startswith("[") and _BRACKETED.sub("", subject).startswith(_REPLY_SUBJECTS)


def may_be_auto_reply(headers: Headers) -> bool:
    """Whether the headers fit an auto-reply as well as a report: only where nothing speaks for a failure (D-30)."""
    if "list-id" in headers:  # what a list or a forge sends to its subscribers answers nobody
        return False
    submitted = headers.get("auto-submitted").lower()
    if headers.get("precedence").lower() == "junk" or headers.get("x-mailer").lower().startswith("vacation"):
        return True
    if submitted.startswith("auto-replied"):
        return True
    if "x-auto-response-suppress" not in headers:
        return False
    # Who only wants no automatic answer answers nobody, unless it says whom (RFC 3834, section 5).
    return "in-reply-to" in headers or headers.get("return-path") == "<>"


def calls_itself_automatic(lower: str) -> bool:
    """Whether a text, in lower case, says that it is an automatic answer."""
    near = lower[:3000]
    return any(words in near for words in _SELF_DESCRIPTIONS)


def is_unattended(lower: str) -> bool:
    """Whether a text, in lower case, begins with that nobody reads what is sent to the address."""
    near = lower[:600]
    return any(words in near for words in _UNATTENDED)
