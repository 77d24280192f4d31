"""What would this reply be taken for, if a host had answered it? A text is classified without a mail around it."""

from __future__ import annotations

from typing import Final

from bounce_plugin.classify.classification import Classification
from bounce_plugin.classify.classifier import classify
from bounce_plugin.classify.normalise import normalise
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.tables import Tables
from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.detectors.reply import read_reply, read_stage
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.limits import DIAGNOSTIC
from bounce_plugin.message.report import Action, Kind, Report
from bounce_plugin.message.status import EnhancedStatus

_NOTHING_ELSE: Final = Report(kind=Kind.BOUNCE, headers=Headers())


def as_finding(
    reply: str,
    tables: Tables,
    *,
    reply_code: str = "",
    status: EnhancedStatus | None = None,
    provider: str = "",
    stage: Stage = Stage.UNKNOWN,
) -> Finding:
    """The failure of a recipient whom a host of this provider, if any, refused with this reply.

    Codes and stage are read from the reply where they are not given, as they are read from a mail.
    """
    reply = reply[:DIAGNOSTIC]
    said = read_reply(reply)
    return Finding(
        recipient="",
        action=Action.FAILED,
        status=status or said.status,
        reply_code=reply_code or said.code,
        diagnostic_code=reply,
        stage=stage or read_stage(reply.lower()),
        remote_mta=next((host for host, name in tables.providers.hosts.items() if name == provider), ""),
        detector="trial",
    )


def try_finding(finding: Finding, tables: Tables) -> Classification:
    """The verdict on it, when nothing else is known."""
    return classify(finding, _NOTHING_ELSE, tables)


def decided_by(verdict: Classification) -> str:
    """The rule that a verdict follows; empty where there is none."""
    return next((step.rule for step in verdict.evidence if step.decided), "")


def unheard(finding: Finding, verdict: Classification, tables: Tables) -> tuple[tuple[Phrase, str], ...]:
    """The phrases that the reply holds and that had no say in the verdict, each with the reason in a few words."""
    heard = {step.rule for step in verdict.evidence}
    spoke = {tables.phrases[rule].reason for rule in heard if rule in tables.phrases}
    matches = tables.phrasebook.read(normalise(finding.diagnostic_code)).matches
    found = {phrase.rule: phrase for phrase, _, _ in matches}
    codes = f"{finding.reply_code} {finding.status or ''}".strip()
    silent = []
    for phrase in found.values():
        if phrase.rule in heard:
            continue
        if phrase.scope != "any" and f"provider:{phrase.scope}" not in heard:
            why = f"holds only for replies of {phrase.scope}"
        elif phrase.code is not None and not phrase.code.match(codes):
            why = f"holds only where the code begins with {phrase.code.pattern}"
        elif phrase.reason in spoke:
            why = "a phrase that comes first says the same"
        else:
            why = "is not asked here"
        silent.append((phrase, why))
    return tuple(silent)
