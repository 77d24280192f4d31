"""Which rules hold if the operator says little or nothing?"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bounce_plugin.classify.classification import Reason
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES
from bounce_plugin.policy.reason_rules import read_advice, rules_for
from bounce_plugin.policy.rules import SUCCESS_AFTER_DAYS, Category, Policy, PolicyAction, Rule


class Preset(StrEnum):
    """The sets of rules that come with the package."""

    CAREFUL = "careful"  # each reason as the table of reasons advises
    THREE_STRIKES = "three-strikes"  # three messages that failed, whenever and however
    NONE = "none"  # the operator's rules, and what holds under every policy


#: Holds under every policy: mail to a mailbox that changed its owner goes to a stranger, an invoice as well.
OWNER_CHANGED = Rule(
    name="owner_changed: stop everything",
    reasons=frozenset({Reason.OWNER_CHANGED}),
    then=(PolicyAction.SUPPRESS_ALL,),
)

THREE_STRIKES = Rule(name="three strikes", after=3, then=(PolicyAction.SUPPRESS,))


#: Hold under every policy, unless the operator says otherwise: our own mail is refused, and nobody else would tell.
INCIDENTS = tuple(
    rule for advice in read_advice() for rule in rules_for(advice) if rule.then == (PolicyAction.INCIDENT,)
)


def built_in_rules(preset: Preset, own: Iterable[Rule] = (), *, incidents: bool = True) -> tuple[Rule, ...]:
    """The rules of a preset and those that hold under every one, in order.

    Of an incident that one of the operator's `own` rules is about the built-in rule is left out; without `incidents` all are.
    """
    named = {reason for rule in own if _tells_of_bounces(rule) for reason in rule.reasons}
    return tuple(
        rule for rule in _rules_of(preset) if rule not in INCIDENTS or (incidents and not rule.reasons <= named)
    )


def _rules_of(preset: Preset) -> tuple[Rule, ...]:
    if preset is Preset.CAREFUL:
        return tuple(rule for advice in read_advice() for rule in rules_for(advice))
    if preset is Preset.THREE_STRIKES:
        return (THREE_STRIKES, OWNER_CHANGED, *INCIDENTS)
    return (OWNER_CHANGED, *INCIDENTS)


def _tells_of_bounces(rule: Rule) -> bool:
    return PolicyAction.INCIDENT in rule.then and Kind.BOUNCE in rule.kinds


def build_policy(
    *,
    preset: Preset = Preset.CAREFUL,
    rules: Iterable[Rule] = (),
    categories: Iterable[Category] = (),
    success_after_days: int = SUCCESS_AFTER_DAYS,
    incidents: bool = True,
) -> Policy:
    """The built-in rules and then one's own; the built-in categories, and one's own in addition or instead."""
    own = tuple(rules)
    named = {category.name: category for category in (*BUILT_IN_CATEGORIES, *categories)}
    return Policy(
        rules=(*built_in_rules(preset, own, incidents=incidents), *own),
        categories=tuple(named.values()),
        success_after_days=success_after_days,
    )
