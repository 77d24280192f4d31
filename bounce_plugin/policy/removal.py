"""Does the host have a reason still to leave an address off its lists? It was told so, and remembers it alone.

That a rule had it do so (`remove_from_list`) leaves no act behind: what it was told is known from the outbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bounce_plugin.policy.replay import leading_to
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction, Step
from bounce_plugin.policy.state import Act
from bounce_plugin.policy.success import Sent

_REMOVES: Final = frozenset({PolicyAction.REMOVE_FROM_LIST})


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
    ids = {event.id for event in counting}
    return bool(removals) and (
        any(ids.issuperset(step.events) for step in removals)
        or bool(leading_to(_REMOVES, counting, policy, done=done, sent=sent))
    )
