"""Is anything lost or counted twice, however often, wherever and with whatever ledger the process is killed?

SOAK_KILLS: how many processes are killed at work, all combinations together (1000).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.everyday import a_day
from tests.kills import OnImap, OnMaildir, OnMbox, Place, Trial
from tests.servers.dovecot import Dovecot
from tests.servers.postgresql import Postgresql

KILLS = int(os.environ.get("SOAK_KILLS", "1000"))
COMBINATIONS = [(place, ledger) for place in ("imap", "maildir", "mbox") for ledger in ("sqlite", "postgresql")]


@pytest.fixture
def new_place(request: pytest.FixtureRequest) -> Callable[[Path], Place]:
    kind = request.param
    if kind == "imap":
        server: Dovecot = request.getfixturevalue("dovecot_server")
        return lambda folder: OnImap(server.add_account())
    return (
        (lambda folder: OnMaildir(folder / "Maildir"))
        if kind == "maildir"
        else (lambda folder: OnMbox(folder / "mbox"))
    )


@pytest.fixture
def new_ledger(request: pytest.FixtureRequest) -> Callable[[], str]:
    if request.param == "sqlite":
        return lambda: ""
    server: Postgresql = request.getfixturevalue("postgresql_server")
    return lambda: server.url(server.new_database())


@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize(
    ("new_place", "new_ledger"),
    COMBINATIONS,
    indirect=True,
    ids=[f"{place}, {ledger}" for place, ledger in COMBINATIONS],
)
def test_I_01_killed_at_random_moments(
    new_place: Callable[[Path], Place], new_ledger: Callable[[], str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = -(-KILLS // len(COMBINATIONS))
    rounds = Trial(day=a_day(1), folder=tmp_path, new_place=new_place, new_ledger=new_ledger).kill(kills)
    print(f"\n{request.node.callspec.id}: {kills} kills in {rounds} rounds, and each time the same ledger and folders")
