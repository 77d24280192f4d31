"""What do the presets do about each reason, and when exactly?"""

from __future__ import annotations

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.presets import INCIDENTS, OWNER_CHANGED, Preset, build_policy, built_in_rules
from bounce_plugin.policy.rules import RESTRICTING, Category, PolicyAction, Rule
from bounce_plugin.policy.state import derive
from tests.policy.past import decisions, event, live

CAREFUL = build_policy()
SECOND = 1 / 86400

# What 1, 2 and 3 failures of different messages do. Written out, so that a slip in reasons.toml fails here.
CONFIRMED = ["pause", "suppress", ""]
AT_ONCE = ["suppress", "", ""]
PAUSED_AT_THREE = ["", "", "pause"]
TELL = ["incident", "incident", "incident"]
NOTHING = ["", "", ""]

CAREFUL_TABLE: dict[str, tuple[list[str], int]] = {  # and over how many days at least
    "address_unknown": (CONFIRMED, 3),
    "address_invalid": (AT_ONCE, 0),
    "address_moved": (CONFIRMED, 3),
    "owner_changed": (["suppress_all", "", ""], 0),
    "domain_unknown": (CONFIRMED, 3),
    "domain_no_mail": (CONFIRMED, 3),
    "mailbox_disabled": (CONFIRMED, 7),
    "mailbox_full": (PAUSED_AT_THREE, 14),
    "recipient_rate_limited": (NOTHING, 0),
    "recipient_refused": (CONFIRMED, 3),
    "unreachable": (PAUSED_AT_THREE, 14),
    "routing_loop": (PAUSED_AT_THREE, 14),
    "expired": (PAUSED_AT_THREE, 14),
    "system_error": (NOTHING, 0),
    "greylisted": (NOTHING, 0),
    "rate_limited": (TELL, 0),
    "reputation_block": (TELL, 0),
    "auth_failure": (TELL, 0),
    "sender_invalid": (TELL, 0),
    "sender_account": (TELL, 0),
    "tls_failure": (TELL, 0),
    "relay_denied": (["", "", "review"], 14),
    "policy_rejected": (TELL, 0),
    "spam_content": (TELL, 0),
    "content_rejected": (TELL, 0),
    "message_too_large": (TELL, 0),
    "virus_detected": (TELL, 0),
    "protocol_error": (TELL, 0),
    "suppressed": (AT_ONCE, 0),
    "unknown": (NOTHING, 0),  # each is put before a person when it is read
}
PAUSE_DAYS = {"pause": 7, "mailbox_full": 14, "unreachable": 14, "routing_loop": 14, "expired": 14}


def names(steps: list[set[str]]) -> list[str]:
    return [" ".join(sorted(step)) for step in steps]


def test_the_table_is_about_each_of_the_30_reasons() -> None:
    assert list(CAREFUL_TABLE) == [reason.value for reason in Reason]


@pytest.mark.parametrize("reason", Reason)
def test_careful_does_this_after_one_two_and_three_failures(reason: Reason) -> None:
    expected, span = CAREFUL_TABLE[reason]
    number = 2 if expected == CONFIRMED else 3
    days = [span * step / (number - 1) for step in range(number)] + [span + 1] * (3 - number)
    assert names(decisions([event(reason, days=day) for day in days], CAREFUL)) == expected


@pytest.mark.parametrize("reason", [reason for reason in Reason if CAREFUL_TABLE[reason][1]])
def test_careful_waits_if_the_failures_are_a_second_too_close(reason: Reason) -> None:
    expected, span = CAREFUL_TABLE[reason]
    number = 2 if expected == CONFIRMED else 3
    days = [(span - SECOND) * step / (number - 1) for step in range(number)]
    early = names(decisions([event(reason, days=day) for day in days], CAREFUL))
    assert early == (["pause", "pause"] if expected == CONFIRMED else ["", "", ""])


@pytest.mark.parametrize("reason", [reason for reason in Reason if CAREFUL_TABLE[reason][1]])
def test_careful_looks_back_400_days(reason: Reason) -> None:
    expected, _ = CAREFUL_TABLE[reason]
    number = 2 if expected == CONFIRMED else 3
    old = [event(reason, days=day) for day in range(number - 1)]
    on_it = names(decisions([*old, event(reason, days=400)], CAREFUL))[-1]
    past_it = names(decisions([*old, event(reason, days=400 + SECOND)], CAREFUL))[-1]
    assert on_it == expected[number - 1]
    assert past_it == ("pause" if expected == CONFIRMED else "")


@pytest.mark.parametrize("reason", [reason for reason in Reason if "pause" in CAREFUL_TABLE[reason][0]])
def test_careful_pauses_for_so_many_days(reason: Reason) -> None:
    expected, span = CAREFUL_TABLE[reason]
    events = [event(reason, days=span * step / 2) for step in range(1 if expected == CONFIRMED else 3)]
    until = live(events, CAREFUL)[1][-1].until
    assert until is not None
    assert (until - events[-1].received_at).days == PAUSE_DAYS.get(reason, PAUSE_DAYS["pause"])


