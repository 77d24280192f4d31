"""Is a mail that a mail server hands to us taken once, whole, and not before it is recorded?"""

from __future__ import annotations

import random
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin, Handling, LedgerError, MailboxError, MailOutcome, SettingsError
from bounce_plugin.intake import choose_mailbox
from bounce_plugin.ledger import engine
from bounce_plugin.mailbox.arrival import Envelope
from bounce_plugin.message import limits
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE, report
from tests.everyday import a_day, memory
from tests.handing import ENVELOPE, MOMENTS, Post, take
from tests.servers.ledgers import NewUrl
from tests.servers.postgresql import Postgresql

KILLS = 10  # `make soak` kills more

STRANGER = report("stranger@example.com", message_id="s@crm.example")
MEMBER = report("member1@example.com", message_id="m@crm.example")


def test_a_bounce_is_recorded_filed_and_told(post: Post, plugin: BouncePlugin) -> None:
    outcome = take(plugin, BytesIO(MEMBER))
    assert isinstance(outcome, MailOutcome)
    assert outcome.handling is Handling.HANDLED
    assert post.filed() == {"": 0, "processed": 1, "review": 0}
    told = (post.folder / "notebook").read_text().split("\n")
    assert told == [f"event {outcome.events[0]}", f"mail {outcome.mail_id}", ""]


def test_a_mail_for_a_person_waits_in_the_review_folder_and_in_the_ledger(post: Post, plugin: BouncePlugin) -> None:
    take(plugin, BytesIO(STRANGER))
    assert post.filed() == {"": 0, "processed": 0, "review": 1}
    (item,) = plugin.desk.items()
    assert plugin.desk.show(item.id)[1].endswith(STRANGER)


def test_a_private_mail_stays_in_the_inbox_for_people_to_read(post: Post, plugin: BouncePlugin) -> None:
    outcome = take(plugin, BytesIO(PRIVATE))
    assert isinstance(outcome, MailOutcome)
    assert outcome.handling is Handling.LEFT
    assert post.filed() == {"": 1, "processed": 0, "review": 0}
    assert plugin.run_once().outcomes == (), "a run knows it"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_the_octets_are_kept_below_what_the_envelope_says(post: Post, plugin: BouncePlugin, ends: bytes) -> None:
    raw = PRIVATE.replace(b"\n", ends) + b"\x00\xff\r \r\nlast line without an end"
    take(plugin, BytesIO(raw), Envelope(recipient="jörg@crm.example", sender="erna@family.example"))
    (kept,) = post.left()[""]  # type: ignore[misc]
    said = ["Return-Path: <erna@family.example>", "Delivered-To: jörg@crm.example"]
    assert kept == b"".join(line.encode() + ends for line in said) + raw


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope(),
        Envelope(recipient="a@b.example\nBcc: c@d.example", sender="x\r\nSubject: y"),
        Envelope(recipient="<a@b.example", sender="a b"),
    ],
    ids=["nothing", "more than an address", "no address"],
)
def test_an_envelope_without_an_address_adds_nothing(post: Post, plugin: BouncePlugin, envelope: Envelope) -> None:
    take(plugin, BytesIO(PRIVATE), envelope)
    assert post.left()[""] == [PRIVATE]


def test_what_the_mail_server_wrote_itself_is_not_written_again(post: Post, plugin: BouncePlugin) -> None:
    written = b"Return-Path: <>\nDelivered-To: Bounces@crm.example\n" + PRIVATE
    take(plugin, BytesIO(written), ENVELOPE)
    assert post.left()[""] == [written]


def test_the_recipient_of_the_envelope_is_a_clue(post: Post, plugin: BouncePlugin) -> None:
    take(plugin, BytesIO(STRANGER), Envelope(recipient="bounces+7@crm.example"))
    (item,) = plugin.desk.items()
    clues = plugin.examine(plugin.desk.show(item.id)[1]).clues
    assert clues.envelope_recipients[0] == "bounces+7@crm.example"


