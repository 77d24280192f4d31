"""Is a token ours, and can nobody else make one?"""

from __future__ import annotations

import importlib.util
import random
import secrets
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.correlate.token import LENGTH, Keyring, Purpose, Signed

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DOMAIN = "bounces.example.org"
KEYS = {1: bytes(range(32)), 2: bytes(range(100, 140))}
RING = Keyring(domain=DOMAIN, keys=KEYS, newest=2)
REFERENCE = Path(__file__).parents[3] / "shared" / "standards" / "token_ref.py"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def token(purpose: Purpose = Purpose.ENVELOPE, now: datetime = NOW, ring: Keyring = RING) -> str:
    return ring.sign(purpose, delivery=2**63 + 5, category=7, now=now)


def test_a_token_says_what_was_signed_and_is_short() -> None:
    made = token()
    assert len(made) == LENGTH == 36
    assert len(f"b+{made}") == 38
    assert len(f"prvs=0123abcdef=b+{made}") == 54
    assert set(made) <= set(ALPHABET)
    assert RING.verify(Purpose.ENVELOPE, made, now=NOW) == Signed(
        category=7, delivery=2**63 + 5, signed_on=NOW.date(), key=2
    )


@given(
    delivery=st.integers(0, 2**64 - 1),
    category=st.integers(0, 255),
    purpose=st.sampled_from(Purpose),
    key=st.sampled_from(sorted(KEYS)),
)
def test_whatever_is_signed_is_read_back(delivery: int, category: int, purpose: Purpose, key: int) -> None:
    ring = Keyring(domain=DOMAIN, keys=KEYS, newest=key)
    signed = RING.verify(purpose, ring.sign(purpose, delivery=delivery, category=category, now=NOW), now=NOW)
    assert signed == Signed(category=category, delivery=delivery, signed_on=NOW.date(), key=key)


def reference() -> Any:
    if not REFERENCE.exists():
        pytest.skip(f"the reference is not here: {REFERENCE}")
    spec = importlib.util.spec_from_file_location("token_ref", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("purpose", Purpose)
def test_tokens_are_those_of_the_reference_both_ways(purpose: Purpose) -> None:
    theirs = reference()
    name, at = purpose.value.encode(), NOW.timestamp()
    for number in range(50):
        delivery, category = secrets.randbits(64), number % 256
        ours = RING.sign(purpose, delivery=delivery, category=category, now=NOW)
        assert ours == theirs.make(KEYS, 2, name, DOMAIN, category, delivery, at)
        assert theirs.check(KEYS, name, DOMAIN, ours, at)[:2] == (category, delivery)


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase], ids=lambda change: change.__name__)
def test_c_01_case_may_change_on_the_way(change: Any) -> None:
    assert RING.verify(Purpose.ENVELOPE, change(token()), now=NOW)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a" * 35,
        "a" * 37,
        "1" * 36,
        "é" * 36,
        f"{token()[:-1]}=",
        f" {token()[1:]}",
        f"{token()}\n",
        "\0" * 36,
        "８" * 36,
    ],
)
def test_c_01_what_is_no_token_is_none(bad: str) -> None:
    assert RING.recognise(Purpose.ENVELOPE, bad) is None


def test_c_01_only_one_spelling_of_its_octets_is_accepted() -> None:
    made = token()
    accepted = [last for last in ALPHABET if RING.recognise(Purpose.ENVELOPE, made[:-1] + last)]
    assert accepted == [made[-1]]


def test_c_02_each_change_of_one_character_fails() -> None:
    made = token()
    for place in range(LENGTH):
        for other in ALPHABET:
            if other != made[place]:
                changed = made[:place] + other + made[place + 1 :]
                assert RING.recognise(Purpose.ENVELOPE, changed) is None, (place, other)


