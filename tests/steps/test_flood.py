"""Do ours come through a flood of bounces without proof, and does nobody drown in the rest? (T-04)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bounce_plugin import BouncePlugin, MailOutcome
from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.ledger.schema import mails, outbox
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailbox.maildir import MaildirMailbox
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.steps.flood import IN_AN_HOUR
from bounce_plugin.steps.unseen import BATCH
from tests.bounces import Box
from tests.deluge import DOMAIN, MEMBERS, open_plugin, signed, unsigned
from tests.notices.smtp import start_server
from tests.servers.account import Account
from tests.world import START, Clock, Host

MAILDIR = 'kind = "maildir"\npath = "Maildir"'


class Shore:
    """A host, its Maildir and its clock."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.host, self.clock, self.box = Host(), Clock(), Box(folder / "Maildir")
        self.plugin = open_plugin(folder, MAILDIR, self.host, self.clock, more)

    def flood(self, first: int, number: int) -> None:
        for index in range(first, first + number):
            self.box.drop(unsigned(index), self.clock.now - timedelta(hours=2))

    def run(self) -> list[MailOutcome]:
        outcomes: list[MailOutcome] = []
        self.summary = self.plugin.run_once(on_outcome=outcomes.append)
        assert self.summary.ok
        return outcomes


@pytest.fixture
def shore(tmp_path: Path) -> Iterator[Shore]:
    made = Shore(tmp_path)
    with made.plugin:
        yield made


def test_t_04_of_2000_unsigned_bounces_and_10_signed_ones_ours_are_done_in_the_first_batch_and_one_is_told_of_the_rest(
    tmp_path: Path,
) -> None:
    with start_server() as server:
        notices = f'[notices]\nto = ["ann@crm.example"]\nfrom = "plugin@crm.example"\nsmtp.host = "127.0.0.1"\nsmtp.port = {server.port}\nsmtp.security = "none"\n'
        shore = Shore(tmp_path, notices)
        with shore.plugin as plugin:
            shore.flood(0, 2000)
            for raw in signed(plugin):
                shore.box.drop(raw, shore.clock.now)
            outcomes = shore.run()
            assert len(outcomes) == 2010
            first = [outcome for outcome in outcomes[:BATCH] if outcome.events and outcome.handling == "handled"]
            assert len(first) == 10
            assert {event.address for event in shore.host.classified if event.counts} == {
                one.address for one in MEMBERS
            }
            assert len(plugin.desk.items(limit=5000)) == IN_AN_HOUR
            assert shore.summary.swamped == 2000 - IN_AN_HOUR
            assert len(shore.summary.outcomes) == 10 + IN_AN_HOUR
            assert [incident.key for incident in shore.host.incidents if incident.key == "flood"] == ["flood"]
            assert [len(shore.box.mails(name)) for name in ("", "processed", "review")] == [0, 10, 2000]
            assert_little_is_kept(plugin)
            for _ in range(3):
                shore.clock.now += timedelta(minutes=20)
                shore.run()
    assert 1 <= len(server.envelopes) <= 4, "one mail for each kind of news"


def assert_little_is_kept(plugin: BouncePlugin) -> None:
    with plugin.ledger.reading() as tx:
        assert len(latest_events(tx, limit=5000)) == 10 + IN_AN_HOUR
        assert tx.connection.scalar(select(func.count()).where(mails.c.raw.is_not(None))) == IN_AN_HOUR
        announced = tx.connection.scalar(select(func.count()).select_from(outbox))
        assert announced is not None
        assert announced < 8 * (10 + IN_AN_HOUR)


def test_t_04_the_flood_is_counted_by_the_hour_and_told_once_a_day_with_its_numbers(shore: Shore) -> None:
    shore.flood(0, 150)
    shore.run()
    assert shore.summary.swamped == 50
    (incident,) = (one for one in shore.host.incidents if one.key == "flood")
    assert "150 reports of failures came since 09:00 UTC" in incident.detail
    shore.flood(150, 30)
    shore.run()
    assert shore.summary.swamped == 30
    shore.clock.now += timedelta(hours=1)
    shore.flood(180, 99)
    shore.run()
    assert shore.summary.swamped == 0
    assert len(shore.plugin.desk.items(limit=5000)) == 199
    assert len([one for one in shore.host.incidents if one.key == "flood"]) == 1
    shore.clock.now += timedelta(days=1)
    shore.flood(300, 101)
    shore.run()
    assert len([one for one in shore.host.incidents if one.key == "flood"]) == 2


