"""Which recipients failed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from bounce_plugin.detectors import (
    addressed,
    delivery_status,
    exchange,
    flufl,
    listed,
    lists,
    mentioned,
    names,
    transcript,
    unaddressed,
)
from bounce_plugin.detectors.alias import add_aliases
from bounce_plugin.detectors.decision import (
    SILENT,
    Detection,
    decide_kind,
    find_doubt,
    is_report_by_structure,
    judge_forwarded,
    may_speak_for_another,
    recognise_copy,
    recognise_lure,
    recognise_ordinary,
    speaks_for_itself,
)
from bounce_plugin.detectors.evidence import BOUNCE, OVERWHELMING, speaks_of_failure, weigh
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.lists import shows_a_members_failure, tells_of_bounces
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.detectors.stage import add_stages, text_around
from bounce_plugin.message import limits
from bounce_plugin.message.challenge import asks_for_a_person
from bounce_plugin.message.report import Action, Kind, Report

__all__ = ["DETECTORS", "Detection", "Detector", "detect"]

# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_BOUNCE: Final = Kind.BOUNCE
_OTHER: Final = Kind.OTHER

Detector: TypeAlias = Callable[[Notice], tuple[Finding, ...]]
"""Reads one dialect: one finding for each recipient that the notice names, none where it is not its dialect."""

DETECTORS: Final[tuple[Detector, ...]] = (
    # Dialects that are known by their own marks come first.
    lists.detect,
    transcript.detect,
    exchange.detect,
    # Then the shapes that most generators share: a line for each recipient, then a sentence, a label or a session.
    listed.detect,
    names.detect,
    mentioned.detect,
    listed.detect_ours,
    # Then whom X-Failed-Recipients names, or the returned message was written to.
    addressed.detect,
    unaddressed.detect,
    addressed.detect_told,
    # Last, and bounded: rules for some rare generators, that know addresses but neither codes nor delays.
    flufl.detect,
)


def detect(report: Report) -> Detection:
    """What kind of mail a report is, and what it says of each recipient, in the order in which kinds exclude each other."""
    bounce = report.kind is _BOUNCE
    if not bounce and report.kind is not _OTHER:
        return Detection(kind=report.kind)
    if bounce and is_report_by_structure(report) and (findings := _machine_readable(report)):
        lure = None if report.passage.has_original else recognise_lure(Notice(report), findings)
        return lure or decide_kind(findings) or Detection(kind=report.kind)
    notice = Notice(report)
    if (copy := recognise_copy(notice)) is not None:
        return copy
    if shows_a_members_failure(notice):
        return Detection(kind=Kind.REPORT if tells_of_bounces(notice) else _OTHER)
    evidence = weigh(notice)
    own = speaks_for_itself(notice, evidence)
    findings = _machine_readable(report) if own else ()
    if not findings and report.wrapped is not None and may_speak_for_another(notice, evidence):
        return judge_forwarded(notice, detect(report.wrapped))
    if findings and not bounce and (lure := recognise_lure(notice, findings)) is not None:
        return lure
    if findings or (own and bounce):
        return decide_kind(findings or _read_text(notice)) or find_doubt(notice, evidence)
    unsure = evidence.score < OVERWHELMING or not evidence.machine or _waits_for_a_person(notice)
    ordinary = recognise_ordinary(notice, evidence) if unsure else None
    if ordinary is not None or not own:
        return Detection(kind=ordinary or _OTHER)
    if evidence.score >= BOUNCE and not speaks_of_failure(notice):
        answer = recognise_ordinary(notice, evidence)
        return Detection(kind=_OTHER, doubt=SILENT) if answer is None else Detection(kind=answer)
    findings = _read_text(notice) if evidence.score >= BOUNCE else ()
    return recognise_lure(notice, findings) or decide_kind(findings) or find_doubt(notice, evidence)


def _waits_for_a_person(notice: Notice) -> bool:
    """Whether what calls itself a mail server keeps our message until somebody proves to be no robot."""
    return notice.action is Action.DELAYED and asks_for_a_person(notice.lower)


def _machine_readable(report: Report) -> tuple[Finding, ...]:
    """What the delivery status says; what it leaves to the text is taken from there."""
    status = report.delivery_status
    if status is None:
        return ()
    findings = delivery_status.detect(report, status)
    if "x-failed-recipients" in report.headers:  # as every failure that Exim reports has
        findings = add_aliases(findings, text_around(report))
    if not delivery_status.is_complete(findings):
        findings = delivery_status.complete(findings, _read_text(Notice(report)))
        return add_stages(findings, report.passage.whole.encode("utf-8", "replace"))
    if len(status.recipients) == 1 or all([finding.stage for finding in findings]):  # noqa: C419 - a generator is slow
        return findings  # for a single one, the text was looked at already
    return add_stages(findings, text_around(report))


def _read_text(notice: Notice) -> tuple[Finding, ...]:
    """What the first detector that knows the text's dialect reads in it."""
    for detector in DETECTORS:
        if findings := detector(notice):
            return findings if len(findings) == 1 else _each_once(findings)[: limits.RECIPIENTS + 1]
    return ()


def _each_once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The first finding about each recipient: a text may spell an address in two ways."""
    named: dict[str, Finding] = {}
    return tuple([one for one in findings if not one.recipient or named.setdefault(one.recipient.lower(), one) is one])
