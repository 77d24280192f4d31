"""Is anything lost or counted twice when the process is killed? It is, with SIGKILL, at random moments."""

import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.everyday import a_day, everyday_plugin, memory
from tests.servers.dovecot import Account, Dovecot

KILLS = 50
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["bounce_plugin.plugin", "bounce_plugin.mailbox.imap", "tests.everyday"])


def run(folder: Path, account: Account, begun: object) -> None:
    """What the killed process does."""
    begun.set()  # type: ignore[attr-defined]  # an Event of multiprocessing, whose type has no public name
    with everyday_plugin(folder, account, notebook=folder / "notebook") as plugin:
        plugin.run_once()


@pytest.mark.timeout(480)
def test_I_01_I_02_I_03_killed_at_random_moments_and_run_again_gives_the_same_ledger(
    dovecot_server: Dovecot, tmp_path: Path
) -> None:
    day = a_day(1)
    clean = tmp_path / "clean"
    clean.mkdir()
    account = dovecot_server.add_account()
    account.append(*day.mails, at="23-Nov-2026 10:00:00 +0000")
    start = time.monotonic()
    with everyday_plugin(clean, account) as plugin:
        plugin.run_once()
        expected = memory(plugin)
    whole = time.monotonic() - start
    chance = random.Random(20261123)
    interrupted = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        account = dovecot_server.add_account()
        account.append(*day.mails, at="23-Nov-2026 10:00:00 +0000")
        interrupted += killed_after(chance.uniform(0, whole), folder, account)
        with everyday_plugin(folder, account, notebook=folder / "notebook") as plugin:
            assert plugin.run_once().ok
            assert memory(plugin) == expected, f"killed run {number}"
        check_folders(account, day.private, day.processed, day.review)
        told = (folder / "notebook").read_text().splitlines()
        assert {f"event {event[0]}" for event in expected["events"]} <= set(told), "told at least once"  # type: ignore[attr-defined]
    assert interrupted > KILLS // 2, "most of the processes were killed at work"


def killed_after(seconds: float, folder: Path, account: Account) -> bool:
    """Run in a process of its own, and kill that; whether it was still at work."""
    begun = SPAWN.Event()
    process = SPAWN.Process(target=run, args=(folder, account, begun))
    process.start()
    assert begun.wait(60)
    time.sleep(seconds)
    assert process.pid
    with suppress(ProcessLookupError):  # it was quicker
        os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    at_work = process.exitcode == -signal.SIGKILL
    process.close()
    return at_work


def check_folders(account: Account, private: int, processed: int, review: int) -> None:
    """Every mail is in exactly one folder, and in the right one."""
    assert len(account.contents()) == private
    assert len(account.contents("processed")) == processed
    assert len(account.contents("review")) == review
