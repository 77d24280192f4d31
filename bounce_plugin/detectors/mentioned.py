"""Whom does a text name in the middle of a sentence, a label or a session as having failed?

For the many small servers that write one line: `Unknown user: addr`, `There was an error delivering your mail to
<addr>.`, `Recipient: [SMTP:addr]`, `Sent <<< RCPT TO:<addr>`; and for those that name it in a header only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.labels import RECIPIENT, find_labelled, find_reason
from bounce_plugin.detectors.lists import is_of_a_manager
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.reply import find_reply
from bounce_plugin.detectors.wording import TROUBLE, is_contact, is_one_list
from bounce_plugin.message.address import locate_addresses
from bounce_plugin.message.status import EnhancedStatus

NAME: Final = "mentioned"

_REACH: Final = 120  # characters
_LABEL: Final = 5  # words
_BOX_OF: Final = re.compile(
    r"\b(?:mailbox|postfach|konto|account|inbox|boîte(?: aux lettres)?|messagerie|compte|buzón|cuenta|casella|postvak|skrzynka|adresse|address)\s{1,8}(?:von|de|di|van|of|od)\s{1,8}\W{0,3}\Z"
)
#: Before the address of who wrote a message, or of who tells of it.
_WRITER: Final = re.compile(
    r"(?:^|\n)[ \t]*(?:dear|hello|hallo|hi|bonjour|guten tag|sehr geehrte\w*)\b[^\n@:]{0,60}[\s(<]\Z|\b(?:from|by|sent to|sender|author|originator|von|absender|von ihnen|de|expéditeur|remitente|da|mittente|van|afzender|od|nadawca|från|fra|par|por|door|przez|from you|you|sie|vous)\b(?: address)?[\s:\"'<(\[]{0,8}\Z"
)
# In front of the address that failed, best first, lower case.
_CUES: Final = (
    "rcpt to:", "final-recipient:", "recipient address:", "original address:", "error-for:", "undeliverable address:", "target mail address:",
    "intended recipient:", "recipient:", "could not be delivered to", "not be delivered to", "unable to deliver", "delivering your mail to",
    "failed to deliver to", "deliver mail to", "deliver your message to", "delivered to", "was not delivered to", "following recipient", "did not reach", "delivery to",
    "message to", "mail to", "e-mail to", "email to", "you emailed to", "user:", "userid:", "allowed size:", "attempts:", "is full:", "mailbox", "addressed to", "addressed,", "user",
    "sent to", "gesendet an", "gesandt an", "die sie an", "envoyé à", "adressé à", "que envió a", "enviado a", "enviada para", "enviou para", "inviato a", "verzonden aan", "hebt gestuurd naar", "wysłana do", "wysłanej do", "skickade till", "skickats till", "sendt til", "отправленное",
    "ihre nachricht an", "ihre e-mail an", "ihre mail an", "votre message à", "votre message destiné à", "su mensaje a", "su mensaje para", "il messaggio a", "uw bericht aan", "uw e-mail aan",
    "wiadomość do", "sua mensagem para", "meddelande till", "beskeden til", "zpráva pro", "ваше сообщение для", "das postfach", "la casella", "la boîte", "el buzón", "skrzynka", "de postbus", "posta kutusu", "all'utente", "destinato a", "indirizzato a", "destinatario", "destinataire", "empfänger", "dirigido a", "bestemd voor", "geadresseerde",
    "odbiorca", "adresat", "mottagare", "modtager", "příjemce", "címzett", "alıcı", "получатель", "адресат", "宛先", "受信者", "收件人", "받는 사람", "받는사람", "수신자", "adresát", "收件者", "kime:",
    "recipient", "address", "to:", "failed", "failure",
)  # fmt: skip
#: These stand near any address: of one that people are told to ask they prove nothing while another has a clearer one.
_VAGUE: Final = frozenset({"mailbox", "user", "recipient", "address", "addressed,", "to:", "failed", "failure"})


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    if "@" not in notice.text or is_of_a_manager(notice):  # of whom that names, nobody failed but the list
        return ()
    located = locate_addresses(notice.text)
    mentions = [hit for hit in located if not notice.is_ours(hit[2]) and not notice.is_our_list(hit[2])]
    if notice.named:  # the header says whom
        names = {address.lower() for address in notice.named}
        mentions = [hit for hit in mentions if hit[2].lower() in names]
    every = len(mentions)
    if mentions and not notice.named:
        mentions = [hit for hit in mentions if hit[2].lower() not in notice.asked]
    mentions = _without_writers(notice, mentions)
    if told := _told_line_by_line(notice, mentions):
        return tuple(told)
    before = _words_before(mentions, notice.lower)
    everything = "\n".join(before)
    asked: dict[str, tuple[int, int]] = {}  # whom a text may only tell to ask
    others = not all(is_contact(address) for _start, _end, address in mentions)
    for cue in _CUES:
        if cue in everything:  # then in front of one of them: no cue holds a line end
            hits: dict[str, tuple[int, int]] = {}
            listed, label = False, ""
            for words, (start, end, address) in zip(before, mentions, strict=True):
                above, label = label, words.rpartition("\n")[2].strip()
                alike = label.endswith(":") and label == above  # MDaemon labels each of several in a line of its own
                listed = cue in words or (listed and (alike or is_one_list(words)))
                if listed:
                    hits.setdefault(address, (start, end))
            if cue in _VAGUE and len(hits) == 1 and len(mentions) > 1:
                hits = _labelled(notice, mentions, hits)
            if cue not in _VAGUE or (not asked and not (others and all(map(is_contact, hits)))):
                return tuple(_findings(notice, hits))
            asked = asked or hits
    found = asked or _labelled(notice, mentions, {}) or _only(mentions, even_contacts=len(mentions) < every)
    if found:
        return tuple(_findings(notice, found))
    return tuple(_those_addressed(notice, mentions))


def _without_writers(notice: Notice, mentions: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Without those of our site that a text names as who wrote, beside others."""
    if len(mentions) < 2:
        return mentions
    left = [hit for hit in mentions if not (_wrote(notice.lower, hit[0]) and notice.is_of_our_site(hit[2]))]
    return left or mentions


