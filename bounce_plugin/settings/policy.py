"""What does the operator want to be done? The tables [policy], [[policy.rule]] and [categories]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.presets import Preset, build_policy, built_in_rules
from bounce_plugin.policy.rules import SUCCESS_AFTER_DAYS, Category, Policy, PolicyAction, Rule
from bounce_plugin.policy.state import COMPLAINT
from bounce_plugin.settings.section import Days, Name, Section, Whole, YesNo, choose, refuse, require_known

#: The kinds of mail that are recorded as events of an address; a rule about another kind would wait for ever.
_RECORDED: Final = (Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED)


def _why_no_rule(kind: str) -> str | None:
    if kind not in set(Kind) - set(_RECORDED):
        return None  # it can be used, or is unknown
    return f"a mail of that kind is no event of an address; allowed: {', '.join(_RECORDED)}"


class CategoryUse(StrEnum):
    """What a stop means for mail of a category."""

    SUPPRESSIBLE = "suppressible"  # it is withheld
    EXEMPT = "exempt"  # it is sent all the same


class CategorySettings(Section):
    """What is to be done with mail of one category. A word alone is its use."""

    use: Annotated[CategoryUse, choose(CategoryUse)]
    fallback: Name | None = (
        None  # how exempt mail that fails is to be sent, in the host's own word; not given: it decides
    )

    @model_validator(mode="after")
    def _has_a_use_for_it(self) -> Self:
        if self.fallback is not None and self.use is not CategoryUse.EXEMPT:
            raise refuse("is for exempt mail alone: other mail may fail", key="fallback", value=self.fallback)
        return self


def _spell_out(value: object) -> object:
    """A use that stands alone, as the table that it is short for."""
    if not isinstance(value, str):
        return value
    if value not in set(CategoryUse):
        require_known(value, CategoryUse, key="")
    return {"use": value}


#: `"exempt"`, or `{ use = "exempt", fallback = "post" }`.
DeclaredCategory = Annotated[CategorySettings, BeforeValidator(_spell_out)]


class RuleSettings(Section):
    """One rule. Each check below refuses a rule that would never do what it says."""

    name: Name
    after: Whole = 1
    within_days: Annotated[Days, Field(ge=1)] | None = None
    over_days: Days = 0
    kinds: Annotated[tuple[Annotated[Kind, choose(Kind, instead=_why_no_rule)], ...], Field(min_length=1)] = (
        Kind.BOUNCE,
    )
    types: tuple[Annotated[FailureType, choose(FailureType)], ...] = ()
    reasons: tuple[Annotated[Reason, choose(Reason)], ...] = ()
    categories: tuple[Name, ...] = ()
    then: Annotated[tuple[Annotated[PolicyAction, choose(PolicyAction)], ...], Field(min_length=1)]
    pause_days: Days = 0

    def rule(self) -> Rule:
        """The same as a value of the policy."""
        return Rule(
            name=self.name,
            after=self.after,
            within_days=self.within_days,
            over_days=self.over_days,
            kinds=frozenset(self.kinds),
            types=frozenset(self.types),
            reasons=frozenset(self.reasons),
            categories=frozenset(self.categories),
            then=tuple(dict.fromkeys(self.then)),
            pause_days=self.pause_days,
        )

    @model_validator(mode="after")
    def _pauses_have_a_length(self) -> Self:
        pauses = PolicyAction.PAUSE in self.then
        if pauses and not self.pause_days:
            raise refuse('is missing: the action "pause" needs the number of days', key="pause_days")
        if self.pause_days and not pauses:
            raise refuse('does nothing without the action "pause" in `then`', key="pause_days", value=self.pause_days)
        return self

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.over_days and self.after == 1:
            raise refuse(
                "one failure alone has no span; it needs `after` = 2 or more", key="over_days", value=self.over_days
            )
        if self.within_days is None:
            return self
        if self.over_days > self.within_days:
            raise refuse(
                f"can never be reached within {self.within_days} days (`within_days`)",
                key="over_days",
                value=self.over_days,
            )
        daily = self.reasons and all(0 < BUILT_IN.reasons[reason].weight < 1 for reason in self.reasons)
        if daily and self.after > self.within_days + 1:
            raise refuse(
                f"can never be reached within {self.within_days} days (`within_days`): these reasons count once a day",
                key="after",
                value=self.after,
            )
        return self

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        rows = [BUILT_IN.reasons[reason] for reason in self.reasons]
        if rows and self.types == (FailureType.HARD,) and all(row.type is FailureType.SOFT for row in rows):
            raise refuse("these reasons are never hard: the rule could never be reached", key="types", value=["hard"])
        if not self.rule().restricts:
            return self
        instead = "allowed for it: notify, review, incident"
        if Kind.BOUNCE not in self.kinds:
            raise refuse(
                f"only a bounce can lead to {_listed(self.then)}; {instead}", key="kinds", value=_listed(self.kinds)
            )
        if rows and not any(row.counts for row in rows):
            raise refuse(
                f"never counts against a recipient, so it cannot lead to {_listed(self.then)}; {instead}",
                key="reasons",
                value=_listed(self.reasons),
            )
        return self


class PolicySettings(Section):
    """The operator's rules, and the preset that they are added to."""

    preset: Annotated[Preset, choose(Preset)] | None = None  # without rules: careful; with rules: none
    success_after_days: Annotated[Days, Field(ge=1)] = SUCCESS_AFTER_DAYS
    incidents: YesNo = True  # the operator is told when our own mail is refused, under every preset
    rules: tuple[RuleSettings, ...] = Field((), alias="rule")

    @property
    def used_preset(self) -> Preset:
        """The preset that holds: one's own rules stand alone unless a preset is named beside them."""
        return self.preset or (Preset.NONE if self.rules else Preset.CAREFUL)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        own = [rule.rule() for rule in self.rules]
        taken = {rule.name for rule in built_in_rules(self.used_preset, own, incidents=self.incidents)}
        for number, rule in enumerate(self.rules, start=1):
            key = f"rule[{number}].name"
            if rule.name == COMPLAINT:
                raise refuse("is what a signed complaint does: choose another name", key=key, value=rule.name)
            if rule.name in taken:
                raise refuse("another rule has this name already", key=key, value=rule.name)
            taken.add(rule.name)
        return self

    def build(self, categories: Mapping[str, CategorySettings]) -> Policy:
        """The policy that these settings make."""
        return build_policy(
            preset=self.used_preset,
            rules=[rule.rule() for rule in self.rules],
            categories=[
                Category(name=name, exempt=one.use is CategoryUse.EXEMPT, fallback=one.fallback or "")
                for name, one in categories.items()
            ],
            success_after_days=self.success_after_days,
            incidents=self.incidents,
        )

    def check_categories(self, known: Iterable[str]) -> None:
        """Refuse a rule about a category that nobody declared."""
        for number, rule in enumerate(self.rules, start=1):
            for name in rule.categories:
                require_known(name, known, key=f"policy.rule[{number}].categories")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
