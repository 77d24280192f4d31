"""Is anything lost or counted twice, however often, wherever and with whatever ledger the process is killed?

SOAK_KILLS: how many processes are killed at work, all combinations together (1000).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.everyday import a_day, a_moment
from tests.kills import OnImap, OnImapWithoutMove, OnMaildir, OnMbox, Place, Trial
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import StartDovecot
from tests.servers.postgresql import Postgresql

KILLS = int(os.environ.get("SOAK_KILLS", "1000"))
COMBINATIONS = [(place, ledger) for place in ("imap", "maildir", "mbox") for ledger in ("sqlite", "postgresql")]


@pytest.fixture
def new_place(request: pytest.FixtureRequest) -> Callable[[Path], Place]:
    kind = request.param
    if kind == "imap":
        server: Dovecot = request.getfixturevalue("dovecot_server")
        return lambda folder: OnImap(server.add_account())
    if kind == "imap without MOVE":
        start: StartDovecot = request.getfixturevalue("start_dovecot")
        without = start(hide=["MOVE"])
        return lambda folder: OnImapWithoutMove(without.add_account())
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


@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize(
    ("new_place", "new_ledger"),
    [*COMBINATIONS, ("imap without MOVE", "sqlite")],
    indirect=True,
    ids=[f"{place}, {ledger}" for place, ledger in [*COMBINATIONS, ("imap without MOVE", "sqlite")]],
)
def test_I_01_killed_at_each_point_in_turn(
    new_place: Callable[[Path], Place], new_ledger: Callable[[], str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With each statement and each answer a point on SQLite; a new database of PostgreSQL takes too long for that."""
    fine = "sqlite" in request.node.callspec.id
    trial = Trial(day=a_moment(), folder=tmp_path, new_place=new_place, new_ledger=new_ledger)
    print(f"\n{request.node.callspec.id}: {trial.kill_at_each_point(fine=fine)} points, and each time the same")
