"""What does the operator want to be done?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.errors import SettingsError
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.presets import INCIDENTS, OWNER_CHANGED, THREE_STRIKES, build_policy
from bounce_plugin.policy.rules import Category, Policy, PolicyAction, Rule
from bounce_plugin.settings import parse_settings

BUILT_IN_RULES = (OWNER_CHANGED, *INCIDENTS)
PLAIN_CASE = """\
[[policy.rule]]
name = "three failed sends"
after = 3
then = ["suppress"]
"""


def policy(text: str) -> Policy:
    return parse_settings(text, folder=Path("/etc")).policy


def rule(*lines: str) -> str:
    return "\n".join(["[[policy.rule]]", 'name = "mine"', *lines, ""])


def test_the_plain_case_fits_in_five_lines() -> None:
    assert len(PLAIN_CASE.splitlines()) <= 5
    assert policy(PLAIN_CASE).rules == (
        *BUILT_IN_RULES,
        Rule(name="three failed sends", after=3, then=(PolicyAction.SUPPRESS,)),
    )
    remove = policy(PLAIN_CASE.replace("suppress", "remove_from_list")).rules[-1]
    assert remove.then == (PolicyAction.REMOVE_FROM_LIST,)


def test_everything_can_be_said_in_a_rule() -> None:
    text = rule(
        "after = 4",
        "within_days = 90",
        "over_days = 7",
        'kinds = ["bounce", "delay"]',
        'types = ["hard"]',
        'reasons = ["address_unknown", "mailbox_disabled"]',
        'categories = ["newsletter", "raffle"]',
        'then = ["pause", "notify"]',
        "pause_days = 30",
        '[categories]\nraffle = "suppressible"',
    )
    assert policy(text).rules[-1] == Rule(
        name="mine",
        after=4,
        within_days=90,
        over_days=7,
        kinds=frozenset({Kind.BOUNCE, Kind.DELAY}),
        types=frozenset({FailureType.HARD}),
        reasons=frozenset({Reason.ADDRESS_UNKNOWN, Reason.MAILBOX_DISABLED}),
        categories=frozenset({"newsletter", "raffle"}),
        then=(PolicyAction.PAUSE, PolicyAction.NOTIFY),
        pause_days=30,
    )


def test_a_preset_holds_alone_or_with_rules_only_when_it_is_named() -> None:
    assert policy("") == policy('[policy]\npreset = "careful"') == build_policy()
    assert policy('[policy]\npreset = "three-strikes"').rules == (THREE_STRIKES, *BUILT_IN_RULES)
    assert policy('[policy]\npreset = "none"').rules == BUILT_IN_RULES
    assert policy('[policy]\npreset = "none"\nincidents = false').rules == (OWNER_CHANGED,)
    both = policy('[policy]\npreset = "careful"\n' + PLAIN_CASE)
    assert both.rules[:-1] == build_policy().rules
    assert both.rules[-1].name == "three failed sends"


def test_categories_are_added_and_changed() -> None:
    mine = policy('[categories]\nraffle = "suppressible"\nstatutory = "suppressible"\nannouncement = "exempt"')
    assert {category.name for category in mine.categories if category.exempt} == {"invoice", "announcement"}
    assert mine.category("raffle") is not None


NEVER = {
    "no pause_days": (rule('then = ["pause"]'), ["policy.rule[1].pause_days: is missing", "number of days"]),
    "pause_days alone": (
        rule('then = ["suppress"]', "pause_days = 3"),
        ["policy.rule[1].pause_days = 3", 'nothing without the action "pause"'],
    ),
    "after": (rule("after = 0", 'then = ["suppress"]'), ["policy.rule[1].after = 0", "must be 1 or more"]),
    "after in words": (rule('after = "3"', 'then = ["suppress"]'), ["policy.rule[1].after = '3'", "whole number"]),
    "no window": (rule("within_days = 0", 'then = ["suppress"]'), ["policy.rule[1].within_days = 0", "1 or more"]),
    "too far": (
        rule("within_days = 40000", 'then = ["suppress"]'),
        ["policy.rule[1].within_days = 40000", "36500 or less"],
    ),
    "no name": ('[[policy.rule]]\nthen = ["suppress"]', ["policy.rule[1].name: is missing"]),
    "no action": (rule(), ["policy.rule[1].then: is missing"]),
    "empty action": (rule("then = []"), ["policy.rule[1].then = []", "must not be empty"]),
    "action": (
        rule('then = ["notify", "supress"]'),
        ["policy.rule[1].then[2] = 'supress'", 'did you mean "suppress"?'],
    ),
    "action in no list": (rule('then = "suppress"'), ["policy.rule[1].then = 'suppress'", "must be a list"]),
    "reason": (
        rule('reasons = ["adress_unknown"]', 'then = ["suppress"]'),
        ["policy.rule[1].reasons[1] = 'adress_unknown'", 'did you mean "address_unknown"?'],
    ),
    "type": (rule('types = ["Hard"]', 'then = ["suppress"]'), ["policy.rule[1].types[1] = 'Hard'", "hard, soft"]),
    "kind": (rule('kinds = ["bounces"]', 'then = ["notify"]'), ["policy.rule[1].kinds[1] = 'bounces'", '"bounce"?']),
    "kind without events": (
        rule('kinds = ["auto_reply"]', 'then = ["notify"]'),
        ["policy.rule[1].kinds[1] = 'auto_reply'", "no event of an address", "bounce, delay, delivered"],
    ),
    "no kind": (rule("kinds = []", 'then = ["notify"]'), ["policy.rule[1].kinds = []", "must not be empty"]),
    "category": (
        rule('categories = ["newsleter"]', 'then = ["suppress"]'),
        ["policy.rule[1].categories = 'newsleter'", 'did you mean "newsletter"?'],
    ),
    "key": (rule('than = ["suppress"]'), ["policy.rule[1].than = ['suppress']", 'did you mean "then"?']),
    "the name of what we do": (
        rule('then = ["notify"]').replace('"mine"', '"complaint"'),
        ["policy.rule[1].name = 'complaint'", "choose another name"],
    ),
    "same name": (rule('then = ["notify"]') * 2, ["policy.rule[2].name = 'mine'", "another rule has this name"]),
    "name of a preset's": (
        '[policy]\npreset = "three-strikes"\n[[policy.rule]]\nname = "three strikes"\nthen = ["notify"]',
        ["policy.rule[1].name = 'three strikes'", "another rule has this name"],
    ),
    "name of the rule about owners": (
        f'[[policy.rule]]\nname = "{OWNER_CHANGED.name}"\nthen = ["notify"]',
        ["another rule has this name"],
    ),
    "name of a rule about incidents": (
        f'[[policy.rule]]\nname = "{INCIDENTS[0].name}"\nthen = ["notify"]',
        ["another rule has this name"],
    ),
    "D-02 reasons that never count": (
        rule('reasons = ["spam_content", "greylisted"]', 'then = ["notify", "suppress"]'),
        ["policy.rule[1].reasons = 'spam_content, greylisted'", "never counts against a recipient"],
    ),
    "D-02 delays that never count": (
        rule('kinds = ["delay"]', 'then = ["remove_from_list"]'),
        ["policy.rule[1].kinds = 'delay'", "only a bounce can lead to remove_from_list"],
    ),
    "soft reasons, hard type": (
        rule('types = ["hard"]', 'reasons = ["mailbox_full"]', 'then = ["suppress"]'),
        ["policy.rule[1].types = ['hard']", "never hard"],
    ),
    "span of one": (rule("over_days = 3", 'then = ["suppress"]'), ["policy.rule[1].over_days = 3", "no span"]),
    "span over the window": (
        rule("after = 2", "within_days = 5", "over_days = 6", 'then = ["suppress"]'),
        ["policy.rule[1].over_days = 6", "within 5 days"],
    ),
    "too many days": (
        rule(
            "after = 4", "within_days = 2", 'reasons = ["unreachable", "expired"]', 'then = ["pause"]', "pause_days = 1"
        ),
        ["policy.rule[1].after = 4", "within 2 days", "count once a day"],
    ),
}


@pytest.mark.parametrize(("text", "said"), NEVER.values(), ids=NEVER.keys())
def test_a_rule_that_would_never_do_what_it_says_is_refused(text: str, said: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        policy(text)
    for words in said:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        rule('reasons = ["spam_content"]', 'then = ["notify", "review", "incident"]'),
        rule('reasons = ["spam_content", "address_unknown"]', 'then = ["suppress"]'),
        rule('kinds = ["delay"]', "after = 5", "within_days = 7", 'then = ["notify"]'),
        rule('types = ["soft"]', 'reasons = ["address_unknown"]', 'then = ["suppress"]'),
        rule("after = 2", "within_days = 5", "over_days = 5", 'then = ["suppress"]'),
        rule("after = 3", "within_days = 2", 'reasons = ["unreachable"]', 'then = ["suppress"]'),
        rule("after = 9", "within_days = 1", 'reasons = ["address_unknown"]', 'then = ["suppress"]'),
    ],
)
def test_what_looks_like_that_and_is_not_is_accepted(text: str) -> None:
    assert policy(text).rules[-1].name == "mine"


def test_after_how_many_days_silence_is_a_success() -> None:
    assert policy("").success_after_days == 5
    assert policy("[policy]\nsuccess_after_days = 10").success_after_days == 10
    for wrong in ("0", "-1", "2.5", '"5"', "40000"):
        with pytest.raises(SettingsError, match=r"policy\.success_after_days"):
            policy(f"[policy]\nsuccess_after_days = {wrong}")


def test_a_category_may_say_how_its_mail_is_sent_once_it_failed() -> None:
    mine = policy('[categories]\ninvoice = { use = "exempt", fallback = "post" }\nstatutory = "exempt"')
    assert {category.name: category.fallback for category in mine.categories if category.exempt} == {
        "invoice": "post",
        "statutory": "",
    }
    assert policy('[categories.raffle]\nuse = "suppressible"').category("raffle") == Category(name="raffle")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('{ use = "suppressible", fallback = "post" }', "raffle.fallback = 'post' is for exempt mail alone"),
        ('{ use = "exempt", fallback = "" }', "raffle.fallback = '' must not be empty"),
        ('{ fallback = "post" }', "raffle.use is missing"),
        ('{ use = "exemt" }', "raffle.use = 'exemt' did you mean \"exempt\"?"),
        ("true", "raffle = True must be a table of keys"),
    ],
)
def test_what_is_wrong_with_a_category_is_told(wrong: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        policy(f"[categories]\nraffle = {wrong}")
    assert told in str(caught.value).replace(": ", " ")
