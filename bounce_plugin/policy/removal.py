"""Does the host have a reason still to leave an address off its lists? It was told so, and remembers it alone.

That a rule had it do so (`remove_from_list`) leaves no act behind: what it was told is known from the outbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bounce_plugin.policy.replay import retrace
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction, Step
from bounce_plugin.policy.state import Act, Verb
from bounce_plugin.policy.success import Sent


def stands(
    told: Iterable[Step],
    events: Iterable[PastEvent],
    policy: Policy,
    *,
    done: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
) -> bool:
    """Whether the host was `told` of removals of the address, and has a reason still, if these of its events count.

    That is a removal of which it was told whose failures are all among them, or one that they lead to by the policy.
    """
    removals, counting = tuple(told), tuple(events)
    if not removals:
        return False
    ids = {event.id for event in counting}
    if any(ids.issuperset(step.events) for step in removals):
        return True
    vouched = [act for act in done if act.verb is Verb.SUCCESS]  # what else is done keeps no removal from being decided
    decided = retrace(counting, policy, done=vouched, sent=sent)
    return any(PolicyAction.REMOVE_FROM_LIST in decision.actions for _, decision in decided)