def test_careful_never_adds_up_different_reasons() -> None:
    mixed = [event(Reason.ADDRESS_UNKNOWN), event(Reason.RECIPIENT_REFUSED, days=5), event(Reason.MAILBOX_FULL, days=9)]
    assert names(decisions(mixed, CAREFUL)) == ["pause", "pause", ""]


def test_careful_leaves_delays_and_deliveries_alone() -> None:
    events = [event(kind=kind, days=day, counts=False) for day, kind in enumerate([Kind.DELAY, Kind.DELIVERED] * 5)]
    assert decisions(events, CAREFUL) == [set()] * 10


def test_rules_have_names_of_their_own_that_people_can_read() -> None:
    rules = [rule.name for rule in CAREFUL.rules]
    assert len(set(rules)) == len(rules)
    assert rules[:2] == ["address_unknown: wait for a second failure", "address_unknown: stop"]


@pytest.mark.parametrize("preset", Preset)
def test_only_the_owner_changed_rule_stops_exempt_mail(preset: Preset) -> None:
    sharp = [rule for rule in built_in_rules(preset) if PolicyAction.SUPPRESS_ALL in rule.then]
    assert [(rule.name, rule.after, rule.reasons) for rule in sharp] == [
        (OWNER_CHANGED.name, 1, frozenset({Reason.OWNER_CHANGED}))
    ]
    state = derive(live([event(Reason.OWNER_CHANGED)], build_policy(preset=preset))[1])
    assert state is not None
    assert state.exempt_too


def test_three_strikes_adds_up_whatever_counts_whenever_it_was() -> None:
    three = build_policy(preset=Preset.THREE_STRIKES)
    events = [
        event(),
        event(Reason.SPAM_CONTENT),
        event(Reason.MAILBOX_FULL, days=700),
        event(Reason.EXPIRED, days=2000),
    ]
    assert names(decisions(events, three)) == ["", "incident", "", "suppress"]


def test_three_strikes_of_one_hour_are_enough_if_the_messages_differ() -> None:
    three = build_policy(preset=Preset.THREE_STRIKES)
    assert names(decisions([event(days=day) for day in (0, 0.01, 0.02)], three)) == ["", "", "suppress"]


def test_without_a_preset_ones_own_rules_hold_and_those_about_owners_and_incidents() -> None:
    mine = Rule(name="mine", then=(PolicyAction.NOTIFY,))
    assert build_policy(preset=Preset.NONE, rules=[mine]).rules == (OWNER_CHANGED, *INCIDENTS, mine)


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("reason", [reason for reason in Reason if CAREFUL_TABLE[reason][0] == TELL])
def test_the_operator_learns_under_every_policy_that_our_own_mail_is_refused(preset: Preset, reason: Reason) -> None:
    refused = [event(reason, days=day) for day in range(3)]
    stop = Rule(name="mine", reasons=frozenset(Reason), then=(PolicyAction.SUPPRESS,))
    assert names(decisions(refused, build_policy(preset=preset, rules=[stop]))) == TELL
    assert names(decisions(refused, build_policy(preset=preset, incidents=False))) == NOTHING


@pytest.mark.parametrize("preset", Preset)
def test_an_incident_rule_of_ones_own_takes_the_place_of_ours_for_the_reasons_that_it_names(preset: Preset) -> None:
    third = Rule(name="mine", after=3, reasons=frozenset({Reason.SPAM_CONTENT}), then=(PolicyAction.INCIDENT,))
    policy = build_policy(preset=preset, rules=[third])
    assert names(decisions([event(Reason.SPAM_CONTENT, days=day) for day in range(3)], policy)) == ["", "", "incident"]
    assert names(decisions([event(Reason.AUTH_FAILURE)], policy)) == ["incident"]
    slow = Rule(name="slow", kinds=frozenset({Kind.DELAY}), reasons=third.reasons, then=third.then)
    assert names(decisions([event(Reason.SPAM_CONTENT)], build_policy(preset=preset, rules=[slow]))) == ["incident"]


def test_categories_are_built_in_added_and_changed() -> None:
    policy = build_policy(categories=[Category(name="raffle"), Category(name="statutory", exempt=False)])
    exempt = {category.name: category.exempt for category in policy.categories}
    assert exempt == {
        "newsletter": False,
        "announcement": False,
        "transactional": False,
        "invoice": True,
        "statutory": False,
        "raffle": False,
    }
    assert policy.category("raffle") is not None
    assert policy.category("rafle") is None


def test_no_rule_of_a_preset_restricts_for_a_reason_that_counts_against_nobody() -> None:
    innocent = {reason for reason in Reason if not event(reason).counts}
    for preset in Preset:
        for rule in built_in_rules(preset):
            assert not (RESTRICTING.intersection(rule.then) and rule.reasons & innocent), rule.name
    assert len(innocent) == 17
