"""What every kind of mailbox promises, once: see `Mailbox`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder, Mailbox
from bounce_plugin.mailbox.maildir import MaildirMailbox
from bounce_plugin.mailbox.mbox import MboxMailbox
from bounce_plugin.mailbox.pop3 import Pop3Mailbox
from tests.servers.account import Account

MAILS = [b"Subject: %d\r\n\r\n\xff octets %d\r\n" % (number, number) for number in range(5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of mailbox, and how mail gets there without it."""

    open: Callable[[bool], Mailbox]
    deliver: Callable[[bytes], None]


@pytest.fixture(params=["imap", "maildir", "mbox"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    """A mailbox with folders."""
    return open_kind(request, tmp_path)


@pytest.fixture(params=["imap", "maildir", "mbox", "pop3"])
def any_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    """Also one that has no folder but the inbox."""
    return open_kind(request, tmp_path)


def open_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    path = tmp_path / "bounces"
    if request.param == "pop3":
        of_pop3: Account = request.getfixturevalue("pop3_account")
        return Kind(
            open=lambda read_only: Pop3Mailbox(
                name="bounces",
                host="localhost",
                port=of_pop3.pop3s_port,
                ca_file=of_pop3.certificates.ca,
                user=of_pop3.user,
                password=lambda: of_pop3.password,
                delete=True,
                read_only=read_only,
            ),
            deliver=lambda raw: of_pop3.append(raw),
        )
    if request.param == "imap":
        account: Account = request.getfixturevalue("account")
        return Kind(
            open=lambda read_only: ImapMailbox(
                name="bounces",
                host="localhost",
                port=account.tls_port,
                ca_file=account.certificates.ca,
                user=account.user,
                password=lambda: account.password,
                read_only=read_only,
            ),
            deliver=lambda raw: account.append(raw),
        )
    if request.param == "maildir":
        for place in ("tmp", "new", "cur"):
            (path / place).mkdir(parents=True)

        def drop(raw: bytes) -> None:
            (path / "tmp" / "x").write_bytes(raw)
            (path / "tmp" / "x").rename(path / "new" / f"{time.time_ns()}.host")

        return Kind(open=lambda read_only: MaildirMailbox(name="bounces", path=path, read_only=read_only), deliver=drop)

    def append(raw: bytes) -> None:
        with path.open("ab") as file:
            file.write(b"From <> Mon Nov 23 10:00:00 2026\n" + raw + b"\n")

    return Kind(open=lambda read_only: MboxMailbox(name="bounces", path=path, read_only=read_only), deliver=append)


def raws(mailbox: Mailbox, folder: Folder) -> list[bytes]:
    return [mail.raw for mail in mailbox.fetch(folder, mailbox.listing(folder).uids)]


def test_mails_come_oldest_first_octet_for_octet(any_kind: Kind) -> None:
    for raw in MAILS:
        any_kind.deliver(raw)
    with any_kind.open(False) as mailbox:
        listing = mailbox.listing(Folder.INBOX)
        mails = list(mailbox.fetch(Folder.INBOX, listing.uids))
    assert [mail.raw for mail in mails] == MAILS
    assert tuple(mail.uid for mail in mails) == listing.uids
    assert {(mail.mailbox, mail.folder, mail.uidvalidity) for mail in mails} == {
        ("bounces", Folder.INBOX, listing.uidvalidity)
    }
    assert {mail.received_at.utcoffset().total_seconds() for mail in mails} == {0.0}


def test_a_folder_that_is_not_there_is_empty_and_is_made_when_needed(kind: Kind) -> None:
    kind.deliver(MAILS[0])
    with kind.open(False) as mailbox:
        assert mailbox.listing(Folder.REVIEW).uidvalidity == ""
        assert mailbox.listing(Folder.REVIEW).uids == ()
        assert list(mailbox.fetch(Folder.REVIEW, ["1"])) == []
        assert mailbox.move(Folder.REVIEW, ["1"], Folder.INBOX) == {}
        assert mailbox.move(Folder.INBOX, [], Folder.REVIEW) == {}
        assert len(mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.REVIEW)) == 1
        assert mailbox.listing(Folder.REVIEW).uidvalidity != ""
        assert raws(mailbox, Folder.REVIEW) == [MAILS[0]]


def test_the_numbering_of_a_folder_is_that_of_its_listing(kind: Kind) -> None:
    kind.deliver(MAILS[0])
    with kind.open(False) as mailbox:
        assert mailbox.numbering(Folder.REVIEW).uidvalidity == ""
        before = mailbox.numbering(Folder.INBOX)
        listing = mailbox.listing(Folder.INBOX)
        assert (before.uidvalidity, before.uidnext) == (listing.uidvalidity, listing.uidnext)
        mailbox.move(Folder.INBOX, listing.uids, Folder.REVIEW)
        assert mailbox.numbering(Folder.REVIEW).uidvalidity == mailbox.listing(Folder.REVIEW).uidvalidity != ""


def test_every_mail_is_in_one_folder_and_its_new_uid_is_told_I_01(kind: Kind) -> None:
    for raw in MAILS:
        kind.deliver(raw)
    with kind.open(False) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        known = mailbox.move(Folder.INBOX, [uids[1], uids[3]], Folder.PROCESSED)
        assert set(known) == {uids[1], uids[3]}
        assert set(known.values()) == set(mailbox.listing(Folder.PROCESSED).uids)
        (fetched,) = mailbox.fetch(Folder.PROCESSED, [known[uids[3]]])
        assert fetched.raw == MAILS[3]
        assert raws(mailbox, Folder.INBOX) == [MAILS[0], MAILS[2], MAILS[4]]
        assert sorted(raws(mailbox, Folder.PROCESSED)) == [MAILS[1], MAILS[3]]


def test_what_is_gone_is_no_error_I_27(kind: Kind) -> None:
    for raw in MAILS:
        kind.deliver(raw)
    with kind.open(False) as mailbox, kind.open(False) as other:
        uids = mailbox.listing(Folder.INBOX).uids
        other.move(Folder.INBOX, other.listing(Folder.INBOX).uids[:2], Folder.PROCESSED)
        assert [mail.raw for mail in mailbox.fetch(Folder.INBOX, uids)] == MAILS[2:]
        assert set(mailbox.move(Folder.INBOX, uids, Folder.REVIEW)) == set(uids[2:])
        assert mailbox.move(Folder.INBOX, uids, Folder.REVIEW) == {}
        assert sorted(raws(mailbox, Folder.PROCESSED) + raws(mailbox, Folder.REVIEW)) == MAILS


def test_a_mail_that_comes_back_is_listed_again_I_22(kind: Kind) -> None:
    kind.deliver(MAILS[0])
    with kind.open(False) as mailbox:
        mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.REVIEW)
        assert mailbox.listing(Folder.INBOX).uids == ()
        mailbox.move(Folder.REVIEW, mailbox.listing(Folder.REVIEW).uids, Folder.INBOX)
        assert raws(mailbox, Folder.INBOX) == [MAILS[0]]
        assert mailbox.listing(Folder.REVIEW).uids == ()


