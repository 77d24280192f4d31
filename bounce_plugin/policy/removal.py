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


def founded(told: Iterable[Step], events: Iterable[PastEvent]) -> tuple[Step, ...]:
    """Those removals that the host was told of whose failures all count, among these events of the address."""
    counted = {event.id for event in events}
    return tuple(step for step in told if counted.issuperset(step.events))


def falls(
    told: Iterable[Step],
    events: Iterable[PastEvent],
    others: Iterable[PastEvent],
    policy: Policy,
    *,
    done: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
) -> bool:
    """Whether a removal that the host was told of has lost its reason, and there is no other one, once of all events of the
    address only the `others` count: neither another removal that it was told of, nor one that they lead to by the policy.
    """
    before, left = founded(told, events), tuple(others)
    return bool(before) and not founded(before, left) and not leading_to(_REMOVES, left, policy, done=done, sent=sent)
