"""Does a process that runs for ever look at its mailboxes again, and say when it cannot?"""

from pathlib import Path
from threading import Event

import pytest

from bounce_plugin import BouncePlugin, SettingsError, runner
from bounce_plugin.runner import TOLD_AFTER, keep_running
from bounce_plugin.settings import parse_settings
from tests.bounces import Box, report
from tests.everyday import EverydayHost
from tests.running import Listener, running, until

TWO = """
[[mailbox]]
name = "near"
kind = "maildir"
path = "near"
poll_seconds = 0.1

[[mailbox]]
name = "far"
kind = "maildir"
path = "far"
poll_seconds = 0.1
"""


def test_a_failing_mailbox_stops_no_other_is_told_once_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(runner, "LAST_PAUSE", 0.05)
    (tmp_path / "ledger.key").write_text("07" * 32)
    near = Box(tmp_path / "near")
    listener = Listener()
    plugins = {"host": EverydayHost(), "listener": listener}
    settings = parse_settings(TWO, folder=tmp_path)
    with BouncePlugin(settings, plugins=plugins, entry_points=False) as plugin, running(plugin) as outcomes:
        until(lambda: listener.incidents)
        near.drop(report("member1@example.com"))
        until(lambda: near.mails("processed"))
        far = Box(tmp_path / "far")
        far.drop(report("member2@example.com"))
        until(lambda: far.mails("processed"))
        near.drop(report("member3@example.com"))
        until(lambda: len(near.mails("processed")) == 2)
    assert [incident.key for incident in listener.incidents] == ["mailbox:far"]
    assert len(outcomes) == 3
    assert TOLD_AFTER > 1, "a server that is restarted is no incident"


def test_nothing_to_watch_is_an_error_that_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text("07" * 32)
    with BouncePlugin(parse_settings("", folder=tmp_path), entry_points=False) as plugin:
        with pytest.raises(SettingsError, match="mailbox"):
            keep_running(plugin, Event(), lambda _: None)
        with pytest.raises(SettingsError, match="mailbox"):
            plugin.run_once()


def test_a_ledger_that_is_lost_ends_the_process_with_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ledger.key").write_text("07" * 32)
    Box(tmp_path / "near")
    Box(tmp_path / "far")

    def lost(*_: object, **__: object) -> None:
        raise RuntimeError("the ledger is lost")

    with BouncePlugin(parse_settings(TWO, folder=tmp_path), entry_points=False) as plugin:
        monkeypatch.setattr(plugin, "run_mailbox", lost)
        with pytest.raises(RuntimeError, match="the ledger is lost"):
            keep_running(plugin, Event(), lambda _: None)