def _wrote(lower: str, start: int) -> bool:
    """Whether the words before an address, in lower case, say that it is who wrote."""
    near = lower[max(start - _REACH, 0) : start]
    return _WRITER.search(near) is not None and _BOX_OF.search(near) is None


def _told_line_by_line(notice: Notice, mentions: list[tuple[int, int, str]]) -> list[Finding]:
    """Each of several in a line of its own, behind what is wrong with it, as IMail writes: `Unknown user: a@b`."""
    if len({address.lower() for _start, _end, address in mentions}) < max(len(mentions), 2):
        return []
    told: list[Finding] = []
    coded = find_reply(notice.text) is not None
    for start, end, address in mentions:
        if is_contact(address) or notice.is_of_our_site(address):
            return []
        begin = notice.text.rfind("\n", 0, start) + 1
        words = notice.lower[begin:start].strip()
        rest = notice.text[end:].partition("\n")[0].strip(" >")
        if _WRITER.search(f"{words} "):
            return []  # names who wrote or reports
        if rest or not words.endswith(":") or not TROUBLE.stand_in(words) or len(words.split()) > _LABEL:
            return []
        if coded and find_reply(words) is None:
            return []  # what is said of each stands elsewhere
        told.append(build_finding(notice, address, notice.text[begin:end], detector=NAME, confidence=0.7, whole=True))
    return told


def _labelled(
    notice: Notice, mentions: list[tuple[int, int, str]], hits: dict[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    """The one that a line labels as the recipient, else those found otherwise."""
    labelled = find_labelled(RECIPIENT, notice)
    return {address: (start, end) for start, end, address in mentions if address.lower() == labelled} or hits


def _words_before(mentions: list[tuple[int, int, str]], lower: str) -> list[str]:
    """What stands in front of each, not farther than where the one before it ends."""
    ends = [0, *[end for _start, end, _address in mentions]]
    return [
        lower[max(end, start - _REACH) : start] for end, (start, _end, _address) in zip(ends, mentions, strict=False)
    ]


def _only(mentions: list[tuple[int, int, str]], *, even_contacts: bool) -> dict[str, tuple[int, int]]:
    """The one address that a text in another language speaks of, if it is one; one to ask only beside others to ask."""
    named = {
        address: (start, end) for start, end, address in reversed(mentions) if even_contacts or not is_contact(address)
    }
    return named if len(named) == 1 else {}


def _those_addressed(notice: Notice, mentions: list[tuple[int, int, str]]) -> Iterator[Finding]:
    """All that a text names, each with its paragraph, where they are those that the returned message was written to, and nobody else."""
    named = {address.lower() for _start, _end, address in mentions}
    if len(named) < 2 or len(named) != len(mentions) or named != {one.lower() for one in notice.addressed}:
        return
    said: dict[str, str] = {}
    for start, end, address in mentions:
        above, below = notice.text.rfind("\n\n", 0, start), notice.text.find("\n\n", end)
        said[address] = notice.text[above + 2 if above >= 0 else 0 : below if below >= 0 else None]
    if len({*said.values()}) < len(said):
        between = [notice.lower[one[1] : other[0]] for one, other in pairwise(mentions)]
        if not all(map(is_one_list, between)):
            return  # one paragraph on several: one of them may have got it
    for address, words in said.items():
        if TROUBLE.stand_in(words.lower()) or find_reply(words) or " tries" in words:
            yield build_finding(notice, address, words, detector=NAME, confidence=0.7, whole=True)


def _findings(notice: Notice, hits: dict[str, tuple[int, int]]) -> Iterator[Finding]:
    """One recipient has the whole text for its reason, several have what stands between them."""
    starts = [notice.text.rfind("\n", 0, start) + 1 for start, _end in hits.values()]
    said: list[str] = []
    ends = [end for _start, end in hits.values()]
    again = any(address in notice.text[max(ends) :] for address in hits)  # what follows tells who is meant
    for start, end, stop in reversed([*zip(starts, ends, [*starts[1:], len(notice.text)], strict=True)]):
        own = again or bool(notice.text[end:stop].strip(" \t\n<>()[],;.")) or not said
        said.append(notice.text[start:stop] or notice.text if own else said[-1])  # those in a row share what follows
    for address, words in zip(hits, reversed(said), strict=True):
        whole = _said(notice) if len(hits) == 1 else words
        yield build_finding(notice, address, whole, detector=NAME, confidence=0.7, whole=True)


def _said(notice: Notice) -> str:
    """What is said of the only recipient: what the text labels as the reason, if no code stands elsewhere; else all of it."""
    reason = find_reason(notice)
    whole = notice.text
    if not reason or (find_reply(whole) and not find_reply(reason)):
        return whole
    return whole if EnhancedStatus.find(whole) and not EnhancedStatus.find(reason) else reason
