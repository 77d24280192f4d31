"""Is exactly that deleted which we filed long enough ago, and nothing else, whatever others did meanwhile?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bounce_plugin.cli.sweep import say_sweep
from bounce_plugin.ledger.schema import mails
from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.mailbox.maildir import MaildirMailbox
from tests.bounces import PRIVATE, report
from tests.cli.terminal import call
from tests.everyday import NOW, everyday_plugin
from tests.kills import OnImap, OnMaildir, OnMbox, Place
from tests.servers.account import Account
from tests.servers.fixtures import StartDovecot
from tests.sweeping import LATER, OURS, STRANGER, THIRTY, counts, kill_at_points, on_day, place, refill, run

__all__ = ["place"]


def deleted(folder: Path, place: Place) -> list[datetime]:
    with on_day(folder, place, 0) as plugin, plugin.ledger.reading() as tx:
        found = tx.connection.scalars(mails.select().with_only_columns(mails.c.deleted_at).order_by(mails.c.id))
        return [when for when in found if when is not None]


def test_what_we_filed_is_deleted_when_its_days_are_over_and_everything_else_stays(
    place: Place, tmp_path: Path
) -> None:
    place.fill((*OURS, PRIVATE, STRANGER))
    run(tmp_path, place, 0)
    assert counts(place) == (1, 2, 1)
    run(tmp_path, place, 30)
    assert counts(place) == (1, 2, 1)
    run(tmp_path, place, 31, more="")  # nobody said so
    assert counts(place) == (1, 2, 1)
    with on_day(tmp_path, place, 31) as plugin:
        (line,) = say_sweep(plugin)
        assert line.startswith("mailbox club: 2 mails filed in processed more than 30 days ago are to be deleted")
        plugin.run_once(dry_run=True)
        assert counts(place) == (1, 2, 1)
        assert plugin.run_once().ok
        assert counts(place) == (1, 0, 1)
        assert plugin.sweep.due("club") == 0
    assert deleted(tmp_path, place) == [NOW + timedelta(days=31)] * 2


def test_what_is_deleted_stays_counted_and_is_no_news_when_it_comes_back(place: Place, tmp_path: Path) -> None:
    place.fill(OURS[:1])
    run(tmp_path, place, 0)
    run(tmp_path, place, 31)
    assert counts(place) == (0, 0, 0)
    refill(place, OURS[:1])
    with on_day(tmp_path, place, 32) as plugin:
        (outcome,) = plugin.run_once().outcomes
        assert outcome.handling == "duplicate"
    assert counts(place) == (0, 1, 0)


def test_a_mail_that_a_person_decided_waits_for_its_days_from_then_on(place: Place, tmp_path: Path) -> None:
    place.fill((STRANGER,))
    run(tmp_path, place, 0)
    run(tmp_path, place, 100)
    assert counts(place) == (0, 0, 1)
    with on_day(tmp_path, place, 100) as plugin:
        (item,) = plugin.desk.items()
        plugin.desk.dismiss(item.id, actor="ann")
        plugin.run_once()
    assert counts(place) == (0, 1, 0)
    run(tmp_path, place, 129)
    assert counts(place) == (0, 1, 0)
    run(tmp_path, place, 131)
    assert counts(place) == (0, 0, 0)


def test_a_person_who_took_a_mail_away_keeps_it(account: Account, tmp_path: Path) -> None:
    place = OnImap(account)
    place.fill(OURS)
    run(tmp_path, place, 0)
    with account.sign_in() as client:
        client.create("kept")
        client.select("processed")
        assert client.uid("MOVE", "1", "kept")[0] == "OK"
    run(tmp_path, place, 31)
    assert account.contents("processed") == {}
    assert len(account.contents("kept")) == 1
    assert len(deleted(tmp_path, place)) == 1


def test_mails_that_others_put_there_and_what_others_flagged_as_deleted_stay(account: Account, tmp_path: Path) -> None:
    place = OnImap(account)
    place.fill(OURS)
    run(tmp_path, place, 0)
    account.append(LATER, OURS[0], folder="processed")
    account.append(PRIVATE, folder="processed", flags=r"(\Deleted \Seen)")
    run(tmp_path, place, 31)
    assert {uid: "Deleted" in flags for uid, flags in account.contents("processed").items()} == {
        "3": False,
        "4": False,
        "5": True,
    }


def test_i_05_a_folder_that_was_made_anew_keeps_whatever_has_its_uids_now(account: Account, tmp_path: Path) -> None:
    place = OnImap(account)
    place.fill(OURS)
    run(tmp_path, place, 0)
    with account.sign_in() as client:
        assert client.delete("processed")[0] == "OK"
        client.create("processed")
    account.append(*OURS, folder="processed")  # the same octets even, under the same UIDs
    run(tmp_path, place, 31)
    assert sorted(account.contents("processed")) == ["1", "2"]
    assert deleted(tmp_path, place) == []


def test_a_mail_whose_octets_are_not_those_that_were_recorded_stays(tmp_path: Path) -> None:
    place = OnMaildir(tmp_path / "Maildir")
    place.fill(OURS)
    run(tmp_path, place, 0)
    one, other = sorted((tmp_path / "Maildir/.processed/new").iterdir())
    one.write_bytes(one.read_bytes().replace(b"550", b"551"))
    other.rename(tmp_path / "Maildir/.processed/cur" / f"{other.name}:2,S")  # somebody has read it
    run(tmp_path, place, 31)
    assert [path.name for path in (tmp_path / "Maildir/.processed/new").iterdir()] == [one.name]
    assert counts(place) == (0, 1, 0)
    run(tmp_path, place, 90)
    assert counts(place) == (0, 1, 0)


def test_a_mail_that_cannot_be_read_stays_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = OnMaildir(tmp_path / "Maildir")
    place.fill(OURS)
    run(tmp_path, place, 0)
    one, _ = sorted((tmp_path / "Maildir/.processed/new").iterdir())
    read = MaildirMailbox._read

    def refuse(self: MaildirMailbox, folder: Folder, uid: str, files: Mapping[str, Path]) -> Incoming | None:
        if uid == one.name:
            raise PermissionError(13, "Permission denied", str(one))  # as root one reads everything
        return read(self, folder, uid, files)

    monkeypatch.setattr(MaildirMailbox, "_read", refuse)
    with on_day(tmp_path, place, 31) as plugin:
        assert "cannot read" in plugin.run_once().errors[0]
        assert counts(place) == (0, 1, 0)
        assert plugin.run_once().ok, "not again before an hour is over"


def test_in_an_mbox_what_others_wrote_stays_octet_for_octet(tmp_path: Path) -> None:
    place = OnMbox(tmp_path / "mbox")
    place.fill(OURS)
    run(tmp_path, place, 0)
    theirs = b"From someone Mon Nov 23 10:00:00 2026\n" + PRIVATE.rstrip(b"\n") + b"\n>From here\n\n"
    with (tmp_path / "mbox.processed").open("ab") as file:
        file.write(theirs)
    (tmp_path / "mbox.processed").chmod(0o640)
    run(tmp_path, place, 31)
    assert (tmp_path / "mbox.processed").read_bytes() == theirs
    assert (tmp_path / "mbox.processed").stat().st_mode & 0o777 == 0o640


def test_without_uidplus_nothing_is_deleted_and_check_says_so(
    start_dovecot: StartDovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = start_dovecot(hide=["UIDPLUS"]).add_account()
    place = OnImap(account)
    place.fill(OURS)
    assert run(tmp_path, place, 0) == ()
    assert run(tmp_path, place, 31) == ()
    assert len(account.contents("processed")) == 2
    (tmp_path / "bounce.toml").write_text(
        f'[[mailbox]]\nname = "club"\nkind = "imap"\nhost = "127.0.0.1"\nport = {account.port}\nsecurity = "none"\n'
        f'user = "{account.user}"\npassword_file = "password"\n{THIRTY}'
    )
    monkeypatch.chdir(tmp_path)
    assert "PROBLEM mailbox 'club': the server cannot expunge single mails (UIDPLUS): nothing" in call("check").output


def test_it_is_looked_once_an_hour_and_at_once_while_more_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bounce_plugin.steps.sweep.MOST", 2)
    place = OnMaildir(tmp_path / "Maildir")
    place.fill((*OURS, LATER))
    run(tmp_path, place, 0)
    now = [NOW + timedelta(days=31)]
    with everyday_plugin(tmp_path, place.box, clock=lambda: now[0], more=THIRTY) as plugin:
        left = []
        for minutes in (0, 1, 1, 1):
            now[0] += timedelta(minutes=minutes)
            plugin.run_once()
            left.append(place.count("processed"))
        assert left == [1, 0, 0, 0]
        now[0] += timedelta(days=40)
        refill(place, (report("member9@example.com", message_id="9"),))
        plugin.run_once()
        now[0] += timedelta(days=31)
        plugin.run_once()
        assert place.count("processed") == 0


def test_killed_at_any_point_a_sweep_deletes_nothing_else_and_the_next_one_the_rest(
    place: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert kill_at_points(place, tmp_path, request, every=4) > 8  # `make soak` does it at each
