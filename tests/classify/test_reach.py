"""Which phrases can never decide? Said only where it is certain: no phrase that can is refused."""

import random

import pytest

from bounce_plugin.classify.phrase import Phrase
from bounce_plugin.classify.reach import find_blockers
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.classify.trial import as_finding, decided_by, try_finding
from bounce_plugin.detectors.finding import Stage
from tests.classify.judge import HOSTS, add, judge
from tests.classify.test_additions import faults, row, text


@pytest.mark.parametrize(
    "fields",
    [
        # in the words of a stronger one for the same reason
        {"phrase": "your mailbox is full now", "reason": "mailbox_full", "priority": 80},
        {"phrase": "the mailbox is full|a full mailbox here", "reason": "mailbox_full", "priority": 80},
        {"phrase": "mailbox full & of cats", "reason": "mailbox_full", "priority": 80},
        {
            "phrase": "yonder mailbox full of*",
            "reason": "mailbox_full",
            "priority": 80,
            "example": "550 yonder mailbox full of",
        },
        # that blames the sender, before any that blames the recipient
        {"phrase": "on our blacklist here", "reason": "recipient_refused"},
        {"phrase": "on our blacklisting", "reason": "address_unknown"},
        {"phrase": "kiosk .spamhaus", "reason": "address_unknown", "example": "550 kiosk www.spamhaus.org"},
        {"phrase": "blacklisted kiosk|kiosk in a block list", "reason": "reputation_block", "priority": 31},
    ],
)
def test_a_phrase_that_holds_a_stronger_one_can_never_decide(fields):
    example = {"example": f"550 {fields['phrase'].partition('|')[0].replace(' & ', ' ')}"}
    (fault,) = faults(row(**{**example, **fields}))
    if ".spamhaus" in fields["phrase"]:  # words with a dot in front are looked for alone
        assert "does not hold" in fault
        return
    assert f"phrase = '{fields['phrase']}': can never decide: whatever holds it holds “" in fault
    assert "built in), too, which comes first" in fault


@pytest.mark.parametrize(
    "fields",
    [
        {"phrase": "the mailbox is full|kiosk shut", "reason": "mailbox_full", "priority": 80},  # one alternative can
        {"phrase": "mailbox is fullest", "reason": "mailbox_full", "priority": 80},  # another word
        {"phrase": "the mailbox is full*", "reason": "mailbox_full", "priority": 80},  # the word may go on
        {"phrase": "the mailbox is full", "reason": "mailbox_full", "priority": 49},  # it comes first
        {"phrase": "the mailbox is full", "reason": "mailbox_full", "scope": "gmx", "priority": 99},  # a provider's own
        {"phrase": "mailbox & is & full", "reason": "mailbox_full", "priority": 80},  # words may stand between
        {"phrase": "the mailbox is full", "reason": "system_error", "priority": 80},  # at an early stage it decides
        {"phrase": "the mailbox is full", "reason": "policy_rejected", "priority": 80},  # by asymmetry it decides
        {"phrase": "on our blacklist here", "reason": "mailbox_full"},  # in what a program printed it decides
    ],
)
def test_what_may_decide_after_all_is_not_called_unreachable(fields):
    added = add(text(row(**{"example": "550 kiosk", **fields})))
    phrase = added.tables.phrases[f"phrase:{fields.get('scope', 'any')}:{fields['phrase']}"]
    assert find_blockers(phrase, added.tables) == ()


def test_none_of_our_own_that_takes_its_example_is_called_unreachable():
    for phrase in BUILT_IN.phrases.values():
        finding = as_finding(phrase.example, BUILT_IN, provider=phrase.scope)
        if decided_by(try_finding(finding, BUILT_IN)) == phrase.rule:
            assert find_blockers(phrase, BUILT_IN) == (), phrase.rule


#: Words of few phrases that say much, so that by chance they stand in each other.
WORDS = [
    "mailbox",
    "full",
    "blacklisted",
    "user",
    "unknown",
    "spam",
    "policy",
    "quota",
    "kiosk",
    "shut",
    "greylisted",
    "relay",
    ".spamhaus",
    "expired",
    "now",
]
REASONS = [
    "mailbox_full",
    "reputation_block",
    "address_unknown",
    "spam_content",
    "greylisted",
    "expired",
    "suppressed",
    "mailbox_disabled",
]
CODES = ["", "550", "450", "552 5.2.2", "550 5.7.1", "550 5.1.1", "421 4.4.7"]


def chance_phrase(chance: random.Random) -> str:
    def words(most: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, most)))

    phrase = chance.choice([words(3), f"{words(3)}|{words(3)}", f"{words(2)} & {words(2)}", f"{words(2)}*"])
    fields: dict[str, object] = {"phrase": phrase, "reason": chance.choice(REASONS), "example": "x"}
    fields["priority"] = chance.choice([15, 30, 50, 70, 80, 95])
    fields["scope"] = chance.choice(["any", "any", "any", "google"])
    if chance.random() < 0.2:
        fields["code"] = chance.choice(["4", "55"])
    return row(**fields)


def chance_reply(phrase: Phrase, chance: random.Random) -> str:
    """A reply that holds the phrase, and more."""
    said = [chance.choice(CODES)]
    for part in phrase.parts:
        said += chance.choices(WORDS, k=chance.randint(0, 2))
        said += [word.replace("*", chance.choice(["", "ly"])) for word in chance.choice(part)]
    return " ".join([*said, *chance.choices(WORDS, k=chance.randint(0, 3))])


@pytest.mark.parametrize("seed", range(16))
def test_by_chance_no_phrase_that_decides_is_called_unreachable(seed):
    chance = random.Random(seed)
    tables = add(text(*[chance_phrase(chance) for _ in range(12)])).tables
    blocked = [tables.phrases[rule] for rule in tables.sources if find_blockers(tables.phrases[rule], tables)]
    for phrase in blocked:
        for _ in range(40):
            reply = chance_reply(phrase, chance)
            verdict = judge(
                reply,
                tables=tables,
                host=chance.choice([HOSTS["any"], HOSTS["google"]]),
                stage=chance.choice(list(Stage)),
                diagnostic_type=chance.choice(["smtp", "smtp", "x-unix"]),
            )
            assert decided_by(verdict) != phrase.rule, (phrase.rule, reply)
