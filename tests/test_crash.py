"""Is anything lost or counted twice when the process is killed? It is, with SIGKILL, at random moments and at each point."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.everyday import a_day, a_moment
from tests.kills import OnImap, OnMaildir, OnMbox, Place, Trial
from tests.servers.dovecot import Dovecot

KILLS = 30  # `make soak` kills more, and in other mailboxes and ledgers, too


@pytest.mark.timeout(480)
def test_I_01_I_02_I_03_killed_at_random_moments_and_run_again_gives_the_same_ledger(
    dovecot_server: Dovecot, tmp_path: Path
) -> None:
    def new_place(folder: Path) -> OnImap:
        return OnImap(dovecot_server.add_account())

    Trial(day=a_day(1), folder=tmp_path, new_place=new_place).kill(KILLS)


@pytest.mark.timeout(480)
@pytest.mark.parametrize(("kind", "step"), [("imap", 1), ("maildir", 2), ("mbox", 2)])  # `make soak` tries each
def test_I_01_I_02_I_03_killed_at_point_after_point_and_run_again_gives_the_same_ledger(
    kind: str, step: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "imap":
        server: Dovecot = request.getfixturevalue("dovecot_server")
    places: dict[str, Callable[[Path], Place]] = {
        "imap": lambda folder: OnImap(server.add_account()),
        "maildir": lambda folder: OnMaildir(folder / "Maildir"),
        "mbox": lambda folder: OnMbox(folder / "mbox"),
    }
    points = Trial(day=a_moment(), folder=tmp_path, new_place=places[kind]).kill_at_each_point(step=step)
    assert points >= 20
    print(f"{kind}: {points} points")
