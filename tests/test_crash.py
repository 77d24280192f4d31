"""Is anything lost or counted twice when the process is killed? It is, with SIGKILL, at random moments."""

from pathlib import Path

import pytest

from tests.everyday import a_day
from tests.kills import OnImap, Trial
from tests.servers.dovecot import Dovecot

KILLS = 50  # `make soak` kills more, and in other mailboxes and ledgers, too


@pytest.mark.timeout(480)
def test_I_01_I_02_I_03_killed_at_random_moments_and_run_again_gives_the_same_ledger(
    dovecot_server: Dovecot, tmp_path: Path
) -> None:
    def new_place(folder: Path) -> OnImap:
        return OnImap(dovecot_server.add_account())

    Trial(day=a_day(1), folder=tmp_path, new_place=new_place).kill(KILLS)
