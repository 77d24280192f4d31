"""How is a verdict told to people? A short argument, with the technical line below it."""

from __future__ import annotations

from typing import Final

import click

from bounce_plugin.classify.classification import Classification, Fault
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli.terminal import printable
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import Examination
from bounce_plugin.message.report import Kind

KINDS: Final = {
    Kind.BOUNCE: "a bounce: delivery has failed for good",
    Kind.DELAY: "a delay warning: delivery is still being tried",
    Kind.DELIVERED: "a delivery receipt: nothing failed",
    Kind.AUTO_REPLY: "an automatic reply, no bounce",
    Kind.CHALLENGE: "a request to confirm that a person wrote, no bounce",
    Kind.COMPLAINT: "a complaint: somebody marked the message as spam",
    Kind.UNSUBSCRIBE: "a wish to be unsubscribed",
    Kind.MDN: "a read receipt, no bounce",
    Kind.REPORT: "a report for postmasters, no bounce",
    Kind.OTHER: "ordinary mail, no bounce",
}

FAULTS: Final = {
    Fault.RECIPIENT: "the address",
    Fault.MAILBOX: "the mailbox",
    Fault.SENDER: "the sender's side",
    Fault.CONTENT: "this message's content",
    Fault.NETWORK: "the way there",
    Fault.UNKNOWN: "not clear",
}


#: Characters of a rule's name that are shown to people.
RULE: Final = 60


def argue(name: str, examination: Examination) -> str:
    """The argument for everything that one mail was found to say."""
    lines = [click.style(printable(name), bold=True), f"  This is {KINDS[examination.kind]}."]
    for finding, verdict in zip(examination.findings, examination.classifications, strict=True):
        lines += _recipient(finding, verdict)
    if examination.why:
        lines.append(f"  A person should look: {printable(examination.why)}")
    if examination.limits:
        lines.append(f"  Read in part only; it exceeds: {', '.join(examination.limits)}.")
    return "\n".join(lines) + "\n"


def _recipient(finding: Finding, verdict: Classification) -> list[str]:
    who = printable(finding.recipient) or "an address that the mail does not name"
    if verdict.reason is None:
        return [f"  {click.style(who, fg='green')}: {finding.action}."]
    lines = [f"  {click.style(who, fg='yellow')}: {BUILT_IN.reasons[verdict.reason].definition}"]
    if verdict.fault and verdict.type:
        held = "It is held against the address" if verdict.counts else "It is not held against the address"
        lines.append(f"    The trouble lies with {FAULTS[verdict.fault]}, {verdict.type}. {held}.")
    decided = next((step for step in verdict.evidence if step.decided), None)
    if decided and decided.span:
        lines.append(f"    Because the report says: “{printable(decided.span)}”")
    lines += [
        f"    “{printable(step.span)}” would mean {step.reason}, but was overruled: {step.note}"
        for step in verdict.evidence
        if step.note and step.reason and not step.decided
    ]
    facts = {
        "reason": verdict.reason,
        "suggestion": verdict.suggestion,
        "status": finding.status,
        "reply": finding.reply_code,
        "confidence": f"{verdict.confidence:.2f}",
        "rule": decided and decided.rule,
        "detector": finding.detector,
        "remote": finding.remote_mta,
    }
    facts["rule"] = _short(str(facts["rule"] or ""))
    technical = " ".join(f"{key}={printable(str(value))}" for key, value in facts.items() if value)
    return [*lines, click.style(f"    {technical}", dim=True)]


def _short(rule: str) -> str:
    """The name of a rule, which holds all alternatives of its phrase; `--json` gives it whole."""
    return rule if len(rule) <= RULE else f"{rule[:RULE]}…"