def test_the_caller_may_work_elsewhere_while_mails_are_fetched(kind: Kind) -> None:
    for raw in MAILS:
        kind.deliver(raw)
    with kind.open(False) as mailbox:
        seen = []
        for mail in mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids):
            seen.append(mail.raw)
            mailbox.listing(Folder.REVIEW)
            mailbox.move(Folder.INBOX, [mail.uid], Folder.PROCESSED)
        assert seen == MAILS
        assert raws(mailbox, Folder.PROCESSED) == MAILS
        assert mailbox.listing(Folder.INBOX).uids == ()


def test_open_for_reading_only_nothing_moves_I_25(any_kind: Kind) -> None:
    any_kind.deliver(MAILS[0])
    with any_kind.open(True) as mailbox:
        assert raws(mailbox, Folder.INBOX) == [MAILS[0]]
        with pytest.raises(MailboxError, match="'bounces' is open for reading only"):
            mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.PROCESSED)
        assert mailbox.listing(Folder.PROCESSED).uidvalidity == ""
        assert list(mailbox.check()) == []


def test_waiting_ends_with_new_mail_with_time_and_with_stop_I_28(kind: Kind) -> None:
    stop = threading.Event()
    kind.deliver(MAILS[0])
    with kind.open(False) as mailbox:
        mailbox.listing(Folder.INBOX)
        began = time.monotonic()
        mailbox.wait(0.1, stop)
        assert 0.05 < time.monotonic() - began < 5
        kind.deliver(MAILS[1])
        mailbox.wait(60, stop)
        assert raws(mailbox, Folder.INBOX) == MAILS[:2]
        stop.set()
        mailbox.wait(60, stop)
        assert time.monotonic() - began < 10


def test_nothing_is_in_a_folder_that_is_not_there(any_kind: Kind) -> None:
    any_kind.deliver(MAILS[0])
    with any_kind.open(False) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        assert (mailbox.listing(Folder.REVIEW).uidvalidity, mailbox.listing(Folder.REVIEW).uids) == ("", ())
        assert list(mailbox.fetch(Folder.REVIEW, uids)) == []
        assert mailbox.move(Folder.REVIEW, uids, Folder.INBOX) == {}
        assert mailbox.move(Folder.INBOX, [], Folder.REVIEW) == {}
        assert mailbox.listing(Folder.INBOX).uids == uids


def test_waiting_ends_with_time_and_with_stop_and_what_came_is_seen_I_28(any_kind: Kind) -> None:
    stop = threading.Event()
    with any_kind.open(False) as mailbox:
        assert raws(mailbox, Folder.INBOX) == []
        any_kind.deliver(MAILS[0])
        mailbox.wait(0.1, stop)
        assert raws(mailbox, Folder.INBOX) == MAILS[:1]
        stop.set()
        began = time.monotonic()
        mailbox.wait(60, stop)
        assert time.monotonic() - began < 5
