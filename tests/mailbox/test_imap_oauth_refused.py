"""What is made of a server that refuses an access token, or knows none? Against servers that say what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bounce_plugin.errors import MailboxError, SignInError
from tests.servers.fake_imap import Conversation, FakeImap
from tests.servers.oauth_world import OAuthWorld

Challenge = Callable[[Conversation, str], None]


def refuse_with(challenge: str, line: list[str], ending: str = "NO AUTHENTICATE failed.") -> Challenge:
    """A server that tells why it refuses, and waits for the client's last word, as Google does."""

    def answer(client: Conversation, command: str) -> None:
        client.send("+ ")
        line.append(client.readline())
        client.send(f"+ {challenge}")
        line.append(client.readline())
        client.send(f"{client.tag} {ending}")

    return answer


def fake(world: OAuthWorld, server: FakeImap) -> str:
    world.account = replace(world.account, tls_port=server.port)
    return 'security = "none"'


@pytest.mark.parametrize(("mechanism", "last"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_the_challenge_of_a_refusal_is_answered_so_that_it_ends(
    oauth_world: OAuthWorld, mechanism: str, last: str
) -> None:
    lines: list[str] = []
    with FakeImap() as server:
        server.capabilities = f"IMAP4rev1 AUTH={mechanism}"
        # {"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}
        challenge = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ=="
        server.answers["AUTHENTICATE"] = refuse_with(challenge, lines)
        with pytest.raises(SignInError, match=r"AUTHENTICATE failed\. \(status 400\)"):
            oauth_world.open(oauth_world.client(), fake(oauth_world, server)).__enter__()
    assert lines[1] == last


@pytest.mark.parametrize("challenge", ["????", "WzFd", "eyJzdGF0dXMiOjF9", ""])
def test_a_challenge_that_means_nothing_ends_it_as_well(oauth_world: OAuthWorld, challenge: str) -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        server.answers["AUTHENTICATE"] = refuse_with(challenge, [])
        with pytest.raises(MailboxError, match="bounces"):
            oauth_world.open(oauth_world.client(), fake(oauth_world, server)).__enter__()


def test_a_server_that_asks_without_end_is_left(oauth_world: OAuthWorld) -> None:
    def ask(client: Conversation, command: str) -> None:
        while True:
            client.send("+ ")
            client.readline()

    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=OAUTHBEARER"
        server.answers["AUTHENTICATE"] = ask
        with pytest.raises(MailboxError, match="asks for more without end") as raised:
            oauth_world.open(oauth_world.client(), fake(oauth_world, server)).__enter__()
    assert type(raised.value) is MailboxError


def test_a_passing_failure_is_no_refusal(oauth_world: OAuthWorld) -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        server.answers["AUTHENTICATE"] = lambda client, command: client.send(f"{client.tag} NO [UNAVAILABLE] later")
        with pytest.raises(MailboxError, match=r"cannot sign in as .*: \[UNAVAILABLE\] later") as raised:
            oauth_world.open(oauth_world.client(), fake(oauth_world, server)).__enter__()
    assert type(raised.value) is MailboxError


def test_a_server_without_oauth_is_not_shown_a_token(oauth_world: OAuthWorld) -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=PLAIN"
        with pytest.raises(MailboxError, match="takes no access tokens"):
            oauth_world.open(oauth_world.client(), fake(oauth_world, server)).__enter__()
        assert oauth_world.endpoint.asked == []
        assert not any(command.startswith(("AUTHENTICATE", "LOGIN")) for command in server.commands)


def test_an_app_that_may_not_read_the_mailbox_is_told_what_is_missing(oauth_world: OAuthWorld) -> None:
    def let_in(client: Conversation, command: str) -> None:
        client.send("+ ")
        client.readline()
        client.ok()

    secret = oauth_world.endpoint.add_client("app", "x")
    oauth_world.write("client-secret", secret)
    text = f"""
        provider = "microsoft"
        tenant = "example.org"
        client_id = "app"
        client_secret_file = "client-secret"
        token_url = "{oauth_world.endpoint.url}"
    """
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=XOAUTH2 NAMESPACE"
        server.answers["AUTHENTICATE"] = let_in
        server.answers["NAMESPACE"] = lambda client, command: client.send(
            f"{client.tag} BAD User is authenticated but not connected."
        )
        with pytest.raises(
            MailboxError, match=r"not connected.*: grant the app IMAP\.AccessAsApp.*Add-MailboxPermission"
        ):
            oauth_world.open(text, fake(oauth_world, server)).__enter__()
