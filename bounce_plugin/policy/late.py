"""What does a mail change about others that were received after it, and read before?

A success that it proves, or disproves, was known when those failures were received, had it only been read in time. So
what was decided upon them is put right, and it makes no difference in which order mails are read. A stop that was right
by all that had been received until then stays: a later success takes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.policy.confirm import decide_as_trusted, levels
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.rules import Decision, PastEvent, Policy, Step
from bounce_plugin.policy.state import Act, Verb, decided_upon, standing
from bounce_plugin.policy.success import Sent, Successes, find_successes, successes
from bounce_plugin.policy.tally import reached_by, select

_WHY: Final = "A report that was received before these failures, and read after them, says that mail got through."


def settle(
    event: PastEvent,
    history: Sequence[PastEvent],
    policy: Policy,
    now: datetime,
    *,
    done: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
    required: Trust | None = None,
) -> tuple[Decision, tuple[Act, ...]]:
    """Decide upon an event that was just recorded (`decide`), and put right what it changes about later ones.

    `required` is what has this one report count, where that is not what the policy says. Returns the decision, and the
    acts to be appended.
    """
    done = tuple(done)
    required = policy.required if required is None else required
    found = successes(history, done, sent, policy)
    decision = decide_as_trusted(event, history, policy, now, required=required, found=found, done=done)
    acts = acts_from(decision, now)
    late = _Late.of(event, history, policy, done, sent)
    if late is None:
        return decision, acts
    revised = tuple(dict.fromkeys(map(decided_upon, late.unfounded(standing(done)))))
    if revised:
        acts = (Act(verb=Verb.REVISE, at=now, because=_WHY, events=revised), *acts)
    steps = list(decision.steps)
    for past in late.history if revised else late.later:
        further = Decision(steps=tuple(late.further(past, now, (*done, *acts))))
        steps += further.steps
        acts += acts_from(further, now)
    return Decision(steps=tuple(steps)), acts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    """A mail that bears on others which were received after it."""

    event: PastEvent
    history: Sequence[PastEvent]  # in the order of receipt, with the event
    policy: Policy
    done: tuple[Act, ...]
    before: Successes  # as they were known without the event
    after: Successes

    @classmethod
    def of(
        cls, event: PastEvent, history: Iterable[PastEvent], policy: Policy, done: tuple[Act, ...], sent: Sequence[Sent]
    ) -> _Late | None:
        """None for nearly every mail: it is the newest, or says nothing of any success."""
        others = [past for past in history if past.id != event.id]
        if not any(past.received_at >= event.received_at for past in others):
            return None
        before = find_successes(others, done, sent, policy)
        after = find_successes((*others, event), done, sent, policy)
        if before == after:
            return None
        ordered = sorted((*others, event), key=lambda past: (past.received_at, past.id))
        return cls(event=event, history=ordered, policy=policy, done=done, before=before, after=after)

    @property
    def later(self) -> list[PastEvent]:
        """The others that were received after it."""
        received_at = self.event.received_at
        return [past for past in self.history if past.received_at >= received_at and past.id != self.event.id]

    def unfounded(self, acts: Iterable[Act]) -> Iterator[Act]:
        """Those acts by which a rule was reached that would not have been, had the mail been read in time."""
        later = {past.id: past for past in self.later}
        for act in acts:
            newest = later.get(decided_upon(act))
            if newest is None:
                continue
            if self._reaches(newest, act.rule, self.before) and not self._reaches(newest, act.rule, self.after):
                yield act

    def _reaches(self, newest: PastEvent, name: str, found: Successes) -> bool:
        """Whether one of the others reaches the rule of that name, at any level of trust."""
        return any(
            bool(reached_by(rule, select(rule, believed), newest, found))
            for trusted, believed in levels(newest, self.history, self.policy, self.policy.required)
            for rule in trusted.rules
            if rule.name == name
        )

    def further(self, past: PastEvent, now: datetime, done: tuple[Act, ...]) -> Iterator[Step]:
        """What one of the others leads to now, and did not before."""
        others, required = [one for one in self.history if one.id != self.event.id], self.policy.required
        before = decide_as_trusted(past, others, self.policy, now, required=required, found=self.before, done=self.done)
        known = {(step.rule, step.action, step.until) for step in before.steps}
        after = decide_as_trusted(past, self.history, self.policy, now, required=required, found=self.after, done=done)
        return (step for step in after.steps if (step.rule, step.action, step.until) not in known)
