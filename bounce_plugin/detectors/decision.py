"""What kind of mail is it in the end? Kinds exclude each other; a failure is believed only of a mail server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bounce_plugin.detectors.evidence import BOUNCE, REVIEW, Evidence, is_of_a_tracker, names_a_stranger
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.lists import holds_our_message, refusing_list
from bounce_plugin.detectors.notice import Notice, has_come
from bounce_plugin.detectors.reply import find_reply
from bounce_plugin.detectors.unaddressed import names_somebody
from bounce_plugin.detectors.wording import DAEMONS, GIVEN_UP, HELD_BY_LIST, INTROS, TROUBLE, is_contact
from bounce_plugin.message.address import are_of_one_site, find_address, find_addresses, is_rewritten
from bounce_plugin.message.automatic import (
    calls_itself_automatic,
    is_auto_reply,
    is_receipt,
    is_receipt_in_words,
    is_receipt_of_notes,
    is_unattended,
    may_be_auto_reply,
)
from bounce_plugin.message.challenge import asks_for_a_click, asks_for_a_person, asks_to_be_sure, is_challenge
from bounce_plugin.message.forward import is_bare_forward, is_from_a_person, is_letter
from bounce_plugin.message.quick import quick
from bounce_plugin.message.remark import speaks_as_person
from bounce_plugin.message.report import Action, Kind, Report
from bounce_plugin.message.status import EnhancedStatus

# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_BOUNCE: Final = Kind.BOUNCE
_FAILED: Final = Action.FAILED
_CERTIFIED: Final = {
    "avvenuta-consegna": Kind.DELIVERED,
    "accettazione": Kind.OTHER,
    "presa-in-carico": Kind.OTHER,
}
_OF_EXCHANGE: Final = (
    "message recall", "recall report", "meeting forward notification", "benachrichtigung über besprechungsweiterleitung", "notification de transfert de réunion", "notificación de reenvío de reunión",
    "notifica di inoltro", "kennisgeving van doorgestuurde vergadering", "powiadomienie o przekazaniu dalej spotkania", "notificação de encaminhamento de reunião",
)  # fmt: skip
_PART_FULL: Final = re.compile(r"\b\d\d ?(?:%|percent\b|prozent\b)")  # a mailbox that will be full
SILENT: Final = "The mail comes from a mail server, but does not say that anything failed."
_OF_A_LIST: Final = frozenset(
    {"list-id", "list-unsubscribe", "list-post", "mailing-list", "x-mailing-list", "x-beenthere"}
)
_UNCLEAR: Final = "The mail may report a failure, but does not say so clearly."


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What kind of mail it is, and what it says of each recipient."""

    kind: Kind
    findings: tuple[Finding, ...] = ()
    doubt: str = ""  # why a person should look, one sentence; empty when nobody need


def recognise_copy(notice: Notice) -> Detection | None:
    """A mail that by its header is another's copy, or a receipt of certified mail that nothing went wrong; else None.

    Exchange's journal holds what others got, and it writes in its own name what became of a recall or of a meeting, and that a moderator has yet to see a message. Italian certified mail says in X-Ricevuta what its notice is of,
    and in X-Trasporto that it brings somebody's mail, which may be a report (Allegato al D.M. 2 novembre 2005, section 6).
    """
    if "x-ms-journal-report" in notice.headers or notice.subject.startswith(_OF_EXCHANGE):
        return Detection(kind=Kind.OTHER)
    if "microsoftexchange" in notice.sender and "moderat" in notice.flat and HELD_BY_LIST.stand_in(notice.flat):
        return Detection(kind=Kind.OTHER)
    if "x-ricevuta" in notice.headers:
        kind = _CERTIFIED.get(notice.headers.get("x-ricevuta").strip().lower())
        return Detection(kind=kind) if kind is not None else None
    if "x-trasporto" not in notice.headers or notice.report.wrapped is not None:
        return None
    inner = notice.report.returned
    reports = inner is not None and DAEMONS.stand_in(inner.headers.get("from").lower())
    return Detection(kind=Kind.OTHER, doubt=_UNCLEAR if reports else "")


def decide_kind(findings: tuple[Finding, ...]) -> Detection | None:
    """A bounce if any recipient failed for good, else a delay if any is still tried, else a delivery (D-02)."""
    if not findings:
        return None
    actions = [finding.action for finding in findings]
    if _FAILED in actions:
        return Detection(kind=_BOUNCE, findings=findings)
    return Detection(kind=Kind.DELAY if Action.DELAYED in actions else Kind.DELIVERED, findings=findings)


