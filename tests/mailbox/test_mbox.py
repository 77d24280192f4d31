"""The mbox: octets, folders, and moves that lose nothing, on a real file system."""

from __future__ import annotations

import fcntl
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.mbox import MboxMailbox
from bounce_plugin.message import limits
from tests.mailbox.mboxes import FROM, ONE, STORED_TWO, THREE, TWO, contents, fill


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "bounces")


def test_octets_are_given_without_the_mboxs_own(path: Path) -> None:
    with MboxMailbox(name="bounces", path=path) as mailbox:
        mails = contents(mailbox)
    assert [mail.raw for mail in mails] == [ONE, TWO, THREE]
    assert [mail.uid for mail in mails] == [f"{mail.sha256}-1" for mail in mails]
    assert [mail.size for mail in mails] == [len(ONE), len(TWO), len(THREE)]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (b"Mon Nov 23 10:00:00 2020", datetime(2020, 11, 23, 10, tzinfo=UTC)),
        (b"Mon Nov 23 10:00:00 2020 +0100", datetime(2020, 11, 23, 9, tzinfo=UTC)),
        (b"Mon, 23 Nov 2020 10:00:00 +0100", datetime(2020, 11, 23, 9, tzinfo=UTC)),
        (b"Mon Nov 23 10:00:00 2099", datetime(2026, 11, 23, 12, tzinfo=UTC)),  # when the file last changed
        (b"Mon Feb 31 10:00:00 2020", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        (b"Mon Nov 23 in the morning", datetime(2026, 11, 23, 12, tzinfo=UTC)),
    ],
)
def test_received_at_is_what_the_delivering_program_wrote_T_26(path: Path, date: bytes, expected: datetime) -> None:
    path.write_bytes(b"From <> " + date + b"\nDate: Thu, 1 Jan 1970 00:00:00 +0000\n\n")
    changed = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
    os.utime(path, (changed, changed))
    with MboxMailbox(name="bounces", path=path) as mailbox:
        (mail,) = contents(mailbox)
    assert mail.received_at == expected


def test_moved_mails_are_stored_as_they_were_and_the_rest_stays_I_01(path: Path) -> None:
    path.chmod(0o640)
    before = path.stat()
    with MboxMailbox(name="bounces", path=path) as mailbox:
        one, two, three = mailbox.listing(Folder.INBOX).uids
        assert mailbox.listing(Folder.PROCESSED).uidvalidity == ""
        known = mailbox.move(Folder.INBOX, [two, "gone-1"], Folder.PROCESSED)
        assert mailbox.listing(Folder.INBOX).uids == (one, three)
        assert mailbox.listing(Folder.PROCESSED).uids == tuple(known.values())
        assert [mail.raw for mail in contents(mailbox, Folder.PROCESSED)] == [TWO]
        mailbox.move(Folder.INBOX, [three], Folder.PROCESSED)
        mailbox.move(Folder.INBOX, [one], Folder.REVIEW)
    assert path.read_bytes() == b""
    assert path.with_name("bounces.processed").read_bytes() == FROM + STORED_TWO + b"\n" + FROM + THREE + b"\n"
    assert path.with_name("bounces.review").read_bytes() == FROM + ONE + b"\n"
    assert sorted(file.name for file in path.parent.iterdir()) == ["bounces", "bounces.processed", "bounces.review"]
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_equal_mails_have_their_own_uids_and_move_one_by_one(path: Path) -> None:
    path.write_bytes((FROM + ONE + b"\n") * 3)
    with MboxMailbox(name="bounces", path=path) as mailbox:
        first, second, third = mailbox.listing(Folder.INBOX).uids
        known = mailbox.move(Folder.INBOX, [first, third], Folder.PROCESSED)
        assert known == {first: first, third: second}
        assert mailbox.listing(Folder.INBOX).uids == (first,)
        assert mailbox.move(Folder.INBOX, [first], Folder.PROCESSED) == {first: third}
        assert mailbox.listing(Folder.PROCESSED).uids == (first, second, third)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"], ids=["no-line-end", "no-blank-line", "as-it-should"])
def test_a_mail_without_a_blank_line_after_it_does_not_swallow_the_next(path: Path, end: bytes) -> None:
    path.write_bytes(FROM + b"Subject: 1\n\nlast words" + end)
    path.with_name("bounces.processed").write_bytes(FROM + b"Subject: 0\n\nlast words" + end)
    with MboxMailbox(name="bounces", path=path) as mailbox:
        mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.PROCESSED)
        raws = [mail.raw.strip() for mail in contents(mailbox, Folder.PROCESSED)]
    assert raws == [b"Subject: 0\n\nlast words", b"Subject: 1\n\nlast words"]


