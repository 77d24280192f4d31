"""When do words that would blame the recipient mean the sender? Where he alone was told yet, or where it is he who is named.

A host that checks who writes to it asks his host, or a list of its own, and says "user unknown" of him.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.classify.speakers import Setting
from bounce_plugin.classify.steps import Step
from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.message.address import are_of_one_site, find_addresses, find_whole
from bounce_plugin.message.report import Report

#: The setting that it is our own address, or its domain, of which the refusal speaks.
NAMED: Final = "sender:named"
#: A host that refuses before it was told the recipient cannot mean the recipient.
EARLY: Final = frozenset({Stage.CONNECT, Stage.EHLO, Stage.MAIL})
_ABOUT_ADDRESS: Final = frozenset(
    {Reason.ADDRESS_UNKNOWN, Reason.ADDRESS_INVALID, Reason.ADDRESS_MOVED, Reason.MAILBOX_DISABLED, Reason.MAILBOX_FULL}
    | {Reason.RECIPIENT_REFUSED, Reason.RECIPIENT_RATE_LIMITED, Reason.OWNER_CHANGED}
)
#: After MAIL FROM the same words are about the sender.
_AT_MAIL: Final = {
    Reason.ADDRESS_UNKNOWN: Reason.SENDER_INVALID,
    Reason.ADDRESS_INVALID: Reason.SENDER_INVALID,
    Reason.ADDRESS_MOVED: Reason.SENDER_INVALID,
    Reason.DOMAIN_UNKNOWN: Reason.SENDER_INVALID,
    Reason.DOMAIN_NO_MAIL: Reason.SENDER_INVALID,
    Reason.MAILBOX_DISABLED: Reason.SENDER_ACCOUNT,
    Reason.RECIPIENT_REFUSED: Reason.POLICY_REJECTED,
}
_NO_DOMAIN: Final = frozenset({Reason.DOMAIN_UNKNOWN, Reason.DOMAIN_NO_MAIL})
_REFUSED: Final = Reason.RECIPIENT_REFUSED
#: What may stand between an address and what is said of it, beside codes and signs.
_LINKS: Final = frozenset({"", "is", "was", "the", "mailbox", "user", "address", "account", "e", "mail", "email"})
_SIGNS: Final = re.compile(r"[\s<>()\[\]\"':;,=-]+")
_CODE: Final = re.compile(r"[45]\d\d|[45]\.\d{1,3}\.\d{1,3}")
_NAMES: Final = ("from", "sender", "return-path", "reply-to")


def at_stage(steps: Sequence[Step], stage: Stage) -> tuple[list[Step], list[Step]]:
    """The steps, and those among them that can be true at this early stage; a reason that then means the sender is changed."""
    all_, speaking = [], []
    for step in steps:
        if stage is Stage.MAIL and step.reason in _AT_MAIL:
            meant = step._replace(reason=_AT_MAIL[step.reason], note="stage")
            speaking.append(meant)
        elif step.reason in _ABOUT_ADDRESS:
            meant = step._replace(note="stage")
        else:
            meant = step
            speaking.append(meant)
        all_.append(meant)
    return all_, speaking


def find_sender(finding: Finding, verdict: Classification, report: Report) -> Setting | None:
    """What of ours the words speak that decided a verdict which is held against somebody; None where it is nothing of ours."""
    by_domain = verdict.reason in _NO_DOMAIN
    text, recipient = finding.diagnostic_code, finding.recipient
    if not recipient or not (by_domain or text.count("@") > text.count(recipient)):  # as most
        return None
    if verdict.reason is _REFUSED:  # whom somebody refuses is named as a matter of course
        return None
    text, recipient = text.lower(), recipient.lower()
    ours = _our_fields(report)
    theirs = {recipient, *[name.lower() for name in finding.other_recipients]}
    named = [one for one in find_addresses(text) if one not in theirs and find_whole(ours, one) >= 0]
    if not (named or by_domain):
        return None
    decided = next((one for one in verdict.evidence if one.decided), None)
    if decided is None or decided.field == "text" or not decided.span:
        return None
    span = decided.span.lower()
    for address in named:
        if _is_said_of(text, span, address, recipient):
            return NAMED, "diagnostic_code", address.rpartition("@")[2]
    if not by_domain:
        return None
    said = text[max(text.find(finding.reply_code), 0) :]  # without whom who reports had asked
    for domain in dict.fromkeys(address.rpartition("@")[2] for address in find_addresses(ours)):
        alone = said.replace(f"@{domain}", "@") if domain in said and not are_of_one_site(domain, recipient) else ""
        if alone and _is_said_of(alone, span, domain, recipient.rpartition("@")[2]):
            return NAMED, "diagnostic_code", domain
    return None


def _our_fields(report: Report) -> str:
    """Whom a report was sent to, and as whom we sent what came back: the fields that say so, in lower case."""
    said = [report.headers.get("to")]
    if report.delivery_status is not None:
        said.append(report.delivery_status.original_sender)
    if report.returned is not None:
        said += [report.returned.headers.get(name) for name in _NAMES]
    return "\n".join(said).lower()


def _is_said_of(text: str, span: str, ours: str, theirs: str) -> bool:
    """Whether words are said of us, by our address or domain, which stands among them or at their side, and not of them."""
    begin, at = text.find(span), find_whole(text, ours)
    if begin < 0 or at < 0 or theirs in span:
        return False
    return _are_side_by_side(text, span, begin, ours, at) and not _are_side_by_side(
        text, span, begin, theirs, find_whole(text, theirs)
    )


def _are_side_by_side(text: str, span: str, begin: int, name: str, at: int) -> bool:
    """Whether a name stands within words, or beside them with nothing between but signs, codes and words that only link."""
    end, after = begin + len(span), at + len(name)
    if at < 0 or (begin <= at and after <= end):
        return at >= 0
    between = text[after:begin] if after <= begin else text[end:at]
    return all(word in _LINKS or _CODE.fullmatch(word) for word in _SIGNS.split(between))
