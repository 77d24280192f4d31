"""What is this mail, whom does it concern, and why did it fail? The whole examination of one mail, pure and total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bounce_plugin.classify.classification import Classification
from bounce_plugin.classify.classifier import classify_all
from bounce_plugin.classify.tables import BUILT_IN, Tables
from bounce_plugin.correlate.clues import Clues, read_clues
from bounce_plugin.detectors import Detection, detect
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message import limits
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.quick import quick
from bounce_plugin.message.read import read_report
from bounce_plugin.message.report import Action, Kind, Report

# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_BOUNCE: Final = Kind.BOUNCE
_FAILED: Final = Action.FAILED
_FAILURES: Final = frozenset({Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED})
_SURE: Final = 0.6  # of a detector and of a classification; below, a person should look

#: What is known of a mail that could not be read.
UNREADABLE: Final = Report(kind=Kind.OTHER, headers=Headers(), limits=("unreadable",))


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What one mail says and what it means.

    `findings` and `classifications` belong together one by one; both are empty unless `kind` is bounce, delay or
    delivered.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    classifications: tuple[Classification, ...] = ()
    source: Report | Callable[[], Report] = field(repr=False)  # or what reads it, once somebody asks
    limits: tuple[str, ...] = ()  # the caps that the mail exceeded, by name (reference/limits)
    why: str = ""  # why a person should look, one sentence; empty when nobody need

    @property
    def report(self) -> Report:
        """What the mail says, judged by nobody yet."""
        return self.source if isinstance(self.source, Report) else self.source()

    @property
    def clues(self) -> Clues:
        """What the mail gives to find the message and the contact by; read when asked for, as most mail need not be."""
        return read_clues(self.report)


def examine(raw: bytes, tables: Tables = BUILT_IN) -> Examination:
    """Examine one mail, octet for octet as the mailbox holds it. Never raises, whatever it holds."""
    try:
        return _examine(raw, tables)
    except Exception as error:  # noqa: BLE001 - a mail that we cannot read is a value: a person reads it instead
        return _unreadable(error)


def _examine(raw: bytes, tables: Tables) -> Examination:
    report = read_report(raw)
    detection = detect(report)
    kind = detection.kind
    findings = detection.findings if kind in _FAILURES else ()
    exceeded = report.limits
    if len(findings) > limits.RECIPIENTS:
        findings, exceeded = findings[: limits.RECIPIENTS], (*exceeded, "recipients")
    if report.passage.is_cut:  # known once somebody asked for the text
        exceeded = (*exceeded, "text")
    classifications = classify_all(findings, report, tables)
    return Examination(
        kind=kind,
        findings=findings,
        classifications=classifications,
        source=report,
        limits=exceeded,
        why=_why(exceeded, detection, classifications),
    )


def _why(exceeded: tuple[str, ...], detection: Detection, classifications: tuple[Classification, ...]) -> str:
    """The first thing that a person should know before this mail counts for or against anybody."""
    if exceeded:
        return f"The mail exceeds a limit and was not read to its end: {', '.join(exceeded)}."
    unsure = False
    if detection.kind is _BOUNCE:
        for finding in detection.findings:
            if finding.action is _FAILED and not finding.recipient:
                return "The mail reports a failure, but names no recipient."
            unsure = unsure or finding.confidence < _SURE
    if detection.doubt:
        return detection.doubt
    if unsure:
        return "Nothing but the returned message says whom this failure concerns."
    for one in classifications:
        if one.kind is _BOUNCE and one.confidence < _SURE:
            return "The mail does not say clearly why the delivery failed."
    return ""


def _unreadable(error: Exception) -> Examination:
    return Examination(
        kind=Kind.OTHER,
        source=UNREADABLE,
        limits=UNREADABLE.limits,
        why=f"The mail could not be read ({type(error).__name__}).",
    )
