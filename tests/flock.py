"""Several processes that read one mailbox at the same time, and fall silent now and then for longer than a lease lasts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bounce_plugin import Contact, hookimpl
from bounce_plugin.ledger import lease
from bounce_plugin.steps import unseen
from tests.everyday import EverydayHost, a_day, everyday_plugin, memory
from tests.kills import Place
from tests.processes import PROCESSES

LASTS = 0.2  # seconds of a lease


class Sleepy(EverydayHost):
    """Takes its time, now and then."""

    def __init__(self, notebook: Path, seed: int, pauses: float) -> None:
        super().__init__(notebook)
        self._chance, self._pauses = random.Random(seed), pauses

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        if self._chance.random() < self._pauses:
            time.sleep(self._chance.uniform(1, 3) * LASTS)
        return Contact(id=address, address=address) if address.startswith("member") else None


def work(folder: Path, place: Place, ledger: str, worker: int, goal: int) -> None:
    """What each process does until all that is not private has left the inbox."""
    lease.LASTS, unseen.BATCH = timedelta(seconds=LASTS), 10  # type: ignore[misc]
    mine = folder / str(worker)
    mine.mkdir()
    host = Sleepy(folder / "notebook", worker, pauses=0.02)
    url = ledger or f"sqlite:///{folder / 'bounces.sqlite3'}"
    with everyday_plugin(mine, place.box, ledger=url, host=host, clock=lambda: datetime.now(UTC)) as plugin:
        until = time.monotonic() + 300
        while place.count("") > goal:
            assert time.monotonic() < until
            plugin.run_once()
            time.sleep(host._chance.uniform(0, 0.05))


def let_them_work(
    folder: Path, new_place: Callable[[Path], Place], ledger: str, *, workers: int, hundreds: int
) -> dict[str, object]:
    """Have so many workers handle a day's mails together; returns what the ledger holds, after looking where all is."""
    day = a_day(hundreds)
    place = new_place(folder)
    place.fill(day.mails)
    everyday_plugin(folder, place.box, ledger=ledger).close()
    processes = [
        PROCESSES.Process(target=work, args=(folder, place, ledger, one, day.private)) for one in range(workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(330)
    assert [process.exitcode for process in processes] == [0] * workers
    with everyday_plugin(folder, place.box, ledger=ledger, notebook=folder / "notebook") as plugin:
        assert plugin.run_once().ok
        left = memory(plugin)
    assert tuple(place.count(name) for name in ("", "processed", "review")) == (day.private, day.processed, day.review)
    return left
