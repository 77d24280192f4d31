"""What does a report look like to a reader? A `Report`, prepared once for all dialects that read its text."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.phrases import Phrases
from bounce_plugin.detectors.wording import (
    AFTER_ALL,
    ARRIVED,
    ASK,
    DELIVERED,
    FAILING,
    GIVEN_UP,
    INTROS,
    LIST_RETURNS,
    NO_MORE,
    NOT,
    STILL_TRYING,
    SUBJECTS,
    TO_ALL,
    WAS_LATE,
)
from bounce_plugin.message.address import are_of_one_site, find_address, find_addresses, locate_addresses
from bounce_plugin.message.encoded_words import decode_words
from bounce_plugin.message.quick import lazy
from bounce_plugin.message.report import Action, Report

_LONGEST: Final = 64 * 1024  # characters of text that any dialect reads: a notice is short
_ARRIVED: Final = Phrases(ARRIVED)
_COME: Final = re.compile(
    r"(?:\A|[.!\n])[\s*]{0,80}your (?:message|mail|e-?mail)(?: \"[^\"\n]{1,200}\")?(?: to \S{1,320})? (?:has been|was) delivered(?: to\s{1,8}[^\s,]{1,320}(?<!\.))?(?:\.|, but(?! not| only))"
)
#: A host's refusal, or what it says for now: then not all was delivered.
_REFUSED: Final = re.compile(
    r"(?<![\d.\w-])(?:[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b|(?=[#<a-z(\"']))|[45]\.\d{1,3}\.\d{1,3}\b)"
)
#: What will be said later: After this date messages will be rejected as "550 5.1.1 User unknown".
_TO_COME: Final = re.compile(
    r"\b(?:will|may|might) be\s{1,8}(?:rejected|refused|returned|bounced|blocked)\b(?:[^.!?]|\.(?=\d)){0,400}"
)
_REPLY: Final = re.compile(r"(?<![\d.\w-])[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b|(?=[#<a-z(\"']))")
#: Before a code that is only announced: After that date mail will be rejected with […]
_ANNOUNCED: Final = re.compile(
    r"\b(?:will|may|might|would|could|shall|werden|wird|können|kann|würden?|könnten?|sera|seront|será[ns]?|sarà|saranno)\b[^.!?\d]{0,80}\Z"
)
_COULD_NOT: Final = re.compile(
    r"\b(?:could not|couldn['’]t|cannot|can ?not|can['’]t|konnten? [^.!?]{0,60}nicht|kann nicht)\b"
)
_ELSEWHERE: Final = Phrases(("delivered to junk folder", "delivered to the recipient's junk", "und dort zugestellt"))
#: Not so said of the others alone, beside whom somebody failed.
_TO_ALL: Final = re.compile(
    rf"{TO_ALL}(?! [a-z, ]{{0,60}}\b(?:on our|local|other|remaining|further|except|exception|but|below)\b)"
)
#: That beside what arrived, or after it, something did not.
_FAILED_BESIDE: Final = re.compile(
    r"which refused it|is returned to you|was returned to you|is unknown there|ist dort unbekannt|geht an sie zurück|(?:recipients?|users?) (?:was|were|is|are) unknown|^unknown:|which is full|no mailbox there|was discarded|(?:用户|收件人)不存在|邮箱已满|被退回|письмо возвращено|geri döndü|届けることができませんでした|el usuario no existe"
    r"|die gebruiker is onbekend|is not known here",
    re.MULTILINE,
)
#: The titles that Postfix, Exim and qmail give to failures alone; where they still try they have others.
_FINAL: Final = ("undelivered mail returned to sender", "mail delivery failed: returning message to", "failure notice")
_END_OF_SENTENCE: Final = re.compile(r"[.!?。\n]")
_NEGATED: Final = 20  # characters behind a verb, where some languages put their "not"
_FOOTER: Final = re.compile(r"\n_{20,60}\n(?=[^\n]{1,200}\n[^\n]{0,200}@)")
_TAKEN_FOR: Final = re.compile(r"\bfor <?([^\s<>;@]{1,64}@[^\s<>;@]{1,253})>?;")
_NEAR: Final = 700  # characters: what a text says first
_REACH: Final = 80  # characters
_ASK: Final = Phrases(ASK)
# Between two sentences; so is a label that begins a line.
_SENTENCE: Final = re.compile(r"[.!。][ \n]+(?=[A-ZÀ-ÖØ-ÞА-Я])|\n[ \t]*(?=\n|[-*•])|\n(?=[^\s:]{1,30}:)")
_WRAPPED: Final = re.compile(r"\n[ \t]*(?=[a-zß-öø-ÿą-žа-яё])")
_OUR_FIELDS: Final = ("delivered-to", "x-original-to", "envelope-to", "to")
_BRACKETS: Final = "[(【「 "  # before a title in Korean and Japanese
_FAILED: Final = Action.FAILED  # Python 3.11 takes ten times as long to find a member of an enumeration
# An address that stands for itself, with nothing to be trimmed or decoded.
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9.-]{0,180}[A-Za-z0-9]")


def is_plain(value: str) -> bool:
    """Whether a value is a plain address, as most are: then there is no need to look for one in it, which takes longer."""
    return _PLAIN.fullmatch(value) is not None


class Notice:
    """One report's text and the few headers that tell who wrote it; each is made ready when it is first asked for."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.headers = headers = report.headers  # the mail's own header fields
        text = report.text[:_LONGEST]
        if "\n_____" in text and "list-id" in headers:  # what a list adds to every post
            text = _FOOTER.split(text, maxsplit=1)[0]
        if "\x0c" in text:
            text = text.replace("\x0c", "\n")
        #: What people read, without no-break spaces and the form feeds of some gateways.
        self.text = text if text.isascii() else text.replace("\xa0", " ")
        self.lower = self.text.lower()
        #: The same without the line ends within a sentence, as far as the next line begins with a small letter.
        self.flat = _WRAPPED.sub(" ", self.text).lower() if "\n" in self.text else self.lower
        #: The decoded subject on one line, lower case.
        self.subject = " ".join(decode_words(headers.get("subject")).replace("_", " ").split()).lower()
        #: The From field, decoded, lower case; framed, so that a word can be looked for as a whole.
        self.sender = f" {decode_words(headers.get('from')).lower()}"

    @lazy
    def titled(self) -> bool:
        """Whether the subject begins as that of a report does; anybody can write it."""
        return SUBJECTS.begin(self.subject.lstrip(_BRACKETS))

    @lazy
    def lines(self) -> list[str]:
        """The text's lines, without trailing blanks."""
        return [line.rstrip() for line in self.text.split("\n")]

    @lazy
    def places(self) -> list[int]:
        """Which of the lines hold an address, if any do: those with an @."""
        return [number for number, line in enumerate(self.lines) if "@" in line] if "@" in self.text else []

    @lazy
    def _our_fields(self) -> str:
        return "\n".join([self.headers.get(name) for name in _OUR_FIELDS])

    @lazy
    def _ours(self) -> frozenset[str]:
        found = [address for value in self._our_fields.split("\n") if value for address in find_addresses(value)]
        return frozenset([address.lower() for address in found])

    def is_ours(self, address: str) -> bool:
        """Whether the report was sent to this address: we are not who failed.

        Nor is our return path, where qmail tells its postmaster that the bounce to it bounced, too.
        """
        if self.bounced_twice:
            return self.is_of_our_site(address)
        fields, lower = self._our_fields, address.lower()
        if fields.isascii() and lower not in fields.lower():
            return False  # as mostly; to read the addresses of the fields takes long
        return lower in self._ours

    @property
    def bounced_twice(self) -> bool:
        """Whether qmail tells its postmaster of a bounce that could not be delivered either."""
        return self.subject == "failure notice" and "#@[]" in self.headers.get("return-path")

    def is_our_list(self, address: str) -> bool:
        """Whether the report was sent to who keeps the list of this address: `owner-news`, `news-owner`, `news-bounces+…`."""
        local = address.rpartition("@")[0].lower()
        fields = self._our_fields.lower()
        if not local or (f"-{local}@" not in fields and f"{local}-" not in fields):
            return False  # as mostly
        # Behind it may stand a member or a number (VERP).
        keepers = (f"owner-{local}@", *[f"{local}{keeper}{sign}" for keeper in LIST_RETURNS for sign in "-+@"])
        return any(one.startswith(keepers) and are_of_one_site(address, one) for one in self._ours)

    def is_of_our_site(self, address: str) -> bool:
        """Whether an address is of a site that the report was sent to."""
        return any(are_of_one_site(address, one) for one in self._ours)

    @lazy
    def asked(self) -> frozenset[str]:
        """Whom the text tells to ask, in lower case: each time that it names them the words before say so, maybe of several."""
        asked: dict[str, bool] = {}
        last, goes_on = 0, False
        for start, end, address in locate_addresses(self.text):
            *broken, sentence = _SENTENCE.split(self.text[max(last, start - _REACH) : start])
            goes_on = _tells_to_ask(sentence) or (goes_on and not broken)
            key, last = address.lower(), end
            asked[key] = asked.get(key, True) and goes_on
        return frozenset([address for address, is_asked in asked.items() if is_asked])

    @lazy
    def named(self) -> tuple[str, ...]:
        """The addresses of X-Failed-Recipients (Exim, Gmail, Mail.Ru): whom, not that; anybody can write it."""
        values = self.headers.all("x-failed-recipients")
        if not values or (len(values) == 1 and is_plain(values[0])):
            return values
        return tuple(dict.fromkeys([address for value in values for address in find_addresses(decode_words(value))]))

    @property
    def addressed(self) -> tuple[str, ...]:
        """The addresses that the returned message was written to.

        One that is to be told to nobody names our own address there, and a list's post the list; then a host that took it may say for whom it
        did (RFC 5321, section 4.4).
        """
        returned = self.report.returned
        if returned is None:
            return ()
        to = find_addresses(decode_words(returned.headers.get("to")))
        if to:
            sender = find_address(decode_words(returned.headers.get("from")))
            if not self._is_to_ourselves([one.lower() for one in to], sender.lower()):
                return to
            taken = [_TAKEN_FOR.search(value) for value in reversed(returned.headers.all("received"))]
            taken_for = [found[1] for found in taken if found and not self.is_of_our_site(found[1])]
            return tuple([one for one in taken_for[:1] if find_address(one) == one])  # whole (T-09)
        delivered = find_address(returned.headers.get("x-original-to") or returned.headers.get("delivered-to"))
        return (delivered,) if delivered else ()

    def _is_to_ourselves(self, to: list[str], sender: str) -> bool:
        """Whether a returned message was written to its own sender, or to a list of ours, and not to who failed."""
        if not all(map(self.is_of_our_site, to)):
            return False
        return to == [sender] or any(map(self.is_our_list, to))

    @property
    def still_tries(self) -> bool:
        """Whether the text says that delivery goes on, and not only that it was late; and not that it was given up."""
        if self.action is not Action.DELAYED or GIVEN_UP.stand_in(self.flat):
            return False
        flat = self.flat
        for words in WAS_LATE:
            flat = flat.replace(words, "")
        return STILL_TRYING.stand_in(flat)

    @lazy
    def action(self) -> Action:
        """Whether the text as a whole speaks of a failure, of a delay or of a delivery (D-02)."""
        if self.subject.startswith(_FINAL):
            return _FAILED
        flat = self.flat
        if self.titled:  # as most are: then nothing was delivered after all, unless all of it was
            if TO_ALL in flat and _TO_ALL.search(flat) is not None:
                return Action.DELIVERED
        elif AFTER_ALL.stand_in(self.subject) or AFTER_ALL.stand_in(flat) or _went_elsewhere(flat):
            return Action.DELIVERED
        return _read_action(self.flat)


