"""How often must a failure be confirmed that is believed less than a signed return path? By trust, beside the rules."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.policy.rules import Policy, Rule

#: How many messages must have failed at least, and over how many days, until a rule takes something away from a contact.
_LEAST: Final = {
    Trust.SIGNED_HEADER: (2, 0),  # everybody to whom the message was forwarded has seen its mark
    Trust.LOGGED: (3, 7),  # a Message-ID is no secret either, and may be guessed
}


@lru_cache(maxsize=32)
def as_trusted(policy: Policy, trust: Trust, required: Trust) -> Policy:
    """The policy as it holds for an event of this trust.

    Where an address is enough, all that is believed is believed alike: nothing else would be consistent.
    """
    if required is Trust.ADDRESS or trust not in _LEAST:
        return policy
    after, days = _LEAST[trust]
    return replace(policy, rules=tuple(_confirmed(rule, after, days) for rule in policy.rules))


def _confirmed(rule: Rule, after: int, days: int) -> Rule:
    if not rule.restricts:
        return rule
    return replace(rule, after=max(rule.after, after), over_days=max(rule.over_days, days))
