"""What does a text label as sender, recipient and reason of what it is about? `From:`, `Empfänger:`, `Motivo:` and so on."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.address import find_address

#: For each of the two the beginning of a line; behind it the address. In a table that stands in the next cell.
SENDER, RECIPIENT = (
    re.compile(rf"[ >*-]{{0,20}}(?:{names})(?:[ \t]{{0,20}}[:：]|\t)(.{{1,250}})")
    for names in (
        "sender|(?:sent )?from|absender|von|expéditeur|de|remitente|mittente|da|afzender|van|nadawca|od|remetente|avsändare|från|afsender|fra|odesílatel|feladó|gönderen|lähettäjä|expeditor|αποστολέας|από|отправитель|відправник|от|від|送信者|差出人|发件人|寄件者|보낸 ?사람",
        "recipients?|(?:sent )?to|empfänger|an|destinataires?|à|destinatarios?|destinatari|para|a|ontvangers?|geadresseerden?|aan|odbiorc[ay]|adresat|adresaci|do|destinatários?|mottagare|till|modtagere?|mottakere?|til|příjemci|příjemce|adresáti?|komu|címzett|címzettek|vastaanottajat?|destinatar|παραλήπτ[ηε]ς|προς|alıcı|alıcılar|kime|получател[ьи]|одержувачі?|кому|受信者|宛先|あて先|收件人|收件者|받는 ?사람",
    )
)
_REASON: Final = re.compile(
    r"^[ \t>*-]{0,20}(?:reason|grund|motif|raison|motivo|razón|reden|powód|przyczyna|orsak|anledning|årsag|důvod|oorzaak|cause|causa|syy|motiv|αιτία|λόγος|neden|sebep|причина|理由|原因|사유|이유)[ \t]{0,20}[:：][ \t]*(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
#: XMail, above the reason.
_BENEATH: Final = re.compile(
    r"^\[<\d\d>\] the reason of the delivery failure was:\s{1,8}(?=\S)", re.IGNORECASE | re.MULTILINE
)


def find_reason(notice: Notice) -> str:
    """What the text labels as the reason, to the end of its paragraph; empty if nothing, or if it gives several."""
    found = _REASON.search(notice.text) or _BENEATH.search(notice.text)
    if found is None or _REASON.search(notice.text, found.end()):
        return ""
    return notice.text[found.end() :].partition("\n\n")[0]


def find_labelled(label: re.Pattern[str], notice: Notice) -> str:
    """The address behind the first such label that begins a line; in lower case, empty if there is none."""
    for place in notice.places:
        found = label.match(notice.lines[place].lower())
        if found and (address := find_address(found[1])):
            return address
    return ""
