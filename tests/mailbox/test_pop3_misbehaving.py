"""The guards of the POP3 mailbox, against servers that lie, stall, hang up and know less than they should."""

from __future__ import annotations

import threading
import time

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox import inflow
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.inflow import FAREWELL
from bounce_plugin.message import limits
from tests.mailbox.pop3_client import MAILS, connect, read, read_and_delete, refuse, say
from tests.servers.fake_pop3 import FakePop3, HangUp, Session

SOON = FAREWELL + 2.5  # seconds; this machine may be busy


@pytest.mark.parametrize("delete", [True, False])
def test_the_fake_is_read_as_any_server_is(delete: bool) -> None:
    with FakePop3(*MAILS) as server:
        assert [mail.raw for mail in read(server, delete=delete)] == MAILS
        assert any(command.startswith("TOP") for command in server.commands) is not delete


def test_a_server_without_uidl_is_refused_with_a_remedy() -> None:
    with FakePop3(*MAILS, UIDL=refuse("what?")) as server:
        with pytest.raises(MailboxError, match=r"UIDL: what\?.*ask the provider"):
            read(server)
        (complaint,) = connect(server).check()
        assert "over IMAP" in complaint
        assert "QUIT" not in server.commands


@pytest.mark.parametrize(
    "sent", [b"+OK\r\n1\r\n.\r\n", b"+OK\r\n1 a\0b\r\n.\r\n", b"+OK\r\nx y\r\n.\r\n", b"no answer\r\n"]
)
def test_nonsense_in_a_listing_ends_the_session(sent: bytes) -> None:
    with FakePop3(*MAILS, UIDL=say(sent)) as server, pytest.raises(MailboxError, match="the server"):
        read(server)


@pytest.mark.parametrize(
    "line", [b"x" * 5_000_000 + b"\r\n", b".\n.\r\n", b"\r", b"a\rb\n\r\n", b"\n.\n..\r\n", b".." * 3000 + b"\r\n"]
)
def test_i_08_octets_are_those_of_the_wire(line: bytes) -> None:
    raw = b"Subject: x\r\n\r\n" + line + b"end\r\n"
    with FakePop3(raw) as server:
        (mail,) = read(server)
    assert mail.raw == raw


def test_i_08_octets_are_right_not_what_the_list_says() -> None:
    sizes = lambda client, command: client.lines(["1 1", "2 999999", "3 x"])  # noqa: E731
    with FakePop3(*MAILS, LIST=sizes) as server:
        for delete in (True, False):
            found = read(server, delete=delete)
            assert [mail.raw for mail in found] == MAILS
            assert [mail.size for mail in found] == list(map(len, MAILS))


def test_of_a_large_mail_the_head_comes_also_from_a_server_without_top() -> None:
    large = b"Subject: x\r\n\r\n" + b"line\r\n" * (limits.MESSAGE // 6 + 1)
    with FakePop3(large, MAILS[1], TOP=refuse()) as server:
        first, second = read(server)
        assert (first.raw, first.size) == (large[: limits.HEAD], len(large))
        assert second.raw == MAILS[1]
        server.answers["LIST"] = lambda client, command: client.lines(["1 999999999", f"2 {len(MAILS[1])}"])
        with connect(server) as mailbox:
            mails = mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)
            assert next(mails).raw == MAILS[1]
            with pytest.raises(MailboxError, match="RETR 1"):
                next(mails)


def test_i_15_what_the_server_refuses_holds_up_no_other() -> None:
    with FakePop3(*MAILS, **{"RETR 1": refuse("disk")}) as server, connect(server) as mailbox:
        mails = mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)
        assert [next(mails).raw, next(mails).raw] == MAILS[1:]
        with pytest.raises(MailboxError, match="disk"):
            next(mails)


def test_answers_and_lines_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflow, "ANSWER", 300_000)

    def flood(client: Session, octets: bytes) -> None:
        client.send("+OK")
        while True:
            client.send_raw(octets)

    for command, octets in (("RETR", b"x" * 1000), ("UIDL", b"1 a\r\n" * 1000), ("LIST", b"1" * 1000)):
        with (
            FakePop3(*MAILS, **{command: lambda client, _, octets=octets: flood(client, octets)}) as server,
            pytest.raises(MailboxError, match="more than"),
        ):
            read(server)


@pytest.mark.parametrize("after", [b"+OK\r\nSubject: x\r\n\r\nhal", b"+OK\r\nSubject: x\r\n\r\nhalf\r\n.", b""])
def test_a_mail_that_is_cut_off_is_no_mail(after: bytes) -> None:
    def cut(client: Session, command: str) -> None:
        client.send_raw(after)
        raise HangUp

    with FakePop3(*MAILS, **{"RETR 2": cut}) as server, connect(server) as mailbox:
        mails = mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)
        assert next(mails).raw == MAILS[0]
        with pytest.raises(MailboxError, match="closed the connection"):
            next(mails)
        with pytest.raises(MailboxError, match="not connected"):
            mailbox.move(Folder.INBOX, ["u1"], Folder.LEDGER)


def test_a_server_that_says_more_than_it_was_asked_for_is_left() -> None:
    def twice(client: Session, command: str) -> None:
        client.send_raw(b"+OK\r\nSubject: x\r\n\r\n.\r\n+OK\r\n+OK\r\n")

    with FakePop3(*MAILS, RETR=twice) as server, pytest.raises(MailboxError, match="more than it was asked"):
        read(server)


def test_check_tells_of_a_server_that_deletes_by_itself() -> None:
    with FakePop3(CAPA=lambda client, command: client.lines(["UIDL", "EXPIRE 30"])) as server:
        (complaint,) = connect(server, delete=False).check()
        assert "after 30 days" in complaint
        assert list(connect(server, delete=True).check()) == []
        server.answers["CAPA"] = refuse()
        assert list(connect(server, delete=False).check()) == []
        for line in ("", "\xe9"):
            server.answers["CAPA"] = lambda client, command, line=line: client.lines([line])
            (complaint,) = connect(server, delete=False).check()
            assert "CAPA" in complaint


@pytest.mark.parametrize("command", ["PASS", "LIST", "UIDL", "RETR", "DELE", "QUIT"])
def test_i_28_a_server_that_falls_silent_is_left_soon_when_we_are_told_to_stop(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflow, "FAREWELL", 0.3)
    stop = threading.Event()

    def stall(client: Session, said: str) -> None:
        threading.Timer(0.2, stop.set).start()
        while True:
            client.readline()

    with FakePop3(*MAILS, **{command: stall}) as server:
        began = time.monotonic()
        with pytest.raises(MailboxError, match="told to stop"):
            read_and_delete(connect(server, stop=stop, timeout=60))
        assert time.monotonic() - began < SOON
