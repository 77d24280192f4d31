"""The Maildir: names, flags and folders, on a real file system."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.maildir import MaildirMailbox
from bounce_plugin.message import limits

BOUNCE = b"Subject: Undelivered\r\n\r\n\xff\x00 raw octets \xc3\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for place in ("tmp", "new", "cur"):
        (tmp_path / "Maildir" / place).mkdir(parents=True)
    return tmp_path / "Maildir"


def deliver(maildir: Path, name: str, raw: bytes = BOUNCE, *, age: int = 0, place: str = "new") -> Path:
    path = maildir / place / name
    path.write_bytes(raw)
    when = time.time() - age
    os.utime(path, (when, when))
    return path


def test_octets_are_given_as_they_are_and_the_oldest_first(maildir: Path) -> None:
    deliver(maildir, "3.host", age=10)
    deliver(maildir, "1.host", b"second", age=20)
    deliver(maildir, "2.host:2,S", b"first", age=30, place="cur")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        listing = mailbox.listing(Folder.INBOX)
        mails = list(mailbox.fetch(Folder.INBOX, listing.uids))
    assert listing.uids == ("2.host", "1.host", "3.host")
    assert [mail.raw for mail in mails] == [b"first", b"second", BOUNCE]
    assert {mail.uidvalidity for mail in mails} == {listing.uidvalidity}
    assert [mail.size for mail in mails] == [5, 6, len(BOUNCE)]


def test_received_at_is_when_the_file_was_delivered_whatever_the_mail_says_T_26(maildir: Path) -> None:
    path = deliver(maildir, "1.host", b"Date: Thu, 1 Jan 1970 00:00:00 +0000\n\n")
    os.utime(path, (1_795_000_000, 1_795_000_000))
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        (mail,) = mailbox.fetch(Folder.INBOX, ["1.host"])
    assert mail.received_at == datetime.fromtimestamp(1_795_000_000, UTC)


def test_reading_leaves_mail_unseen_I_09(maildir: Path) -> None:
    deliver(maildir, "1.host")
    deliver(maildir, "2.host:2,F", place="cur")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        assert len(list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))) == 2
        mailbox.listing(Folder.REVIEW)
    assert sorted(str(path.relative_to(maildir)) for path in maildir.rglob("*")) == [
        "cur", "cur/2.host:2,F", "new", "new/1.host", "tmp",
    ]  # fmt: skip


def test_a_mail_moves_with_its_flags_and_gets_a_new_uid_I_13(maildir: Path) -> None:
    deliver(maildir, "1.host,S=44,W=45:2,FS", place="cur")
    deliver(maildir, "2.host")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        assert mailbox.listing(Folder.PROCESSED).uidvalidity == ""
        moved = mailbox.move(Folder.INBOX, ["1.host,S=44,W=45", "2.host", "gone.host"], Folder.PROCESSED)
        assert mailbox.listing(Folder.INBOX).uids == ()
        there = mailbox.listing(Folder.PROCESSED)
        assert set(there.uids) == set(moved.values())
        assert set(moved) == {"1.host,S=44,W=45", "2.host"}
        assert not set(moved) & set(moved.values())
        assert [mail.raw for mail in mailbox.fetch(Folder.PROCESSED, there.uids)] == [BOUNCE, BOUNCE]
    processed = maildir / ".processed"
    (seen,) = (processed / "cur").iterdir()
    assert seen.name.endswith(",S=44,W=45:2,FS")
    assert len(list((processed / "new").iterdir())) == 1
    assert (processed / "maildirfolder").exists()
    assert (processed / "tmp").is_dir()


def test_moved_back_by_hand_it_is_a_mail_with_another_uid_I_22(maildir: Path) -> None:
    deliver(maildir, "1.host")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        mailbox.move(Folder.INBOX, ["1.host"], Folder.REVIEW)
        (path,) = (maildir / ".review" / "new").iterdir()
        path.rename(maildir / "cur" / (path.name + ":2,S"))
        assert mailbox.listing(Folder.REVIEW).uids == ()
        (uid,) = mailbox.listing(Folder.INBOX).uids
    assert uid != "1.host"


def test_a_uid_survives_a_change_of_flags_between_listing_and_fetch_I_27(maildir: Path) -> None:
    path = deliver(maildir, "1.host")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        path.rename(maildir / "cur" / "1.host:2,S")
        (mail,) = mailbox.fetch(Folder.INBOX, uids)
        (maildir / "cur" / "1.host:2,S").rename(maildir / "cur" / "1.host:2,RS")
        assert set(mailbox.move(Folder.INBOX, uids, Folder.PROCESSED)) == {mail.uid}


def test_a_mail_that_is_gone_is_left_out_I_27(maildir: Path) -> None:
    deliver(maildir, "1.host").unlink()
    deliver(maildir, "2.host")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        assert [mail.uid for mail in mailbox.fetch(Folder.INBOX, ["1.host", "2.host"])] == ["2.host"]
        assert mailbox.move(Folder.INBOX, ["1.host"], Folder.PROCESSED) == {}


def test_only_the_head_of_a_huge_mail_is_read_with_its_true_size(maildir: Path) -> None:
    deliver(maildir, "1.host", b"x" * (limits.MESSAGE + 1))
    deliver(maildir, "2.host", b"y" * limits.MESSAGE)
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        huge, large = mailbox.fetch(Folder.INBOX, ["1.host", "2.host"])
    assert (len(huge.raw), huge.size) == (limits.HEAD, limits.MESSAGE + 1)
    assert (len(large.raw), large.size) == (limits.MESSAGE, limits.MESSAGE)


def test_links_folders_and_hidden_files_are_no_mails(maildir: Path) -> None:
    (maildir / "new" / "link").symlink_to("/etc/passwd")
    (maildir / "new" / "folder").mkdir()
    (maildir / "new" / ".hidden").write_text("x")
    os.mkfifo(maildir / "new" / "fifo")
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        assert mailbox.listing(Folder.INBOX).uids == ()


def test_a_name_that_is_no_utf_8_still_has_a_uid_for_the_database(maildir: Path) -> None:
    (Path(os.fsdecode(os.fsencode(maildir) + b"/new/1.\xff"))).write_bytes(BOUNCE)
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        (uid,) = mailbox.listing(Folder.INBOX).uids
        assert uid.encode() == rb"1.\xff"
        assert list(mailbox.move(Folder.INBOX, [uid], Folder.REVIEW)) == [uid]


def test_folders_may_lie_in_a_hierarchy(maildir: Path) -> None:
    deliver(maildir, "1.host")
    with MaildirMailbox(name="bounces", path=maildir, processed="bounces/done") as mailbox:
        mailbox.move(Folder.INBOX, ["1.host"], Folder.PROCESSED)
    assert (maildir / ".bounces.done" / "new").is_dir()


def test_open_for_reading_only_it_moves_nothing_I_25(maildir: Path) -> None:
    deliver(maildir, "1.host")
    with (
        MaildirMailbox(name="bounces", path=maildir, read_only=True) as mailbox,
        pytest.raises(MailboxError, match="'bounces' is open for reading only"),
    ):
        mailbox.move(Folder.INBOX, ["1.host"], Folder.PROCESSED)
    assert sorted(path.name for path in maildir.iterdir()) == ["cur", "new", "tmp"]


def test_what_is_no_maildir_is_refused_by_name(tmp_path: Path) -> None:
    mailbox = MaildirMailbox(name="bounces", path=tmp_path / "nowhere")
    with pytest.raises(MailboxError, match=r"mailbox 'bounces': .*nowhere is no Maildir: it has no new/"):
        mailbox.__enter__()
    assert len(list(mailbox.check())) == 2


def test_check_is_content_with_a_good_maildir(maildir: Path) -> None:
    assert list(MaildirMailbox(name="bounces", path=maildir).check()) == []


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root reads everything: give that up for a moment."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


def test_a_file_that_cannot_be_read_is_named_after_the_others_were_given(
    maildir: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name in ("1.host", "2.host", "3.host"):
        deliver(maildir, name)
    (maildir / "new" / "1.host").chmod(0)
    maildir.chmod(0o755)
    (maildir / "new").chmod(0o755)
    monkeypatch.chdir(maildir)  # which nobody could not reach from the root
    request.getfixturevalue("nobody")
    mailbox = MaildirMailbox(name="bounces", path=Path())
    mails = mailbox.fetch(Folder.INBOX, ["1.host", "2.host", "3.host"])
    assert [next(mails).uid, next(mails).uid] == ["2.host", "3.host"]
    with pytest.raises(MailboxError, match=r"mailbox 'bounces': cannot read new/1.host: Permission denied"):
        next(mails)
    if os.getuid() == 0:
        with pytest.raises(MailboxError, match=r"cannot move to .processed: Permission denied"):
            mailbox.move(Folder.INBOX, ["2.host"], Folder.PROCESSED)


def test_wait_ends_when_mail_arrives_or_we_are_told_to_stop(maildir: Path) -> None:
    stop = threading.Event()
    with MaildirMailbox(name="bounces", path=maildir) as mailbox:
        mailbox.listing(Folder.INBOX)
        deliver(maildir, "1.host")  # after the listing, before the wait: not missed
        began = time.monotonic()
        mailbox.wait(60, stop)
        assert time.monotonic() - began < 1
        mailbox.listing(Folder.INBOX)
        threading.Timer(0.1, stop.set).start()
        mailbox.wait(60, stop)
        assert time.monotonic() - began < 5
        stop.clear()
        mailbox.wait(0.05, stop)
        assert time.monotonic() - began < 5
