"""The guards of the POP3 mailbox, against servers that lie, stall, hang up and know less than they should."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox import inflow
from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.mailbox.inflow import FAREWELL
from bounce_plugin.mailbox.pop3 import Pop3Mailbox
from bounce_plugin.message import limits
from tests.servers.fake_pop3 import FakePop3, HangUp, Session
from tests.servers.tls import make_certificates

MAILS = [b"Subject: %d\r\n\r\nraw\r\n.\r\n..\r\n" % number for number in range(3)]
SOON = FAREWELL + 2.5  # seconds; this machine may be busy


def connect(server: FakePop3, **settings: object) -> Pop3Mailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": server.port,
        "security": "none",
        "user": "user",
        "password": lambda: "the secret",
        "delete": True,
        "timeout": 5.0,
    }
    return Pop3Mailbox(**(arguments | settings))


def read(server: FakePop3, **settings: object) -> list[Incoming]:
    with connect(server, **settings) as mailbox:
        return list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))


def read_and_delete(mailbox: Pop3Mailbox) -> None:
    with mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        list(mailbox.fetch(Folder.INBOX, uids))
        mailbox.move(Folder.INBOX, uids, Folder.LEDGER)


def refuse(words: str = "no") -> object:
    return lambda client, command: client.send(f"-ERR {words}")


def say(octets: bytes) -> object:
    return lambda client, command: client.send_raw(octets)


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


def test_copies_that_share_a_uidl_are_each_read_and_each_deleted_once_read() -> None:
    with FakePop3(MAILS[0]) as server:
        server.deliver(MAILS[1], MAILS[1], uid="same")
        server.deliver(MAILS[2], uid="same/2")
        with connect(server) as mailbox:
            uids = mailbox.listing(Folder.INBOX).uids
            assert uids == ("u1", "same", "same/3", "same/2")
            found = list(mailbox.fetch(Folder.INBOX, uids))
            assert [mail.raw for mail in found] == [MAILS[0], MAILS[1], MAILS[1], MAILS[2]]
            mailbox.move(Folder.INBOX, ["same/3"], Folder.LEDGER)
        assert [kept.raw for kept in server.mails] == [MAILS[0], MAILS[1], MAILS[2]]


def test_a_copy_that_this_session_has_not_read_is_left_on_the_server() -> None:
    with FakePop3(MAILS[0]) as server:
        server.deliver(MAILS[1], MAILS[1], uid="same")
        with connect(server) as mailbox:
            list(mailbox.fetch(Folder.INBOX, ["same"]))
            with pytest.raises(MailboxError, match="the next run"):
                mailbox.move(Folder.INBOX, ["same", "same/2"], Folder.LEDGER)
        assert [kept.raw for kept in server.mails] == MAILS[:2]


@pytest.mark.parametrize("updates", [True, False])
def test_a_lost_answer_to_quit_is_an_error_and_the_next_session_knows(updates: bool) -> None:
    def vanish(client: Session, command: str) -> None:
        del server.answers["QUIT"]
        if updates:
            server.update(client)
        raise HangUp

    with FakePop3(*MAILS, QUIT=vanish) as server:
        with connect(server) as mailbox:
            uids = mailbox.listing(Folder.INBOX).uids
            list(mailbox.fetch(Folder.INBOX, uids))
            for _ in range(2):  # and nothing more is asked before it is opened anew
                with pytest.raises(MailboxError, match="QUIT"):
                    mailbox.move(Folder.INBOX, uids[:2], Folder.LEDGER)
        with connect(server) as mailbox:
            assert mailbox.listing(Folder.INBOX).uids == (uids[2:] if updates else uids)
            list(mailbox.fetch(Folder.INBOX, uids))
            mailbox.move(Folder.INBOX, uids[:2], Folder.LEDGER)
        assert [kept.raw for kept in server.mails] == MAILS[2:]


@pytest.mark.parametrize("command", ["DELE 2", "QUIT"])
def test_a_refusal_amid_the_deletion_deletes_nothing_more(command: str) -> None:
    with FakePop3(*MAILS, **{command: refuse()}) as server:
        with connect(server) as mailbox:
            uids = mailbox.listing(Folder.INBOX).uids
            list(mailbox.fetch(Folder.INBOX, uids))
            with pytest.raises(MailboxError, match=command):
                mailbox.move(Folder.INBOX, uids, Folder.LEDGER)
        assert len(server.mails) == 3
        assert (command == "QUIT") is ("QUIT" in server.commands)


def test_left_amid_trouble_of_our_own_a_session_has_no_good_bye() -> None:
    def read_and_fail(server: FakePop3) -> None:
        with connect(server) as mailbox:
            next(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))
            raise KeyboardInterrupt

    with FakePop3(*MAILS) as server:
        with pytest.raises(KeyboardInterrupt):
            read_and_fail(server)
        assert "QUIT" not in server.commands


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


def test_a_mail_that_is_larger_than_was_said_is_never_deleted() -> None:
    large = b"Subject: x\r\n\r\n" + b".line\r\n" * (limits.MESSAGE // 7 + 1)
    with FakePop3(large, LIST=lambda client, command: client.lines(["1 100"])) as server:
        with connect(server) as mailbox:
            (mail,) = mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)
            assert (mail.raw, mail.size) == (large[: limits.HEAD], len(large))
            with pytest.raises(MailboxError, match="the next run"):
                mailbox.move(Folder.INBOX, [mail.uid], Folder.LEDGER)
        assert len(server.mails) == 1


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


def test_an_answer_that_came_with_that_to_stls_is_not_listened_to(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)

    def inject(client: Session, command: str) -> None:
        client.send("+OK", "+OK you are in", "+OK")
        client.start_tls(certificates)

    with FakePop3(*MAILS, STLS=inject) as server:
        with pytest.raises(MailboxError, match="in the clear"):
            read(server, security="starttls", ca_file=certificates.ca)
        assert server.commands == ["STLS"]


def test_without_stls_nothing_is_said_in_the_clear() -> None:
    with FakePop3(*MAILS, STLS=refuse("unknown")) as server:
        with pytest.raises(MailboxError, match="unknown"):
            read(server, security="starttls")
        assert server.commands == ["STLS"]


@pytest.mark.parametrize("code", ["[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]", "[SYS/PERM]", "[sys/temp]"])
@pytest.mark.parametrize("command", ["USER", "PASS"])
def test_i_16_a_refusal_that_is_no_fault_of_the_password_is_no_sign_in_error(code: str, command: str) -> None:
    with FakePop3(*MAILS, **{command: refuse(f"{code} later")}) as server:
        with pytest.raises(MailboxError, match="later") as caught:
            read(server)
        assert not isinstance(caught.value, SignInError)
        server.answers[command] = refuse("[AUTH] wrong")
        with pytest.raises(SignInError, match="wrong"):
            read(server)


def test_t_19_a_server_that_quotes_the_password_is_not_repeated() -> None:
    quoting = FakePop3(PASS=lambda client, command: client.send(f"-ERR {command}?"))
    with quoting as server, pytest.raises(SignInError) as caught:
        read(server)
    shown = "".join(traceback.format_exception(caught.value))
    assert "the secret" not in shown
    assert "***" in shown


def test_a_password_that_is_no_text_is_sent_as_it_is() -> None:
    said: list[bytes] = []

    def hear(client: Session, command: str) -> None:
        said.append(command.encode())
        server.answer(client, command)

    with FakePop3(*MAILS, PASS=hear) as server:
        assert len(read(server, password=lambda: "p\udcc3\udca9 ")) == 3
    assert said == ["PASS pé ".encode()]


def test_a_server_that_does_not_greet_is_refused() -> None:
    with FakePop3() as server:
        for greeting in ("-ERR go away", "* OK an IMAP server"):
            server.greeting = greeting
            with pytest.raises(MailboxError, match="cannot connect"):
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
