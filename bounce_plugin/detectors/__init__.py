"""Which recipients failed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from bounce_plugin.detectors import addressed, delivery_status, exchange, listed, mentioned, transcript
from bounce_plugin.detectors.evidence import BOUNCE, weigh
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.forward import is_bare_forward
from bounce_plugin.message.report import Report

Detector: TypeAlias = Callable[[Notice], tuple[Finding, ...]]
"""Reads one dialect: one finding for each recipient that the notice names, none where it is not its dialect."""

DETECTORS: Final[tuple[Detector, ...]] = (
    # Dialects that are known by their own marks come first.
    transcript.detect,
    exchange.detect,
    # Then the shapes that most generators share: a line for each recipient, then a sentence, a label or a session.
    listed.detect,
    mentioned.detect,
    # Then whom X-Failed-Recipients names, or the returned message was written to.
    addressed.detect,
)


def detect(report: Report) -> tuple[Finding, ...]:
    """What the report says of each recipient: machine-readable, else what the first detector that knows it reads."""
    notice = Notice(report)
    findings = delivery_status.detect(notice)
    if findings:
        return findings if delivery_status.is_complete(findings) else delivery_status.complete(findings, detect_text(notice))
    evidence = weigh(notice)
    if report.wrapped is not None:
        findings = detect(report.wrapped) if evidence.origin > 0 or is_bare_forward(report.text, report.headers) else ()
    if not findings and evidence.score >= BOUNCE:
        findings = detect_text(notice)
    return findings


def detect_text(notice: Notice) -> tuple[Finding, ...]:
    """What the first detector that knows the text's dialect reads in it."""
    for detector in DETECTORS:
        if findings := detector(notice):
            return findings
    return ()
