"""Whom did we write to? The last witness: a report that names nobody in its text, but says or shows which message failed."""

from __future__ import annotations

from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.address import find_addresses

NAME: Final = "addressed"


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    if notice.named:
        return tuple(
            build_finding(notice, address, notice.text, detector=NAME, confidence=0.8, whole=True)
            for address in notice.named
        )
    if len(notice.addressed) == 1 and not notice.is_ours(notice.addressed[0]):
        return (build_finding(notice, notice.addressed[0], notice.text, detector=NAME, confidence=0.5, whole=True),)
    told = find_addresses(notice.subject) if notice.titled else ()
    if len(told) == 1 and not notice.is_ours(told[0]):
        return (build_finding(notice, told[0], notice.text, detector=NAME, confidence=0.5, whole=True),)
    return ()
