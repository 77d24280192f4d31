"""How often must a failure be confirmed that is believed less than a signed return path? By trust, beside the rules.

What must be confirmed is so by reports that are believed at least as far, and by no others. So each level of trust is decided
by itself, upon the reports that reach it, and in whichever order they come in, the same holds in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.policy.decide import acts_from, decide_knowing
from bounce_plugin.policy.rules import Decision, PastEvent, Policy, PolicyAction, Rule, Step
from bounce_plugin.policy.state import Act
from bounce_plugin.policy.success import NONE, Successes

#: How many messages must have failed at least, and over how many days, until a rule takes something away from a contact.
_LEAST: Final = {
    Trust.SIGNED_HEADER: (2, 0),  # everybody to whom the message was forwarded has seen its mark
    Trust.LOGGED: (3, 7),  # a Message-ID is no secret either, and may be guessed
}


def decide_as_trusted(
    event: PastEvent,
    history: Sequence[PastEvent],
    policy: Policy,
    now: datetime,
    *,
    required: Trust,
    found: Successes = NONE,
    done: Iterable[Act] = (),
) -> Decision:
    """What an event leads to that is believed far enough to count; otherwise nothing. See `decide`.

    For one that counts and is not believed so far a person has answered: it needs no confirmation, and confirms any other.
    `found` is what got through to the address, by whatever was received.
    """
    acts, steps = list(done), dict[tuple[str, PolicyAction], Step]()
    for trusted, believed in levels(event, history, policy, required):
        decision = decide_knowing(found, event, believed, trusted, now, done=acts)
        acts += acts_from(decision, now)
        steps |= {(step.rule, step.action): step for step in _news(decision, steps)}
    return Decision(steps=tuple(steps.values()))


def levels(
    event: PastEvent, history: Sequence[PastEvent], policy: Policy, required: Trust
) -> Iterator[tuple[Policy, Sequence[PastEvent]]]:
    """For each level of trust that an event reaches: the policy as it holds there, and the reports that reach it."""
    if required is Trust.ADDRESS or _is_vouched_for(event, required):
        yield policy, history
        return
    for level in Trust:
        if event.trust.suffices(level) and level.suffices(required):
            believed = [past for past in history if past.trust.suffices(level) or _is_vouched_for(past, required)]
            yield as_trusted(policy, level, required), believed


def _is_vouched_for(event: PastEvent, required: Trust) -> bool:
    return event.counts and not event.trust.suffices(required)


def _news(decision: Decision, known: dict[tuple[str, PolicyAction], Step]) -> Iterable[Step]:
    """What another level has not led to already; a pause only if it is longer, which `decide` sees to."""
    return (step for step in decision.steps if step.until is not None or (step.rule, step.action) not in known)


def as_trusted(policy: Policy, trust: Trust, required: Trust) -> Policy:
    """The policy as it holds for an event of this trust.

    Where an address is enough, all that is believed is believed alike: nothing else would be consistent.
    """
    return policy if required is Trust.ADDRESS or trust not in _LEAST else _confirmed_policy(policy, trust)


@lru_cache(maxsize=32)
def _confirmed_policy(policy: Policy, trust: Trust) -> Policy:
    after, days = _LEAST[trust]
    return replace(policy, rules=tuple(_confirmed(rule, after, days) for rule in policy.rules))


def _confirmed(rule: Rule, after: int, days: int) -> Rule:
    if not rule.restricts:
        return rule
    return replace(rule, after=max(rule.after, after), over_days=max(rule.over_days, days))