def find_doubt(notice: Notice, evidence: Evidence) -> Detection:
    """What to make of a mail that names no recipient."""
    own = notice.report.kind is _BOUNCE or names_somebody(notice)
    if own or (notice.report.returned is not None and evidence.score >= BOUNCE):
        if notice.still_tries:
            return Detection(kind=Kind.DELAY)
        if notice.action is not _FAILED and not any(
            words.stand_in(notice.flat) for words in (INTROS, TROUBLE, GIVEN_UP)
        ):
            return Detection(kind=Kind.DELAY if notice.action is Action.DELAYED else Kind.DELIVERED)
        return Detection(kind=Kind.BOUNCE, doubt="The mail reports a failure, but names no recipient.")
    if evidence.score >= REVIEW and evidence.known and evidence.origin > 0:
        return Detection(kind=Kind.OTHER, doubt=_UNCLEAR)
    if evidence.nameless and names_a_stranger(notice):
        return Detection(kind=Kind.OTHER, doubt=_UNCLEAR)
    return Detection(kind=Kind.OTHER)


def is_report_by_structure(report: Report) -> bool:
    """Whether the mail as a whole is a report (RFC 6522), and no letter that has one among its parts."""
    return report.media_type == "multipart/report"


def speaks_for_itself(notice: Notice, evidence: Evidence) -> bool:
    """Whether a delivery status is this mail's own, and not one that a person pasted or attached (D-09, D-20)."""
    if notice.report.delivery_status is None or is_report_by_structure(notice.report):
        return True
    # That a machine wrote it says nothing: a tracker sends what somebody pasted into a comment.
    return _is_of_a_server(notice, evidence) or _is_bare_forward(notice)


def _is_of_a_server(notice: Notice, evidence: Evidence) -> bool:
    """Whether a mail server wrote the mail, by what people's mail has not, or by a name while no person writes."""
    if evidence.machine or evidence.null:
        return True
    automatic = notice.headers.get("auto-submitted").lower().startswith("auto-")
    text = notice.report.text
    writes = is_from_a_person(notice.headers) or (not automatic and (speaks_as_person(text) or "?" in text))
    return evidence.origin > automatic and not writes


def _is_bare_forward(notice: Notice) -> bool:
    """Whether somebody passes a report on without a word, above it or in a part below it."""
    passage = notice.report.passage
    return is_bare_forward(f"{passage.text}\n{passage.below}" if passage.has_original else passage.text, notice.headers)


def may_speak_for_another(notice: Notice, evidence: Evidence) -> bool:
    """Whether the report within is what this mail is about: a gateway wrapped it, or somebody forwards it bare (D-13)."""
    inner = notice.report.wrapped
    if _is_of_a_server(notice, evidence) or _is_bare_forward(notice):
        return True
    if "list-id" in notice.headers:
        return False  # somebody's post, or a digest of them (RFC 2919)
    if inner is None or not _addresses(notice) & {*find_addresses(inner.headers.get("to").lower())}:
        return False
    # It was sent to where it is now: a person who writes is asking about it.
    return not is_letter(notice.report.text) and not is_from_a_person(notice.headers)


def judge_forwarded(notice: Notice, inner: Detection) -> Detection:
    """What to make of a report within. One about an address of our own site is what a stranger got who wrote to us."""
    sites = {address.rpartition("@")[2] for address in _addresses(notice)}
    failed = {finding.recipient.lower().rpartition("@")[2] for finding in inner.findings}
    if notice.report.wrapped is not None and failed and failed <= sites:
        received = {*find_addresses(notice.report.wrapped.headers.get("to").lower())}
        if not received & _addresses(notice):
            return Detection(kind=Kind.OTHER, doubt=_UNCLEAR)
    return inner


def _addresses(notice: Notice) -> set[str]:
    """Whom a mail was sent to, as it says itself."""
    return {*find_addresses(notice.headers.get("to").lower())}