@pytest.mark.parametrize("size", [limits.MESSAGE, limits.MESSAGE + 1])
def test_a_mail_over_the_cap_is_kept_whole_and_names_the_limit(post: Post, plugin: BouncePlugin, size: int) -> None:
    raw = MEMBER + b"x" * (size - len(MEMBER))
    outcome = take(plugin, BytesIO(raw), Envelope())
    assert isinstance(outcome, MailOutcome)
    over = size > limits.MESSAGE
    assert ("message" in outcome.why) == over
    assert post.left()["review" if over else "processed"] == [raw]


def test_what_is_no_mail_at_all_is_not_taken(post: Post, plugin: BouncePlugin) -> None:
    with pytest.raises(MailboxError, match="not one octet"):
        take(plugin, BytesIO())
    assert post.filed() == {"": 0, "processed": 0, "review": 0}
    assert list((post.box / "tmp").iterdir()) == []


class TestTheSameMailAgain:
    """What a mail server hands over again, because it was not told that we have it."""

    @pytest.mark.parametrize("mail", [MEMBER, STRANGER, PRIVATE], ids=["handled", "review", "left"])
    def test_I_06_is_one_mail(self, post: Post, plugin: BouncePlugin, mail: bytes) -> None:
        assert take(plugin, BytesIO(mail)) is not None
        before = post.left()
        assert take(plugin, BytesIO(mail)) is None
        assert post.left() == before
        assert sum(post.filed().values()) == 1

    def test_I_06_with_another_time_of_delivery_is_one_mail(self, post: Post, plugin: BouncePlugin) -> None:
        for hour in (10, 11):
            stamp = b"From MAILER-DAEMON Sat Nov 28 %d:00:00 2026\nDelivery-date: Sat, 28 Nov 2026 %d:00:00 +0000\n"
            take(plugin, BytesIO(stamp % (hour, hour) + STRANGER))
        assert post.filed() == {"": 0, "processed": 0, "review": 1}
        assert len(plugin.desk.items()) == 1

    def test_to_another_recipient_is_another_mail_and_counts_once(self, post: Post, plugin: BouncePlugin) -> None:
        for recipient in ("a@crm.example", "b@crm.example"):
            take(plugin, BytesIO(MEMBER), Envelope(recipient=recipient))
        assert post.filed() == {"": 0, "processed": 2, "review": 0}
        assert len(memory(plugin)["events"]) == 1  # type: ignore[arg-type]

    def test_I_10_at_the_same_moment_is_one_mail(self, post: Post, plugin: BouncePlugin) -> None:
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda _: take(plugin, BytesIO(STRANGER)), range(16)))
        assert len([outcome for outcome in outcomes if outcome]) == 1
        assert sum(post.filed().values()) == 1

    def test_after_a_run_was_quicker_is_one_mail(self, post: Post, plugin: BouncePlugin) -> None:
        assert post.hand_over(MEMBER, kill_after="delivered") == -signal.SIGKILL
        assert plugin.run_once().ok
        assert take(plugin, BytesIO(MEMBER)) is None
        assert post.filed() == {"": 0, "processed": 1, "review": 0}


class TestKilled:
    """A process that is killed has not answered: the mail server hands the mail over again."""

    @pytest.mark.parametrize("mail", [MEMBER, STRANGER, PRIVATE], ids=["handled", "review", "left"])
    @pytest.mark.parametrize("moment", MOMENTS)
    def test_I_02_I_03_after_each_step(self, tmp_path: Path, moment: str, mail: bytes) -> None:
        clean, post = Post(tmp_path / "clean"), Post(tmp_path / "killed")
        for one in (clean, post):
            one.set_up()
        assert clean.hand_over(mail) == 0
        assert post.hand_over(mail, kill_after=moment) == -signal.SIGKILL
        committed = list(MOMENTS).index(moment) >= list(MOMENTS).index("committed")
        with post.plugin() as plugin:
            found = memory(plugin)
        assert bool(found["events"]) == (committed and mail is not PRIVATE)
        assert post.hand_over(mail) == 0
        assert post.left() == clean.left()

    @pytest.mark.timeout(300)
    def test_I_01_at_random_moments(self, tmp_path: Path) -> None:
        hand_over_with_kills(tmp_path, kills=KILLS)


