"""Where does a password come from?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import ImapSettings, parse_settings, secret


def imap(line: str, folder: Path) -> ImapSettings:
    text = f'[[mailbox]]\nname = "bounces"\nkind = "imap"\nhost = "h"\nuser = "u"\n{line}\n'
    (only,) = parse_settings(text, folder=folder).mailboxes
    assert isinstance(only, ImapSettings)
    return only


def python(program: str) -> str:
    return f"password_command = ['{sys.executable}', '-c', '''{program}''']"


def test_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(" päss word \r\n")
    assert imap('password_file = "word"', tmp_path).read_password() == " päss word "


def test_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNCE_PASSWORD", "secret")
    assert imap('password_env = "BOUNCE_PASSWORD"', tmp_path).read_password() == "secret"


def test_from_the_first_line_of_a_command(tmp_path: Path) -> None:
    assert imap(python('print("secret"); print("user: ada")'), tmp_path).read_password() == "secret"


def test_a_command_in_one_text_is_split_into_words_and_no_shell_sees_it(tmp_path: Path) -> None:
    found = imap("password_command = \"echo 'two words' $HOME; false\"", tmp_path)
    assert found.read_password() == "two words $HOME; false"


def test_from_the_settings_themselves(tmp_path: Path) -> None:
    assert imap('password = "secret"', tmp_path).read_password() == "secret"


def test_it_is_read_when_it_is_used_and_not_before(tmp_path: Path) -> None:
    found = imap('password_file = "word"', tmp_path)
    (tmp_path / "word").write_text("first")
    assert found.read_password() == "first"
    (tmp_path / "word").write_text("second")
    assert found.read_password() == "second"


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('password_file = "none"', "password_file", "No such file"),
        ('password_file = "empty"', "password_file", "is empty"),
        ('password_env = "BOUNCE_NOT_SET"', "password_env", "'BOUNCE_NOT_SET': is not set in the environment"),
        ('password_command = "no-such-program-here"', "password_command", "cannot be run"),
        (python('import sys; sys.exit("locked")'), "password_command", "ended with exit code 1: locked"),
        (python("pass"), "password_command", "printed nothing"),
    ],
    ids=["no file", "empty file", "not set", "no program", "failed", "silent"],
)
def test_one_that_cannot_be_had_is_named(tmp_path: Path, line: str, key: str, said: str) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(SettingsError) as caught:
        imap(line, tmp_path).read_password()
    assert caught.value.key == f"mailbox 'bounces'.{key}"
    assert str(caught.value).startswith("bounce.toml: ")
    assert said in str(caught.value)


def test_what_a_failed_command_printed_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        imap(python('import sys; print("hunter" + str(2)); sys.exit(3)'), tmp_path).read_password()
    assert "hunter2" not in str(caught.value)


def test_a_command_that_waits_for_somebody_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "_SECONDS", 0.2)
    with pytest.raises(SettingsError, match=r"password_command = .*: took more than 0\.2 seconds"):
        imap(python("import time; time.sleep(60)"), tmp_path).read_password()


def test_the_one_of_the_mail_server_is_named_as_its_section_is(tmp_path: Path) -> None:
    text = """[notices]\nto = ["a@b"]\nfrom = "a@b"\nsmtp = { host = "h", user = "u", password_file = "none" }"""
    notices = parse_settings(text, folder=tmp_path).notices
    assert notices is not None
    with pytest.raises(SettingsError, match=r"bounce\.toml: notices\.smtp\.password_file = "):
        notices.smtp.read_password()