def test_t_01_a_hundred_thousand_forged_and_mutated_tokens_are_all_refused() -> None:
    chance = random.Random(20261128)
    stranger = Keyring(domain=DOMAIN, keys={1: secrets.token_bytes(32), 2: secrets.token_bytes(32)}, newest=2)
    genuine = [RING.sign(Purpose.ENVELOPE, delivery=chance.getrandbits(64), category=1, now=NOW) for _ in range(500)]
    accepted = 0
    for number in range(100_000):
        match number % 4:
            case 0:  # by a key of his own
                forged = stranger.sign(Purpose.ENVELOPE, delivery=chance.getrandbits(64), category=1, now=NOW)
            case 1:  # at random
                forged = "".join(chance.choices(ALPHABET, k=LENGTH))
            case 2:  # of two that he has seen
                one, other = chance.sample(genuine, 2)
                cut = chance.randrange(1, LENGTH)
                forged = one[:cut] + other[cut:]
                if forged in genuine:
                    continue
            case _:  # of one that he has seen
                characters = list(chance.choice(genuine))
                for place in chance.sample(range(LENGTH), chance.randrange(1, 4)):
                    characters[place] = chance.choice(string.ascii_letters + string.digits)
                forged = "".join(characters)
                if forged.lower() in genuine:
                    continue
        accepted += RING.recognise(Purpose.ENVELOPE, forged) is not None
    assert accepted == 0


@pytest.mark.parametrize("purpose", Purpose)
def test_c_02_a_token_for_one_purpose_fails_for_every_other(purpose: Purpose) -> None:
    good = [other for other in Purpose if RING.verify(other, token(purpose), now=NOW)]
    assert good == [purpose]


def test_a_token_of_another_domain_fails() -> None:
    other = Keyring(domain="bounces.example.net", keys=KEYS, newest=2)
    assert other.recognise(Purpose.ENVELOPE, token()) is None
    assert Keyring(domain="Bounces.Example.ORG.", keys=KEYS, newest=2).recognise(Purpose.ENVELOPE, token())


def test_c_03_a_new_key_signs_and_the_old_one_is_accepted_until_it_is_retired() -> None:
    old = Keyring(domain=DOMAIN, keys={1: KEYS[1]}, newest=1)
    made = token(ring=old)
    assert RING.verify(Purpose.ENVELOPE, made, now=NOW)
    assert Keyring(domain=DOMAIN, keys={2: KEYS[2]}, newest=2).verify(Purpose.ENVELOPE, made, now=NOW) is None


@pytest.mark.parametrize(
    ("keys", "newest", "problem"),
    [
        ({1: b"short"}, 1, "key 1 has 5 octets; it needs 32 or more"),
        ({16: KEYS[1]}, 16, "key number 16 is not one of 0 to 15"),
        ({1: KEYS[1]}, 2, "there is no key 2 to sign with"),
    ],
)
def test_c_03_keys_that_cannot_be_used_are_refused(keys: dict[int, bytes], newest: int, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Keyring(domain=DOMAIN, keys=keys, newest=newest)


def test_c_03_no_key_is_in_the_repr() -> None:
    assert repr(KEYS[1]) not in repr(RING)
    assert "keys" not in repr(RING)


@pytest.mark.parametrize(("days", "good"), [(-3, False), (-2, True), (0, True), (45, True), (46, False)])
def test_c_04_a_token_expires_and_may_be_of_a_clock_that_is_ahead(days: int, good: bool) -> None:
    later = NOW + timedelta(days=days)
    assert (RING.verify(Purpose.ENVELOPE, token(), now=later) is not None) is good
    assert RING.recognise(Purpose.ENVELOPE, token()), "it is ours all the same"


def test_c_10_a_log_shows_six_characters() -> None:
    signed = RING.recognise(Purpose.ENVELOPE, token())
    assert signed is not None
    assert len(signed.short) == 6


def test_a_number_that_does_not_fit_is_refused() -> None:
    for delivery, category in ((2**64, 1), (-1, 1), (1, 256), (1, -1)):
        with pytest.raises(ValueError, match="does not fit"):
            RING.sign(Purpose.ENVELOPE, delivery=delivery, category=category, now=NOW)


def test_an_international_domain_is_the_same_in_both_spellings() -> None:
    made = token(ring=Keyring(domain="rücklauf.example", keys=KEYS, newest=1))
    assert Keyring(domain="xn--rcklauf-n2a.example", keys=KEYS, newest=1).recognise(Purpose.ENVELOPE, made)
