"""Do several processes get on with one ledger, and does one that is killed leave it whole?"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import text

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.ledger.rebuild import rebuild
from bounce_plugin.ledger.stops import stop_of
from tests.ledger.samples import JOE
from tests.ledger.workers import RECIPIENTS, open_and_close, record_failures, record_same_mails
from tests.processes import PROCESSES
from tests.servers.ledgers import KEY


def start(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    return process


def finish(*processes: BaseProcess) -> None:
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_processes_that_start_at_once_make_one_ledger(empty_url: str) -> None:
    finish(*(start(open_and_close, empty_url) for _ in range(4)))
    with Ledger.open(empty_url, key=KEY, migrate=False) as ledger, ledger.reading() as tx:
        assert tx.connection.scalar(text("SELECT count(*) FROM keys")) == 1


def test_i_10_failures_that_two_processes_record_are_all_counted_and_decided_upon_once(ledger_url: str) -> None:
    finish(*(start(record_failures, ledger_url, worker, 40) for worker in range(2)))
    with Ledger.open(ledger_url, key=KEY) as ledger:
        with ledger.reading() as tx:
            assert len(past_events(tx, JOE)) == 80
            assert len(acts_of(tx, JOE)) == 1
        assert stop_of(ledger, JOE)


def test_i_10_two_processes_with_the_same_mails_record_each_once(ledger_url: str) -> None:
    finish(*(start(record_same_mails, ledger_url, 30) for _ in range(2)))
    check_whole(ledger_url, mails=30)


def test_i_03_a_process_killed_at_any_moment_leaves_whole_mails_and_the_next_one_goes_on(ledger_url: str) -> None:
    chance = random.Random(20261123)
    mails = 800 if ledger_url.startswith("sqlite") else 300  # more than are recorded until the last kill
    with Ledger.open(ledger_url, key=KEY) as ledger:
        for _ in range(4):
            process = start(record_same_mails, ledger_url, mails)
            before = count_mails(ledger)
            while process.is_alive() and count_mails(ledger) == before:
                time.sleep(0.005)
            time.sleep(chance.random() / 10)
            process.kill()
            process.join()
            check_whole(ledger_url)
    finish(start(record_same_mails, ledger_url, mails))
    check_whole(ledger_url, mails=mails)


def count_mails(ledger: Ledger) -> int:
    with ledger.reading() as tx:
        return tx.connection.scalar(text("SELECT count(*) FROM mails")) or 0


def check_whole(url: str, *, mails: int | None = None) -> None:
    """Every mail has all that belongs to it, and nothing is there without its mail."""
    with Ledger.open(url, key=KEY) as ledger, ledger.transaction() as tx:
        recorded = tx.connection.scalar(text("SELECT count(*) FROM mails")) or 0
        assert mails is None or recorded == mails
        for name in ("events", "acts", "outbox", "suppressions", "addresses"):
            assert tx.connection.scalar(text(f"SELECT count(*) FROM {name}")) == recorded * len(RECIPIENTS), name
        assert rebuild(tx) == ()
