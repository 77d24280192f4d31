"""What speaks for which reason? Everything that a finding says, gathered before anything is weighed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from enum import IntEnum
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from bounce_plugin.classify.classification import Evidence, Fault, Reason
from bounce_plugin.classify.codes import CodeRow, Codes
from bounce_plugin.classify.normalise import make_plain, split_words
from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.phrasebook import Match, Phrasebook, Reading
from bounce_plugin.classify.quoting import SPAN, holds
from bounce_plugin.classify.speakers import Setting, find_providers
from bounce_plugin.classify.tables import Tables
from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.message.report import Action, Report
from bounce_plugin.message.status import EnhancedStatus

#: Program output (RFC 3464 names the type, T5): only its exit code, and what it says of a full mailbox or disk, are taken.
_PROGRAM: Final = "x-unix"
_OF_PROGRAM: Final = frozenset({Reason.MAILBOX_FULL, Reason.SYSTEM_ERROR})
_OF_ADDRESS: Final = frozenset({Fault.RECIPIENT, Fault.MAILBOX})
_EXIT: Final = re.compile(r"(?:^|status |exit code |code |error )(1?\d?\d|2[0-4]\d|25[0-5])\b")
#: What one prints that speaks LMTP (RFC 2033), as it is: sendmail calls it a program's output, too.
_REPLIED: Final = re.compile(r"[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}\b")
_DIED: Final = re.compile(r"died with status (\d{1,3})\b")  # Postfix

_SHORT: Final = 300  # characters of a refusal that is likely to be met again

#: Before the name of the provider that has the mailbox, where another host refused, whose words are its own.
HOME: Final = "home:"


class Source(IntEnum):
    """Where a step comes from."""

    PHRASE = 1
    TEXT = 2  # a phrase, not of the refusal but of what the report tells people
    PROVIDER_CODE = 3
    STATUS = 4
    EXIT = 5
    REPLY = 6


#: What a phrase was found in, for `quote`, once somebody asks: the text, its normalised words from the phrase's first to
#: its last, the phrase, and where it is looked for.
Quotation: TypeAlias = tuple[str, Sequence[str], Phrase, Phrasebook]


class Step(NamedTuple):
    """One piece of evidence before it is weighed: a phrase or a code that speaks for a reason."""

    rule: str
    field: str
    span: str
    source: Source
    reason: Reason
    turn: int  # in which it is asked; the smallest first
    phrase: Phrase | None = None
    row: CodeRow | None = None
    note: str = ""  # the principle that holds for it alone: "stage"
    quotation: Quotation | None = None  # what the span is to be taken from, where it was not yet


class Said(NamedTuple):
    """Everything that a finding says."""

    #: What says nothing of the reason itself, and is never weighed: action, stage, provider.
    settings: Sequence[Setting]
    steps: Sequence[Step]


#: Made once, because each verdict cites one or two of them.
_GATES: Final[dict[Action, Setting]] = {action: (f"gate:{action.value}", "action", action.value) for action in Action}
_STAGES: Final[dict[Stage, Setting]] = {
    stage: (f"stage:{stage.value}", "stage", stage.value) for stage in Stage if stage
}
# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_PHRASE: Final = Source.PHRASE
_TEXT: Final = Source.TEXT
_CODE_SOURCES: Final = {
    "code": Source.PROVIDER_CODE,
    "status": Source.STATUS,
    "exit": Source.EXIT,
    "reply": Source.REPLY,
}


def gather(finding: Finding, report: Report, tables: Tables, *, alone: bool) -> Said:
    """All steps for one finding, unweighed; `alone` if the mail names no other, whom its text could mean."""
    diagnostic = finding.diagnostic_code
    book = tables.phrasebook
    words, reading = _read(book, diagnostic)
    providers = find_providers(finding, reading, tables.providers)
    settings = [_GATES[finding.action], *providers.values()]
    if not providers and finding.remote_mta and (name := tables.providers.of_address(finding.recipient)):
        settings.append((HOME + name, "recipient", finding.recipient.rpartition("@")[2][:SPAN]))
    if finding.stage:
        settings.insert(1, _STAGES[finding.stage])
    status = _status(finding)
    reply = finding.reply_code
    code = "" if status is None else str(status)
    codes = f"{reply} {code}" if reply and code else reply or code
    steps = _phrases(reading, diagnostic, words, codes, providers, _PHRASE, book) if reading.matches else []
    # Some call the words of another host so, too.
    program = finding.diagnostic_type == _PROGRAM and finding.remote_mta in ("", finding.reporting_mta, "localhost")
    program = program and _REPLIED.match(diagnostic) is None
    if program:
        steps = [step for step in steps if step.reason in _OF_PROGRAM]
    if not steps and alone and _is_alone(report) and report.text:
        # In words of its own, beside codes: then advice does not tell why.
        answered = reply and finding.remote_mta and any(map(str.isalpha, words))
        words, told = _read(book, report.text)
        steps = _phrases(told, report.text, words, codes, providers, _TEXT, book)
        if answered:
            steps = [step for step in steps if tables.reasons[step.reason].fault not in _OF_ADDRESS]
        if program:
            steps = [step for step in steps if step.reason in _OF_PROGRAM]
    if program:
        steps += _read_exit(tables.codes, diagnostic, report.text if alone and _is_alone(report) else "")
    given, coded = _read_codes(tables.codes, code, reply, tuple(providers))
    return Said([*settings, *given], [*steps, *coded])


def _read(book: Phrasebook, text: str) -> tuple[list[str], Reading]:
    """The normalised words of a text, and what a phrasebook finds in them."""
    plain = make_plain(text)
    return _read_again(book, plain) if len(plain) <= _SHORT else _read_words(book, plain)


def _read_words(book: Phrasebook, plain: str) -> tuple[list[str], Reading]:
    words = split_words(plain)
    return words, book.read(words)


#: Without addresses, the refusals of a host are the same few.
_read_again: Final = lru_cache(maxsize=1024)(_read_words)


def _read_exit(codes: Codes, diagnostic: str, text: str) -> list[Step]:
    """What the exit code of a delivery program says; where the diagnostic is what it printed, the text may give the code."""
    if found := _EXIT.search(diagnostic):
        return [_code_step(codes.of_exit(found[1]), "diagnostic_code", found[0], Source.EXIT)]
    if found := _DIED.search(text):
        return [_code_step(codes.of_exit(found[1]), "text", found[0], Source.EXIT)]
    return []


@lru_cache(maxsize=4096)
def _read_codes(
    codes: Codes, code: str, reply: str, providers: tuple[str, ...]
) -> tuple[tuple[Setting, ...], tuple[Step, ...]]:
    """The codes that are in no table, and what the others say. There are so few that most mails give those of others."""
    given: list[Setting] = []
    steps: list[Step] = []
    if code and (status := EnhancedStatus.find(code)):
        rows = [codes.of_provider(provider, status) for provider in providers]
        steps += [_code_step(row, "status", code, Source.PROVIDER_CODE) for row in rows if row]
        if row := codes.of_status(code):
            steps.append(_code_step(row, "status", code, Source.STATUS))
        if not steps:
            given.append(("given:status", "status", code))
    if reply and (row := codes.of_reply(reply)):
        steps.append(_code_step(row, "reply_code", reply, Source.REPLY))
    elif reply:
        given.append(("given:reply_code", "reply_code", reply))
    return tuple(given), tuple(steps)


def _status(finding: Finding) -> EnhancedStatus | None:
    """The status; where it is generic, a specific one that the diagnostic gives (D-11)."""
    status = finding.status
    if status is not None and not status.generic:
        return status
    found = EnhancedStatus.find(finding.diagnostic_code) if finding.diagnostic_code else None
    return found if found is not None and found.class_ != 2 else status


def _phrases(
    reading: Reading,
    text: str,
    words: list[str],
    codes: str,
    providers: Iterable[str],
    source: Source,
    book: Phrasebook,
) -> list[Step]:
    """The strongest phrase that applies for each reason, in the order of their strength.

    The smaller the number the stronger: by rank, and of one rank the first in the text.
    """
    strongest: dict[Reason, tuple[int, Match]] = {}
    for match in reading.matches:
        phrase, start, _ = match
        if phrase.scope != "any" and phrase.scope not in providers:
            continue
        if phrase.code is not None and not phrase.code.match(codes):
            continue
        strength = phrase.rank * 1_000_000 + start
        best = strongest.get(phrase.reason)
        if best is None or strength < best[0]:
            strongest[phrase.reason] = strength, match
    if not strongest:
        return []
    chosen = list(strongest.values())
    if len(chosen) > 1:
        chosen.sort(key=_strength)
    field = "text" if source is _TEXT else "diagnostic_code"
    return [
        Step(
            phrase.rule, field, "", source, phrase.reason, phrase.turn, phrase,
            quotation=(text, words[start:end], phrase, book),
        )
        for _, (phrase, start, end) in chosen
    ]  # fmt: skip


_strength: Final = itemgetter(0)


def _code_step(row: CodeRow, field: str, span: str, source: Source) -> Step:
    return Step(row.rule, field, span[:SPAN], source, row.reason, row.turn, None, row)


def _is_alone(report: Report) -> bool:
    """Whether what the report tells people can only concern this recipient."""
    return report.delivery_status is None or len(report.delivery_status.recipients) < 2


def recall(evidence: Sequence[Evidence], tables: Tables) -> Said:
    """What evidence was made of, as far as the tables still support it."""
    rules = {step.rule for step in evidence}
    spans = {step.field: step.span for step in evidence if step.field in ("reply_code", "status")}
    codes = f"{spans.get('reply_code', '')} {spans.get('status', '')}".strip()
    settings, steps = [], []
    for said in evidence:
        kind = said.rule.partition(":")[0]
        if kind == "phrase":
            phrase = tables.phrases.get(said.rule)
            if phrase is not None and _holds(phrase, said.span, rules, codes, tables):
                source = Source.TEXT if said.field == "text" else Source.PHRASE
                steps.append(Step(said.rule, said.field, said.span, source, phrase.reason, phrase.turn, phrase))
        elif kind in _CODE_SOURCES:
            row = tables.codes.by_rule(said.rule)
            if row is not None:
                source = _CODE_SOURCES[kind]
                steps.append(Step(said.rule, said.field, said.span, source, row.reason, row.turn, None, row))
        else:
            settings.append((said.rule, said.field, said.span))
    return Said(settings, steps)


def _holds(phrase: Phrase, span: str, rules: Set[str], codes: str, tables: Tables) -> bool:
    """Whether a quoted span still holds a phrase, in its scope and with its code."""
    if phrase.scope != "any" and f"provider:{phrase.scope}" not in rules:
        return False
    if phrase.code is not None and not phrase.code.match(codes):
        return False
    return holds(span, phrase, tables.phrasebook)
