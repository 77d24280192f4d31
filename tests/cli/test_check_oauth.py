"""Does `bounce-plugin check` say whether a token can be had, whether the mailbox accepts it, and what to do?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import CliRunner

from bounce_plugin.cli import ATTENTION, program
from tests.servers.fake_imap import FakeImap
from tests.servers.oauth_world import OAuthWorld


def check(world: OAuthWorld, oauth: str, more: str = "") -> list[str]:
    """The lines about the mailbox."""
    world.write("bounce.toml", world.settings_text(oauth, more))
    world.write("ledger.key", "07" * 32)
    done = CliRunner().invoke(program, ["--config", str(world.folder / "bounce.toml"), "check"])
    assert done.exit_code == ATTENTION  # there is no host
    return [line for line in done.output.splitlines() if "mailbox bounces" in line or "mailbox 'bounces'" in line]


def test_both_are_well(oauth_world: OAuthWorld) -> None:
    assert check(oauth_world, oauth_world.client()) == [
        f"ok      mailbox bounces: {oauth_world.endpoint.url} gives an access token",
        "ok      mailbox bounces: signed in, folders usable",
    ]
    assert len(oauth_world.endpoint.asked) == 1, "the token is used again"


def no_endpoint(world: OAuthWorld) -> None:
    world.endpoint.answer = lambda body: (503, b"")


def wrong_secret(world: OAuthWorld) -> None:
    world.endpoint.clients["app"].secret = "another"


def no_file(world: OAuthWorld) -> None:
    (world.folder / "client-secret").unlink()


@pytest.mark.parametrize(
    ("amiss", "said"),
    [
        (no_endpoint, "gives no access token: HTTP 503"),
        (wrong_secret, "the client's secret is wrong or has expired: make a new one"),
        (no_file, "mailbox 'bounces'.oauth.client_secret_file = "),
    ],
)
def test_a_token_that_cannot_be_had_is_one_line(
    oauth_world: OAuthWorld, amiss: Callable[[OAuthWorld], None], said: str
) -> None:
    text = oauth_world.client()
    amiss(oauth_world)
    (line,) = check(oauth_world, text)
    assert line.startswith("PROBLEM ")
    assert said in line


def test_a_token_that_the_mailbox_does_not_accept_is_one_line_with_its_remedy(oauth_world: OAuthWorld) -> None:
    secret = oauth_world.endpoint.add_client("app", "somebody@example.test", in_body=False)
    first, second = check(oauth_world, oauth_world.other(secret))
    assert first.startswith("ok      mailbox bounces: ")
    assert second.startswith("PROBLEM mailbox 'bounces' at localhost:")
    assert "refuses the access token for user" in second
    assert "`user` must be a mailbox that the token is good for, and `scope` must allow IMAP" in second


def test_a_server_that_takes_no_tokens_is_one_line(oauth_world: OAuthWorld) -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 AUTH=PLAIN"
        oauth_world.account = replace(oauth_world.account, tls_port=server.port)
        lines = check(oauth_world, oauth_world.client(), 'security = "none"')
    assert [line[:8] for line in lines] == ["ok      ", "PROBLEM "]
    assert "takes no access tokens (neither OAUTHBEARER nor XOAUTH2)" in lines[1]
