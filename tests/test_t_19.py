"""Does any secret get out, and can anybody make us give one away? Threat T-19, from the command line down to the wire."""

from __future__ import annotations

import base64
import json
import logging
import re
import socket
import ssl
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from click.testing import CliRunner

from bounce_plugin.cli import program
from bounce_plugin.errors import BounceError, MailboxError, SignInError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.settings import load_settings
from tests.servers.fake_imap import Conversation, FakeImap
from tests.servers.oauth_world import OAuthWorld
from tests.servers.signing import make_key
from tests.servers.tls import Certificates, make_certificates
from tests.servers.token_endpoint import Account, Client

GOOGLE = "https://mail.google.com/"
MICROSOFT = "https://outlook.office365.com/.default"


def spellings(secret: str) -> set[str]:
    """A secret as it may look in a log: as it is, in a form, in base64 and as a literal of Python."""
    octets = secret.encode()
    encoded = {base64.b64encode(octets).decode().rstrip("="), base64.urlsafe_b64encode(octets).decode().rstrip("=")}
    return {secret, quote(secret), quote_plus(secret), repr(secret)[1:-1]} | encoded


def found(secrets: set[str], text: str) -> list[str]:
    return [secret for secret in secrets for spelling in spellings(secret) if spelling in text]


def by_secret(world: OAuthWorld) -> str:
    return world.client()


def by_certificate(world: OAuthWorld) -> str:
    key = make_key()
    world.endpoint.clients["app"] = Client(mailbox=world.account.user, certificate=key.certificate, scope=MICROSOFT)
    world.write("app.pem", key.pem + key.certificate_pem)
    world.endpoint.secret_values.update(key.pem.splitlines()[1:-1])
    return f"""
        provider = "microsoft"
        tenant = "example.org"
        client_id = "app"
        certificate_file = "app.pem"
        token_url = "{world.endpoint.url}"
    """


def by_account(world: OAuthWorld) -> str:
    key = make_key()
    world.endpoint.accounts["b@project.example"] = Account(
        key=key.private.public_key(), key_id="k1", scope=GOOGLE, users={world.account.user}
    )
    world.write("account.json", key.account("b@project.example"))
    world.endpoint.secret_values.update(key.pem.splitlines()[1:-1])
    return f"""
        provider = "google"
        service_account_file = "account.json"
        token_url = "{world.endpoint.url}"
    """


def by_consent(world: OAuthWorld) -> str:
    secret = world.endpoint.add_client("app", "nobody")
    token = world.endpoint.consent("app", world.account.user)
    return f"""
        provider = "google"
        client_id = "app"
        client_secret = "{secret}"
        refresh_token = "{token}"
        token_url = "{world.endpoint.url}"
    """


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


WAYS = [by_secret, by_certificate, by_account, by_consent]
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


def connect(port: int, **settings: object) -> ImapMailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": port,
        "user": "user",
        "password": lambda: "the secret",
        "timeout": 5.0,
    }
    return ImapMailbox(**(arguments | settings))


@contextmanager
def old_server(certificates: Certificates, newest: ssl.TLSVersion) -> Iterator[tuple[int, list[bytes]]]:
    """A server that speaks no newer TLS than this; and what was said to it under TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    said: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as client:
                    client.sendall(b"* OK ready\r\n")
                    said.append(client.recv(1000))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], said
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_t_19_tls_before_1_2_is_refused(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with old_server(certificates, ssl.TLSVersion.TLSv1_1) as (port, said):
        with pytest.raises(MailboxError, match=r"cannot connect \(tls\): .*(VERSION|version)"):
            connect(port, ca_file=certificates.ca).__enter__()
        assert said == []
    with old_server(certificates, ssl.TLSVersion.TLSv1_2) as (port, said):
        with pytest.raises(MailboxError, match="bounces"):  # it hangs up after our first words
            connect(port, ca_file=certificates.ca).__enter__()
        assert said[0].endswith(b"CAPABILITY\r\n"), "only its version was wrong"


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.1", True)], ids=["issuer", "name"])
def test_t_19_a_server_that_cannot_show_who_it_is_sees_no_token(
    oauth_world: OAuthWorld, security: str, host: str, trusted: bool
) -> None:
    account = oauth_world.account
    if security == "starttls":
        oauth_world.account = replace(account, tls_port=account.port)
    text = oauth_world.settings_text(by_secret(oauth_world), f'security = "{security}"')
    text = text.replace('"localhost"', f'"{host}"', 1)
    if not trusted:
        text = re.sub(r"ca_file = .*", "", text, count=1)
    oauth_world.write("bounce.toml", text)
    mailbox = open_mailbox(load_settings(oauth_world.folder / "bounce.toml").mailboxes[0])
    with pytest.raises(MailboxError, match="certificate is not trusted"):
        mailbox.__enter__()
    assert oauth_world.endpoint.asked == [], "no token was fetched, let alone shown"


def test_t_19_starttls_that_was_stripped_ends_it_before_a_token_is_fetched(oauth_world: OAuthWorld) -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        oauth_world.account = replace(oauth_world.account, tls_port=server.port)
        with pytest.raises(MailboxError, match="TLS not supported by server"):
            oauth_world.open(by_secret(oauth_world), 'security = "starttls"').__enter__()
        assert server.commands == ["CAPABILITY"]
    assert oauth_world.endpoint.asked == []


@pytest.mark.parametrize("refusal", ["NO not today", "BAD what?"])
def test_t_19_starttls_that_is_refused_ends_it_as_well(refusal: str) -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 STARTTLS AUTH=PLAIN"
        server.answers["STARTTLS"] = lambda client, command: client.send(f"{client.tag} {refusal}")
        with pytest.raises(MailboxError, match=r"cannot connect \(starttls\)"):
            connect(server.port, security="starttls").__enter__()
        assert server.commands == ["CAPABILITY", "STARTTLS"]


def test_t_19_what_was_said_before_tls_counts_for_nothing(tmp_path: Path) -> None:
    """Before its answer to STARTTLS the server (or somebody between) claims abilities and mails that it does not have."""
    certificates = make_certificates(tmp_path)

    def start_tls(client: Conversation, command: str) -> None:
        client.send("* CAPABILITY IMAP4rev1 AUTH=PLAIN X-INJECTED", "* 7 EXISTS", "* OK [UIDVALIDITY 666] injected")
        client.ok()
        client.start_tls(certificates)

    with FakeImap({1: b"Subject: a\r\n\r\nb\r\n"}) as server:
        server.capabilities = "IMAP4rev1 STARTTLS UIDPLUS MOVE"
        server.answers["STARTTLS"] = start_tls
        with connect(server.port, security="starttls", ca_file=certificates.ca) as mailbox:
            assert mailbox._session is not None
            assert "X-INJECTED" not in mailbox._session.capabilities
            assert mailbox.listing(Folder.INBOX).uidvalidity == "1"
            assert mailbox.listing(Folder.INBOX).uids == ("1",)
        assert any(command.startswith("LOGIN") for command in server.commands)
        assert not any(command.startswith("AUTHENTICATE") for command in server.commands), "AUTH=PLAIN was injected"
