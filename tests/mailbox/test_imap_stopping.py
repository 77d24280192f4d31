"""How soon do we end when we are told to, and the server says nothing? And what of a connection that is only half there?"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox import inflow, reach
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.inflow import FAREWELL
from bounce_plugin.outcome import Handling
from tests.bounces import report
from tests.servers.fake_imap import Conversation, FakeImap, given
from tests.servers.filing_imap import FilingImap

BOUNCE = b"Subject: Undelivered\r\n\r\nraw\r\n"
SOON = FAREWELL + 2.5  # seconds; this machine may be busy


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave sooner than outside of tests."""
    monkeypatch.setattr(inflow, "FAREWELL", 0.3)


def mailbox_at(port: int, stop: threading.Event, **settings: object) -> ImapMailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "user": "user",
        "password": lambda: "the secret",
        "timeout": 60.0,
        "stop": stop,
    }
    return ImapMailbox(**(arguments | settings))


@contextmanager
def told_to_stop(stop: threading.Event) -> Iterator[None]:
    """What is done inside must end soon after `stop` was set."""
    timer = threading.Timer(0.2, stop.set)
    began = time.monotonic()
    timer.start()
    yield
    timer.join()
    assert time.monotonic() - began < SOON


def read_and_move(mailbox: ImapMailbox) -> None:
    with mailbox:
        list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))
        mailbox.move(Folder.INBOX, ["7"], Folder.PROCESSED)


def stall(client: Conversation, command: str) -> None:
    """Never answer; the client hangs up at last."""
    while True:
        client.readline()


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH", "UID MOVE"])
def test_I_28_a_server_that_falls_silent_is_left_soon_when_we_are_told_to_stop(command: str) -> None:
    stop = threading.Event()
    with (
        FakeImap({7: BOUNCE}, **{command: stall}) as server,
        told_to_stop(stop),
        pytest.raises(MailboxError, match="told to stop"),
    ):
        read_and_move(mailbox_at(server.port, stop))


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_I_28_a_server_that_never_greets_is_left_soon_when_we_are_told_to_stop(security: str) -> None:
    stop = threading.Event()
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        told_to_stop(stop),
        pytest.raises(MailboxError, match="told to stop"),
    ):
        mailbox_at(silent.getsockname()[1], stop, security=security).__enter__()


def test_I_28_a_host_that_does_not_even_answer_is_left_soon_when_we_are_told_to_stop() -> None:
    stop = threading.Event()
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = mailbox_at(full.getsockname()[1], stop)
        # Linux lets one more wait than it was told, and then answers nobody.
        with socket.create_connection(full.getsockname()), told_to_stop(stop), pytest.raises(MailboxError):
            waiting.__enter__()


@pytest.mark.usefixtures("hurry")
def test_I_28_a_server_that_does_not_answer_to_the_end_of_an_idle_is_left_soon() -> None:
    stop = threading.Event()

    def idle(client: Conversation, command: str) -> None:
        client.send("+ idling")
        stall(client, command)

    with FakeImap({7: BOUNCE}, IDLE=idle) as server:
        server.capabilities = "IMAP4rev1 IDLE"
        with told_to_stop(stop), pytest.raises(MailboxError), mailbox_at(server.port, stop) as mailbox:
            mailbox.wait(60, stop)


def test_I_28_a_server_that_answers_in_time_finishes_what_it_was_asked_for() -> None:
    stop = threading.Event()

    def take_a_moment(client: Conversation, command: str) -> None:
        stop.set()
        time.sleep(0.6)
        client.send(given(1, 7, b"one", command))
        client.ok()

    with FakeImap({7: BOUNCE}) as server:
        server.answers["UID FETCH 7"] = take_a_moment
        with mailbox_at(server.port, stop) as mailbox:
            assert [mail.raw for mail in mailbox.fetch(Folder.INBOX, ["7"])] == [b"one"]
        assert server.commands[-1] == "LOGOUT"


def test_I_28_a_process_that_gets_sigterm_before_a_silent_server_ends_soon_and_leaves_nothing_half(
    tmp_path: Path,
) -> None:
    with FilingImap(report("member1@example.com")) as server:
        (tmp_path / "ledger.key").write_text("07" * 32)
        (tmp_path / "bounce.toml").write_text(
            f"[[mailbox]]\nname = 'b'\nkind = 'imap'\nhost = '127.0.0.1'\nport = {server.port}\nsecurity = 'none'\n"
            "user = 'u'\npassword_command = 'echo secret'\n"
        )
        server.answers["UID MOVE"] = stall  # committed, and not moved
        process = subprocess.Popen(
            [sys.executable, "-m", "bounce_plugin", "--config", str(tmp_path / "bounce.toml"), "run"]
        )
        try:
            server.await_command("UID MOVE", 60)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert time.monotonic() - began < SOON
        finally:
            process.kill()
        server.answers.clear()
        done = subprocess.run(
            [sys.executable, "-m", "bounce_plugin", "--config", str(tmp_path / "bounce.toml"), "run", "--once"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert Handling.HANDLED not in done.stdout
        assert server.count("INBOX") == 0
        assert server.count("review") == 1


def test_I_17_the_network_itself_asks_whether_the_other_end_is_still_there() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        reach.reach("127.0.0.1", server.getsockname()[1], 5, threading.Event()) as connection,
    ):
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.gettimeout() == 5


def test_the_next_address_of_a_host_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = closed.getsockname()[1], server.getsockname()[1]
        closed.close()
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        reach.reach("host.example", 143, 5, threading.Event()).close()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:1])
        with pytest.raises(ConnectionRefusedError):
            reach.reach("host.example", 143, 5, threading.Event())
