"""How did `examine` come to its verdict? Each step in order: what was read, what was found, how it was weighed."""

from __future__ import annotations

from collections.abc import Iterator

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.cli.argument import name_recipient, reread_as, say_held, say_why, shorten_rule
from bounce_plugin.cli.terminal import on_one_line
from bounce_plugin.cli.weighing import Outcome, Weighed, weigh
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import Examination
from bounce_plugin.message.report import Report
from bounce_plugin.words.catalogue import Words, load_words


def trace(examination: Examination, language: str) -> str:
    """All steps of one examination, numbered, in one of the `LANGUAGES`."""
    words = load_words(language)
    steps = enumerate(_steps(words, examination), start=1)
    lines = [f"  {words.say('trace', 'title')}", *[f"    {number}. {step}" for number, step in steps]]
    return "\n".join(lines) + "\n"


def list_parts(report: Report) -> list[str]:
    """What the mail consists of, as far as it was read, by name."""
    parts = {
        "text": report.text.strip(),
        "delivery_status": report.delivery_status,
        "feedback": report.feedback,
        "returned": report.returned,
        "wrapped": report.wrapped,
    }
    return [name for name, part in parts.items() if part]


def _steps(words: Words, examination: Examination) -> Iterator[str]:
    report, kind = examination.report, examination.kind
    parts = [words.say("part", part) for part in list_parts(report)]
    listed = ", ".join(parts) or words.say("trace", "empty")
    yield words.say("trace", "read", type=on_one_line(report.media_type), parts=listed)
    yield words.say("trace", "kind", kind=kind, mail=words.say("mail", kind))
    for finding, verdict in zip(examination.findings, examination.classifications, strict=True):
        yield from _steps_of(words, finding, verdict)
    if examination.why:
        yield say_why(words, examination)


def _steps_of(words: Words, finding: Finding, verdict: Classification) -> Iterator[str]:
    who, sure = name_recipient(words, finding), f"{finding.confidence:.0%}".rstrip("%")
    yield words.say("trace", "found", who=who, detector=finding.detector, confidence=sure)
    for one in weigh(verdict):
        yield _say_setting(words, one) if one.alone is None else _say_step(words, one)
    if verdict.reason is not None:
        reason, sure = words.begin("reason", verdict.reason), f"{verdict.confidence:.0%}".rstrip("%")
        yield words.say("trace", "verdict", reason=reason, confidence=sure, held=say_held(words, finding, verdict))


def _say_setting(words: Words, one: Weighed) -> str:
    """What says nothing of the reason itself, but how the rest is to be read."""
    name, span = one.evidence.rule.partition(":")[2], on_one_line(one.evidence.span)
    if one.kind == "provider":
        return words.say("trace", "provider", provider=name, span=span, field=one.evidence.field)
    if one.kind == "home":
        return words.say("trace", "home", provider=name, span=span)
    if one.kind in ("shared", "sender"):
        return words.say(one.kind, name, span=span)
    return words.say("trace", one.kind, span=span, meaning=words.say(one.kind, name))


def _say_step(words: Words, one: Weighed) -> str:
    """One piece of evidence: where it stands, what it says alone, and what became of it."""
    evidence, place = one.evidence, one.table_line
    span, rule = on_one_line(evidence.span), shorten_rule(evidence.rule)
    where = words.say("trace", "place" if place else "step", span=span, field=evidence.field, rule=rule, place=place)
    silent = one.alone is None or one.alone is Reason.UNKNOWN
    alone = words.say("trace", "silent") if silent else _alone(words, one)
    return " ".join([where, alone, *_say_outcome(words, one)])


def _alone(words: Words, one: Weighed) -> str:
    return words.say("trace", "alone", reason=words.begin("reason", one.alone or Reason.UNKNOWN))


def _say_outcome(words: Words, one: Weighed) -> Iterator[str]:
    if one.reread:
        yield words.say("outcome", reread_as(one), reason=words.begin("reason", one.evidence.reason or Reason.UNKNOWN))
    if one.outcome is Outcome.OVERRULED and not one.reread:
        yield words.say("outcome", one.evidence.note)
    else:
        yield words.say("outcome", one.outcome)
