"""What speaks for which reason? Everything that a finding says, gathered before anything is weighed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from bounce_plugin.classify.classification import Evidence, Reason
from bounce_plugin.classify.codes import CodeRow
from bounce_plugin.classify.normalise import SPAN, normalise, quote, squeeze
from bounce_plugin.classify.phrasebook import Match, Phrase, Reading
from bounce_plugin.classify.tables import Tables
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.report import Report
from bounce_plugin.message.status import EnhancedStatus

#: Program output (RFC 3464 names the type, T5): only its exit code and what it says of quota are taken from it.
_PROGRAM: Final = "x-unix"
_EXIT: Final = re.compile(r"(?:^|status |exit code |code |error )(\d{1,3})\b")


class Source(IntEnum):
    """Where a step comes from, in the order in which they are asked."""

    SETTING = 0  # says nothing of the reason itself: action, stage, provider
    PHRASE = 1
    TEXT = 2  # a phrase, not of the refusal but of what the report tells people
    PROVIDER_CODE = 3
    STATUS = 4
    EXIT = 5
    REPLY = 6


@dataclass(slots=True)
class Step:
    """One piece of evidence while it is weighed."""

    rule: str
    field: str
    span: str
    source: Source
    reason: Reason | None = None
    phrase: Phrase | None = None
    row: CodeRow | None = None
    note: str = ""
    decided: bool = False


_CODE_SOURCES: Final = {
    "code": Source.PROVIDER_CODE,
    "status": Source.STATUS,
    "exit": Source.EXIT,
    "reply": Source.REPLY,
}


def gather(finding: Finding, report: Report, tables: Tables) -> list[Step]:
    """All steps for one finding, unweighed."""
    steps = [Step(f"gate:{finding.action}", "action", finding.action.value, Source.SETTING)]
    if finding.stage:
        steps.append(Step(f"stage:{finding.stage}", "stage", finding.stage.value, Source.SETTING))
    diagnostic = finding.diagnostic_code
    words = normalise(diagnostic)
    reading = tables.phrasebook.read(words)
    status = _status(finding)
    codes = f"{finding.reply_code} {status or ''}".strip()
    providers = tuple(_providers(finding, words, reading, tables, steps))
    program = finding.diagnostic_type == _PROGRAM
    spoken = list(_phrases(reading, diagnostic, words, codes, providers, Source.PHRASE))
    if program:
        spoken = [step for step in spoken if step.reason is Reason.MAILBOX_FULL]
    if not spoken and report.text and _is_alone(report):
        words = normalise(report.text)
        told = tables.phrasebook.read(words)
        spoken.extend(_phrases(told, report.text, words, codes, providers, Source.TEXT))
        if program:
            spoken = [step for step in spoken if step.reason is Reason.MAILBOX_FULL]
    steps.extend(spoken)
    if program and (code := _EXIT.search(diagnostic)):
        steps.append(_code_step(tables.codes.of_exit(code[1]), "diagnostic_code", code[0], Source.EXIT))
    if status:
        steps.extend(_codes(status, providers, tables))
    if finding.reply_code and (row := tables.codes.of_reply(finding.reply_code)):
        steps.append(_code_step(row, "reply_code", finding.reply_code, Source.REPLY))
    return steps


def _status(finding: Finding) -> EnhancedStatus | None:
    """The status; where it is generic, a specific one that the diagnostic gives (D-11)."""
    status = finding.status
    if status is not None and not status.generic:
        return status
    found = EnhancedStatus.find(finding.diagnostic_code)
    return found if found is not None and found.class_ != 2 else status


def _providers(
    finding: Finding, words: list[str], reading: Reading, tables: Tables, steps: list[Step]
) -> Iterator[str]:
    """The providers whose wording applies, each with the step that says how it was recognised."""
    known = tables.providers
    seen = [(known.of_host(finding.remote_mta), "remote_mta", finding.remote_mta)]
    seen += [(known.tokens[token], "diagnostic_code", " ".join(token)) for token in reading.tokens]
    if not seen[0][0]:
        seen += [(known.of_host(word), "diagnostic_code", word) for word in words if "." in word]
    if not finding.remote_mta and not any(name for name, _, _ in seen):
        seen += _by_address(finding, tables)
    named: dict[str, Step] = {}
    for name, field, span in seen:
        if name and name not in named:
            named[name] = Step(f"provider:{name}", field, span[:SPAN], Source.SETTING)
    steps.extend(named.values())
    yield from named


def _by_address(finding: Finding, tables: Tables) -> Iterator[tuple[str, str, str]]:
    known = tables.providers
    by_domain = known.of_address(finding.recipient)
    if by_domain:
        yield by_domain, "recipient", finding.recipient.rpartition("@")[2]
    else:
        yield known.of_host(finding.reporting_mta), "reporting_mta", finding.reporting_mta


def _phrases(
    reading: Reading, text: str, words: list[str], codes: str, providers: tuple[str, ...], source: Source
) -> Iterator[Step]:
    """The strongest phrase that applies for each reason, in the order of their strength."""
    strongest: dict[Reason, Match] = {}
    for match in reading.matches:
        phrase = match.phrase
        if phrase.scope != "any" and phrase.scope not in providers:
            continue
        if phrase.code is not None and not phrase.code.match(codes):
            continue
        best = strongest.get(phrase.reason)
        if best is None or _strength(match) < _strength(best):
            strongest[phrase.reason] = match
    field = "text" if source is Source.TEXT else "diagnostic_code"
    squeezed = squeeze(text) if strongest else ""
    for match in sorted(strongest.values(), key=_strength):
        span = quote(squeezed, words[match.start : match.end])
        yield Step(match.phrase.rule, field, span, source, match.phrase.reason, match.phrase)


def _strength(match: Match) -> tuple[int, int]:
    return match.phrase.rank, match.start


def _codes(status: EnhancedStatus, providers: tuple[str, ...], tables: Tables) -> Iterator[Step]:
    for provider in providers:
        if row := tables.codes.of_provider(provider, status):
            yield _code_step(row, "status", str(status), Source.PROVIDER_CODE)
    if row := tables.codes.of_status(status):
        yield _code_step(row, "status", str(status), Source.STATUS)


def _code_step(row: CodeRow, field: str, span: str, source: Source) -> Step:
    return Step(row.rule, field, span[:SPAN], source, row.reason, None, row)


def _is_alone(report: Report) -> bool:
    """Whether what the report tells people can only concern this recipient."""
    return report.delivery_status is None or len(report.delivery_status.recipients) < 2


def recall(evidence: Sequence[Evidence], tables: Tables) -> list[Step]:
    """The steps that evidence was made of, as far as the tables still support them."""
    rules = {step.rule for step in evidence}
    spans = {step.field: step.span for step in evidence if step.field in ("reply_code", "status")}
    codes = f"{spans.get('reply_code', '')} {spans.get('status', '')}".strip()
    steps = []
    for said in evidence:
        step = Step(said.rule, said.field, said.span, Source.SETTING)
        kind = said.rule.partition(":")[0]
        if kind == "phrase":
            phrase = tables.phrases.get(said.rule)
            if phrase is None or not _holds(phrase, said.span, rules, codes, tables):
                continue
            step.phrase, step.reason = phrase, phrase.reason
            step.source = Source.TEXT if said.field == "text" else Source.PHRASE
        elif kind in _CODE_SOURCES:
            row = tables.codes.by_rule(said.rule)
            if row is None:
                continue
            step.row, step.reason, step.source = row, row.reason, _CODE_SOURCES[kind]
        steps.append(step)
    return steps


def _holds(phrase: Phrase, span: str, rules: Set[str], codes: str, tables: Tables) -> bool:
    """Whether a quoted span still holds a phrase, in its scope and with its code."""
    if phrase.scope != "any" and f"provider:{phrase.scope}" not in rules:
        return False
    if phrase.code is not None and not phrase.code.match(codes):
        return False
    return any(match.phrase is phrase for match in tables.phrasebook.read(normalise(span)).matches)
