"""Which recipients failed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from bounce_plugin.detectors import delivery_status
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.report import Report

Detector: TypeAlias = Callable[[Report], tuple[Finding, ...]]
"""Reads one dialect: one finding for each recipient that a report names, none where it is not its dialect."""

DETECTORS: Final[tuple[Detector, ...]] = (
    # What machines wrote for machines comes first.
    delivery_status.detect,
)


def detect(report: Report) -> tuple[Finding, ...]:
    """What the first detector that knows the dialect finds."""
    for detector in DETECTORS:
        if findings := detector(report):
            return findings
    return ()