def _tells_to_ask(sentence: str) -> bool:
    """Whether what stands before an address in a sentence tells to ask it, and says nothing of a failure behind that."""
    words = "\n" + " ".join(sentence.lower().split())
    if not _ASK.stand_in(words):
        return False
    at = max(words.rfind(one) + len(one) for one in ASK if one in words)
    return not FAILING.stand_in(words[at:])


def _read_action(flat: str) -> Action:
    if _has_arrived(flat) or has_come(flat):
        return Action.DELIVERED
    if _is_still_trying(flat) and "delayed or failed" not in flat:  # MailEnable says so of both
        return _FAILED if "expired" in flat and "given up" in flat else Action.DELAYED
    if DELIVERED.stand_in(flat) and not GIVEN_UP.stand_in(flat):
        return Action.DELIVERED
    return _FAILED


def _is_still_trying(flat: str) -> bool:
    if not STILL_TRYING.stand_in(flat):
        return False
    for words in NO_MORE:
        flat = flat.replace(words, "")
    return STILL_TRYING.stand_in(flat)


def _went_elsewhere(flat: str) -> bool:
    """Whether a text says where a message went instead, and of nobody that a host refused it."""
    near = "junk" in flat or "dort zugestellt" in flat  # seldom
    return near and _ELSEWHERE.stand_in(flat) and not _refuses(flat, _REPLY)


