"""Does the POP3 mailbox delete what it has read, and nothing else, whatever a server says or leaves unsaid?"""

from __future__ import annotations

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.message import limits
from tests.mailbox.pop3_client import MAILS, connect, refuse
from tests.servers.fake_pop3 import FakePop3, HangUp, Session


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


def test_a_mail_that_is_larger_than_was_said_is_never_deleted() -> None:
    large = b"Subject: x\r\n\r\n" + b".line\r\n" * (limits.MESSAGE // 7 + 1)
    with FakePop3(large, LIST=lambda client, command: client.lines(["1 100"])) as server:
        with connect(server) as mailbox:
            (mail,) = mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)
            assert (mail.raw, mail.size) == (large[: limits.HEAD], len(large))
            with pytest.raises(MailboxError, match="the next run"):
                mailbox.move(Folder.INBOX, [mail.uid], Folder.LEDGER)
        assert len(server.mails) == 1
