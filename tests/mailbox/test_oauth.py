"""Access tokens: what is asked for, what is made of the answers, and what an operator is told."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError, SettingsError, SignInError
from bounce_plugin.mailbox.oauth import TokenSource
from bounce_plugin.mailboxes import open_tokens
from bounce_plugin.settings import parse_settings
from tests.servers.tls import make_certificates
from tests.servers.token_endpoint import TokenEndpoint


def source(folder: Path, oauth: str) -> TokenSource:
    text = f'[[mailbox]]\nname = "bounces"\nkind = "imap"\nhost = "h"\nuser = "u"\n[mailbox.oauth]\n{oauth}'
    (settings,) = parse_settings(text, folder=folder).mailboxes
    tokens = open_tokens(settings)
    assert tokens is not None
    return tokens


def client(endpoint: TokenEndpoint, folder: Path, more: str = "") -> TokenSource:
    """A client that the endpoint knows."""
    (folder / "secret").write_text(endpoint.add_client("app", "u", in_body=False))
    return source(
        folder,
        f"""
        provider = "other"
        token_url = "{endpoint.url}"
        grant = "client_credentials"
        client_id = "app"
        client_secret_file = "secret"
        {more}
        """,
    )


def test_an_endpoint_that_is_down_is_asked_again_and_comes_back(tmp_path: Path) -> None:
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
    for _ in range(2):
        with pytest.raises(
            MailboxError, match=r"localhost:\d+/token gives no access token: Connection refused"
        ) as raised:
            tokens.get()
        assert type(raised.value) is MailboxError, "no refusal"
    with endpoint:
        assert tokens.get() in endpoint.tokens
    assert tokens.get(), "it is kept"


@pytest.mark.parametrize(
    ("status", "octets", "said"),
    [
        (200, b"", "no JSON object"),
        (200, b"<html>Welcome</html>", "HTTP 200, and no JSON object: is `token_url` right"),
        (200, b"[1]", "no JSON object"),
        (200, b"[" * 100_000, "no JSON object"),
        (200, b"\xff\xfe", "no JSON object"),
        (200, b" " * 1_100_000 + b"{}", "no JSON object"),
        (200, b"{}", "holds no access_token"),
        (200, b'{"access_token": 7}', "holds no access_token"),
        (200, b'{"access_token": "a\\u0001auth=b"}', "holds no access_token"),
        (200, b'{"access_token": ""}', "holds no access_token"),
        (200, b'{"access_token": "a", "token_type": "mac"}', "another type than Bearer"),
        (200, b'{"access_token": "a", "token_type": ["Bearer"]}', "another type than Bearer"),
        (302, b"", "redirect"),
        (307, b"{}", "redirect"),
        (404, b"not found", "HTTP 404, and no JSON object"),
        (429, b'{"error": "slow_down"}', "HTTP 429"),
        (500, b'{"error": "invalid_client"}', "HTTP 500"),
        (503, b"busy", "HTTP 503"),
        (400, b'{"error": "temporarily_unavailable"}', "temporarily_unavailable"),
    ],
)
def test_an_answer_that_means_nothing_is_no_refusal(tmp_path: Path, status: int, octets: bytes, said: str) -> None:
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
        endpoint.answer = lambda body: (status, octets)
        with pytest.raises(MailboxError, match=said) as raised:
            tokens.get()
        assert type(raised.value) is MailboxError
        endpoint.answer = None
        assert tokens.get() in endpoint.tokens


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "invalid_client"}, r"invalid_client: the client's secret is wrong or has expired"),
        ({"error": "unauthorized_client"}, r"the provider does not allow this client the grant"),
        ({"error": "invalid_scope", "error_description": "no"}, r"invalid_scope: no: correct `scope`"),
        ({"error": "unheard_of"}, r"unheard_of: correct \[mailbox.oauth\]"),
        ({"error": {"code": 7}}, r"HTTP 400: correct \[mailbox.oauth\]"),
        ({"error": "", "error_description": ["a"]}, r"HTTP 400"),
        ({"error": "a\x1b[2Jb", "error_description": "1\r\n2\x07"}, "a\N{REPLACEMENT CHARACTER}\\[2Jb: 1 2"),
    ],
)
def test_a_refusal_comes_with_its_remedy(tmp_path: Path, answer: object, said: str) -> None:
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
        endpoint.answer = lambda body: (400, json.dumps(answer).encode())
        with pytest.raises(SignInError, match=said):
            tokens.get()


MICROSOFT = {
    "AADSTS7000215: Invalid client secret provided.": "the secret's Value, not its Secret ID",
    "AADSTS7000222: The provided client secret keys are expired.\r\nTrace ID: abc": "has expired: make a new one",
    "AADSTS700016: Application was not found": "correct `client_id`, or `tenant`",
    "AADSTS90002: Tenant not found": "correct `tenant`",
    "AADSTS65001: no consent": "admin consent",
    "AADSTS1: something else": "correct `client_id` and `tenant`",
}


@pytest.mark.parametrize("description", MICROSOFT)
def test_the_numbers_of_microsoft_have_remedies(tmp_path: Path, description: str) -> None:
    with TokenEndpoint() as endpoint:
        (tmp_path / "secret").write_text("x")
        tokens = source(
            tmp_path,
            f'provider = "microsoft"\ntenant = "t"\nclient_id = "app"\nclient_secret_file = "secret"\n'
            f'token_url = "{endpoint.url}"',
        )
        answer = {"error": "unauthorized_client", "error_description": description}
        endpoint.answer = lambda body: (400, json.dumps(answer).encode())
        with pytest.raises(SignInError) as raised:
            tokens.get()
    assert MICROSOFT[description] in str(raised.value)
    assert "Trace ID" not in str(raised.value)


@pytest.mark.parametrize("life", [None, "3600", 3600.0, 10**400, "soon", -5, 0, True, float("nan")], ids=range(9))
def test_whatever_is_said_of_its_life_a_token_is_a_token(tmp_path: Path, life: object) -> None:
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
        endpoint.life = life
        assert tokens.get() == tokens.get()
        assert len(endpoint.asked) == 1


def test_a_scope_is_asked_for_when_there_is_one(tmp_path: Path) -> None:
    with TokenEndpoint() as endpoint:
        client(endpoint, tmp_path).get()
        client(endpoint, tmp_path, 'scope = "imap mail/read"').get()
        assert [form.get("scope") for form in endpoint.asked] == [None, "imap mail/read"]


def test_a_public_client_has_a_refresh_token_alone(tmp_path: Path) -> None:
    with TokenEndpoint() as endpoint:
        endpoint.add_client("app", "u")
        endpoint.clients["app"].secret = ""
        (tmp_path / "token").write_text(endpoint.consent("app", "u"))
        tokens = source(
            tmp_path,
            f'provider = "other"\ngrant = "refresh_token"\nclient_id = "app"\nrefresh_token_file = "token"\n'
            f'token_url = "{endpoint.url}"',
        )
        assert tokens.get() in endpoint.tokens


def test_a_secret_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
        (tmp_path / "secret").unlink()
        with pytest.raises(SettingsError) as raised:
            tokens.get()
    assert raised.value.key == "mailbox 'bounces'.oauth.client_secret_file"
    assert str(raised.value).startswith("bounce.toml: ")


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "authlib.oauth2", None)  # as if it were not installed
    monkeypatch.delitem(__import__("sys").modules, "bounce_plugin.mailbox.token_request", raising=False)
    with TokenEndpoint() as endpoint, pytest.raises(MailboxError, match=r"pip install 'bounce-plugin\[oauth\]'"):
        client(endpoint, tmp_path).get()


def test_t_19_the_endpoint_must_be_the_one_that_its_certificate_names(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with TokenEndpoint(certificates) as endpoint:
        with pytest.raises(MailboxError, match=r"certificate is not trusted: .*oauth\.ca_file"):
            client(endpoint, tmp_path).get()
        trusting = f'ca_file = "{certificates.ca}"'
        assert client(endpoint, tmp_path, trusting).get() in endpoint.tokens
        endpoint.asked.clear()
        (tmp_path / "other").mkdir()
        with pytest.raises(MailboxError, match="certificate is not trusted"):
            client(endpoint, tmp_path, f'ca_file = "{make_certificates(tmp_path / "other").ca}"').get()
        with pytest.raises(MailboxError, match=r"cannot read ca_file .*none\.pem: No such file"):
            client(endpoint, tmp_path, 'ca_file = "none.pem"').get()
        assert endpoint.asked == [], "no secret was sent"


def test_t_19_a_proxy_does_not_get_a_secret_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TokenEndpoint() as endpoint, TokenEndpoint() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert client(endpoint, tmp_path).get() in endpoint.tokens
        assert proxy.asked == []


def test_t_19_a_redirect_does_not_carry_the_secret_elsewhere(tmp_path: Path) -> None:
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
        asked: list[int] = []
        endpoint.answer = lambda body: (asked.append(1), (307, b"{}"))[1]
        with pytest.raises(MailboxError, match=r"redirect \(HTTP 307\)"):
            tokens.get()
        assert len(asked) == 1


def test_t_19_an_endpoint_that_quotes_what_we_sent_is_not_quoted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with TokenEndpoint() as endpoint:
        tokens = client(endpoint, tmp_path)
        secret = endpoint.clients["app"].secret
        endpoint.clients["app"].secret = "another"
        with pytest.raises(SignInError, match=r'Invalid client secret "\*\*\*"') as raised:
            tokens.get()
    assert secret not in "".join(map(repr, (raised.value, tokens, vars(tokens)))) + caplog.text
