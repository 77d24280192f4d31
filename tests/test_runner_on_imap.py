"""Does a process that runs for ever get over a server that leaves, is silent, or never tells of new mail?"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin, MailOutcome, runner
from bounce_plugin.runner import TOLD_AFTER
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.everyday import EverydayHost
from tests.running import Listener, running, until
from tests.servers.fake_imap import Conversation, HangUp
from tests.servers.filing_imap import FilingImap


@contextmanager
def running_on(server: FilingImap, folder: Path, listener: Listener) -> Iterator[list[MailOutcome]]:
    """A process at work on this server; what it handled."""
    (folder / "ledger.key").write_text("07" * 32)
    (folder / "password").write_text("secret")
    plugins = {"host": EverydayHost(), "listener": listener}
    settings = parse_settings(server.settings_text + "poll_seconds = 0.2", folder=folder)
    with BouncePlugin(settings, plugins=plugins, entry_points=False) as plugin, running(plugin) as outcomes:
        yield outcomes


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(runner, "LAST_PAUSE", 0.03)


def member(number: int) -> bytes:
    return report(f"member{number}@example.com")


def test_I_17_new_mail_that_no_idle_tells_of_is_found_all_the_same(tmp_path: Path) -> None:
    def deaf(client: Conversation, command: str) -> None:
        client.send("+ idling")
        assert client.readline() == "DONE"
        client.ok()

    with FilingImap(member(1), IDLE=deaf) as server:
        server.capabilities = "IMAP4rev1 UIDPLUS MOVE IDLE"
        with running_on(server, tmp_path, Listener()):
            until(lambda: server.count("processed") == 1 and "IDLE" in server.commands)
            server.deliver(member(2))
            until(lambda: server.count("processed") == 2)


def test_I_16_a_server_that_leaves_amid_the_work_is_come_back_to_and_nobody_is_alarmed(tmp_path: Path) -> None:
    def leave(client: Conversation, command: str) -> None:
        del server.answers["UID MOVE"]
        client.send("* BYE going down for a moment")
        raise HangUp

    listener = Listener()
    with FilingImap(member(1), **{"UID MOVE": leave}) as server, running_on(server, tmp_path, listener) as outcomes:
        until(lambda: server.count("processed") == 1)
        server.deliver(member(2))
        until(lambda: server.count("processed") == 2)
    assert len(outcomes) == 2
    assert listener.incidents == []


def test_I_16_an_outage_is_one_incident_and_a_few_lines_of_log_however_long_it_lasts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()
    with FilingImap(member(1)) as server, caplog.at_level(logging.INFO, logger="bounce_plugin"):
        server.answers["LOGIN"] = lambda client, command: client.send(f"{client.tag} NO [UNAVAILABLE] not now")
        with running_on(server, tmp_path, listener):
            until(lambda: sum(command.startswith("LOGIN") for command in server.commands) > 5 * TOLD_AFTER)
            del server.answers["LOGIN"]
            until(lambda: server.count("processed") == 1)
    assert [incident.key for incident in listener.incidents] == ["mailbox:b"]
    assert sum("not now" in record.getMessage() for record in caplog.records) == TOLD_AFTER
