"""Why did this recipient fail, whose fault is it, and is it for good?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from operator import attrgetter
from typing import Final

from bounce_plugin.classify.classification import Argument, Classification, Evidence, FailureType, Fault, Reason
from bounce_plugin.classify.phrase import SPECIAL, VAGUE, WEAK
from bounce_plugin.classify.quoting import quote
from bounce_plugin.classify.sender import EARLY, NAMED, at_stage, find_sender
from bounce_plugin.classify.shared import FORGIVEN, RESOLVER, RULE, find_shared
from bounce_plugin.classify.speakers import Setting
from bounce_plugin.classify.steps import HOME, Said, Source, Step, gather, recall
from bounce_plugin.classify.tables import Tables
from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.message.report import Action, Kind, Report

#: Below this confidence the reason is only a suggestion.
SURE: Final = 0.6

_KINDS: Final = {
    Action.FAILED: Kind.BOUNCE,
    Action.DELAYED: Kind.DELAY,
    Action.DELIVERED: Kind.DELIVERED,
    Action.RELAYED: Kind.DELIVERED,
    Action.EXPANDED: Kind.DELIVERED,
}
#: Nobody is there (any more): words for one of these often stand beside words for another.
_GONE: Final = frozenset({Reason.ADDRESS_UNKNOWN, Reason.ADDRESS_MOVED, Reason.MAILBOX_DISABLED})
#: What is not so of a large provider's domain, and by what such a provider is known to have the mailbox. That it cannot be
#: reached is no matter of one mailbox.
_NO_DOMAIN: Final = frozenset({Reason.DOMAIN_UNKNOWN, Reason.DOMAIN_NO_MAIL})
_PROVIDERS_OWN: Final = frozenset({"recipient", "remote_mta"})
# Python 3.11 takes ten times as long to find a member of an enumeration as to find a name.
_TEXT: Final = Source.TEXT
_EXIT: Final = Source.EXIT
_STATUS: Final = Source.STATUS
_PROVIDER_CODE: Final = Source.PROVIDER_CODE
_DELIVERED: Final = Kind.DELIVERED
_BOUNCE: Final = Kind.BOUNCE
_UNKNOWN: Final = Reason.UNKNOWN
_UNREACHABLE: Final = Reason.UNREACHABLE
_SOFT: Final = FailureType.SOFT
_OURS: Final = frozenset({Fault.SENDER, Fault.CONTENT})


def classify(
    finding: Finding, report: Report, tables: Tables, *, alone: bool = True, beside: Setting | None = None
) -> Classification:
    """The verdict on one finding, with everything that spoke for and against it.

    `alone`: the mail names no other recipient, so what it says in general is said of this one. `beside`: what was
    learnt from a first verdict: that its words speak of the sender, or that others share its trouble (`sender`, `shared`).
    """
    kind = _KINDS[finding.action]
    if kind is _DELIVERED:
        return _delivered(finding.action)
    said = gather(finding, report, tables, alone=alone)
    if beside is not None:
        said = said._replace(settings=[*said.settings, beside])
    return _verdict(kind, said, finding.stage, tables)


def classify_all(findings: Sequence[Finding], report: Report, tables: Tables) -> tuple[Classification, ...]:
    """The verdicts on all that one mail reports; several may share their trouble."""
    alone = len(findings) == 1
    verdicts = [classify(finding, report, tables, alone=alone) for finding in findings]
    for place, verdict in enumerate(verdicts):
        if verdict.counts and (sender := find_sender(findings[place], verdict, report)) is not None:
            verdicts[place] = classify(findings[place], report, tables, alone=alone, beside=sender)
    for place, shared in find_shared(findings, verdicts, report, tables.providers).items():
        verdicts[place] = classify(findings[place], report, tables, alone=alone, beside=shared)
    return tuple(verdicts)


def derive_again(evidence: Sequence[Evidence], tables: Tables) -> Classification:
    """The verdict that follows from stored evidence alone, by these tables.

    With the tables of the time it is the verdict of the time. A step that they no longer support (its line is gone, or
    its words no longer match) is left out.
    """
    for said in evidence:
        if said.reason is not None and said.rule.startswith("person:"):
            return judge_by_person(said.reason, said.rule.removeprefix("person:"), tables)
    action = next((Action(step.span) for step in evidence if step.rule.startswith("gate:")), Action.FAILED)
    stage = next((Stage(step.span) for step in evidence if step.rule.startswith("stage:")), Stage.UNKNOWN)
    kind = _KINDS[action]
    if kind is Kind.DELIVERED:
        return _delivered(action)
    return _verdict(kind, recall(evidence, tables), stage, tables)


def judge_by_person(reason: Reason, actor: str, tables: Tables) -> Classification:
    """The verdict that a person gave on a failure."""
    row = tables.reasons[reason]
    said = Evidence(rule=f"person:{actor}", field="review", span="", reason=reason, decided=True)
    return Classification(
        kind=Kind.BOUNCE,
        reason=reason,
        type=row.type,
        fault=row.fault,
        counts=row.counts,
        confidence=1.0,
        evidence=(said,),
    )


def _delivered(action: Action) -> Classification:
    gate = Evidence(rule=f"gate:{action}", field="action", span=action.value, decided=True)
    return Classification(
        kind=Kind.DELIVERED, reason=None, type=None, fault=None, counts=False, confidence=1.0, evidence=(gate,)
    )


def _verdict(kind: Kind, said: Said, stage: Stage, tables: Tables) -> Classification:
    provider, its = _provider_by(said.settings)
    last = said.settings[-1][0] if said.settings else ""
    shared = last if last.startswith(RULE) else ""
    there = shared == RESOLVER or (provider == "recipient" and its in tables.providers.domains)
    given = _at_known_domain(said.steps) if there else said.steps
    if last == NAMED:
        stage = Stage.MAIL
    steps, speaking = at_stage(given, stage) if stage in EARLY else (given, given)
    decided = _decide(speaking, tables)
    everybodys = decided is not None and (
        decided.reason in FORGIVEN.get(shared, ())
        if shared
        else decided.reason is _UNREACHABLE and _is_everybodys(provider, said)
    )
    reason, confidence, suggestion = _UNKNOWN, 0.0, None
    if decided is not None:
        reason, confidence = decided.reason, _confidence(decided, steps)
        if confidence < SURE and reason is not _UNKNOWN:
            reason, suggestion = _UNKNOWN, reason
    row = tables.reasons[reason]
    return Classification(
        kind=kind,
        reason=reason,
        type=_type(row.type, steps),
        fault=row.fault,
        counts=row.counts and kind is _BOUNCE and not everybodys,
        confidence=confidence,
        suggestion=suggestion,
        evidence=Argument(partial(_argue, said.settings, steps, decided, tables)),
    )


def _provider_by(settings: Sequence[Setting]) -> tuple[str, str]:
    """By what it is known that the mailbox is at one of the large providers, "recipient", "remote_mta" or "", and by which.

    At which it is does not depend on who refused.
    """
    for rule, field, span in settings:
        if rule.startswith(HOME):
            return field, span.lower()
        if field in _PROVIDERS_OWN and rule.startswith("provider:"):
            return field, span.lower()
    return "", ""


def _is_everybodys(provider: str, said: Said) -> bool:
    """Whether it is the large provider that was not reached. One of its hosts that answered was: it could not hand on a mail."""
    answered = any(step.source is Source.REPLY for step in said.steps) or any(
        rule == "given:reply_code" for rule, _, _ in said.settings
    )
    return provider == "recipient" or (provider == "remote_mta" and not answered)


def _at_known_domain(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps, where the recipient's domain is a large provider's: it is there, and whoever did not find it cannot reach it."""
    if all(step.reason not in _NO_DOMAIN for step in steps):
        return steps
    return [
        step._replace(reason=_UNREACHABLE, note="provider scope") if step.reason in _NO_DOMAIN else step
        for step in steps
    ]