def test_only_the_head_of_a_huge_mail_is_read_with_its_true_size_T_20(path: Path) -> None:
    path.write_bytes(FROM + b"x" * (limits.MESSAGE + 3) + b"\n\n" + FROM + ONE + b"\n")
    with MboxMailbox(name="bounces", path=path) as mailbox:
        huge, small = contents(mailbox)
    assert (len(huge.raw), huge.size) == (limits.HEAD, limits.MESSAGE + 4)
    assert small.raw == ONE


def test_the_file_may_change_while_mails_are_fetched_I_27(path: Path) -> None:
    path.write_bytes(b"".join(FROM + b"Subject: %d\n\n" % n + b"x" * 3_000_000 + b"\n\n" for n in range(4)))
    with MboxMailbox(name="bounces", path=path) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        mails = mailbox.fetch(Folder.INBOX, uids)
        assert next(mails).uid == uids[0]
        mailbox.move(Folder.INBOX, [uids[0], uids[2]], Folder.PROCESSED)
        with path.open("ab") as file:
            file.write(FROM + ONE + b"\n")
        assert [mail.uid for mail in mails] == [uids[1], uids[3]]  # the second was read before, the third is gone
        assert len(mailbox.listing(Folder.INBOX).uids) == 3


def test_open_for_reading_only_it_changes_nothing_I_25(path: Path) -> None:
    before = path.stat().st_mtime_ns
    with MboxMailbox(name="bounces", path=path, read_only=True) as mailbox:
        assert len(contents(mailbox)) == 3
        with pytest.raises(MailboxError, match="'bounces' is open for reading only"):
            mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.PROCESSED)
    assert [file.name for file in path.parent.iterdir()] == ["bounces"]
    assert path.stat().st_mtime_ns == before


def test_an_mbox_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    with MboxMailbox(name="bounces", path=tmp_path / "bounces") as mailbox:
        assert mailbox.listing(Folder.INBOX).uidvalidity == ""
        assert list(mailbox.fetch(Folder.INBOX, ["x-1"])) == []
        assert mailbox.move(Folder.INBOX, ["x-1"], Folder.PROCESSED) == {}
        assert list(mailbox.check()) == []
    with pytest.raises(MailboxError, match=r"there is no folder .*missing"):
        MboxMailbox(name="bounces", path=tmp_path / "missing" / "bounces").__enter__()


def test_what_is_no_mbox_is_not_touched(path: Path) -> None:
    path.write_bytes(b"Subject: one mail\n\n")
    mailbox = MboxMailbox(name="bounces", path=path)
    with pytest.raises(MailboxError, match=r"bounces is no mbox: it does not begin with 'From '"):
        mailbox.listing(Folder.INBOX)
    assert len(list(mailbox.check())) == 1
    with pytest.raises(MailboxError, match="Is a directory"):
        MboxMailbox(name="bounces", path=path.parent).listing(Folder.INBOX)


@pytest.fixture
def little_room() -> Iterator[Callable[[int], None]]:
    """Let no file grow over a size, as on a full disk."""
    limits_before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda octets: resource.setrlimit(resource.RLIMIT_FSIZE, (octets, limits_before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits_before)


def test_without_room_everything_stays_where_it_was_I_14(path: Path, little_room: Callable[[int], None]) -> None:
    before = path.read_bytes()
    target = path.with_name("bounces.processed")
    target.write_bytes(FROM + ONE)
    mailbox = MboxMailbox(name="bounces", path=path)
    uids = mailbox.listing(Folder.INBOX).uids
    little_room(target.stat().st_size + 100)  # for one mail, and a part of the next
    with pytest.raises(MailboxError, match=r"mailbox 'bounces': .*bounces.processed: File too large"):
        mailbox.move(Folder.INBOX, uids, Folder.PROCESSED)
    little_room(resource.RLIM_INFINITY)
    assert path.read_bytes() == before
    assert target.read_bytes() == FROM + ONE
    assert sorted(file.name for file in path.parent.iterdir()) == ["bounces", "bounces.processed"]
    assert len(mailbox.move(Folder.INBOX, uids, Folder.PROCESSED)) == 3


def test_wait_ends_when_mail_arrives_or_we_are_told_to_stop(path: Path) -> None:
    stop = threading.Event()
    with MboxMailbox(name="bounces", path=path) as mailbox:
        mailbox.listing(Folder.INBOX)
        with path.open("ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            file.write(FROM + ONE + b"\n")
        began = time.monotonic()
        mailbox.wait(60, stop)
        mailbox.listing(Folder.INBOX)
        threading.Timer(0.1, stop.set).start()
        mailbox.wait(60, stop)
        assert time.monotonic() - began < 5