def has_come(flat: str) -> bool:
    """Whether a text in lower case begins with that our message has been delivered, and tells of no failure."""
    if "delivered" not in flat[:_NEAR] or ("been delivered" not in flat and "was delivered" not in flat):
        return False  # as mostly
    found = _COME.search(flat, 0, _NEAR)
    if found is None or INTROS.stand_in(flat[: found.start()]):
        return False
    rest = _TO_COME.sub("", flat[found.end() :])
    if found[0].endswith("but") and _FAILED_BESIDE.search(rest):
        return False
    return not INTROS.stand_in(rest) and not _refuses(rest)


def _refuses(rest: str, refusals: re.Pattern[str] = _REFUSED) -> bool:
    """Whether a host's refusal stands in a text, and not only one that is to come."""
    return any(not _is_announced(rest, found.start()) for found in refusals.finditer(rest))


def _is_announced(rest: str, at: int) -> bool:
    """Whether a code at this place is only to come; what could not be done was refused."""
    announced = _ANNOUNCED.search(rest, max(at - 120, 0), at)
    return announced is not None and not _COULD_NOT.search(rest, max(announced.start() - 60, 0), at)


def _has_arrived(flat: str) -> bool:
    if not _ARRIVED.stand_in(flat[:_NEAR]):  # as mostly; to look for one after the other takes longer
        return False
    at, end = min([(at, at + len(one)) for one in ARRIVED if (at := flat.find(one, 0, _NEAR)) >= 0], default=(-1, -1))
    if at < 0 or INTROS.stand_in(flat[:at]):
        return False
    if _refuses(flat[end:]) or _is_still_trying(flat[end:]) or _FAILED_BESIDE.search(flat):
        return False
    start = max(flat.rfind(sign, 0, at) for sign in ".!?。\n") + 1
    sentence = flat[start:end] + _END_OF_SENTENCE.split(flat[end : end + _NEGATED], maxsplit=1)[0]
    return "kein" not in flat[start:at] and not any(word in sentence for word in NOT)