def _argue(
    settings: Sequence[Setting], steps: Sequence[Step], decided: Step | None, tables: Tables
) -> tuple[Evidence, ...]:
    """Everything that spoke for and against a verdict, as evidence."""
    given = [Evidence(rule=rule, field=field, span=span) for rule, field, span in settings]
    return (*given, *[_write(step, decided, tables) for step in steps])


def _write(step: Step, decided: Step | None, tables: Tables) -> Evidence:
    """A step as evidence; beside one that says otherwise, by which principle it was overruled."""
    rule, field, span, reason, row, note = step.rule, step.field, step.span, step.reason, step.row, step.note
    if step.quotation is not None:
        span = quote(*step.quotation)
    if not note and decided is not None and reason is not decided.reason:
        note = _overruled(reason, decided, tables)
    if row is not None:
        return _write_code(rule, field, span, reason, step is decided, note)
    return Evidence(rule=rule, field=field, span=span, reason=reason, decided=step is decided, note=note)


@lru_cache(maxsize=1024)
def _write_code(rule: str, field: str, span: str, reason: Reason, decided: bool, note: str) -> Evidence:
    """There are so few codes that any mail cites those of others: 0.2 instead of 0.9 µs for each."""
    return Evidence(rule=rule, field=field, span=span, reason=reason, decided=decided, note=note)


