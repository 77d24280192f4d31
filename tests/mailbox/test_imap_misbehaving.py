"""The guards of the IMAP mailbox, against servers that lie, stall and hang up."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.message import limits
from tests.servers.fake_imap import Conversation, FakeImap, HangUp, fact
from tests.servers.tls import make_certificates

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


def read(server: FakeImap) -> list[Incoming]:
    with connect(server) as mailbox:
        return list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))


def test_the_fake_is_read_as_any_server_is() -> None:
    with FakeImap(MAILS) as server:
        assert {int(mail.uid): mail.raw for mail in read(server)} == MAILS
        fetches = [command for command in server.commands if command.startswith("UID FETCH")]
    assert fetches == ["UID FETCH 7:9 (UID RFC822.SIZE INTERNALDATE)", "UID FETCH 7:9 (UID BODY.PEEK[])"]


def test_items_that_are_empty_or_were_not_asked_for_are_skipped_I_08_T_20() -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(
            r"* 1 FETCH (FLAGS (\Seen) UID 7)",
            b"* 4 FETCH (UID 10 BODY[] {8}\r\nintruder)",
            b"* 1 FETCH (BODY[] {3}\r\none UID 7)",  # the UID after the octets
            "* 2 FETCH (UID 8 BODY[] NIL)",
            "* 3 FETCH (FLAGS () UID 9)",
            b'* 3 FETCH (UID 9 BODY[] "a \\"short\\" one")',
            b"* 1 FETCH (UID 7 BODY[] {3}\r\nbis)",
        )
        client.ok()

    with FakeImap(MAILS) as server:
        server.answers["UID FETCH 7:9 (UID BODY"] = answer
        assert {mail.uid: mail.raw for mail in read(server)} == {"7": b"one", "9": b'a "short" one'}


def test_what_is_received_rules_over_the_size_that_was_said_I_08() -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(*(fact(number, uid, 1_000_000 * uid) for number, uid in enumerate(MAILS, start=1)))
        client.ok()

    with FakeImap(MAILS) as server:
        server.answers["UID FETCH 7:9 (UID RFC822.SIZE"] = answer
        assert [mail.size for mail in read(server)] == [len(raw) for raw in MAILS.values()]


@pytest.mark.parametrize("sent", [b"", b"x" * 20, b"x" * 50], ids=["none", "some", "all-but-the-end"])
def test_a_literal_that_ends_early_is_never_a_mail_I_08(sent: bytes) -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send_raw(b"* 1 FETCH (UID 7 BODY[] {50}\r\n" + sent)
        raise HangUp

    with FakeImap({7: BOUNCE}) as server:
        server.answers["UID FETCH 7 (UID BODY"] = answer
        with pytest.raises(MailboxError, match="the server closed the connection"):
            read(server)


@pytest.mark.parametrize("size", [2 * limits.MESSAGE + 1, 9_999_999_999])
def test_a_literal_beyond_all_measure_ends_the_session_T_20(size: int) -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(f"* 1 FETCH (UID 7 BODY[] {{{size}}}")
        client.readline()

    with FakeImap({7: BOUNCE}) as server, connect(server) as mailbox:
        server.answers["UID FETCH 7 (UID BODY"] = answer
        with pytest.raises(MailboxError, match=f"the server announces {size} octets at once"):
            list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))
        with pytest.raises(MailboxError, match="not connected"):  # nothing more is believed
            mailbox.listing(Folder.INBOX)


def test_a_mail_that_turns_out_to_be_huge_is_cut_T_20() -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(fact(1, 7, 100))
        client.ok()

    with FakeImap({7: b"x" * (limits.MESSAGE + 5)}) as server:
        server.answers["UID FETCH 7 (UID RFC822.SIZE"] = answer
        (mail,) = read(server)
    assert (len(mail.raw), mail.size) == (limits.HEAD, limits.MESSAGE + 5)


def test_a_server_that_never_stops_talking_is_left_T_20() -> None:
    def answer(client: Conversation, command: str) -> None:
        while True:
            client.send(b"* OK " + b"x" * 1_000_000)

    with FakeImap(MAILS) as server:
        server.answers["UID SEARCH"] = answer
        with pytest.raises(MailboxError, match="answers with more than"):
            read(server)


def test_a_server_that_says_nothing_is_left_in_time_I_16() -> None:
    with FakeImap(MAILS) as server:
        server.answers["UID FETCH"] = lambda client, command: client.readline() and None
        began = time.monotonic()
        with (
            connect(server, timeout=0.5) as mailbox,
            pytest.raises(MailboxError, match=r"'bounces' at localhost:.*: UID FETCH: no answer in time"),
        ):
            list(mailbox.fetch(Folder.INBOX, ["7"]))
        assert time.monotonic() - began < 4


def test_interrupted_amid_an_answer_we_hang_up_at_once_I_28() -> None:
    class Interrupted(BaseException):
        """What a signal raises."""

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    def stall(client: Conversation, command: str) -> None:
        client.send_raw(b"* 1 FETCH (UID 7 BODY[] {50}\r\nhalf of it")
        os.kill(os.getpid(), signal.SIGUSR1)
        client.readline()

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with FakeImap({7: BOUNCE}) as server:
            server.answers["UID FETCH 7 (UID BODY"] = stall
            began = time.monotonic()
            with pytest.raises(Interrupted), connect(server, timeout=60) as mailbox:
                list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))
            assert time.monotonic() - began < 5
            assert "LOGOUT" not in server.commands
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_connection_that_breaks_at_any_octet_is_a_mailbox_error_I_16() -> None:
    whole = b"* 1 FETCH (UID 7 BODY[] {29}\r\n" + BOUNCE + b")\r\n"
    for length in range(0, len(whole) + 1, 3):

        def answer(client: Conversation, command: str, sent: bytes = whole[:length]) -> None:
            client.send_raw(sent)
            raise HangUp

        with FakeImap({7: BOUNCE}) as server:
            server.answers["UID FETCH 7 (UID BODY"] = answer
            with pytest.raises(MailboxError, match="the server closed the connection"):
                read(server)


def test_starttls_that_is_not_offered_ends_it_before_the_password_T_19() -> None:
    with FakeImap() as server:
        with pytest.raises(MailboxError, match=r"cannot connect \(starttls\): TLS not supported by server"):
            connect(server, security="starttls").__enter__()
        assert server.commands == ["CAPABILITY"]


def test_a_session_that_claims_to_be_signed_in_is_not_believed_T_19() -> None:
    with FakeImap() as server:
        server.greeting, server.capabilities = "* PREAUTH welcome", "IMAP4rev1 STARTTLS"
        with pytest.raises(MailboxError, match="STARTTLS"):
            connect(server, security="starttls").__enter__()


def test_an_answer_slipped_in_before_tls_ends_it_before_the_password_T_19(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)

    def start_tls(client: Conversation, command: str) -> None:
        following = re.sub(r"\d+$", lambda number: str(int(number[0]) + 1), client.tag)
        client.send(f"{client.tag} OK go", "* CAPABILITY IMAP4rev1 X-INJECTED", f"{following} OK done")
        client.start_tls(certificates)

    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 STARTTLS"
        server.answers["STARTTLS"] = start_tls
        with pytest.raises(MailboxError, match="sent in the clear after the answer to STARTTLS"):
            connect(server, security="starttls", ca_file=certificates.ca).__enter__()
        assert not any("secret" in command for command in server.commands)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("NO [AUTHENTICATIONFAILED] LOGIN user the secret", SignInError),
        ("NO the secret is wrong", SignInError),
        ("NO [UNAVAILABLE] try later", MailboxError),
    ],
)
def test_a_server_that_quotes_our_password_is_not_quoted_T_19(refusal: str, kind: type[MailboxError]) -> None:
    with FakeImap() as server:
        server.answers["LOGIN"] = lambda client, command: client.send(f"{client.tag} {refusal}")
        with pytest.raises(MailboxError) as raised:
            connect(server).__enter__()
    assert type(raised.value) is kind
    assert "the secret" not in str(raised.value)


def test_a_password_is_not_sent_where_signing_in_is_disabled_T_19() -> None:
    with FakeImap() as server:
        server.capabilities = "IMAP4rev1 LOGINDISABLED"
        with pytest.raises(MailboxError, match="without TLS"):
            connect(server).__enter__()
        assert not any("secret" in command for command in server.commands)


def test_what_a_server_can_do_is_asked_after_signing_in_I_11() -> None:
    with FakeImap({7: BOUNCE}) as server:
        server.capabilities = "IMAP4rev1"

        def login(client: Conversation, command: str) -> None:
            server.capabilities = "IMAP4rev1 MOVE"
            client.ok()

        server.answers["LOGIN"] = login
        with connect(server) as mailbox:
            mailbox.move(Folder.INBOX, ["7"], Folder.PROCESSED)
        assert 'UID MOVE 7 "processed"' in server.commands


def test_without_uidplus_nothing_is_ever_expunged_I_11() -> None:
    with FakeImap(MAILS) as server:
        server.capabilities = "IMAP4rev1 UNSELECT"
        with connect(server) as mailbox:
            assert mailbox.move(Folder.INBOX, ["7", "9"], Folder.REVIEW) == {}
            mailbox.listing(Folder.INBOX)
        assert 'UID COPY 7,9 "review"' in server.commands
        assert r"UID STORE 7,9 +FLAGS.SILENT (\Deleted)" in server.commands
        assert not any("EXPUNGE" in command or "CLOSE" in command for command in server.commands)


def test_a_copy_that_is_refused_deletes_nothing_I_14() -> None:
    with FakeImap(MAILS) as server:
        server.capabilities = "IMAP4rev1 UIDPLUS"
        server.answers["UID COPY"] = lambda client, command: client.send(f"{client.tag} NO [OVERQUOTA] full")
        with connect(server) as mailbox, pytest.raises(MailboxError, match=r"COPY to review: \[OVERQUOTA\] full"):
            mailbox.move(Folder.INBOX, ["7"], Folder.REVIEW)
        assert not any("STORE" in command or "EXPUNGE" in command for command in server.commands)


def test_new_uids_are_paired_as_the_server_tells_them() -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send("* OK [COPYUID 3 7:8,9 21,23:22] moved", "* 1 EXPUNGE")
        client.ok()

    with FakeImap(MAILS) as server, connect(server) as mailbox:
        server.answers["UID MOVE"] = answer
        assert mailbox.move(Folder.INBOX, ["7", "8", "9"], Folder.REVIEW) == {"7": "21", "8": "23", "9": "22"}


def test_a_mail_that_the_server_cannot_give_is_named_after_the_rest() -> None:
    mails = dict.fromkeys((*range(1, 201), 300), BOUNCE)
    with FakeImap(mails) as server, connect(server) as mailbox:
        server.answers["UID FETCH 1:200 (UID BODY"] = lambda client, command: client.send(
            b"* 5 FETCH (UID 5 BODY[] {4}\r\nfive)", f"{client.tag} NO [SERVERBUG] internal error"
        )
        given = mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)
        assert [next(given).uid, next(given).uid] == ["5", "300"]
        with pytest.raises(MailboxError, match=r"UID FETCH: \[SERVERBUG\] internal error"):
            next(given)


def test_an_impossible_date_is_said_to_be_the_servers_T_26() -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(fact(1, 7, 9, "31-Feb-2026 10:00:00 +0000"))
        client.ok()

    with FakeImap({7: BOUNCE}) as server:
        server.answers["UID FETCH"] = answer
        with pytest.raises(MailboxError, match="impossible INTERNALDATE: 31-Feb-2026"):
            read(server)


def test_without_a_uidvalidity_nothing_is_read_I_04() -> None:
    with FakeImap(MAILS) as server:
        server.answers["EXAMINE"] = lambda client, command: client.ok()
        with pytest.raises(MailboxError, match="UIDVALIDITY"):
            read(server)


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
