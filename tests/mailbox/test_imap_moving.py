"""Is a mail moved as a whole where the server cannot MOVE, also if we are killed amid it? On a real server."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bounce_plugin.mailbox import moving
from bounce_plugin.mailbox.incoming import Incoming
from bounce_plugin.mailbox.session import Session
from bounce_plugin.steps.gather import Gathering
from tests.bounces import report
from tests.everyday import everyday_plugin
from tests.servers.account import Account
from tests.servers.fixtures import StartDovecot


@pytest.fixture
def account(start_dovecot: StartDovecot) -> Account:
    """A mailbox on a server without MOVE."""
    return start_dovecot(hide=["MOVE"]).add_account()


def test_i_12_killed_between_the_flag_and_the_removal_what_waits_still_waits_and_no_copy_is_flagged(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(session: Session, uid_set: str) -> None:
        assert session.command("STORE", uid_set, "+FLAGS.SILENT", r"(\Deleted)")[0] == "OK"
        raise KeyboardInterrupt

    account.append(report("stranger@example.com"), report("member1@example.com"))
    with everyday_plugin(tmp_path, account) as plugin:
        with monkeypatch.context() as patch:
            patch.setattr(moving, "remove", killed)
            with pytest.raises(KeyboardInterrupt):
                plugin.run_once()
        assert len(plugin.desk.items()) == 1
        for _ in range(2):
            assert plugin.run_once().ok
        assert len(plugin.desk.items()) == 1, "nobody has moved it out by hand"
    assert account.contents() == {}
    for folder in ("review", "processed"):
        flags = account.contents(folder).values()
        assert 1 <= len(flags) <= 2
        assert not any("Deleted" in some for some in flags), folder


def test_a_mail_that_was_flagged_meanwhile_is_moved_without_its_flag_I_11(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.append(report("member1@example.com"))
    with everyday_plugin(tmp_path, account) as plugin:
        gather_all = Gathering.gather_all

        def flag_first(gathering: Gathering, found: list[Incoming], now: datetime) -> object:
            with account.sign_in() as client:
                client.select("INBOX")
                client.uid("STORE", "1", "+FLAGS", r"(\Deleted)")
            return gather_all(gathering, found, now)

        monkeypatch.setattr(Gathering, "gather_all", flag_first)
        assert plugin.run_once().ok
    assert account.contents() == {}
    assert [flags for flags in account.contents("processed").values() if "Deleted" in flags] == []
