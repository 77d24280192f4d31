"""When do words that would blame the recipient mean the sender? Where he alone was told yet, or where it is he who is named.

A host that checks who writes to it asks his host, or a list of its own, and says "user unknown" of him.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.classify.steps import Setting, Step
from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.message.address import are_of_one_site, find_addresses
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
#: What may stand between an address and what is said of it.
_SIDE_BY_SIDE: Final = re.compile(
    r"[\s<>()\[\]\"':;,=-]*(?:(?:is|was|the|mailbox|user|address|account|e-?mail|[45]\d\d|[45]\.\d{1,3}\.\d{1,3})[\s<>()\[\]\"':;,=-]+)*"
)
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
    text = finding.diagnostic_code.lower()
    recipient = finding.recipient.lower()
    by_domain = verdict.reason in _NO_DOMAIN
    if verdict.reason is _REFUSED:  # whom somebody refuses is named as a matter of course
        return None
    if not recipient or not (by_domain or "@" in text.replace(recipient, "")):  # as most
        return None
    ours = {domain for domain in _our_domains(report) if not are_of_one_site(domain, recipient)}
    if by_domain:
        said = text[max(text.find(finding.reply_code), 0) :]  # without whom who reports had asked
        for domain in ours:
            if domain in said and _names_alone(said, domain, recipient):
                return NAMED, "diagnostic_code", domain
    decided = next((one for one in verdict.evidence if one.decided), None)
    if decided is None or decided.field == "text" or not decided.span:
        return None
    others = {name.lower() for name in finding.other_recipients}
    for address in find_addresses(text):
        domain = "" if address in others else address.rpartition("@")[2]
        if domain in ours and _is_said_of(text, decided.span.lower(), address, recipient):
            return NAMED, "diagnostic_code", domain
    return None


def _our_domains(report: Report) -> set[str]:
    """The domains of whom a report was sent to, and of as whom we sent what came back."""
    said = [report.headers.get("to")]
    if report.delivery_status is not None:
        said.append(report.delivery_status.original_sender)
    if report.returned is not None:
        said += [report.returned.headers.get(name) for name in _NAMES]
    return {address.lower().rpartition("@")[2] for value in said for address in find_addresses(value)}


def _names_alone(text: str, domain: str, recipient: str) -> bool:
    """Whether a text names this domain itself, no host within it, and not that of the recipient."""
    if recipient.rpartition("@")[2] in text:
        return False
    return re.search(rf"(?<![\w.@-]){re.escape(domain)}(?![\w-]|\.\w)", text) is not None


def _is_said_of(text: str, span: str, address: str, recipient: str) -> bool:
    """Whether words are said of an address, which stands among them or at their side."""
    begin = text.find(span)
    while begin >= 0:
        end = begin + len(span)
        at = text.find(address)
        while at >= 0:
            after = at + len(address)
            if begin <= at and after <= end:
                if recipient not in span:
                    return True
            elif _SIDE_BY_SIDE.fullmatch(text[after:begin] if after <= begin else text[end:at]):
                return True
            at = text.find(address, after)
        begin = text.find(span, end)
    return False
