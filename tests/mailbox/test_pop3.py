"""Are mails read over POP3 as they are, and deleted only when we were told to? On a real Dovecot."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from datetime import UTC, datetime

import pytest

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox.incoming import Filing, Folder, Incoming
from bounce_plugin.mailbox.pop3 import Pop3Mailbox
from bounce_plugin.message import limits
from tests.servers.account import Account
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import StartDovecot

MAILS = [b"Subject: %d\r\n\r\n\xff octets\r\n.dot\r\n..\r\n%d\r\n" % (number, number) for number in range(3)]


def connect(account: Account, **settings: object) -> Pop3Mailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": account.pop3s_port,
        "ca_file": account.certificates.ca,
        "user": account.user,
        "password": lambda: account.password,
    }
    return Pop3Mailbox(**(arguments | settings))


def read(mailbox: Pop3Mailbox) -> list[Incoming]:
    return list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))


def left(account: Account) -> list[str]:
    return list(account.contents())


def unread(account: Account) -> int:
    return sum("Seen" not in flags for flags in account.contents().values())


def test_i_08_mails_come_octet_for_octet_and_stay(pop3_account: Account) -> None:
    pop3_account.append(*MAILS)
    with connect(pop3_account) as mailbox:
        assert mailbox.filing is Filing.STAYS
        assert [mail.raw for mail in read(mailbox)] == MAILS
        uids = mailbox.listing(Folder.INBOX).uids
        assert mailbox.move(Folder.INBOX, uids, Folder.LEDGER) == {}
        assert mailbox.move(Folder.INBOX, uids, Folder.PROCESSED) == {}
        assert list(mailbox.check()) == []
    with connect(pop3_account) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == uids
    assert left(pop3_account) == ["1", "2", "3"]
    assert unread(pop3_account) == 3, "somebody else may read the mailbox, too"


def test_a_line_may_be_long_and_a_body_empty(pop3_account: Account) -> None:
    mails = [b"Subject: long\r\n\r\n" + b"x" * 3_000_000 + b"\r\n", b"Subject: none\r\n\r\n", b"X: y\r\n\r\n\r\n\r\n"]
    pop3_account.append(*mails)
    with connect(pop3_account) as mailbox:
        found = read(mailbox)
    assert [mail.raw for mail in found] == mails
    assert [mail.size for mail in found] == [len(raw) for raw in mails]


def test_of_a_mail_over_the_cap_comes_the_head_and_it_is_never_deleted(pop3_account: Account) -> None:
    large = b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * (limits.MESSAGE // 72 + 1)
    pop3_account.append(large, MAILS[0])
    with connect(pop3_account, delete=True) as mailbox:
        first, second = read(mailbox)
        assert len(first.raw) == limits.HEAD
        assert large.startswith(first.raw)
        assert (first.size, second.size) == (len(large), len(second.raw))
        with pytest.raises(MailboxError, match="the next run"):
            mailbox.move(Folder.INBOX, [first.uid, second.uid], Folder.LEDGER)
    assert left(pop3_account) == ["1"]


def test_only_what_was_read_is_deleted_and_only_then(pop3_account: Account) -> None:
    pop3_account.append(*MAILS)
    with connect(pop3_account, delete=True) as mailbox:
        assert mailbox.filing is Filing.LEDGER
        first, second, _ = mailbox.listing(Folder.INBOX).uids
        with pytest.raises(MailboxError, match="the next run"):
            mailbox.move(Folder.INBOX, [first], Folder.LEDGER)
        list(mailbox.fetch(Folder.INBOX, [first, second]))
        assert mailbox.move(Folder.INBOX, [first, second, "gone"], Folder.LEDGER) == {}
        assert left(pop3_account) == ["3"]
        assert [mail.raw for mail in read(mailbox)] == MAILS[2:]
        assert mailbox.move(Folder.INBOX, [first], Folder.LEDGER) == {}


def test_the_caller_may_delete_while_mails_are_fetched(pop3_account: Account) -> None:
    pop3_account.append(*MAILS)
    with connect(pop3_account, delete=True) as mailbox:
        seen = []
        for mail in mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids):
            seen.append(mail.raw)
            mailbox.move(Folder.INBOX, [mail.uid], Folder.LEDGER)
        assert seen == MAILS
        assert mailbox.listing(Folder.INBOX).uids == ()


def test_i_25_open_for_reading_only_nothing_changes_not_even_a_flag(pop3_account: Account) -> None:
    pop3_account.append(*MAILS)
    with connect(pop3_account, read_only=True, delete=True) as mailbox:
        assert [mail.raw for mail in read(mailbox)] == MAILS
        with pytest.raises(MailboxError, match="'bounces' is open for reading only"):
            mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.LEDGER)
    assert unread(pop3_account) == 3


def test_i_27_another_client_deletes_meanwhile(pop3_account: Account) -> None:
    pop3_account.append(*MAILS)
    with connect(pop3_account, delete=True) as mailbox, connect(pop3_account, delete=True) as other:
        first, second, third = (mail.uid for mail in read(mailbox))
        read(other)
        other.move(Folder.INBOX, [first], Folder.LEDGER)
        mailbox.move(Folder.INBOX, [first, second], Folder.LEDGER)
        assert mailbox.listing(Folder.INBOX).uids == (third,)
    assert left(pop3_account) == ["3"]


def test_the_date_is_that_of_the_topmost_received_field(pop3_account: Account) -> None:
    pop3_account.append(b"Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0100\r\n" + MAILS[0], MAILS[1])
    with connect(pop3_account) as mailbox:
        dated, undated = read(mailbox)
    assert dated.received_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert abs((undated.received_at - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_that_is_not_who_it_should_be_learns_no_password(pop3_account: Account, security: str) -> None:
    port = pop3_account.pop3s_port if security == "tls" else pop3_account.pop3_port

    def password() -> str:
        raise AssertionError("it was asked for")

    mailbox = connect(pop3_account, port=port, security=security, host="127.0.0.1", password=password)
    with mailbox, pytest.raises(MailboxError, match=r"not trusted.*ca_file"):
        mailbox.listing(Folder.INBOX)


def test_stls_protects_what_follows(pop3_account: Account) -> None:
    pop3_account.append(MAILS[0])
    with connect(pop3_account, port=pop3_account.pop3_port, security="starttls") as mailbox:
        assert [mail.raw for mail in read(mailbox)] == MAILS[:1]


def test_in_the_clear_is_only_for_this_very_computer(pop3_account: Account) -> None:
    with connect(pop3_account, port=pop3_account.pop3_port, security="none") as mailbox:
        assert list(mailbox.check()) == []


@pytest.mark.parametrize("ca_file", ["no-such-file", ""])
def test_a_certificate_of_nobody_we_know_is_refused(pop3_account: Account, ca_file: str) -> None:
    settings = {"ca_file": pop3_account.certificates.ca.parent / ca_file} if ca_file else {"ca_file": None}
    assert "ca_file" in " ".join(connect(pop3_account, **settings).check())


def test_a_wrong_password_is_a_sign_in_error_that_does_not_show_it(
    pop3_account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        connect(pop3_account, password=lambda: "wröng pass") as mailbox,
        pytest.raises(SignInError, match="refuses user") as caught,
    ):
        mailbox.listing(Folder.INBOX)
    shown = "".join(traceback.format_exception(caught.value)) + repr(mailbox) + repr(mailbox._access) + caplog.text
    assert "wröng" not in shown
    assert caught.value.__context__ is None


def test_a_password_may_have_any_character_but_an_end_of_line(pop3_server: Dovecot) -> None:
    account = pop3_server.add_account("pässwörd ☃ {}%")
    account_mails = connect(account)
    with account_mails:
        assert account_mails.listing(Folder.INBOX).uids == ()
    for password in ("a\r\nDELE 1", "a\0"):
        with (
            connect(account, password=lambda secret=password: secret) as mailbox,
            pytest.raises(SignInError, match="NUL"),
        ):
            mailbox.listing(Folder.INBOX)


def test_i_16_a_mailbox_that_is_in_use_is_no_fault_of_the_password(start_dovecot: StartDovecot) -> None:
    account = start_dovecot(pop3_lock=True).add_account()
    with connect(account) as mailbox, connect(account) as other:
        mailbox.listing(Folder.INBOX)
        with pytest.raises(MailboxError, match="IN-USE") as caught:
            other.listing(Folder.INBOX)
        assert not isinstance(caught.value, SignInError)
        with pytest.raises(MailboxError, match="IN-USE"):  # no second try before it is opened anew
            other.listing(Folder.INBOX)
        mailbox.wait(0.01, threading.Event())  # leaves it to others
        with other:
            assert other.listing(Folder.INBOX).uids == ()


def test_i_28_waiting_ends_with_time_and_with_stop_and_then_new_mail_is_seen(pop3_account: Account) -> None:
    stop = threading.Event()
    with connect(pop3_account) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()
        pop3_account.append(MAILS[0])
        began = time.monotonic()
        mailbox.wait(0.1, stop)
        assert [mail.raw for mail in read(mailbox)] == MAILS[:1]
        threading.Timer(0.1, stop.set).start()
        mailbox.wait(60, stop)
        assert 0.15 < time.monotonic() - began < 10


def test_outside_of_with_nothing_is_asked(pop3_account: Account) -> None:
    with pytest.raises(MailboxError, match="not connected"):
        connect(pop3_account).listing(Folder.INBOX)
