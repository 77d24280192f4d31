"""How is a verdict told to people? A short argument in their language, with the technical line below it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

import click

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.classify.classifier import SURE
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli.terminal import on_one_line, printable
from bounce_plugin.cli.weighing import Outcome, Weighed, weigh
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import Examination
from bounce_plugin.message.report import Kind
from bounce_plugin.words.catalogue import LANGUAGES, Words, load_words

#: Characters of a rule's name, which holds all alternatives of its phrase, that are shown; `--json` gives it whole.
_RULE: Final = 60
#: Characters that are shown of what a server said, where no words of it decided.
_SAID: Final = 200


def argue(name: str, examination: Examination, language: str = LANGUAGES[0]) -> str:
    """The argument for everything that one mail was found to say, in one of the `LANGUAGES`."""
    words = load_words(language)
    lines = [click.style(printable(name), bold=True), f"  {words.say('mail', examination.kind)}"]
    for finding, verdict in zip(examination.findings, examination.classifications, strict=True):
        lines += [f"  {line}" for line in _argue_recipient(words, finding, verdict)]
    if examination.why:
        lines.append(f"  {say_why(words, examination)}")
    return "\n".join(lines) + "\n"


def say_why(words: Words, examination: Examination) -> str:
    """Why a person should look."""
    return words.say("person", "look", why=on_one_line(words.translate(examination.why)))


def name_recipient(words: Words, finding: Finding) -> str:
    """The recipient, with the other names that the mail gives the same one."""
    who = on_one_line(finding.recipient) or words.say("recipient", "nobody")
    others = ", ".join(map(on_one_line, finding.other_recipients))
    return words.say("recipient", "also", who=who, others=others) if others else who


def say_held(words: Words, finding: Finding, verdict: Classification) -> str:
    """Whether it is held against the address, and why; empty for a delivery."""
    if verdict.fault is None:
        return ""
    if verdict.kind is Kind.DELAY:
        return words.say("not_held", "delay")
    if not verdict.counts:
        return words.say("not_held", verdict.fault)
    return words.say("held", verdict.fault if finding.confidence >= SURE else "unsure")


def shorten_rule(rule: str) -> str:
    """The name of a rule as it is shown to people; the line of its table has the rest."""
    line = on_one_line(rule)
    return line if len(line) <= _RULE else f"{line[:_RULE]}…"


def _argue_recipient(words: Words, finding: Finding, verdict: Classification) -> list[str]:
    color = "green" if verdict.reason is None else "yellow"
    who = click.style(name_recipient(words, finding), fg=color)
    weighed = weigh(verdict)
    decided = next((one for one in weighed if one.outcome is Outcome.DECIDED), None)
    lines = [_say_what(words, who, finding, verdict)]
    if verdict.reason is not None:
        lines += [f"  {line}" for line in (_say_fault(words, verdict), say_held(words, finding, verdict)) if line]
        lines += [f"  {line}" for line in _say_because(words, finding, verdict, decided)]
        lines += [f"  {line}" for line in _say_overruled(words, weighed, verdict.reason)]
    return [*lines, click.style(f"  {_technical(finding, verdict, decided)}", dim=True)]


def _say_what(words: Words, who: str, finding: Finding, verdict: Classification) -> str:
    """What happened to the recipient."""
    if verdict.reason is None:
        return words.say("recipient", finding.action, who=who)
    delayed = verdict.kind is Kind.DELAY
    if verdict.reason is Reason.UNKNOWN:
        return words.say("recipient", "waiting" if delayed else "unclear", who=who)
    return words.say(
        "recipient", "delayed" if delayed else "failed", who=who, reason=words.begin("reason", verdict.reason)
    )


def _say_fault(words: Words, verdict: Classification) -> str:
    """Where the trouble lies, and whether other mail may arrive; a mail that is still on its way may itself."""
    if verdict.fault is None or verdict.type is None:
        return ""
    fault = words.say("fault", verdict.fault)
    if verdict.kind is Kind.DELAY:
        return "" if verdict.reason is Reason.UNKNOWN else fault
    return f"{fault} {words.say('type', verdict.type)}"


def _say_because(words: Words, finding: Finding, verdict: Classification, decided: Weighed | None) -> list[str]:
    """What the verdict rests on; where that is no word of the server's, what the server said as well."""
    if decided is None:
        because = words.say("because", "nothing")
    else:
        span, reason = (
            on_one_line(decided.evidence.span),
            words.begin("reason", decided.evidence.reason or Reason.UNKNOWN),
        )
        if decided.kind == "phrase":
            because = words.say("because", "phrase", span=span)
        elif decided.evidence.reason is Reason.UNKNOWN:
            because = words.say("because", "vague", span=span)
        elif verdict.suggestion is not None:
            because = words.say("because", "hint", span=span, reason=reason)
        else:
            provider = decided.evidence.rule.split(":")[1]
            because = words.say("because", decided.kind, span=span, reason=reason, provider=provider)
    said = on_one_line(finding.diagnostic_code)
    if not said or (decided is not None and decided.kind in ("phrase", "exit")):
        return [because]
    return [because, words.say("because", "said", said=said if len(said) <= _SAID else f"{said[:_SAID]}…")]


