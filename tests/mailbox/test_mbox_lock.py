"""Is the mbox kept from programs, threads and processes that use it at the same time, or die of it?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox import mbox_lock
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.mbox import MboxMailbox
from tests.mailbox.mboxes import FROM, ONE, THREE, TWO, contents, fill


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "bounces")


def test_I_28_no_lock_is_waited_for_when_we_are_told_to_stop(path: Path) -> None:
    stop = threading.Event()
    path.with_name("bounces.lock").write_text("1\n")  # the first process of a system lives long
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(MailboxError, match="told to stop"):
        MboxMailbox(name="bounces", path=path, stop=stop).listing(Folder.INBOX)
    assert time.monotonic() - began < 5


def test_what_another_program_locks_is_waited_for_and_then_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = MboxMailbox(name="bounces", path=path)
    lock_file = path.with_name("bounces.lock")
    lock_file.write_text("1\n")
    threading.Timer(0.3, lock_file.unlink).start()
    assert len(mailbox.listing(Folder.INBOX).uids) == 3
    monkeypatch.setattr(mbox_lock, "PATIENCE", 0.3)
    lock_file.write_text("1\n")  # the first process of a system lives long
    with pytest.raises(MailboxError, match=r"bounces.lock has been there"):
        mailbox.listing(Folder.INBOX)
    lock_file.unlink()
    holder = (
        "import fcntl, sys; f = open(sys.argv[1], 'rb+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(MailboxError, match="locked by another program"):
            mailbox.listing(Folder.INBOX)
        other.communicate(b"\n")
    assert len(mailbox.listing(Folder.INBOX).uids) == 3


def test_a_lock_that_a_crash_left_behind_is_taken_over(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    lock_file = path.with_name("bounces.lock")
    lock_file.write_text(f"{dead.pid}\n")
    mailbox = MboxMailbox(name="bounces", path=path)
    assert len(mailbox.listing(Folder.INBOX).uids) == 3
    lock_file.write_text("")
    os.utime(lock_file, (0, 0))
    assert len(mailbox.listing(Folder.INBOX).uids) == 3
    assert not lock_file.exists()


def test_threads_of_one_process_keep_each_other_out(path: Path) -> None:
    path.write_bytes(b"".join(FROM + b"Subject: %d\n\n" % number for number in range(60)))
    ended: list[Folder] = []

    def move(folder: Folder) -> None:
        mailbox = MboxMailbox(name="bounces", path=path)
        for _ in range(20):
            mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids[:1], folder)
        ended.append(folder)

    threads = [threading.Thread(target=move, args=(folder,)) for folder in (Folder.PROCESSED, Folder.REVIEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 2
    mailbox = MboxMailbox(name="bounces", path=path)
    counts = [len(mailbox.listing(folder).uids) for folder in (Folder.INBOX, Folder.PROCESSED, Folder.REVIEW)]
    assert sum(counts) == 60
    assert counts[0] < 60


def test_two_movers_in_opposite_directions_do_not_wait_for_each_other(path: Path) -> None:
    def move(source: Folder, target: Folder) -> None:
        mailbox = MboxMailbox(name="bounces", path=path)
        for _ in range(20):
            mailbox.move(source, mailbox.listing(source).uids[:1], target)

    code = (
        "import sys; from pathlib import Path; from bounce_plugin.mailbox.mbox import MboxMailbox as M;"
        "from bounce_plugin.mailbox.incoming import Folder as F; m = M(name='b', path=Path(sys.argv[1]));"
        "[m.move(F.REVIEW, m.listing(F.REVIEW).uids[:1], F.INBOX) for _ in range(20)]"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)]) as other:
        move(Folder.INBOX, Folder.REVIEW)
    assert other.returncode == 0
    mailbox = MboxMailbox(name="bounces", path=path)
    raws = [mail.raw for folder in (Folder.INBOX, Folder.REVIEW) for mail in contents(mailbox, folder)]
    assert sorted(raws) == sorted([ONE, TWO, THREE])


def test_killed_at_any_moment_a_move_loses_nothing_I_01(tmp_path: Path) -> None:
    mails = [b"Subject: %d\n\n" % number + b"x" * 20_000 + b"\n" for number in range(40)]
    code = (
        "import sys; from pathlib import Path; from bounce_plugin.mailbox.mbox import MboxMailbox as M;"
        "from bounce_plugin.mailbox.incoming import Folder as F; m = M(name='b', path=Path(sys.argv[1]));"
        "print(flush=True);"
        "[m.move(F.INBOX, m.listing(F.INBOX).uids[:3], F.PROCESSED) for _ in range(14)]"
    )
    for attempt in range(6):
        path = tmp_path / str(attempt)
        path.write_bytes(b"".join(FROM + mail + b"\n" for mail in mails))
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as mover:
            assert mover.stdout is not None
            mover.stdout.readline()
            time.sleep(0.004 * attempt)
            mover.send_signal(signal.SIGKILL)
        with MboxMailbox(name="bounces", path=path) as mailbox:
            mailbox.move(Folder.INBOX, mailbox.listing(Folder.INBOX).uids, Folder.PROCESSED)
            there = [mail.raw for mail in contents(mailbox, Folder.PROCESSED)]
            assert mailbox.listing(Folder.INBOX).uids == ()
        assert set(mails) <= set(there)  # a mail that was being moved may be there twice
        assert len(there) <= len(mails) + 6
