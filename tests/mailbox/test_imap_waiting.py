"""How new mail is heard of, from servers that do and do not tell."""

from __future__ import annotations

import threading
import time

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from tests.servers.fake_imap import Conversation, FakeImap, HangUp

BOUNCE = b"Subject: Undelivered\r\n\r\nraw\r\n"
MAILS = {7: BOUNCE, 8: BOUNCE + b"8", 9: BOUNCE + b"9"}


def connect(server: FakeImap, **settings: object) -> ImapMailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": server.port,
        "security": "none",
        "user": "user",
        "password": lambda: "the secret",
        "timeout": 5.0,
    }
    return ImapMailbox(**(arguments | settings))


def test_a_server_without_idle_is_asked_now_and_then_I_17(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bounce_plugin.mailbox.idle.ASK_EVERY", 0.1)
    asked = threading.Event()

    def answer(client: Conversation, command: str) -> None:
        if asked.is_set():
            client.send("* 4 EXISTS")
        asked.set()
        client.ok()

    with FakeImap(MAILS) as server, connect(server) as mailbox:
        server.answers["NOOP"] = answer
        began = time.monotonic()
        mailbox.wait(30, threading.Event())
        assert 0.15 < time.monotonic() - began < 5
        assert not any("IDLE" in command for command in server.commands)


def idle(client: Conversation, command: str) -> None:
    client.send("* OK still here", "+ idling")
    assert client.readline() == "DONE"
    client.ok()


def test_idle_is_issued_anew_before_servers_hang_up_I_17(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bounce_plugin.mailbox.idle.REISSUE", 0.2)
    with FakeImap(MAILS, IDLE=idle) as server:
        server.capabilities = "IMAP4rev1 IDLE"
        with connect(server) as mailbox:
            mailbox.wait(0.7, threading.Event())
        assert server.commands.count("IDLE") in (3, 4)


@pytest.mark.parametrize("last_words", [b"* BYE shutting down\r\n", b""], ids=["BYE", "EOF"])
def test_a_server_that_leaves_while_we_wait_is_an_error_I_17(last_words: bytes) -> None:
    def leave(client: Conversation, command: str) -> None:
        client.send("+ idling")
        client.send_raw(last_words)
        raise HangUp

    with FakeImap(MAILS, IDLE=leave) as server:
        server.capabilities = "IMAP4rev1 IDLE"
        with (
            connect(server) as mailbox,
            pytest.raises(MailboxError, match=r"IDLE: .*(shutting down|closed the connection)"),
        ):
            mailbox.wait(30, threading.Event())


def test_a_dead_connection_is_noticed_at_the_end_of_an_idle_I_17() -> None:
    def die(client: Conversation, command: str) -> None:
        client.send("+ idling")
        client.readline()
        client.readline()  # never says a word again

    with FakeImap(MAILS, IDLE=die) as server:
        server.capabilities = "IMAP4rev1 IDLE"
        with connect(server, timeout=0.5) as mailbox, pytest.raises(MailboxError, match="no answer in time"):
            mailbox.wait(0.2, threading.Event())


def test_idle_that_is_announced_and_refused_becomes_asking_I_17() -> None:
    with FakeImap(MAILS) as server:
        server.capabilities = "IMAP4rev1 IDLE"
        server.answers["IDLE"] = lambda client, command: client.send(f"{client.tag} NO not today")
        with connect(server) as mailbox:
            mailbox.wait(0.3, threading.Event())
            assert mailbox.listing(Folder.INBOX).uids == ("7", "8", "9")


def test_news_in_the_same_packet_as_the_go_ahead_is_heard_I_17() -> None:
    def tell(client: Conversation, command: str) -> None:
        client.send("+ idling", "* 4 EXISTS")
        client.readline()
        client.ok()

    with FakeImap(MAILS, IDLE=tell) as server:
        server.capabilities = "IMAP4rev1 IDLE"
        with connect(server) as mailbox:
            began = time.monotonic()
            mailbox.wait(30, threading.Event())
            assert time.monotonic() - began < 5
