"""Several processes that tell at once tell each thing once, and one that is killed keeps nobody from going on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from bounce_plugin.announce import Told, tell
from bounce_plugin.ledger.open import Ledger
from tests.announce.house import House, Notebook, deliver_on
from tests.processes import PROCESSES
from tests.servers.ledgers import KEY


def test_I_10_overlapping_processes_tell_each_announcement_once(ledger_url: str, tmp_path: Path) -> None:
    notebook = tmp_path / "notebook"
    with Ledger.open(ledger_url, key=KEY) as ledger:
        house = House(ledger, {"notebook": Notebook(notebook)})
        for number in range(50):
            house.classify(number, f"joe{number % 7}@example.org")
    workers = [PROCESSES.Process(target=deliver_on, args=(ledger_url, notebook, 0.002)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert sorted(notebook.read_text().split()) == sorted(f"event{number}" for number in range(50))


def test_I_03_a_killed_process_leaves_its_turn_and_what_it_was_telling_to_the_next(
    ledger_url: str, tmp_path: Path
) -> None:
    notebook = tmp_path / "notebook"
    with Ledger.open(ledger_url, key=KEY) as ledger:
        house = House(ledger, {"notebook": Notebook(notebook)})
        house.classify()
        worker = PROCESSES.Process(target=deliver_on, args=(ledger_url, notebook, 60.0))
        worker.start()
        limit = time.monotonic() + 30
        while not notebook.exists() and time.monotonic() < limit:
            time.sleep(0.02)
        with pytest.MonkeyPatch.context() as patience:
            patience.setattr(tell, "SLOWEST", 0.2)
            assert house.deliver() == Told(), "another process tells"
        assert worker.pid
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(10)
        assert house.deliver() == Told(told=1)
    assert notebook.read_text().split() == ["event1", "event1"]