def reread_as(one: Weighed) -> str:
    """By which sentence it is told that the same words mean something else here."""
    return "reread" if one.evidence.note == "stage" else "found"


def _is_worth_telling(one: Weighed, verdict: Reason) -> bool:
    """Whether a reader would wonder why this did not decide, or why it means what it does."""
    if one.outcome is Outcome.DECIDED:
        return one.reread
    if one.outcome is not Outcome.OVERRULED or one.alone is None or one.alone is Reason.UNKNOWN or one.kind == "reply":
        return False  # a reply code alone never decides
    this, that = BUILT_IN.reasons[one.alone], BUILT_IN.reasons[verdict]
    return (this.counts, this.type) != (that.counts, that.type)  # to the address it would make a difference


def _say_overruled(words: Words, weighed: Sequence[Weighed], verdict: Reason) -> Iterator[str]:
    """What speaks for something else and did not decide; of the same words once, and not of those that decided."""
    told = {one.evidence.span for one in weighed if one.outcome is Outcome.DECIDED and not one.reread}
    spans: dict[tuple[str, Reason], list[str]] = {}
    for one in weighed:
        if one.evidence.span not in told and _is_worth_telling(one, verdict):
            told.add(one.evidence.span)
            principle = reread_as(one) if one.reread else one.evidence.note
            spans.setdefault((principle, one.alone or Reason.UNKNOWN), []).append(on_one_line(one.evidence.span))
    for (principle, alone), quoted in spans.items():
        span = words.say("quote", "between").join(quoted)
        yield words.say("principle", principle, span=span, reason=words.begin("reason", alone))


def _technical(finding: Finding, verdict: Classification, decided: Weighed | None) -> str:
    """The facts behind the argument, named as in `--json`; the rule and what follows it are those of the deciding step."""
    facts = {
        "reason": verdict.reason,
        "suggestion": verdict.suggestion,
        "type": verdict.type,
        "confidence": f"{verdict.confidence:.2f}",
        "rule": decided and shorten_rule(decided.evidence.rule),
        "table_line": decided and decided.table_line,
        "field": decided and decided.evidence.field,
        "span": decided and decided.evidence.span,
        "status": finding.status,
        "reply_code": finding.reply_code,
        "stage": finding.stage,
        "remote_mta": finding.remote_mta,
        "detector": finding.detector,
    }
    return " ".join(f"{key}={_quoted(str(value))}" for key, value in facts.items() if value)


def _quoted(value: str) -> str:
    line = on_one_line(value)
    return json.dumps(line, ensure_ascii=False) if " " in line or '"' in line else line
