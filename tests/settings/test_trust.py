"""Is what signs read, refused with reasons where it is wrong, and never shown?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bounce_plugin import Trust
from bounce_plugin.correlate.token import Purpose
from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import parse_settings
from bounce_plugin.settings.trust import TrustSettings

KEYS = ("0123456789abcdef" * 4, "fedcba9876543210" * 4)
DOMAIN = 'bounce_domain = "bounces.example.org"\n'
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def trust(folder: Path, lines: str) -> TrustSettings:
    for number, key in enumerate(KEYS, start=1):
        (folder / f"trust-{number}.key").write_text(key + "\n")
    return parse_settings(f"[trust]\n{lines}\n", folder=folder).trust


def keys(*numbers: int) -> str:
    return "".join(f'[[trust.key]]\nnumber = {number}\nfile = "trust-{number}.key"\n' for number in numbers)


def test_without_a_word_nothing_is_signed_and_an_address_is_enough(tmp_path: Path) -> None:
    bare = trust(tmp_path, "")
    assert bare.require is Trust.ADDRESS
    assert bare.read_seal() is None


@pytest.mark.parametrize(
    ("level", "least"), [("address", Trust.ADDRESS), ("logged", Trust.LOGGED), ("signed", Trust.SIGNED_HEADER)]
)
def test_each_level_can_be_required(tmp_path: Path, level: str, least: Trust) -> None:
    assert trust(tmp_path, f'require = "{level}"\n{DOMAIN}{keys(1)}').require is least


def test_c_03_the_last_key_signs_and_each_is_accepted(tmp_path: Path) -> None:
    before, both, after = (trust(tmp_path, DOMAIN + keys(*numbers)).read_seal() for numbers in ((1,), (1, 2), (2,)))
    assert before
    assert both
    assert after
    old, new = (seal.keyring.sign(Purpose.ENVELOPE, delivery=1, category=1, now=NOW) for seal in (before, both))
    assert both.keyring.recognise(Purpose.ENVELOPE, old)
    assert after.keyring.recognise(Purpose.ENVELOPE, new)
    assert after.keyring.recognise(Purpose.ENVELOPE, old) is None


def test_a_key_is_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNCE_TRUST_KEY", KEYS[0])
    seal = trust(tmp_path, DOMAIN + '[[trust.key]]\nnumber = 3\nenv = "BOUNCE_TRUST_KEY"').read_seal()
    assert seal
    assert seal.keyring.newest == 3
    assert KEYS[0] not in repr(seal)
    assert repr(bytes.fromhex(KEYS[0])) not in repr(seal)


def test_an_international_domain_is_written_in_a_labels(tmp_path: Path) -> None:
    settings = trust(tmp_path, 'bounce_domain = "Rücklauf.example."\n' + keys(1))
    assert settings.bounce_domain == "xn--rcklauf-n2a.example"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (keys(1), "trust.bounce_domain: is missing"),
        (DOMAIN, "trust.bounce_domain = 'bounces.example.org': needs a [[trust.key]]"),
        ('bounce_domain = "local"\n' + keys(1), "trust.bounce_domain = 'local': is no domain of mail"),
        (DOMAIN + 'prefix = "b @"\n' + keys(1), "trust.prefix = 'b @': must be at most 12 characters"),
        (DOMAIN + keys(16), "trust.key[1].number = 16"),
        (DOMAIN + keys(1, 1), "trust.key[2].number = 1: another key has this number"),
        (DOMAIN + "[[trust.key]]\nnumber = 1", "trust.key[1].number = 1: needs one of file, env"),
        (DOMAIN + '[trust.key]\nnumber = 1\nfile = "x"', "trust.key: must be written in two brackets: [[trust.key]]"),
        (DOMAIN + "oldest_days = 0\n" + keys(1), "trust.oldest_days = 0"),
        ('require = "signed"', "trust.require = 'signed': needs trust.bounce_domain and a [[trust.key]]"),
    ],
)
def test_what_is_wrong_is_named_with_key_and_value(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        trust(tmp_path, lines)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 64, "must be written in hexadecimal digits"),
        ("ab" * 31, "key 1 has 31 octets; it needs 32"),
        ("é", "cannot be read"),
    ],
)
def test_c_03_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, text: str, said: str) -> None:
    settings = trust(tmp_path, DOMAIN + keys(1))
    (tmp_path / "trust-1.key").write_text(text)
    with pytest.raises(SettingsError, match=said) as caught:
        settings.read_seal()
    assert "trust.key" in str(caught.value)
    assert text[:4] not in str(caught.value).replace("trust-1.key", "")


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"trust\.key\[number=7\]\.file = .*trust-7\.key.*no such file"):
        trust(tmp_path, DOMAIN + keys(7)).read_seal()
    with pytest.raises(SettingsError, match=r"trust\.key\[number=1\]\.env = 'BOUNCE_NOT_SET': is not set"):
        trust(tmp_path, DOMAIN + '[[trust.key]]\nnumber = 1\nenv = "BOUNCE_NOT_SET"').read_seal()


@pytest.mark.parametrize("lines", [f'key = "{KEYS[0]}"', f'[[trust.key]]\nnumber = 1\nhex = "{KEYS[0]}"'])
def test_c_03_a_key_that_stands_in_the_file_itself_is_not_repeated(tmp_path: Path, lines: str) -> None:
    with pytest.raises(SettingsError) as caught:
        trust(tmp_path, DOMAIN + lines)
    assert KEYS[0][:8] not in str(caught.value)
