"""What is this mail, whom does it concern, and why did it fail? The whole examination of one mail, pure and total."""

from __future__ import annotations

from dataclasses import dataclass

from bounce_plugin.classify.classification import Classification
from bounce_plugin.correlate.clues import Clues, read_clues
from bounce_plugin.detectors import detect
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.read import read_report
from bounce_plugin.message.report import Action, Kind, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What one mail says and what it means.

    `findings` and `classifications` belong together one by one. They are empty unless `kind` is bounce, delay or
    delivered.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    classifications: tuple[Classification, ...] = ()
    clues: Clues
    report: Report
    limits: tuple[str, ...] = ()  # the caps that the mail exceeded, by name (reference/limits)
    why: str = ""  # why a person should look, one sentence; empty when nobody need


def examine(raw: bytes) -> Examination:
    """Examine one mail, octet for octet as the mailbox holds it. Never raises."""
    report = read_report(raw)
    findings = detect(report) if report.kind in (Kind.BOUNCE, Kind.OTHER) else ()
    return Examination(
        kind=_kind(report, findings),
        findings=findings,
        clues=read_clues(report),
        report=report,
        limits=report.limits,
    )


def _kind(report: Report, findings: tuple[Finding, ...]) -> Kind:
    """A bounce if any recipient failed for good, else a delay if any is still tried, else a delivery."""
    actions = {finding.action for finding in findings}
    if Action.FAILED in actions:
        return Kind.BOUNCE
    if Action.DELAYED in actions:
        return Kind.DELAY
    return Kind.DELIVERED if actions else report.kind
