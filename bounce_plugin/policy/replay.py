"""What follows from a history, decided anew from its beginning?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bounce_plugin.policy.confirm import decide_as_trusted
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.rules import RESTRICTING, Decision, PastEvent, Policy, PolicyAction
from bounce_plugin.policy.state import Act, Verb, derive
from bounce_plugin.policy.success import Sent, successes


def replay(
    events: Iterable[PastEvent],
    policy: Policy,
    now: datetime,
    *,
    done: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
) -> tuple[Act, ...]:
    """The acts that a policy makes of the events of one address, beside those that are `done` and stay.

    Each is decided as if it had just come in, in the order of receipt, which makes no difference to the stop or pause
    that holds in the end. Pauses that are over by `now` are left out, and what would change nothing about a stop.
    """
    decided = retrace(events, policy, now, done=done, sent=sent)
    return tuple(act for event, decision in decided for act in acts_from(decision, event.received_at))


def retrace(
    events: Iterable[PastEvent],
    policy: Policy,
    now: datetime | None = None,
    *,
    done: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
) -> Iterator[tuple[PastEvent, Decision]]:
    """The same, event by event with what is decided. Without `now` each is decided at the time of its own receipt."""
    acts, all_ = list(done), tuple(events)
    found = successes(all_, acts, sent, policy)
    history: list[PastEvent] = []
    for event in sorted(all_, key=lambda past: (past.received_at, past.id)):
        history.append(event)
        if not settled(event, policy, acts):
            at = now or event.received_at
            decision = decide_as_trusted(event, history, policy, at, required=policy.required, found=found, done=acts)
            acts.extend(acts_from(decision, event.received_at))
            yield event, decision


def restricting(
    events: Iterable[PastEvent], policy: Policy, *, done: Iterable[Act] = (), sent: Sequence[Sent] = ()
) -> frozenset[str]:
    """The ids of the failures that newly take something away from an address, each when it was received.

    Of what is `done` only the host's word that mail got through is of account.
    """
    vouched = [act for act in done if act.verb is Verb.SUCCESS]
    decided = retrace(events, policy, done=vouched, sent=sent)
    return frozenset(event.id for event, decision in decided if RESTRICTING & decision.actions)


def settled(event: PastEvent, policy: Policy, acts: Iterable[Act]) -> bool:
    """Whether the address is stopped, and the event can add nothing to it: mail was sent to it for years all the same."""
    stop = derive(acts)
    if stop is None or stop.until is not None:
        return False
    return stop.exempt_too or not any(
        PolicyAction.SUPPRESS_ALL in rule.then and rule.selects(event) for rule in policy.rules
    )