def recognise_lure(notice: Notice, findings: tuple[Finding, ...]) -> Detection | None:
    """What to make of a text that shows nothing that came back, and names nobody but us, or brings a page; else None.

    An address that fails does not get the report, unless it wrote to itself. But so lures begin that want its owner to
    "repair" the mailbox.
    """
    report = notice.report
    if not findings or report.returned is not None or len(report.text) < len(report.passage.whole):
        return None
    if report.passage.has_page_file:
        return Detection(kind=Kind.OTHER, doubt=_UNCLEAR)
    told = _addresses(notice)
    sites = {address.rpartition("@")[2] for address in told}
    path = find_address(notice.headers.get("return-path")).lower()
    # A mail server leaves it empty (RFC 3464, section 2), or nearly.
    own = path != "" and not notice.is_of_our_site(path)
    answered = find_reply(notice.text) is not None and are_of_one_site(path, find_address(notice.sender))
    of_a_server = "postmaster" in path or path.startswith("mailer-daemon") or is_rewritten(path)
    strange = own and not answered and not of_a_server
    for recipient in (finding.recipient.lower() for finding in findings):
        near = recipient.rpartition("@")[2] in sites and (strange or is_contact(recipient) or _warns(notice))
        if not near and recipient not in told and not (own and notice.is_ours(recipient)):
            return None
    return Detection(kind=Kind.OTHER, doubt="The mail says that our own address failed, and shows no message of ours.")


def _warns(notice: Notice) -> bool:
    """Whether a text says that a mailbox will be full."""
    return _PART_FULL.search(notice.lower) is not None and not _gives_a_code(notice.text)


def _gives_a_code(text: str) -> bool:
    return find_reply(text) is not None or EnhancedStatus.find(text) is not None


def _answers_in_bulk(notice: Notice) -> bool:
    """Whether a program answers us that says so in Precedence alone: no person's mail has it, but lists' and trackers' have."""
    headers = notice.headers
    if headers.get("precedence").lower() != "bulk" or "in-reply-to" not in headers:
        return False
    if headers.has_any(_OF_A_LIST) or is_of_a_tracker(notice):
        return False
    # What it answers is ours: a list's post, or a program's second mail, answers another's.
    answered = headers.get("in-reply-to").strip().strip("<>")
    return are_of_one_site(answered.rpartition("@")[2], find_address(headers.get("to").lower()))


def recognise_ordinary(notice: Notice, evidence: Evidence) -> Kind | None:
    """An automatic mail that reports no failure; None where it may be a report in plain text."""
    headers, subject = notice.headers, notice.subject
    if holds_our_message(notice) and not refusing_list(notice):
        return Kind.OTHER
    if _challenges(notice, evidence):
        return Kind.CHALLENGE
    if is_receipt(headers, subject) or is_receipt_in_words(subject, notice.lower):
        return Kind.MDN
    if evidence.score < BOUNCE and not _gives_a_code(notice.text) and is_receipt_of_notes(notice.lower):
        return Kind.MDN
    return Kind.AUTO_REPLY if _answers(notice, evidence) else None


def _challenges(notice: Notice, evidence: Evidence) -> bool:
    """Whether somebody wants a confirmation before he takes our message; no help desk does."""
    headers = notice.headers
    if is_of_a_tracker(notice):
        return False
    if evidence.score < BOUNCE and headers.get("x-delivery-agent").lower().startswith("tmda"):
        # Its user's own mails have the field, too, and so have his vacation's.
        automatic = "auto-submitted" in headers or headers.get("precedence").lower() in {"bulk", "junk"}
        if automatic and asks_to_be_sure(f"{notice.sender} {headers.get('reply-to').lower()} {notice.lower[:3000]}"):
            return True
    returned = notice.report.returned is not None
    refuses = returned and evidence.score >= BOUNCE and _gives_a_code(notice.text)
    if not refuses and "x-list-administrivia" not in headers and is_challenge(notice.lower, notice.sender):
        return True
    waits = evidence.score < BOUNCE or (not returned and notice.action is Action.DELAYED)
    if waits and "list-unsubscribe" not in headers and asks_for_a_person(notice.lower):
        return True
    # Whoever still tries wants nobody to click.
    return notice.action is Action.DELAYED and asks_for_a_click(notice.lower) and not _gives_a_code(notice.text)


def _answers(notice: Notice, evidence: Evidence) -> bool:
    """Whether a responder writes, as far as nothing speaks for a failure."""
    headers = notice.headers
    if is_auto_reply(headers, notice.subject):
        return True
    idle = evidence.score < BOUNCE
    if may_be_auto_reply(headers) and (idle or (not evidence.machine and "in-reply-to" in headers)):
        return True
    if idle and _answers_in_bulk(notice):
        return True
    replied = headers.get("auto-submitted").lower().startswith("auto-replied")
    if (idle or (replied and has_come(notice.flat))) and calls_itself_automatic(notice.lower):
        return True
    returned = notice.report.returned is not None
    return is_unattended(notice.lower) and not returned and not _gives_a_code(notice.text)
