"""What follows from a history, decided anew from its beginning?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from bounce_plugin.policy.confirm import decide_as_trusted
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.rules import RESTRICTING, Decision, PastEvent, Policy, PolicyAction
from bounce_plugin.policy.state import FORGIVING, Act, Verb, derive, forgives
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

    `events` may hold those that a person lifted or undid since, by what is `done`: they count in what was received before
    that, and not in what was received later. Else of what is done only the host's word that mail got through is of account.
    """
    acts, known = tuple(done), tuple(events)
    vouched = [act for act in acts if act.verb is Verb.SUCCESS]
    found: set[str] = set()
    for begin, end in pairwise((None, *(act for act in acts if act.verb in FORGIVING), None)):
        if begin is not None:
            known = tuple(event for event in known if not forgives(begin, event))
        decided = retrace(
            (event for event in known if end is None or event.received_at <= end.at), policy, done=vouched, sent=sent
        )
        found.update(
            event.id
            for event, decision in decided
            if RESTRICTING & decision.actions and (begin is None or event.received_at > begin.at)
        )
    return frozenset(found)


def settled(event: PastEvent, policy: Policy, acts: Iterable[Act]) -> bool:
    """Whether the address is stopped, and the event can add nothing to it: mail was sent to it for years all the same."""
    stop = derive(acts)
    if stop is None or stop.until is not None:
        return False
    return stop.exempt_too or not any(
        PolicyAction.SUPPRESS_ALL in rule.then and rule.selects(event) for rule in policy.rules
    )
