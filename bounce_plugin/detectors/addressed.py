"""Whom did we write to? The last witness: a report that names nobody in its text, but says or shows which message failed."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice

NAME: Final = "addressed"

#: Nothing but the title, and whom it is about: `undeliverable: ann@example.org`.
_TITLE: Final = re.compile(
    r"[^:@]{1,80}(?:: ?| for | to | an | für )[<\"']?([^\s<>@:\"']{1,64}@[a-z0-9.-]{1,253}[a-z0-9])[>\"'.]?"
)


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    if notice.named:
        return tuple(
            build_finding(notice, address, notice.text, detector=NAME, confidence=0.8, whole=True)
            for address in notice.named
        )
    if len(notice.addressed) == 1 and not notice.is_ours(notice.addressed[0]):
        return (build_finding(notice, notice.addressed[0], notice.text, detector=NAME, confidence=0.5, whole=True),)
    return ()


def detect_told(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`. Whom the title itself names, where no message came back whose subject could have named him."""
    if not notice.titled or notice.report.returned is not None:
        return ()
    found = _TITLE.fullmatch(notice.subject)
    if found is None or notice.is_ours(found[1]) or notice.is_our_list(found[1]):
        return ()
    return (build_finding(notice, found[1], notice.text, detector=NAME, confidence=0.5, whole=True),)
