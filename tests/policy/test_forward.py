"""How much does a failure count that happened behind a forward? The address itself works."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.correlation import Caveat
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import PastEvent, Policy, PolicyAction, Rule
from bounce_plugin.policy.state import derive
from tests.policy.past import decisions, event, live
from tests.policy.test_properties import failures, policies


def behind(reason: Reason = Reason.ADDRESS_UNKNOWN, *, days: float = 0) -> PastEvent:
    return event(reason, days=days, caveat=Caveat.FORWARDED)


def after(number: int, *then: PolicyAction) -> Policy:
    return build_policy(
        preset=Preset.NONE, rules=[Rule(name="mine", after=number, then=then or (PolicyAction.SUPPRESS,))]
    )


def test_two_of_them_are_one() -> None:
    assert decisions([behind(days=day) for day in range(4)], after(2)) == [set(), set(), set(), {"suppress"}]
    assert decisions([event(), behind(days=1), behind(days=2)], after(2)) == [set(), set(), {"suppress"}]
    assert decisions([behind(), event(days=1), behind(days=2)], after(2)) == [set(), set(), {"suppress"}]


def test_those_of_the_network_count_half_a_day() -> None:
    mixed = [behind(Reason.EXPIRED), behind(Reason.EXPIRED, days=0.1), event(Reason.EXPIRED, days=0.2)]
    assert decisions([*mixed, behind(Reason.EXPIRED, days=1), behind(Reason.EXPIRED, days=1.1)], after(2))[-1] == set()
    assert decisions([*mixed, behind(Reason.EXPIRED, days=1), behind(Reason.EXPIRED, days=2)], after(2))[-1] == {
        "suppress"
    }


@pytest.mark.parametrize("action", PolicyAction)
@pytest.mark.parametrize("reason", [reason for reason in Reason if event(reason).counts])
def test_one_message_leads_to_nothing_whatever_the_rule(action: PolicyAction, reason: Reason) -> None:
    assert decisions([behind(reason)], after(1, action)) == [set()]


def test_what_is_our_own_fault_is_told_as_ever() -> None:
    refused = replace(event(Reason.REPUTATION_BLOCK), caveat=Caveat.FORWARDED)
    assert decisions([refused], build_policy()) == [{"incident"}]


@settings(max_examples=60)
@given(st.lists(failures(), max_size=7, unique_by=lambda past: past.id), policies())
def test_a_forward_never_makes_it_worse(events: list[PastEvent], policy: Policy) -> None:
    events.sort(key=lambda past: past.received_at)
    direct = [replace(past, caveat=None) for past in events]
    mild, severe = (derive(live(one, policy)[1]) for one in (events, direct))
    assert severe is not None or mild is None
    assert not (mild and mild.exempt_too) or (severe and severe.exempt_too)
