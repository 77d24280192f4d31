"""Does a server fetch and move while we are at work, in order, and is nobody left at it when we leave?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from bounce_plugin import BouncePlugin, Contact, hookimpl
from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.attempts import tried
from bounce_plugin.settings import parse_settings
from bounce_plugin.steps import unseen
from bounce_plugin.steps.errands import Errands
from tests.bounces import report
from tests.everyday import memory
from tests.servers.fake_imap import Conversation, HangUp
from tests.servers.filing_imap import FilingImap

TOGETHER = 4  # mails of a batch
MAILS = [report(f"member{number}@example.com", message_id=f"m{number}@crm.example") for number in range(3 * TOGETHER)]
FETCHES = ("UID FETCH 1:4 ", "UID FETCH 5:8 ", "UID FETCH 9:12 ")


class Host:
    """Knows everybody; does something when it is asked for the first time for an address."""

    def __init__(self) -> None:
        self.when_asked: dict[str, Callable[[], None]] = {}

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        self.when_asked.pop(address, lambda: None)()
        return Contact(id=address, address=address)


@pytest.fixture
def server() -> Iterator[FilingImap]:
    with FilingImap(*MAILS) as fake:
        yield fake


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def plugin(server: FilingImap, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BouncePlugin]:
    monkeypatch.setattr(unseen, "BATCH", TOGETHER)
    (tmp_path / "ledger.key").write_text("07" * 32)
    (tmp_path / "password").write_text("secret")
    settings = parse_settings(server.settings_text, folder=tmp_path)
    with BouncePlugin(settings, plugins={"host": host}, entry_points=False) as opened:
        yield opened


def tries(plugin: BouncePlugin) -> set[str]:
    with plugin.ledger.reading() as tx:
        return set(tried(tx, "b", "1"))


def test_the_next_batch_is_fetched_and_the_last_one_moved_while_one_is_recorded(
    server: FilingImap, host: Host, plugin: BouncePlugin
) -> None:
    host.when_asked["member0@example.com"] = lambda: server.await_command(FETCHES[1])
    host.when_asked["member4@example.com"] = lambda: server.await_command("UID MOVE 1:4")
    host.when_asked["member5@example.com"] = lambda: server.await_command(FETCHES[2])
    host.when_asked["member8@example.com"] = lambda: server.await_command("UID MOVE 5:8")
    assert plugin.run_once().ok
    assert server.count("processed") == len(MAILS)
    assert len(memory(plugin)["events"]) == len(MAILS)  # type: ignore[arg-type]
    assert [command for command in server.commands if command.startswith("UID MOVE")] == [
        'UID MOVE 1:4 "processed"', 'UID MOVE 5:8 "processed"', 'UID MOVE 9:12 "processed"',
    ]  # fmt: skip


def test_I_15_the_tries_of_the_next_batch_are_counted_before_it_is_fetched_and_taken_back_when_we_stop(
    server: FilingImap, host: Host, plugin: BouncePlugin
) -> None:
    stop, counted = Event(), list[set[str]]()

    def look() -> None:
        server.await_command(FETCHES[1])
        counted.append(tries(plugin))
        stop.set()

    host.when_asked["member0@example.com"] = look
    assert plugin.run_once(stop=stop).ok
    assert counted == [{str(uid) for uid in range(1, 9)}]
    assert tries(plugin) == set()
    assert (server.count("processed"), server.count("INBOX")) == (TOGETHER, 2 * TOGETHER), (
        "what was in hand, and no more"
    )
    assert server.commands[-1] == "LOGOUT"
    assert plugin.run_once().ok
    assert server.count("processed") == len(MAILS)


def test_I_02_a_connection_that_breaks_at_a_move_aside_loses_nothing(server: FilingImap, plugin: BouncePlugin) -> None:
    def cut(client: Conversation, command: str) -> None:
        raise HangUp

    server.answers["UID MOVE 1:4"] = cut
    assert not plugin.run_once().ok
    assert tries(plugin) == set()
    server.answers.clear()
    assert plugin.run_once().ok
    assert server.count("processed") == len(MAILS)
    assert len(memory(plugin)["events"]) == len(MAILS)  # type: ignore[arg-type]


def test_who_stops_asking_leaves_nobody_at_the_mailbox(server: FilingImap, host: Host, plugin: BouncePlugin) -> None:
    class Stopped(BaseException):
        """What a signal raises."""

    def stop(_outcome: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        plugin.run_once(on_outcome=stop)
    assert not any(thread.name.startswith("errands") for thread in threading.enumerate())
    assert tries(plugin) == set()
    assert plugin.run_once().ok
    assert server.count("processed") == len(MAILS)


@pytest.mark.parametrize("aside", [False, True])
def test_errands_are_done_one_after_the_other_and_what_goes_wrong_is_told_to_who_asks(aside: bool) -> None:
    done: list[int] = []

    def fail() -> None:
        raise MailboxError("no")

    with Errands(aside=aside) as errands:
        first = errands.run(lambda: done.append(1))
        second = errands.run(fail)
        errands.run(lambda: done.append(2))
        errands.wait()
        assert done == [1, 2]
        first.result()
        with pytest.raises(MailboxError, match="no"):
            second.result()
