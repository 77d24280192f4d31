"""Does a process that runs for ever get its tokens, through an endpoint that is down and tokens that end?"""

from __future__ import annotations

from threading import Event

import pytest

from bounce_plugin import BouncePlugin, runner
from bounce_plugin.errors import MailboxError
from bounce_plugin.runner import keep_running
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.everyday import EverydayHost
from tests.running import Listener, running, until
from tests.servers.oauth_world import OAuthWorld


def test_an_endpoint_that_is_down_is_tried_again_and_tokens_are_replaced(
    oauth_world: OAuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(runner, "LAST_PAUSE", 0.05)
    oauth_world.write("ledger.key", "07" * 32)
    endpoint, account, listener = oauth_world.endpoint, oauth_world.account, Listener()
    settings = parse_settings(oauth_world.settings_text(oauth_world.client()), folder=oauth_world.folder)
    plugins = {"host": EverydayHost(), "listener": listener}
    endpoint.answer, endpoint.life = lambda body: (503, b""), 2
    with BouncePlugin(settings, plugins=plugins, entry_points=False) as plugin, running(plugin):
        until(lambda: listener.incidents)
        assert "gives no access token: HTTP 503" in str(listener.incidents[0])
        account.append(report("member1@example.com"))
        endpoint.answer = None
        until(lambda: len(account.contents("processed")) == 1)
        endpoint.revoke()
        until(lambda: len(endpoint.asked) >= 3)  # its token has ended twice meanwhile
        account.append(report("member2@example.com"))
        until(lambda: len(account.contents("processed")) == 2)
    assert len(listener.incidents) == 1, "that a token ends is no incident"


def test_a_token_is_kept_from_one_connection_to_the_next(
    oauth_world: OAuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    oauth_world.write("ledger.key", "07" * 32)
    settings = parse_settings(oauth_world.settings_text(oauth_world.client()), folder=oauth_world.folder)
    oauth_world.endpoint.life = 3600
    stop, connections = Event(), 0

    def lose_the_connection(*_: object, **__: object) -> None:
        nonlocal connections
        connections += 1
        if connections == 3:
            stop.set()
        raise MailboxError("lost")

    with BouncePlugin(settings, plugins={"host": EverydayHost()}, entry_points=False) as plugin:
        monkeypatch.setattr(plugin, "run_mailbox", lose_the_connection)
        keep_running(plugin, stop, lambda outcome: None)
    assert connections == 3
    assert len(oauth_world.endpoint.asked) == 1
