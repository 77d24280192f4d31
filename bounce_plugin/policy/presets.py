"""Which rules hold if the operator says little or nothing?"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bounce_plugin.classify.classification import Reason
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES
from bounce_plugin.policy.reason_rules import read_advice, rules_for
from bounce_plugin.policy.rules import SUCCESS_AFTER_DAYS, Category, Policy, PolicyAction, Rule


class Preset(StrEnum):
    """The sets of rules that come with the package."""

    CAREFUL = "careful"  # each reason as the table of reasons advises
    THREE_STRIKES = "three-strikes"  # three messages that failed, whenever and however
    NONE = "none"  # the operator's rules alone


#: Holds under every policy: mail to a mailbox that changed its owner goes to a stranger, an invoice as well.
OWNER_CHANGED = Rule(
    name="owner_changed: stop everything",
    reasons=frozenset({Reason.OWNER_CHANGED}),
    then=(PolicyAction.SUPPRESS_ALL,),
)

THREE_STRIKES = Rule(name="three strikes", after=3, then=(PolicyAction.SUPPRESS,))


def preset_rules(preset: Preset) -> tuple[Rule, ...]:
    """The rules of a preset, in order."""
    if preset is Preset.CAREFUL:
        return tuple(rule for advice in read_advice() for rule in rules_for(advice))
    if preset is Preset.THREE_STRIKES:
        return (THREE_STRIKES, OWNER_CHANGED)
    return (OWNER_CHANGED,)


def build_policy(
    *,
    preset: Preset = Preset.CAREFUL,
    rules: Iterable[Rule] = (),
    categories: Iterable[Category] = (),
    success_after_days: int = SUCCESS_AFTER_DAYS,
) -> Policy:
    """A preset's rules and then one's own; the built-in categories, and one's own in addition or instead."""
    named = {category.name: category for category in (*BUILT_IN_CATEGORIES, *categories)}
    return Policy(
        rules=(*preset_rules(preset), *rules),
        categories=tuple(named.values()),
        success_after_days=success_after_days,
    )
