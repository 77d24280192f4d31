"""Is anything lost, counted twice or deleted unread over POP3, wherever the connection breaks or the process is killed?"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.faults import arm
from tests.kills import SPAWN
from tests.office import STRANGER, Office, bounce, is_kept
from tests.servers.account import Account
from tests.servers.cutting import Cutting
from tests.servers.dovecot import Dovecot
from tests.servers.fake_pop3 import FakePop3

STEP = 41  # octets of what a server says: most are those of mails


class TestCutAtEveryOctet:
    """The connection breaks, at each octet that the server says or that we say."""

    MAILS = (
        bounce(message_id="1@crm.example"),
        bounce(STRANGER, message_id="2@crm.example"),
        b"Subject: hi\r\n\r\n.\r\n",
    )

    @pytest.mark.parametrize("upwards", [False, True], ids=["the server's", "ours"])
    def test_i_02_nothing_is_lost_counted_twice_or_deleted_unread(self, tmp_path: Path, upwards: bool) -> None:
        whole = self.passed(tmp_path, None, upwards)
        assert whole > 50
        for octet in range(0, whole + 1, 1 if upwards else STEP):
            assert self.passed(tmp_path, octet, upwards) <= octet

    def passed(self, tmp_path: Path, octet: int | None, upwards: bool) -> int:
        """Cut a session at an octet, and look; then all must be well after one more. Gives the octets of the first."""
        folder = tmp_path / f"{octet}"
        folder.mkdir()
        if octet is not None:  # a new ledger takes longer than all the rest
            shutil.copyfile(tmp_path / "None" / "made.sqlite3", folder / "bounces.sqlite3")
        with FakePop3(*self.MAILS) as server:
            with Cutting(server.port, octet, upwards=upwards) as network:
                text = server.settings_text.replace(str(server.port), str(network.port))
                with Office(folder, text + "delete = true\n") as office:
                    if octet is None:
                        shutil.copyfile(folder / "bounces.sqlite3", folder / "made.sqlite3")
                    office.run()
                    there = [kept.raw for kept in server.mails]
                    assert all(is_kept(office, raw) for raw in self.MAILS if raw not in there), octet
            with Office(folder, server.settings_text + "delete = true\n") as office:
                assert office.run().ok, octet
                assert office.handled() == []
                assert office.counted() == 1, octet
                assert len(office.waiting()) == 1, octet
            assert [kept.raw for kept in server.mails] == [self.MAILS[2]], octet
        return network.passed


def test_i_02_killed_at_each_point_and_run_again_nothing_is_lost_or_counted_twice(
    pop3_server: Dovecot, tmp_path: Path
) -> None:
    mails, point, exit_code = TestCutAtEveryOctet.MAILS, 0, -signal.SIGKILL
    Office(tmp_path, "").plugin.close()
    while exit_code:
        point += 1
        folder, account = tmp_path / str(point), pop3_server.add_account()
        folder.mkdir()
        shutil.copyfile(tmp_path / "bounces.sqlite3", folder / "bounces.sqlite3")
        account.append(*mails)
        process = SPAWN.Process(target=run_to_a_point, args=(point, folder, account))
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
