"""Does somebody want to know first that a person wrote? Challenges, as their texts ask."""

from __future__ import annotations

from typing import Final

# click must be told that it keeps out robots; letters speak of persons, too.
_SURE: Final = (
    "confirm", "verif", "authenti", "bestätig", "bestaetig", "bevestig", "potwierd", "bekräft", "bekræft", "potvr", "doğrula", "onayla", "vahvista", "erősít", "confirma", "επιβεβαι", "подтверд", "確認", "验证", "驗證",
)  # fmt: skip
_CLICK: Final = (
    "click", "clic", "klick", "klik", "clique", "pulse", "napsauta", "kattint", "πατήστε", "tıkla", "нажм", "введите", "перейдите", "クリック", "点击", "點擊",
)  # fmt: skip
_ROBOT: Final = (
    "captcha", "a robot", "un robot", "no un programa", "kein programm", "pas un programme", "non un programma", "kein roboter", "geen robot", "robotem", "nejste robot", "um robô", "kein automat", "не робот", "机器人", "ロボットではありません",
    "letters in the image", "characters in the image", "shown in the image", "letters in the picture", "zeichen im bild", "buchstaben im bild", "lettres de l'image", "caractères de l'image", "caractères affichés", "caractères suivants",
    "letras da imagem", "caracteres da imagem", "letras de la imagen", "caracteres de la imagen", "lettere nell'immagine", "caratteri dell'immagine", "znaki z obrazka", "символы с картинки", "код с картинки",
)  # fmt: skip
_PERSON: Final = (
    "real person", "a human", "human being", "echter mensch", "ein mensch", "un humain", "une personne", "una persona", "een mens",
    "człowiek", "uma pessoa", "en människa", "et menneske", "člověk", "insan oldu", "ihminen", "valódi ember", "o persoană", "άνθρωπος", "человек", "人間", "真人",
)  # fmt: skip
_WAITING: Final = (
    "your message", "your email", "your e-mail", "ihre nachricht", "ihre e-mail", "ihre mail", "votre message", "votre courriel", "votre mail", "votre email", "votre e-mail", "su mensaje", "su correo", "tu mensaje",
    "suo messaggio", "tuo messaggio", "sua e-mail", "uw bericht", "uw e-mail", "twoja wiadomość", "twoją wiadomość", "państwa wiadomość", "sua mensagem", "seu e-mail",
    "ditt meddelande", "din besked", "din mail", "vaši zprávu", "vaše zpráva", "mesajınız", "viestisi", "üzenete", "mesajul", "μήνυμά σας", "ваше сообщение", "ваше письмо", "メッセージ", "您的邮件", "您的郵件",
)  # fmt: skip
_CHALLENGES: Final = (
    "spamblocker challenge", "verify your message", "verify that you are", "confirm that you are a real person", "confirm you are a real person",
    "confirm you sent", "confirm that you sent", "confirm your email was", "to have your message delivered", "not on the allow list", "not on my allow list", "so that your message can be delivered",
    "release your message", "release your email", "before your message can be delivered", "before your mail can be delivered", "prove that you are",
    "is protecting their mailbox", "is protecting himself from receiving", "is protecting itself from", "protecting myself from receiving junk", "challenge-response",
    "challenge/response", "approved senders list", "allowed senders list", "approved sender list", "guest list", "boxbe", "spam arrest", "spamarrest", "mailblocks", "sender verification required",
    "please verify your email", "whitelist yourself", "to be added to my list of", "to authenticate yourself", "one-time verification", "one time verification", "click the link below to verify",
    "bestätigen sie, dass sie kein", "damit ihre nachricht zugestellt", "damit ihre e-mail zugestellt",
    "until you reply to this notice", "requires that you verify", "real live human being", "requires verification", "reply to this message and leave", "click the link once",
    "to protect my mailbox from spam", "kennt ihre adresse noch nicht", "ihre adresse noch nicht bekannt", "antworten sie einfach auf diese", "bestätigung erforderlich",
    "to release your message", "to release your pending message ", "to release your pending message(", "to release your pending message.", "verified senders only", "oder antworten sie unverändert", "to confirm your message", "please confirm your message", "must confirm your address", "this confirmation verifies", "has not been verified",
    "suspect email", "list of allowed senders", "add you to this list", "human verification", "verify your identity as the sender",
    "wird erst zugestellt, wenn sie auf den", "wird erst zugestellt, wenn sie diesen", "wird erst zugestellt, wenn sie sich als absender", "wird zurückgehalten, bis sie", "bestätigen sie ihre nachricht", "pour vous authentifier",
    "der absender sich einmalig bestätigt", "um die zustellung freizugeben", "zustellung freizuschalten", "um ihre nachricht freizu", "um ihre e-mail freizu", "bitte bestätigen sie ihre e-mail", "bitte bestätigen sie ihre nachricht",
    "vous authentifier en", "demande d'authentification", "demande d’authentification", "expéditeurs autorisés", "vous êtes bien l'expéditeur", "vous êtes bien l’expéditeur", "confirmez votre envoi", "pour qu'il soit remis", "me soit remis", "message me parvienne", "vous authentifier en cliquant", "j'utilise la solution mailinblack", "vous authentifier pour que", "pour que votre message soit",
    "para que sua mensagem seja", "digite os caracteres", "confirme que você", "para que seu e-mail seja entregue", "antispam uol",
    "para que su mensaje sea", "para que su correo sea", "confirme que usted", "remitentes autorizados", "verifique que es usted",
    "conferma il tuo messaggio", "confermare l'invio", "affinché il suo messaggio", "perché il tuo messaggio venga", "mittenti autorizzati",
    "om uw bericht af te leveren", "bevestig dat u", "aby twoja wiadomość została dostarczona", "potwierdź, że", "подтвердите отправку", "подтвердите, что вы",
)  # fmt: skip
_CHALLENGERS: Final = (
    "boxbe",
    "spamarrest",
    "spam arrest",
    "challenge",
    "knowspam",
    "mailblocks",
    "sendio",
    "spamcop.net",
    "bluebottle",
    "mailinblack",
    "vaderetro",
    "spamwall",
    "boxtrapper",
    "tmda",
)


