"""Do four processes on one mailbox count as one does, wherever and with whatever ledger?

SOAK_WORKERS_MAILS: how many hundred mails they share (10).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.everyday import a_day
from tests.flock import let_them_work
from tests.kills import OnImap, OnMaildir, OnMbox, Place

HUNDREDS = int(os.environ.get("SOAK_WORKERS_MAILS", "10"))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
@pytest.mark.parametrize("kind", ["imap", "maildir", "mbox"])
def test_I_10_four_workers_that_fall_silent_longer_than_a_lease(
    kind: str, ledger: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("dovecot_server") if kind == "imap" else None
    places: dict[str, Callable[[Path], Place]] = {
        "imap": lambda folder: OnImap(server.add_account()),  # type: ignore[union-attr]
        "maildir": lambda folder: OnMaildir(folder / "Maildir"),
        "mbox": lambda folder: OnMbox(folder / "mbox"),
    }
    url = ""
    if ledger == "postgresql":
        postgresql = request.getfixturevalue("postgresql_server")
        url = postgresql.url(postgresql.new_database())
    left = let_them_work(tmp_path, places[kind], url, workers=4, hundreds=HUNDREDS)
    events = left["events"]
    assert isinstance(events, list)
    assert sum(counts for *_, counts in events) == sum(a_day(HUNDREDS).counted.values())
    print(f"\n{kind}, {ledger}: four workers, {len(a_day(HUNDREDS).mails)} mails, {len(events)} events")
