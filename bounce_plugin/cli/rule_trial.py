"""How is it told what a reply was taken for? Which rule decided, which agreed, which were overruled, which were not asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bounce_plugin.classify.classification import Classification, Evidence, Fault, Reason
from bounce_plugin.classify.tables import Tables
from bounce_plugin.classify.trial import unheard
from bounce_plugin.cli.terminal import printable
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.words.catalogue import load_words

#: Characters of a rule's name that are shown to people; `rules show` finds it by them.
_RULE: Final = 80

_PRINCIPLES: Final = {
    "asymmetry": "what blames the sender or the message overrules what blames the recipient",
    "stage": "who refuses at this stage cannot mean the recipient",
    "provider scope": "the provider's own wording comes first",
    "order": "it comes later",
}


def as_record(finding: Finding, verdict: Classification, tables: Tables) -> dict[str, object]:
    """The JSON object of one trial."""
    return {
        "text": finding.diagnostic_code,
        "reply_code": finding.reply_code,
        "status": str(finding.status or ""),
        "stage": finding.stage.value,
        "reason": verdict.reason or "",
        "type": verdict.type or "",
        "fault": verdict.fault or "",
        "counts": verdict.counts,
        "confidence": round(verdict.confidence, 2),
        "suggestion": verdict.suggestion or "",
        "evidence": [
            {
                "rule": step.rule,
                "field": step.field,
                "span": step.span,
                "reason": step.reason or "",
                "decided": step.decided,
                "note": step.note,
                "source": tables.source_of(step.rule),
            }
            for step in verdict.evidence
        ],
        "unheard": [
            {"rule": phrase.rule, "reason": phrase.reason, "why": why, "source": tables.source_of(phrase.rule)}
            for phrase, why in unheard(finding, verdict, tables)
        ],
    }


def tell(finding: Finding, verdict: Classification, tables: Tables) -> str:
    """The same for people."""
    return printable("\n".join(_lines(finding, verdict, tables)))


def _lines(finding: Finding, verdict: Classification, tables: Tables) -> Iterator[str]:
    assert verdict.reason is not None
    yield f"{verdict.reason}: {tables.reasons[verdict.reason].definition}"
    trouble = load_words("en").say("fault", verdict.fault or Fault.UNKNOWN)
    held = "It is held against the address" if verdict.counts else "It is not held against the address"
    yield f"  {trouble} ({verdict.type}) {held}. Confidence {verdict.confidence:.2f}."
    if verdict.suggestion:
        yield f"  That is not sure enough: a person would look. The best guess is {verdict.suggestion}."
    facts = (
        finding.reply_code and f"reply code {finding.reply_code}",
        finding.status and f"status {finding.status}",
        finding.stage and f"refused at {finding.stage}",
        *(step.rule.replace(":", " ") for step in verdict.evidence if step.rule.startswith("provider:")),
    )
    yield f"  Read from it: {', '.join(map(str, filter(None, facts))) or 'no codes'}."
    for step, part in parts_of(verdict):
        yield f"  {part:<10}“{step.span}” {_meaning(step)}{_why(step, part)}"
        yield f"            {_name(step.rule, tables)}"
    for phrase, why in unheard(finding, verdict, tables):
        yield f"  not heard {_name(phrase.rule, tables)}"
        yield f"            would mean {phrase.reason}; {why}"
    if not any(step.rule in tables.phrases for step in verdict.evidence):
        yield "  No phrase is found in it. [[phrases]] in bounce.toml can add one."


def parts_of(verdict: Classification) -> list[tuple[Evidence, str]]:
    """Each step that speaks for a reason, and its part: it decided (that one is first), agrees, or was overruled."""
    steps = sorted((step for step in verdict.evidence if step.reason), key=lambda step: not step.decided)
    decided = next((step.reason for step in steps if step.decided), None)
    return [
        (step, "decided" if step.decided else "agrees" if step.reason is decided else "overruled") for step in steps
    ]


def _meaning(step: Evidence) -> str:
    return "says nothing by itself" if step.reason is Reason.UNKNOWN else f"means {step.reason}"


def _why(step: Evidence, part: str) -> str:
    if part == "overruled":
        return f"; overruled by {step.note}: {_PRINCIPLES.get(step.note, step.note)}"
    return ", said of the sender at this stage" if step.note == "stage" else ""


def _name(rule: str, tables: Tables) -> str:
    """The beginning of a rule's name, which holds all alternatives of its phrase, and where it comes from."""
    short = rule if len(rule) <= _RULE else f"{rule[:_RULE]}…"
    return f"{short} ({tables.source_of(rule)})"
