"""What follows from a history, decided anew from its beginning?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bounce_plugin.policy.confirm import decide_as_trusted
from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction
from bounce_plugin.policy.state import Act, derive
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
    known, all_ = tuple(done), tuple(events)
    found = successes(all_, known, sent, policy)
    acts: list[Act] = []
    history: list[PastEvent] = []
    for event in sorted(all_, key=lambda past: (past.received_at, past.id)):
        history.append(event)
        if not _settled(event, policy, (*known, *acts)):
            done_yet = (*known, *acts)
            decision = decide_as_trusted(
                event, history, policy, now, required=policy.required, found=found, done=done_yet
            )
            acts.extend(acts_from(decision, event.received_at))
    return tuple(acts)


def _settled(event: PastEvent, policy: Policy, acts: Iterable[Act]) -> bool:
    """Whether the address is stopped, and the event can add nothing to it: mail was sent to it for years all the same."""
    stop = derive(acts)
    if stop is None or stop.until is not None:
        return False
    return stop.exempt_too or not any(
        PolicyAction.SUPPRESS_ALL in rule.then and rule.selects(event) for rule in policy.rules
    )
