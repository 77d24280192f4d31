"""The guards of the IMAP mailbox, against servers that lie, stall and hang up."""

from __future__ import annotations

import os
import signal
import time

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.message import limits
from tests.servers.fake_imap import Conversation, FakeImap, HangUp, fact

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
    assert fetches == ["UID FETCH 7:9 (UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.20971>)"]


@pytest.mark.parametrize("size", [20_970, 20_971, 20_972, 50_000])
def test_larger_mails_are_asked_for_once_more_and_keep_their_place(size: int) -> None:
    mails = {**MAILS, 8: b"x" * size, 10: BOUNCE}
    with FakeImap(mails) as server:
        assert [(int(mail.uid), mail.raw, mail.size) for mail in read(server)] == [
            (uid, raw, len(raw)) for uid, raw in mails.items()
        ]
        fetches = [command for command in server.commands if command.startswith("UID FETCH")]
    assert fetches[1:] == ([] if size < 20_971 else ["UID FETCH 8 (UID BODY.PEEK[])"])


def said(uid: int, size: int) -> bytes:
    """What a server says of a mail beside its octets."""
    return fact(1, uid, size).partition("(")[2].removesuffix(")").encode()


def test_items_that_are_empty_or_were_not_asked_for_are_skipped_I_08_T_20() -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(
            r"* 1 FETCH (FLAGS (\Seen) UID 7)",
            b"* 4 FETCH (UID 10 BODY[] {8}\r\nintruder)",
            b"* 1 FETCH (BODY[] {3}\r\none " + said(7, 3) + b")",  # the facts after the octets
            b"* 2 FETCH (" + said(8, 0) + b" BODY[] NIL)",
            "* 3 FETCH (FLAGS () UID 9)",
            b"* 3 FETCH (" + said(9, 13) + b' BODY[] "a \\"short\\" one")',
            b"* 1 FETCH (UID 7 BODY[] {3}\r\nbis)",
        )
        client.ok()

    with FakeImap(MAILS) as server:
        server.answers["UID FETCH 7:9"] = answer
        server.answers["UID FETCH 8"] = answer
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
        server.answers["UID FETCH 7"] = answer
        with pytest.raises(MailboxError, match="the server closed the connection"):
            read(server)


@pytest.mark.parametrize("size", [2 * limits.MESSAGE + 1, 9_999_999_999])
def test_a_literal_beyond_all_measure_ends_the_session_T_20(size: int) -> None:
    def answer(client: Conversation, command: str) -> None:
        client.send(f"* 1 FETCH (UID 7 BODY[] {{{size}}}")
        client.readline()

    with FakeImap({7: BOUNCE}) as server, connect(server) as mailbox:
        server.answers["UID FETCH 7"] = answer
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
            server.answers["UID FETCH 7"] = stall
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
            server.answers["UID FETCH 7"] = answer
            with pytest.raises(MailboxError, match="the server closed the connection"):
                read(server)


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
        server.answers["UID FETCH 1:200"] = lambda client, command: client.send(
            b"* 5 FETCH (" + said(5, 4) + b" BODY[] {4}\r\nfive)", f"{client.tag} NO [SERVERBUG] internal error"
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