def _overruled(reason: Reason, decided: Step, tables: Tables) -> str:
    """The principle by which another reason gave way to the one that was decided."""
    if tables.reasons[reason].counts and tables.reasons[decided.reason].fault in _OURS:
        return "asymmetry"
    return "provider scope" if decided.phrase is not None and decided.phrase.scope != "any" else "order"


_turn: Final = attrgetter("turn")


def _decide(speaking: Sequence[Step], tables: Tables) -> Step | None:
    """The step that the verdict follows: the first in order that no principle overrules."""
    if len(speaking) < 2:
        return speaking[0] if speaking else None
    first = min(speaking, key=_turn)  # among equals, the one that was gathered first
    if first.phrase is not None and first.phrase.scope == "any" and first.reason in _GONE:
        first = _as_coded(first, speaking)
    if tables.reasons[first.reason].counts:
        ours = [step for step in speaking if tables.reasons[step.reason].fault in _OURS and step is not first]
        if stronger := [step for step in ours if _outranks(step, first)]:
            return min(stronger, key=_turn)
    return first


def _as_coded(first: Step, speaking: Sequence[Step]) -> Step:
    """The words that a specific code agrees with, where others of the same sort say differently why nobody is there."""
    coded = next((step.reason for step in speaking if step.source is _STATUS and step.reason in _GONE), None)
    if coded is None or coded is first.reason:
        return first
    alike = [step for step in speaking if step.source is first.source and step.reason is coded]
    agreeing = [step for step in alike if step.phrase is not None and step.phrase.priority < WEAK]
    return min(agreeing, key=_turn) if agreeing else first


def _outranks(other: Step, first: Step) -> bool:
    """Whether a step that blames the sender or the message overrules one that blames the recipient."""
    if other.row is not None:  # what a provider says in words of its own is surer than any code
        return other.row.firm and (first.phrase is None or first.phrase.scope == "any")
    assert other.phrase is not None
    if first.phrase is None:  # any words beat a code, plain ones even a code that the provider uses in its own way
        return first.source is not _PROVIDER_CODE or other.phrase.priority < VAGUE
    if other.phrase.priority >= VAGUE:
        return WEAK <= first.phrase.priority < VAGUE
    if first.phrase.priority < SPECIAL or first.phrase.scope != "any":
        return other.phrase.priority < first.phrase.priority
    return True


def _confidence(decided: Step, steps: Sequence[Step]) -> float:
    if decided.row is None:
        reason = decided.reason
        sure, alone = (0.85, 0.7) if decided.source is _TEXT else (0.95, 0.85)
        for step in steps:
            if step.reason is reason and step.row is not None:  # a code agrees
                return sure
        return alone
    if not decided.row.specific:
        return 0.4
    return 0.85 if decided.source is _PROVIDER_CODE else 0.75


def _type(usual: FailureType, steps: Sequence[Step]) -> FailureType:
    """A reason that is usually for good is not so after a temporary refusal."""
    for step in steps:
        if step.row is not None and step.span[:1] == "4" and step.source is not _EXIT:
            return _SOFT
    return usual
