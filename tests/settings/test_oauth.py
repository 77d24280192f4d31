"""By which OAuth client does a mailbox let us in, and what is refused?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import (
    GoogleOAuth,
    ImapSettings,
    MicrosoftOAuth,
    OAuthSettings,
    OtherOAuth,
    find_risks,
    parse_settings,
)

MICROSOFT = 'provider = "microsoft"\nclient_id = "app"\n'
GOOGLE = 'provider = "google"\n'
OTHER = 'provider = "other"\nclient_id = "app"\n'


def text_of(lines: str, more: str = "") -> str:
    return f'[[mailbox]]\nname = "b"\nkind = "imap"\nhost = "h"\nuser = "u"\n{more}\n[mailbox.oauth]\n{lines}\n'


def oauth(lines: str, folder: Path = Path("/etc"), more: str = "") -> OAuthSettings:
    (only,) = parse_settings(text_of(lines, more), folder=folder).mailboxes
    assert isinstance(only, ImapSettings)
    assert only.oauth is not None
    assert only.read_password() == ""
    return only.oauth


def test_microsoft_is_known_by_its_tenant() -> None:
    found = oauth(MICROSOFT + 'tenant = "example.org"\nclient_secret_env = "S"')
    assert isinstance(found, MicrosoftOAuth)
    assert found.token_url == "https://login.microsoftonline.com/example.org/oauth2/v2.0/token"
    assert found.scope == "https://outlook.office365.com/.default"
    assert not found.has_certificate
    assert oauth(MICROSOFT + 'tenant = "t"\ncertificate_env = "S"\ntoken_url = "https://a.us/t"').token_url == (
        "https://a.us/t"
    )


def test_google_has_one_address_for_all() -> None:
    found = oauth(GOOGLE + 'service_account_file = "key.json"')
    assert isinstance(found, GoogleOAuth)
    assert (found.token_url, found.scope) == ("https://oauth2.googleapis.com/token", "https://mail.google.com/")
    assert found.service_account_file == Path("/etc/key.json")


def test_others_say_where_and_by_which_grant() -> None:
    found = oauth(OTHER + 'token_url = "http://localhost:8080/t"\ngrant = "refresh_token"\nrefresh_token_env = "T"')
    assert isinstance(found, OtherOAuth)
    assert (found.token_url, found.scope, found.read_client_secret()) == ("http://localhost:8080/t", None, "")


def test_of_a_command_that_prints_a_certificate_all_lines_count(tmp_path: Path) -> None:
    command = f"""certificate_command = ['{sys.executable}', '-c', 'print("one"); print("two")']"""
    found = oauth(MICROSOFT + f'tenant = "t"\n{command}', tmp_path)
    assert isinstance(found, MicrosoftOAuth)
    assert found.read_certificate() == "one\ntwo"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "oauth.provider: is missing; allowed: microsoft, google, other"),
        ('provider = "micro"', "oauth.provider = 'micro': allowed: microsoft, google, other"),
        (MICROSOFT, "oauth.tenant: is missing"),
        (MICROSOFT + 'tenant = "a/b"\nclient_secret_env = "S"', "oauth.tenant = 'a/b': must be the tenant's ID"),
        (MICROSOFT + 'tenant = "t"', "oauth.client_id = 'app': it needs one of client_secret_file, client_secret_env"),
        (
            MICROSOFT + 'tenant = "t"\nclient_secret_env = "S"\ncertificate_env = "C"',
            "oauth.certificate_env: only one of client_secret_env, certificate_env can be used",
        ),
        (
            MICROSOFT + 'tenant = "t"\nclient_secret_env = "S"\nclient_secret_file = "C"',
            "only one of client_secret_file, client_secret_env can be used",
        ),
        (MICROSOFT + 'tenant = "t"\nservice_account_env = "S"', "there is no such key here"),
        (GOOGLE, "oauth.provider = 'google': it needs one of service_account_file"),
        (GOOGLE + 'service_account_env = "S"\nclient_id = "c"', "service_account_env and client_id exclude each other"),
        (GOOGLE + 'client_id = "c"\nrefresh_token_env = "c"', "oauth.client_secret_file: is missing: a refresh token"),
        (GOOGLE + 'client_secret_env = "c"\nrefresh_token_env = "c"', "oauth.client_id: is missing: a refresh token"),
        (OTHER + 'grant = "client_credentials"\nclient_secret_env = "S"', "oauth.token_url: is missing"),
        (
            OTHER + 'token_url = "https://a"\ngrant = "password"',
            "oauth.grant = 'password': allowed: client_credentials",
        ),
        (OTHER + 'token_url = "https://a"\ngrant = "client_credentials"', "it needs one of client_secret_file"),
        (OTHER + 'token_url = "https://a"\ngrant = "refresh_token"', "it needs one of refresh_token_file"),
        (
            OTHER + 'token_url = "https://a"\ngrant = "client_credentials"\nrefresh_token_env = "S"',
            'oauth.refresh_token_env: is of no use with grant = "client_credentials"',
        ),
    ],
)
def test_what_does_not_fit_is_refused(lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        oauth(lines)
    assert str(raised.value).startswith("bounce.toml: mailbox[1].oauth")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://login.example.org/token", 'must begin with "https://"'),
        ("ftp://login.example.org/token", 'must begin with "https://"'),
        ("https://user:word@login.example.org/token", "must hold no user and no password"),
        ("https://", "is no address of the web"),
        ("https://a:port/", "is no address of the web"),
        ("https://a/b c", "is no address of the web"),
        ("login.example.org", "is no address of the web"),
    ],
)
def test_t_19_a_secret_is_sent_only_where_it_is_protected(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"oauth\.token_url: ") as raised:
        oauth(OTHER + f'grant = "client_credentials"\nclient_secret_env = "S"\ntoken_url = "{url}"')
    assert said in str(raised.value)
    assert "word" not in str(raised.value).replace("no password", "")


@pytest.mark.parametrize(
    "key",
    [
        "client_secret",
        "client_secre",
        "clientsecret",
        "refresh_token",
        "refresh_tokn",
        "certificate",
        "service_account",
    ],
)
def test_t_19_a_secret_under_a_wrong_key_is_not_repeated(key: str) -> None:
    with pytest.raises(SettingsError) as raised:
        oauth(GOOGLE + f'service_account_env = "S"\n{key} = "hunter2"')
    assert "hunter2" not in str(raised.value)


def test_a_password_and_oauth_exclude_each_other() -> None:
    with pytest.raises(SettingsError, match=r"mailbox\[1\]\.password_env: a password and \[mailbox\.oauth\] exclude"):
        oauth(GOOGLE + 'service_account_env = "S"', more='password_env = "P"')


def test_secrets_that_others_can_read_are_risks(tmp_path: Path) -> None:
    (tmp_path / "bounce.toml").touch()
    (tmp_path / "token").touch()
    (tmp_path / "token").chmod(0o644)
    lines = GOOGLE + 'client_id = "c"\nclient_secret = "s"\nrefresh_token_file = "token"'
    risks = list(find_risks(parse_settings(text_of(lines), folder=tmp_path, source=str(tmp_path / "bounce.toml"))))
    assert any(risk.startswith("mailbox[1].oauth.client_secret stands in ") for risk in risks)
    assert any(risk.startswith("mailbox[1].oauth.refresh_token_file: others on this computer") for risk in risks)