def test_one_of_the_flood_that_a_person_moves_to_the_inbox_is_read_like_any_other(shore: Shore) -> None:
    shore.flood(0, IN_AN_HOUR + 1)
    (last,) = [outcome for outcome in shore.run() if outcome.swamped]
    with shore.plugin.ledger.reading() as tx:
        uid = tx.connection.scalar(select(mails.c.place_uid).where(mails.c.id == last.mail_id))
    (path,) = (one for one in shore.box.mails("review") if one.name.startswith(str(uid)))
    path.rename(shore.box.path / "new" / "by-hand")
    shore.clock.now += timedelta(hours=1)
    (outcome,) = shore.run()
    assert not outcome.swamped
    assert len(shore.plugin.desk.items(limit=5000)) == IN_AN_HOUR + 1


def test_where_no_proof_is_required_every_report_is_handled_by_itself(shore: Shore, tmp_path: Path) -> None:
    shore.plugin.close()
    with open_plugin(tmp_path, MAILDIR, shore.host, shore.clock, require="address") as lenient:
        shore.flood(0, IN_AN_HOUR + 20)
        assert lenient.run_once().swamped == 0
        assert len(lenient.desk.items(limit=5000)) == IN_AN_HOUR + 20


def test_very_many_are_handled_in_several_looks_so_that_what_comes_meanwhile_is_not_last(
    shore: Shore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bounce_plugin.steps.precedence.MOST", 150)
    monkeypatch.setattr("bounce_plugin.steps.precedence.BATCH", 100)
    shore.flood(0, 300)
    marks = list(signed(shore.plugin))
    seen: list[MailOutcome] = []

    def note(outcome: MailOutcome) -> None:
        if not seen:
            for raw in marks:
                shore.box.drop(raw, shore.clock.now)
        seen.append(outcome)

    shore.plugin.run_once(on_outcome=note)
    assert len(seen) == 310
    assert [outcome.handling for outcome in seen[150:160]] == ["handled"] * 10


def test_where_the_server_cannot_search_the_mails_come_in_their_order(
    shore: Shore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> Iterator[tuple[str, bytes]]:
        raise MailboxError("mailbox 'bounces': UID SEARCH: NO")

    monkeypatch.setattr(MaildirMailbox, "heads", refuse)
    shore.flood(0, BATCH)
    for raw in signed(shore.plugin):
        shore.box.drop(raw, shore.clock.now)
    outcomes = shore.run()
    assert [outcome.handling for outcome in outcomes[-10:]] == ["handled"] * 10
    assert "cannot be told which mails" in caplog.text


def test_a_dry_run_of_a_flood_changes_nothing(shore: Shore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bounce_plugin.steps.precedence.MOST", 150)
    shore.flood(0, 310)
    summary = shore.plugin.run_once(dry_run=True)
    assert summary.swamped == 310 - IN_AN_HOUR
    assert len(shore.box.mails()) == 310
    with shore.plugin.ledger.reading() as tx:
        assert tx.connection.scalar(select(func.count()).select_from(mails)) == 0


@pytest.mark.parametrize("kind", ["imap", "maildir", "mbox"])
def test_the_heads_of_what_is_addressed_so_are_given_and_no_flag_is_set(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    raws = [unsigned(0), unsigned(1), unsigned(2).replace(DOMAIN.encode(), b"else.example"), b"no header\n"]
    if kind == "imap":
        account: Account = request.getfixturevalue("account")
        account.append(*raws)
        (tmp_path / "password").write_text(account.password)
        place = f'kind = "imap"\nhost = "127.0.0.1"\nport = {account.port}\nsecurity = "none"\nuser = "{account.user}"\npassword_file = "password"'
    elif kind == "maildir":
        box = Box(tmp_path / "Maildir")
        for number, raw in enumerate(raws):
            box.drop(raw, START + timedelta(minutes=number))
        place = MAILDIR
    else:
        text = BytesIO()
        for raw in raws:
            text.write(b"From x Mon Nov 23 10:00:00 2026\n" + raw + b"\n")
        (tmp_path / "mbox").write_bytes(text.getvalue())
        place = 'kind = "mbox"\npath = "mbox"'
    with open_plugin(tmp_path, place, Host(), Clock()) as plugin, open_mailbox(plugin.settings.mailboxes[0]) as mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        found = dict(mailbox.heads(Folder.INBOX, uids, ("b+", f"@{DOMAIN}")))
        assert uids[0] in found
        assert f"b+{'a' * 36}@{DOMAIN}".encode() in found[uids[0]]
        assert set(found) <= set(uids[:1])
        assert dict(mailbox.heads(Folder.INBOX, uids[1:], ("b+", f"@{DOMAIN}"))) == {}
        assert dict(mailbox.heads(Folder.INBOX, (), ("b+",))) == {}
    if kind == "imap":
        assert not any("Seen" in flags for flags in account.contents().values())
