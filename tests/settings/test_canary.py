"""Can a canary be sent as [canary] says, and come back?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import find_risks, parse_settings

TABLE = '[canary]\naddress = "nobody@dead.example"\nfrom = "bounces@crm.example"\n'


def test_this_machines_own_mail_server_takes_it_and_four_hours_are_enough(tmp_path: Path) -> None:
    canary = parse_settings(TABLE, folder=tmp_path).canary
    assert canary is not None
    assert (canary.address, canary.sender, canary.within_hours) == ("nobody@dead.example", "bounces@crm.example", 4)
    assert (canary.smtp.host, canary.smtp.port, canary.smtp.security) == ("localhost", 25, "none")
    assert canary.smtp.read_password() == ""


def test_without_the_table_there_is_none(tmp_path: Path) -> None:
    assert parse_settings("", folder=tmp_path).canary is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE.replace("nobody@dead.example", "nobody"), r"canary\.address = 'nobody': is no single, bare address"),
        (TABLE.replace("nobody@", "Nobody <nobody@"), r"canary\.address = 'Nobody <.*': is no single"),
        (TABLE.replace("nobody@dead.example", "a@b.example, c@d.example"), r"canary\.address = .* is no single"),
        (TABLE.replace("bounces@", "bounces at "), r"canary\.from = 'bounces at crm\.example': is no single"),
        (
            TABLE.replace("nobody@dead", "Bounces@CRM"),
            r"canary\.address = 'Bounces@CRM\.example': is the address that reports go to",
        ),
        ('[canary]\nfrom = "a@b.example"\n', r"canary\.address: is missing"),
        ('[canary]\naddress = "a@b.example"\n', r"canary\.from: is missing"),
        (f"{TABLE}within_hours = 0\n", r"canary\.within_hours = 0: must be 1 or more"),
        (f"{TABLE}within_hours = 0.5\n", r"canary\.within_hours = 0\.5: must be a whole number"),
        (
            f"{TABLE}within_hour = 1\n",
            r'canary\.within_hour = 1: there is no such key here; did you mean "within_hours"',
        ),
        (f'{TABLE}smtp = {{ host = "h", user = "u" }}\n', r"canary\.smtp\.user = 'u': it needs one of"),
    ],
)
def test_what_could_not_work_is_refused_with_key_and_value(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=rf"bounce\.toml: {said}"):
        parse_settings(text, folder=tmp_path)


def test_a_password_that_cannot_be_had_is_named_as_its_section_is(tmp_path: Path) -> None:
    text = f'{TABLE}smtp = {{ host = "h", user = "u", password_file = "none" }}\n'
    canary = parse_settings(text, folder=tmp_path).canary
    assert canary is not None
    with pytest.raises(SettingsError, match=r"bounce\.toml: canary\.smtp\.password_file = "):
        canary.smtp.read_password()


def test_a_password_in_the_clear_is_a_risk(tmp_path: Path) -> None:
    smtp = '[canary.smtp]\nhost = "smtp.example.org"\nsecurity = "none"\nuser = "u"\npassword_env = "P"\n'
    settings = parse_settings(f'{TABLE}{smtp}[ledger]\nkey_env = "K"\n', folder=tmp_path)
    assert [risk.partition(" ")[0] for risk in find_risks(settings)] == ["canary.smtp.security"]
