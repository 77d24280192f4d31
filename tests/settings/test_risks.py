"""What is allowed in these settings, and yet not wise?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.settings import find_risks, load_settings, write_template

SAFE = '[[mailbox]]\nname = "b"\nkind = "imap"\nhost = "{host}"\nuser = "u"\npassword_file = "word"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with fresh settings, and a password of its owner's own."""
    write_template(tmp_path)
    (tmp_path / "word").touch(mode=0o600)
    return tmp_path


def risks(folder: Path, text: str) -> list[str]:
    (folder / "bounce.toml").write_text(text)
    return list(find_risks(load_settings(folder / "bounce.toml")))


def test_fresh_settings_have_none(folder: Path) -> None:
    assert list(find_risks(load_settings(folder / "bounce.toml"))) == []
    assert risks(folder, SAFE.format(host="h")) == []


def test_a_key_that_others_can_read(folder: Path) -> None:
    key = folder / "ledger.key"
    key.chmod(0o640)
    assert risks(folder, "") == [f"ledger.key_file: others on this computer can read {key}: chmod 600 {key}"]
    assert risks(folder, '[ledger]\nkey_env = "K"') == []


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_password_file_that_others_can_read(folder: Path, kind: str) -> None:
    (folder / "word").chmod(0o604)
    (risk,) = risks(folder, SAFE.format(host="h").replace("imap", kind))
    assert risk.startswith("mailbox[1].password_file: others on this computer can read")


def test_a_file_that_is_not_there_is_no_risk(folder: Path) -> None:
    (folder / "word").unlink()
    assert risks(folder, SAFE.format(host="h")) == []


def test_a_password_in_the_settings_and_settings_that_others_can_read(folder: Path) -> None:
    (folder / "bounce.toml").chmod(0o644)
    text = SAFE.format(host="h").replace("password_file", "password")
    assert [risk.partition(" ")[0] for risk in risks(folder, text)] == ["mailbox[1].password", "mailbox[1].password:"]
    assert "hunter2" not in " ".join(risks(folder, text.replace('"word"', '"hunter2"')))


@pytest.mark.parametrize(("host", "number"), [("localhost", 0), ("::1", 0), ("smtp.example.org", 1)])
def test_a_password_in_the_clear(folder: Path, host: str, number: int) -> None:
    smtp = f'[notices]\nto = ["a@b"]\nfrom = "a@b"\n[notices.smtp]\nhost = "{host}"\nsecurity = "none"\n'
    assert risks(folder, smtp) == []  # nobody signs in
    found = risks(folder, smtp + 'user = "u"\npassword_env = "P"\n')
    assert [risk.partition(" ")[0] for risk in found] == ["notices.smtp.security"] * number


@pytest.mark.parametrize(
    ("place", "number"), [("127.0.0.1:24", 0), ("localhost:24", 0), ("[::1]:24", 0), ("unix:s", 0), ("0.0.0.0:24", 1)]
)
def test_lmtp_for_others(folder: Path, place: str, number: int) -> None:
    found = risks(folder, f'[lmtp]\nlisten = "{place}"\n')
    assert len(found) == number
    assert all("lets other computers hand mails in" in risk for risk in found)