def is_challenge(lower: str, sender: str) -> bool:
    """Whether somebody's spam filter asks for a confirmation; `lower` is the text in lower case."""
    near = lower[:3000]
    # What is cheap first: most senders are no challengers, and most notices name no page and ask for no reply.
    if not (
        "http" in near
        or "clic" in near
        or "cliq" in near
        or "klic" in near
        or "mailinblack" in near
        or "reply" in near
        or "répond" in near
        or "antwort" in near
        or any(name in sender for name in _CHALLENGERS)
    ):
        return False
    near = " ".join(near.split())
    return any(words in near for words in _CHALLENGES)


def asks_to_be_sure(lower: str) -> bool:
    """Whether a text, in lower case, speaks of a confirmation in any language."""
    return any(word in lower for word in _SURE)


def asks_for_a_click(lower: str) -> bool:
    """Whether a text, in lower case, wants a link to be clicked, to be sure of who writes."""
    near = lower[:3000]
    return "http" in near and any(word in near for word in _CLICK) and any(word in near for word in (*_SURE, *_PERSON))


def asks_for_a_person(lower: str) -> bool:
    """Whether a text wants to be sure that a person wrote the message that waits; for mails that report no failure."""
    near = " ".join(lower[:3000].split())
    if any(words in near for words in _ROBOT):
        asks = any(word in near for word in _CLICK) or any(word in near for word in _SURE)
    else:
        asks = any(words in near for words in _PERSON) and any(word in near for word in _SURE)
    return asks and any(words in near for words in _WAITING)
