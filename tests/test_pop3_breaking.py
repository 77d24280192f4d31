"""Is anything lost, counted twice or deleted unread over POP3, wherever the connection breaks or the process is killed?"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.faults import arm
from tests.office import MAILS, Office, Pop3Cuts, is_kept
from tests.processes import PROCESSES
from tests.servers.account import Account
from tests.servers.dovecot import Dovecot

STEP = 41  # octets of what a server says: most are those of mails


@pytest.mark.parametrize("upwards", [False, True], ids=["the server's", "ours"])
def test_i_02_cut_off_at_an_octet_nothing_is_lost_counted_twice_or_deleted_unread(
    tmp_path: Path, upwards: bool
) -> None:
    cuts = Pop3Cuts(folder=tmp_path, upwards=upwards)
    length = cuts.length()
    assert length > 50
    assert cuts.cut_at(range(0, length + 1, 1 if upwards else STEP)) > 50


def test_i_02_killed_at_each_point_and_run_again_nothing_is_lost_or_counted_twice(
    pop3_server: Dovecot, tmp_path: Path
) -> None:
    mails, point, exit_code = MAILS, 0, -signal.SIGKILL
    Office(tmp_path, "").plugin.close()
    while exit_code:
        point += 1
        folder, account = tmp_path / str(point), pop3_server.add_account()
        folder.mkdir()
        shutil.copyfile(tmp_path / "bounces.sqlite3", folder / "bounces.sqlite3")
        account.append(*mails)
        process = PROCESSES.Process(target=run_to_a_point, args=(point, folder, account))
        process.start()
        process.join(60)
        exit_code = process.exitcode
        assert exit_code in (0, -signal.SIGKILL)
        with Office(folder, settings_of(account), account.password) as office:
            there = [raw for raw in mails if b"Subject: hi" in raw or not is_kept(office, raw)]
            assert len(account.contents()) >= len(there), point
            assert office.run().ok, point
            assert office.handled() == []
            assert (office.counted(), len(office.waiting())) == (1, 1), point
        assert len(account.contents()) == 1, point
    assert point > 10


def settings_of(account: Account) -> str:
    return f"""
        [[mailbox]]
        name = "b"
        kind = "pop3"
        host = "localhost"
        port = {account.pop3_port}
        security = "none"
        user = "{account.user}"
        password_file = "password"
        delete = true
    """


def run_to_a_point(point: int, folder: Path, account: Account) -> None:
    """What the process does that is killed at a point."""
    with Office(folder, settings_of(account), account.password) as office:
        arm(point)
        office.run()
