"""Can the ledger's key be had, and is it one?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import LedgerSettings, parse_settings

KEY = "0123456789abcdef" * 4


def ledger(folder: Path, lines: str = "") -> LedgerSettings:
    return parse_settings(f"[ledger]\n{lines}\n", folder=folder).ledger


def test_the_key_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text(KEY + "\n")
    assert ledger(tmp_path).read_key() == bytes.fromhex(KEY)


def test_the_key_is_read_from_the_environment_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNCE_KEY", KEY)
    assert ledger(tmp_path, 'key_env = "BOUNCE_KEY"').read_key() == bytes.fromhex(KEY)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ledger\.key_env = 'BOUNCE_NOT_SET': is not set"):
        ledger(tmp_path, 'key_env = "BOUNCE_NOT_SET"').read_key()


def test_a_key_that_is_not_there_is_not_made_in_silence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ledger\.key_file = .*no such file; `bounce-plugin init` makes it"):
        ledger(tmp_path).read_key()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 64, "hexadecimal"),
        ("ab" * 31, "has 31 octets; it must have 32"),
        ("", "has 0 octets"),
        ("é", "cannot be read"),
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ledger.key").write_text(text)
    with pytest.raises(SettingsError, match=said) as caught:
        ledger(tmp_path).read_key()
    assert "abab" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "keep_deliveries_days = 44",
            'ledger.keep_deliveries_days = 44: allowed: "forever", or a number of days from 45',
        ),
        ("keep_deliveries_days = true", 'allowed: "forever", or'),
        ('keep_deliveries_days = "never"', "ledger.keep_deliveries_days = 'never': allowed"),
        (
            "keep_deliveries_days = 60\n[trust]\noldest_days = 61",
            "ledger.keep_deliveries_days = 60: must be at least trust.oldest_days = 61",
        ),
        (
            "keep_deliveries_days = 60\n[policy]\nsuccess_after_days = 61",
            "must be at least policy.success_after_days = 61",
        ),
    ],
)
def test_what_was_sent_is_kept_until_no_report_about_it_may_come(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(f"[ledger]\n{text}\n", folder=tmp_path)
    assert said in str(caught.value)
    kept = parse_settings('[ledger]\nkeep_deliveries_days = "forever"\n', folder=tmp_path).ledger
    assert kept.keep_deliveries_days is None
