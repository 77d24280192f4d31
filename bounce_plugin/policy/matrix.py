"""What does a policy do to mail of each category, for each reason? Asked of the decisions themselves, never told anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import ReasonRow
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.decide import acts_from, decide
from bounce_plugin.policy.rules import Category, PastEvent, Policy, PolicyAction
from bounce_plugin.policy.state import Act, Suppression, derive, withholds

#: When the failures begin by which the policy is tried: any noon does.
_NOON: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What holds after so many failures of different messages for one reason, and nothing else."""

    failures: int
    days: int  # from the first of them to the last
    actions: tuple[PolicyAction, ...]  # what the last of them leads to
    withheld: bool  # mail of the category
    exempt_withheld: bool  # mail of exempt categories
    for_days: int | None = None  # of a stop that ends by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What becomes of mail of one category to an address where it fails for one reason."""

    category: Category
    reason: Reason
    answers: tuple[Answer, ...]  # after the first failure, and after those that bring something new

    @property
    def first(self) -> Answer:
        """After the first failure."""
        return self.answers[0]

    @property
    def repeated(self) -> tuple[Answer, ...]:
        """After repeated failures, as far as they bring something new."""
        return self.answers[1:]


def matrix(policy: Policy, reasons: Mapping[Reason, ReasonRow]) -> Iterator[Cell]:
    """Every cell: each category of the policy with each of the reasons.

    A final failure of the reason's usual type is meant, of a message of that category itself. Failures for several
    reasons, which a rule may add up, are not.
    """
    for category in policy.categories:
        for row in reasons.values():
            yield Cell(category=category, reason=row.reason, answers=tuple(_answers(policy, category, row)))


def _answers(policy: Policy, category: Category, row: ReasonRow) -> Iterator[Answer]:
    previous = _after(1, 0, policy, category, row)
    yield previous
    said = set(previous.actions)
    for failures, days in _paces(policy, _failure(0, timedelta(0), category, row)):
        answer = _after(failures, days, policy, category, row)
        if _state(answer) != _state(previous) or not said.issuperset(answer.actions):
            yield answer
            previous = answer
            said.update(answer.actions)


def _paces(policy: Policy, failure: PastEvent) -> list[tuple[int, int]]:
    """How many failures over how many days may bring something new: those that each rule asks for.

    Also one a day, for reasons of which a day's failures count once.
    """
    asked = [rule for rule in policy.rules if rule.selects(failure)]
    close = {(rule.after, rule.over_days) for rule in asked}
    daily = {(rule.after, max(rule.over_days, rule.after - 1)) for rule in asked}
    return sorted(close | daily)


def _after(failures: int, days: int, policy: Policy, category: Category, row: ReasonRow) -> Answer:
    """What the decisions make of so many failures, evenly spread over so many days."""
    step = timedelta(days=days) / max(failures - 1, 1)
    history: list[PastEvent] = []
    acts: list[Act] = []
    actions: tuple[PolicyAction, ...] = ()
    for number in range(failures):
        failure = _failure(number, number * step, category, row)
        history.append(failure)
        decision = decide(failure, history, policy, failure.received_at, done=acts)
        acts += acts_from(decision, failure.received_at)
        actions = tuple(dict.fromkeys(done.action for done in decision.steps))
    now, stop = history[-1].received_at, derive(acts)
    held = _holds_back(stop, category, now)
    return Answer(
        failures=failures,
        days=days,
        actions=actions,
        withheld=held,
        exempt_withheld=_holds_back(stop, Category(name="", exempt=True), now),
        for_days=(stop.until - now).days if held and stop and stop.until else None,
    )


def _holds_back(stop: Suppression | None, category: Category, now: datetime) -> bool:
    return stop is not None and withholds(category, exempt_too=stop.exempt_too, until=stop.until, now=now)


def _failure(number: int, after: timedelta, category: Category, row: ReasonRow) -> PastEvent:
    return PastEvent(
        id=f"{number:09}",
        kind=Kind.BOUNCE,
        type=row.type,
        reason=row.reason,
        counts=row.counts,
        weight=row.weight,
        message_key=f"message {number}",
        category=category.name,
        received_at=_NOON + after,
    )


def _state(answer: Answer) -> tuple[bool, bool, int | None]:
    return answer.withheld, answer.exempt_withheld, answer.for_days
