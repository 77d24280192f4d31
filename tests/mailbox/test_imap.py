"""The guards of the IMAP mailbox, against a real Dovecot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.message import limits
from tests.servers.account import Account
from tests.servers.fixtures import StartDovecot

BOUNCE = b"Subject: Undelivered\r\n\r\n\xff\x80 raw octets \xc3\r\n"
PRIVATE = b"Subject: Our summer party\r\n\r\nYou are invited.\r\n"


def connect(account: Account, **settings: object) -> ImapMailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": account.tls_port,
        "ca_file": account.certificates.ca,
        "user": account.user,
        "password": lambda: account.password,
        "timeout": 10.0,
    }
    return ImapMailbox(**(arguments | settings))


def test_octets_are_given_as_they_are_with_the_time_of_receipt_T_26(account: Account) -> None:
    account.append(BOUNCE, at="01-Nov-2026 10:00:00 +0100")
    account.append(b"Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\n", at=" 2-Nov-2026 23:30:00 -0100")
    with connect(account) as mailbox:
        listing = mailbox.listing(Folder.INBOX)
        first, second = mailbox.fetch(Folder.INBOX, listing.uids)
    assert listing.uids == ("1", "2")
    assert (first.raw, first.size, first.uidvalidity) == (BOUNCE, len(BOUNCE), listing.uidvalidity)
    assert first.received_at == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert second.received_at == datetime(2026, 11, 3, 0, 30, tzinfo=UTC)


def test_private_mail_stays_unseen_with_its_flags_I_09(account: Account) -> None:
    account.append(PRIVATE, BOUNCE)
    account.append(PRIVATE, flags=r"(\Flagged $Family)")
    account.append(BOUNCE, flags=r"(\Seen \Answered)")  # whatever a person has read is still a bounce
    with connect(account) as mailbox:
        mails = list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))
        mailbox.move(Folder.INBOX, [mail.uid for mail in mails if mail.raw == BOUNCE], Folder.PROCESSED)
    left = {uid: set(flags.split()) - {r"\Recent"} for uid, flags in account.contents().items()}
    assert left == {"1": set(), "3": {r"\Flagged", "$Family"}}
    assert sorted(flags.replace(r"\Recent", "").split() for flags in account.contents("processed").values()) == [
        [],
        [r"\Answered", r"\Seen"],
    ]


def test_reading_leaves_even_recent_as_it_is_I_25(account: Account) -> None:
    account.append(BOUNCE)
    with connect(account, read_only=True) as mailbox:
        assert [mail.raw for mail in mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids)] == [BOUNCE]
        with pytest.raises(MailboxError, match="'bounces' is open for reading only"):
            mailbox.move(Folder.INBOX, ["1"], Folder.PROCESSED)
    assert len(list((account.maildir / "new").iterdir())) == 1
    assert account.contents() == {"1": r"\Recent"}
    assert set(account.folders()) == {"INBOX"}


@pytest.mark.parametrize("move", [True, False], ids=["MOVE", "no-MOVE"])
@pytest.mark.parametrize("uidplus", [True, False], ids=["UIDPLUS", "no-UIDPLUS"])
def test_a_mail_that_someone_flagged_as_deleted_survives_our_moves_I_11(
    start_dovecot: StartDovecot, move: bool, uidplus: bool
) -> None:
    hidden = [word for word, shown in (("MOVE", move), ("UIDPLUS", uidplus)) if not shown]
    account = start_dovecot(hide=hidden).add_account()
    account.append(BOUNCE)
    account.append(PRIVATE, flags=r"(\Deleted)")
    account.append(BOUNCE, PRIVATE)
    with connect(account) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ("1", "3", "4")
        known = mailbox.move(Folder.INBOX, ["1", "3"], Folder.PROCESSED)
        assert mailbox.listing(Folder.INBOX).uids == ("4",)
        there = mailbox.listing(Folder.PROCESSED).uids
        assert [mail.raw for mail in mailbox.fetch(Folder.PROCESSED, there)] == [BOUNCE, BOUNCE]
        complaints = list(mailbox.check())
        assert (len(complaints) == 1 and "UIDPLUS" in complaints[0]) is (not move and not uidplus)
    contents = account.contents()
    assert r"\Deleted" in contents["2"]
    assert set(contents) == ({"1", "2", "3", "4"} if not move and not uidplus else {"2", "4"})
    assert r"\Deleted" not in contents["4"]
    assert known == {"1": "1", "3": "2"}  # Dovecot tells the new UIDs though it conceals UIDPLUS


@pytest.mark.parametrize(
    ("separator", "namespace", "real"),
    [
        ("/", "", "bounces/done"),
        (".", "", "bounces.done"),
        (".", "INBOX.", "INBOX.bounces.done"),
        ("/", "INBOX/", "INBOX/bounces/done"),
    ],
)
def test_folders_are_made_where_the_server_wants_them_and_shown_to_people_I_13(
    start_dovecot: StartDovecot, separator: str, namespace: str, real: str
) -> None:
    account = start_dovecot(separator=separator, namespace=namespace).add_account()
    account.append(BOUNCE, BOUNCE)
    with connect(account, processed="bounces/done", review=f"{namespace}check") as mailbox:
        assert mailbox.listing(Folder.PROCESSED).uidvalidity == ""
        assert mailbox.move(Folder.INBOX, ["1"], Folder.PROCESSED) == {"1": "1"}
        assert mailbox.move(Folder.INBOX, ["2"], Folder.REVIEW) == {"2": "1"}
        assert mailbox.listing(Folder.PROCESSED).uids == ("1",)
    folders = account.folders()
    assert folders[real]
    assert folders[f"{namespace}check"]


def test_folders_may_have_names_in_any_script_I_13(account: Account) -> None:
    account.append(BOUNCE)
    with connect(account, processed='Rückläufer & "Fehler" 台北') as mailbox:
        mailbox.move(Folder.INBOX, ["1"], Folder.PROCESSED)
        mailbox.move(Folder.INBOX, ["1"], Folder.PROCESSED)
        assert mailbox.listing(Folder.PROCESSED).uids == ("1",)
    names = [path.name for path in account.maildir.iterdir() if path.name.startswith(".R")]
    assert names == ['.R&APw-ckl&AOQ-ufer &- "Fehler" &U,BTFw-']


def test_mails_that_others_expunge_between_listing_and_fetch_are_left_out_I_27(account: Account) -> None:
    account.append(BOUNCE, PRIVATE, BOUNCE)
    with connect(account) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        with account.sign_in() as other:
            other.select()
            other.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
            other.expunge()
        assert [mail.uid for mail in mailbox.fetch(Folder.INBOX, uids)] == ["1", "3"]
        assert set(mailbox.move(Folder.INBOX, uids, Folder.PROCESSED)) == {"1", "3"}
        assert list(mailbox.fetch(Folder.INBOX, uids)) == []
        assert mailbox.move(Folder.INBOX, uids, Folder.PROCESSED) == {}


def test_flags_that_others_change_during_a_fetch_add_no_mails_I_08(account: Account) -> None:
    account.append(*([BOUNCE] * 300))
    with connect(account) as mailbox, account.sign_in() as other:
        uids = mailbox.listing(Folder.INBOX).uids
        other.select()
        mails = mailbox.fetch(Folder.INBOX, uids)
        first = next(mails)
        other.uid("STORE", "1:*", "+FLAGS", "(busy)")
        assert [first.uid, *(mail.uid for mail in mails)] == list(uids)


def test_only_the_head_of_a_huge_mail_is_fetched_with_its_true_size_T_20(account: Account) -> None:
    line = b"x" * 998 + b"\r\n"
    account.append(line * (limits.MESSAGE // 1000 + 1), BOUNCE)
    with connect(account) as mailbox:
        huge, small = mailbox.fetch(Folder.INBOX, ["1", "2"])
    assert (len(huge.raw), huge.size) == (limits.HEAD, (limits.MESSAGE // 1000 + 1) * 1000)
    assert small.raw == BOUNCE


def test_a_folder_made_anew_between_listing_and_move_is_not_touched_I_04(account: Account) -> None:
    account.append(BOUNCE)
    with connect(account) as mailbox:
        mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.REVIEW)
        before = mailbox.listing(Folder.REVIEW)
        mailbox.listing(Folder.INBOX)
        with account.sign_in() as other:
            other.delete("review")
            time.sleep(1.1)  # Dovecot makes a UIDVALIDITY of the time in seconds
            other.create("review")
            other.append("review", "", "", PRIVATE)
        with pytest.raises(MailboxError, match="review has been made anew meanwhile"):
            mailbox.move(Folder.REVIEW, before.uids, Folder.INBOX)
        again = mailbox.listing(Folder.REVIEW)
        assert again.uids == before.uids == ("1",)
        assert again.uidvalidity != before.uidvalidity
    assert len(account.contents("review")) == 1


def test_a_move_over_the_quota_leaves_the_mail_where_it_is_I_14(start_dovecot: StartDovecot) -> None:
    account = start_dovecot(quota="4K", hide=["MOVE"]).add_account()
    account.append(b"x" * 3000)
    with connect(account) as mailbox:
        with pytest.raises(MailboxError, match=r"COPY to processed: .*OVERQUOTA"):
            mailbox.move(Folder.INBOX, ["1"], Folder.PROCESSED)
        assert mailbox.listing(Folder.INBOX).uids == ("1",)  # and the session goes on
    assert r"\Deleted" not in account.contents()["1"]


def after(seconds: float, act: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def test_idle_wakes_up_when_mail_arrives_I_17(account: Account) -> None:
    with connect(account) as mailbox:
        mailbox.listing(Folder.INBOX)
        began = time.monotonic()
        timer = after(0.3, lambda: account.append(BOUNCE))
        mailbox.wait(30, threading.Event())
        assert 0.2 < time.monotonic() - began < 10
        timer.join()
        assert mailbox.listing(Folder.INBOX).uids == ("1",)


def test_mail_that_came_between_listing_and_wait_is_not_waited_for_I_17(account: Account) -> None:
    with connect(account) as mailbox:
        mailbox.listing(Folder.INBOX)
        account.append(BOUNCE)
        began = time.monotonic()
        mailbox.wait(30, threading.Event())
        assert time.monotonic() - began < 5


def test_waiting_ends_at_once_when_we_are_told_to_stop_I_28(account: Account) -> None:
    stop = threading.Event()
    with connect(account) as mailbox:
        mailbox.listing(Folder.INBOX)
        began = time.monotonic()
        after(0.2, stop.set)
        mailbox.wait(30, stop)
        assert time.monotonic() - began < 5
        mailbox.wait(30, stop)
        assert mailbox.listing(Folder.INBOX).uids == ()  # the session is in order
        stop.clear()
        mailbox.wait(0.1, stop)
        assert time.monotonic() - began < 5


def test_many_mails_move_in_few_commands(account: Account) -> None:
    account.append(*([BOUNCE] * 450))
    with connect(account) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        moved = mailbox.move(Folder.INBOX, [uid for uid in uids if int(uid) % 3], Folder.PROCESSED)
        assert len(moved) == len(set(moved.values())) == 300
        assert mailbox.listing(Folder.INBOX).uids == tuple(str(uid) for uid in range(3, 451, 3))


def test_check_names_an_inbox_that_does_not_exist(account: Account) -> None:
    assert list(connect(account).check()) == []
    (line,) = connect(account, inbox="bouncse").check()
    assert line == "mailbox 'bounces': there is no folder bouncse: correct `inbox`"