def hand_over_with_kills(folder: Path, kills: int, ledger: NewUrl = lambda: "") -> None:
    """Hand a day's mails over, kill so many processes at work, and find what is there without any kill."""
    mails = a_day(1).mails
    chance = random.Random(20261128)
    clean, post = Post(folder / "clean", ledger()), Post(folder / "killed", ledger())
    for one in (clean, post):
        one.set_up()
    with clean.plugin() as plugin:
        for raw in mails:
            take(plugin, BytesIO(raw))
    killed = 0
    longest = 0.3
    for number, raw in enumerate(mails):
        due = kills * (number + 1) // len(mails)
        while killed < due:
            at_work = post.hand_over(raw, seconds=chance.uniform(0, longest)) == -signal.SIGKILL
            killed += at_work
            longest *= 1.05 if at_work else 0.8
        if due == kills * number // len(mails):
            with post.plugin() as plugin:
                take(plugin, BytesIO(raw))
        else:
            assert post.hand_over(raw) == 0
    assert post.left() == clean.left()


@pytest.mark.timeout(300)
def test_I_10_many_processes_at_once_lose_and_double_nothing(empty_url: str, tmp_path: Path) -> None:
    post = Post(tmp_path / "post", empty_url)
    post.set_up()
    mails = [*a_day(1).mails[::12]] * 2
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(post.hand_over, mails)) == {0}
    clean = Post(tmp_path / "clean")
    clean.set_up()
    with clean.plugin() as plugin:
        for raw in mails:
            take(plugin, BytesIO(raw))
    assert post.left() == clean.left()


class TestNoLedger:
    """Nothing is taken, and the same mail is taken later."""

    def test_I_03_while_another_program_locks_it(
        self, post: Post, plugin: BouncePlugin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine, "_PATIENCE", 0.2)
        before = memory(plugin)
        with post.plugin() as impatient:
            other = sqlite3.connect(post.folder / "bounces.sqlite3", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            try:
                with pytest.raises(LedgerError, match="locked"):
                    take(impatient, BytesIO(MEMBER))
            finally:
                other.execute("ROLLBACK")
                other.close()
            assert memory(plugin) == before
            assert take(impatient, BytesIO(MEMBER)) is not None
        assert post.filed() == {"": 0, "processed": 1, "review": 0}

    def test_I_03_while_postgresql_is_stopped(self, own_postgresql: Postgresql, tmp_path: Path) -> None:
        post = Post(tmp_path, own_postgresql.url(own_postgresql.new_database()))
        post.set_up()
        with post.plugin() as plugin:
            own_postgresql.stop()
            with pytest.raises(LedgerError):
                take(plugin, BytesIO(MEMBER))
            assert [*(post.box / "new").iterdir(), *(post.box / "tmp").iterdir()] == []
            own_postgresql.start()
            assert take(plugin, BytesIO(MEMBER)) is not None
        assert post.filed() == {"": 0, "processed": 1, "review": 0}


class TestTheMailbox:
    """Which of the mailboxes takes the mails."""

    MAILDIR = '[[mailbox]]\nname = "{}"\nkind = "maildir"\npath = "m"\n'
    MBOX = '[[mailbox]]\nname = "file"\nkind = "mbox"\npath = "m"\n'

    def test_is_the_only_maildir_or_the_one_that_is_named(self, tmp_path: Path) -> None:
        one = parse_settings(self.MBOX + self.MAILDIR.format("a"), folder=tmp_path)
        assert choose_mailbox(one, "", key="k").name == "a"
        two = parse_settings(self.MAILDIR.format("a") + self.MAILDIR.format("b"), folder=tmp_path)
        assert choose_mailbox(two, "b", key="k").name == "b"

    @pytest.mark.parametrize(
        ("text", "name", "words"),
        [
            (MAILDIR.format("a") + MAILDIR.format("b"), "", r"k: say which mailbox takes the mails; allowed: a, b"),
            (MAILDIR.format("a"), "c", r"k = 'c': .* a Maildir only; allowed: a"),
            (MBOX, "file", r"k = 'file': .*allowed: none"),
        ],
        ids=["two", "unknown", "no Maildir"],
    )
    def test_otherwise_it_is_said_which_may_be_named(self, tmp_path: Path, text: str, name: str, words: str) -> None:
        with pytest.raises(SettingsError, match=words):
            choose_mailbox(parse_settings(text, folder=tmp_path), name, key="k")
