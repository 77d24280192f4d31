"""Can anybody make us give a secret away? Threat T-19, on the wire."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.settings import load_settings
from tests.servers.fake_imap import Conversation, FakeImap
from tests.servers.oauth_ways import by_secret
from tests.servers.oauth_world import OAuthWorld
from tests.servers.tls import Certificates, make_certificates


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
