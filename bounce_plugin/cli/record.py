"""What does `examine --json` print? The fields are documented in docs/reference/examine-json.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from bounce_plugin.classify.classification import Classification
from bounce_plugin.cli.trace import list_parts
from bounce_plugin.cli.weighing import Weighed, weigh
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import UNREADABLE, Examination

_Record: TypeAlias = dict[str, object]


def as_record(name: str, examination: Examination, *, trace: bool = False) -> _Record:
    """The JSON object of one mail; with `trace`, also how the verdict came about."""
    report = examination.report
    read: Mapping[str, object] = {"media_type": report.media_type, "parts": list_parts(report)} if trace else {}
    return {
        "file": name,
        "kind": examination.kind,
        **read,
        "rows": [
            _row(finding, verdict, trace)
            for finding, verdict in zip(examination.findings, examination.classifications, strict=True)
        ],
        "message_id": examination.clues.message_id,
        "why": examination.why,
        "limits": examination.limits,
        "error": examination.why if examination.limits == UNREADABLE.limits else None,
    }


def _row(finding: Finding, verdict: Classification, trace: bool) -> _Record:
    found: Mapping[str, object] = {"detector_confidence": round(finding.confidence, 2)} if trace else {}
    return {
        "recipient": finding.recipient,
        "other_recipients": finding.other_recipients,
        "kind": verdict.kind,
        "reason": verdict.reason or "",
        "type": verdict.type or "",
        "fault": verdict.fault or "",
        "counts": verdict.counts,
        "confidence": round(verdict.confidence, 2),
        "suggestion": verdict.suggestion or "",
        "status": str(finding.status or ""),
        "reply_code": finding.reply_code,
        "diagnostic_code": finding.diagnostic_code,
        "stage": finding.stage,
        "remote_mta": finding.remote_mta,
        "detector": finding.detector,
        **found,
        "evidence": [_step(one, trace) for one in weigh(verdict)],
    }


def _step(one: Weighed, trace: bool) -> _Record:
    step = one.evidence
    said: _Record = {
        "rule": step.rule,
        "field": step.field,
        "span": step.span,
        "reason": step.reason or "",
        "decided": step.decided,
        "note": step.note,
    }
    if trace:
        said |= {
            "table_line": one.table_line,
            "alone": one.alone or "",
            "outcome": one.outcome,
            "principle": step.note,
        }
    return said
