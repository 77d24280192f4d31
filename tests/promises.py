"""What must hold of the examination of any mail, however damaged?"""

from __future__ import annotations

import re

from bounce_plugin.examination import Examination
from bounce_plugin.message.report import Kind

MAY_HAVE_FINDINGS = {Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED}

_NOT_IN_AN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def broken_promises(examination: Examination) -> list[str]:
    """What the examination of a mail, however damaged, must not be; empty when all is well (T-07, T-09)."""
    broken = []
    if "unreadable" in examination.limits:
        broken.append(examination.why)
    if not isinstance(examination.kind, Kind):
        broken.append(f"{examination.kind!r} is no kind")
    if len(examination.findings) != len(examination.classifications):
        broken.append("findings and classifications do not belong together")
    if examination.findings and examination.kind not in MAY_HAVE_FINDINGS:
        broken.append(f"findings in a mail of the kind {examination.kind}")
    for finding in examination.findings:
        for address in filter(None, (finding.recipient, *finding.other_recipients)):
            if _NOT_IN_AN_ADDRESS.search(_QUOTED.sub("", address)) or re.search(r"[\x00-\x1f\x7f]", address):
                broken.append(f"{finding.detector}: control characters or blanks in {address!r}")
            if _QUOTED.sub("", address).count("@") > 1:
                broken.append(f"{finding.detector}: more than one @ in {address!r}")
        broken += _not_in_utf8(finding.recipient, finding.diagnostic_code, finding.remote_mta, finding.reporting_mta)
    named = [finding.recipient.lower() for finding in examination.findings if finding.recipient]
    broken += [f"{name!r} failed twice" for name in {*named} if named.count(name) > 1]
    broken += _not_in_utf8(examination.why, examination.clues.subject, examination.clues.message_id)
    broken += [
        f"a {one.kind} counts"
        for one in examination.classifications
        if one.counts and (one.kind is not Kind.BOUNCE or examination.kind is not Kind.BOUNCE)
    ]
    # Evidence is written down once it is looked at, so nothing catches what it might raise but this.
    broken += [
        f"evidence without a rule or too long: {step!r}"
        for one in examination.classifications
        for step in one.evidence
        if not step.rule or len(step.span) > 200
    ]
    return broken


def _not_in_utf8(*texts: str) -> list[str]:
    """Lone surrogates, which no JSON, no database and no terminal takes."""
    return [f"no UTF-8 can write {text!r}" for text in texts if re.search(r"[\ud800-\udfff]", text)]
