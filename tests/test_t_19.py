"""Does any secret get out? Threat T-19, in what is printed, logged, raised and kept."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from click.testing import CliRunner

from bounce_plugin.cli import program
from bounce_plugin.errors import BounceError, SignInError
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.settings import load_settings
from tests.servers.fake_imap import Conversation, FakeImap
from tests.servers.oauth_ways import WAYS, by_secret
from tests.servers.oauth_world import OAuthWorld
from tests.servers.signing import make_key


def spellings(secret: str) -> set[str]:
    """A secret as it may look in a log: as it is, in a form, in base64 and as a literal of Python."""
    octets = secret.encode()
    encoded = {base64.b64encode(octets).decode().rstrip("="), base64.urlsafe_b64encode(octets).decode().rstrip("=")}
    return {secret, quote(secret), quote_plus(secret), repr(secret)[1:-1]} | encoded


def found(secrets: set[str], text: str) -> list[str]:
    return [secret for secret in secrets for spelling in spellings(secret) if spelling in text]


def well(world: OAuthWorld) -> None:
    """Nothing is amiss."""


def refused_client(world: OAuthWorld) -> None:
    for client in world.endpoint.clients.values():
        client.secret, client.certificate = "another", make_key().certificate if client.certificate else None
    for account in world.endpoint.accounts.values():
        account.key = make_key().private.public_key()


def refused_token(world: OAuthWorld) -> None:
    for client in world.endpoint.clients.values():
        client.mailbox = "somebody@example.test"
    for token, (client_id, _) in world.endpoint.consents.items():
        world.endpoint.consents[token] = (client_id, "somebody@example.test")
    for name in world.endpoint.accounts:
        world.endpoint.accounts[name].users.clear()


def quoting_endpoint(world: OAuthWorld) -> None:
    """It answers with the form that it was sent, as some do in their error pages."""

    def quote_it(body: str) -> tuple[int, bytes]:
        form = dict(parse_qsl(body))
        for name in ("client_secret", "client_assertion", "assertion", "refresh_token"):
            world.endpoint.secret_values.update({form[name]} if name in form else set())
        return 400, json.dumps({"error": "invalid_request", "error_description": f"{form} {body}"[:2000]}).encode()

    world.endpoint.answer = quote_it


STATES = [well, refused_client, refused_token, quoting_endpoint]


def run_command(folder: Path, *arguments: str) -> str:
    """What `bounce-plugin` says; what it logs is in `caplog`."""
    config = str(folder / "bounce.toml")
    return CliRunner().invoke(program, ["-vv", "--config", config, *arguments], catch_exceptions=False).output


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("way", WAYS)
def test_t_19_no_secret_is_in_what_is_printed_logged_or_raised(
    oauth_world: OAuthWorld,
    caplog: pytest.LogCaptureFixture,
    way: Callable[[OAuthWorld], str],
    state: Callable[[OAuthWorld], None],
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = oauth_world.endpoint.secret_values
    oauth_world.write("bounce.toml", oauth_world.settings_text(way(oauth_world)))
    oauth_world.write("ledger.key", "07" * 32)
    state(oauth_world)
    settings = load_settings(oauth_world.folder / "bounce.toml")
    mailbox = open_mailbox(settings.mailboxes[0])
    seen = [repr(settings), str(settings), settings.model_dump_json(), repr(mailbox), repr(vars(mailbox))]
    try:
        with mailbox:
            seen += [repr(mailbox), repr(vars(mailbox))]
            mailbox.listing(Folder.INBOX)
        assert state is well
    except BounceError as error:
        assert state is not well
        seen += ["".join(traceback.format_exception(error)), *chain(error)]
    for command in (["check"], ["run", "--once"]):
        seen.append(run_command(oauth_world.folder, *command))
    text = "\n".join([*seen, caplog.text])
    assert secrets
    assert len(secrets) > 1 or state is quoting_endpoint, "a token, or a key"
    assert found(secrets, text) == []
    assert ("signed in, folders usable" in text) is (state is well)


def chain(error: BaseException | None) -> Iterator[str]:
    """An error and all that stand behind it, whether a traceback shows them or not."""
    while error is not None:
        yield repr(error) + repr(error.args) + repr(vars(error))
        error = error.__cause__ or error.__context__


def test_t_19_a_password_is_in_nothing_that_is_printed_logged_or_raised(
    oauth_world: OAuthWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret, account = "correct horse+battery/staple", oauth_world.account
    oauth_world.write("password", secret)
    text = oauth_world.settings_text("", 'password_file = "password"').replace("[mailbox.oauth]", "")
    oauth_world.write("bounce.toml", text)
    oauth_world.write("ledger.key", "07" * 32)
    settings = load_settings(oauth_world.folder / "bounce.toml")
    with pytest.raises(SignInError, match=f"refuses user '{account.user}'") as raised:
        open_mailbox(settings.mailboxes[0]).__enter__()
    seen = [repr(settings), "".join(traceback.format_exception(raised.value)), *chain(raised.value), caplog.text]
    seen += [run_command(oauth_world.folder, command) for command in ("check", "migrate")]
    seen.append(run_command(oauth_world.folder, "run", "--once"))
    assert found({secret}, "\n".join(seen)) == []


def test_t_19_tokens_are_kept_in_memory_alone_and_said_to_nobody(oauth_world: OAuthWorld) -> None:
    oauth_world.write("bounce.toml", oauth_world.settings_text(by_secret(oauth_world)))
    oauth_world.write("ledger.key", "07" * 32)
    command = [sys.executable, "-m", "bounce_plugin", "-vv", "run", "--once"]
    done = subprocess.run(command, cwd=oauth_world.folder, capture_output=True, text=True, timeout=60, check=True)
    assert "a new access token from" in done.stderr
    assert found(oauth_world.endpoint.secret_values, done.stdout + done.stderr) == []
    assert oauth_world.endpoint.tokens
    for path in oauth_world.folder.rglob("*"):
        if path.is_file():
            assert found(set(oauth_world.endpoint.tokens), path.read_bytes().decode("latin-1")) == [], path


def test_t_19_a_mail_server_that_quotes_the_token_is_not_quoted(oauth_world: OAuthWorld) -> None:
    def quote_it(client: Conversation, command: str) -> None:
        client.send("+ ")
        given = client.readline()
        (token,) = oauth_world.endpoint.tokens
        client.send(f"{client.tag} NO [AUTHENTICATIONFAILED] {given} means {token}")

    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        server.answers["AUTHENTICATE"] = quote_it
        oauth_world.account = replace(oauth_world.account, tls_port=server.port)
        with pytest.raises(SignInError, match=r"\*\*\* means \*\*\*") as raised:
            oauth_world.open(by_secret(oauth_world), 'security = "none"').__enter__()
    text = "".join([*traceback.format_exception(raised.value), *chain(raised.value)])
    assert found(oauth_world.endpoint.secret_values, text) == []
