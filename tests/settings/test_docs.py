"""Do the pages about settings say what is so?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.phrases import KEYS
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import PolicyAction, Rule
from bounce_plugin.settings import (
    BreakerSettings,
    CanarySettings,
    CanarySmtpSettings,
    GoogleOAuth,
    HealthSettings,
    ImapSettings,
    LmtpSettings,
    MaildirSettings,
    MboxSettings,
    MetricsSettings,
    MicrosoftOAuth,
    NoticeSettings,
    OtherOAuth,
    Pop3Settings,
    Settings,
    SmtpSettings,
    parse_settings,
)
from bounce_plugin.settings.policy import CategorySettings, PolicySettings, RuleSettings
from bounce_plugin.settings.trust import KeySettings

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference/settings.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to/choose-rules.md").read_text("utf-8")
SECTIONS: list[type[BaseModel]] = [
    BreakerSettings,
    CanarySettings,
    CanarySmtpSettings,
    CategorySettings,
    GoogleOAuth,
    HealthSettings,
    ImapSettings,
    KeySettings,
    LmtpSettings,
    MaildirSettings,
    MboxSettings,
    MetricsSettings,
    MicrosoftOAuth,
    NoticeSettings,
    OtherOAuth,
    PolicySettings,
    Pop3Settings,
    RuleSettings,
    Settings,
    SmtpSettings,
    *(Settings.model_fields[name].annotation for name in ("ledger", "trust", "hooks")),
]


def keys(section: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_the_reference_has_every_key(section: type[BaseModel]) -> None:
    missing = [key for key in keys(section) if not re.search(rf"[`.\[]{key}[`.\]]", REFERENCE)]
    assert missing == []


def test_the_reference_has_no_key_that_does_not_exist() -> None:
    known = {key for section in SECTIONS for key in keys(section)}
    known |= {category.name for category in BUILT_IN_CATEGORIES} | KEYS
    shown = re.findall(r"^\| `(\w+)` \|", REFERENCE, flags=re.MULTILINE)
    assert set(shown) <= known
    assert len(shown) > 40


def test_the_reference_has_every_action() -> None:
    assert re.findall(r'^\| `"(\w+)"` \|', REFERENCE, flags=re.MULTILINE) == [action.value for action in PolicyAction]


def test_the_reference_has_the_categories_as_they_are() -> None:
    for category in BUILT_IN_CATEGORIES:
        use = "exempt" if category.exempt else "suppressible"
        assert f'| `{category.name}` | `"{use}"` |' in REFERENCE


def test_the_how_to_has_every_preset() -> None:
    assert [preset for preset in Preset if f'"{preset}"' in REFERENCE] == list(Preset)
    assert "`careful`" in HOW_TO
    assert "`three-strikes`" in HOW_TO


def example_rules() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", HOW_TO, flags=re.DOTALL)


@pytest.mark.parametrize("text", example_rules())
def test_every_example_is_valid(text: str, tmp_path: Path) -> None:
    assert parse_settings(text, folder=tmp_path).policy.rules


def table_of_careful() -> dict[str, str]:
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \|$", HOW_TO, flags=re.MULTILINE)
    return {reason: says for reasons, says in rows for reason in re.findall(r"`(\w+)`", reasons)}


def test_the_table_of_careful_has_every_reason() -> None:
    assert set(table_of_careful()) == {reason.value for reason in Reason}


@pytest.mark.parametrize("reason", Reason)
def test_the_table_of_careful_says_what_its_rules_do(reason: Reason) -> None:
    says = table_of_careful()[reason]
    rules = [rule for rule in build_policy().rules if reason in rule.reasons]
    if not rules:
        assert says.startswith(("nothing", "no rule"))
    for words in expected(rules):
        assert words in says
    assert {rule.within_days for rule in rules} <= {None, 400}


def expected(rules: list[Rule]) -> list[str]:
    match [(rule.then[0].value, rule) for rule in rules]:
        case []:
            return []
        case [("pause", first), ("suppress", second)]:
            assert (first.after, first.pause_days, second.after) == (1, 7, 2)
            same = (
                ["pauses for 7 days at the first failure", "stops at the second"]
                if second.over_days == 3
                else ["the same"]
            )
            return [*same, f"{second.over_days} days or more after the first"]
        case [("suppress", Rule(after=1))]:
            return ["stops at once"]
        case [("suppress_all", Rule(after=1))]:
            return ["stops everything at once"]
        case [("pause", Rule(after=3) as rule)]:
            return [f"pauses for {rule.pause_days} days", f"three failures over {rule.over_days} days"]
        case [("review", Rule(after=3) as rule)]:
            return [f"asks a person after three failures over {rule.over_days} days"]
        case [("incident", Rule(after=1))]:
            return ["tells the operator"]
    raise AssertionError(rules)
