"""Does the main job work on a real IMAP server, among private mail?"""

from collections import Counter
from pathlib import Path

from bounce_plugin import BouncePlugin
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.outcome import Handling
from bounce_plugin.settings import parse_settings
from tests.bounces import Box, report
from tests.everyday import EverydayHost, a_day, everyday_plugin, memory
from tests.servers.dovecot import Account


def test_I_01_three_hundred_mails_among_private_mail_end_in_one_folder_each(account: Account, tmp_path: Path) -> None:
    day = a_day(3)
    assert len(day.mails) >= 300
    account.append(*day.mails)
    account.append(b"From: a@b.example\nSubject: on its way out\n\nsomebody is deleting this\n", flags="(\\Deleted)")
    account.append(b"From: a@b.example\nSubject: read and kept\n\nhello\n", flags="(\\Seen \\Flagged)")
    inbox = account.contents()

    with everyday_plugin(tmp_path, account) as plugin:
        summary = plugin.run_once()
        assert summary.ok
        handled = Counter(outcome.handling for outcome in summary.outcomes)
        first = memory(plugin)
        with plugin.ledger.reading() as tx:
            counted = Counter(event.address for event in latest_events(tx, limit=10_000) if event.counts)
        assert plugin.run_once().outcomes == ()
        assert memory(plugin) == first

    assert counted == day.counted, "each failure that counts, once"
    assert handled[Handling.REVIEW] == day.review
    assert handled[Handling.HANDLED] + handled[Handling.DUPLICATE] == day.processed
    assert handled[Handling.LEFT] == day.private + 1
    left = account.contents()
    assert len(left) == day.private + 2
    assert {uid: set(flags.split()) - {"\\Recent"} for uid, flags in left.items()} == {
        uid: set(inbox[uid].split()) - {"\\Recent"} for uid in left
    }
    assert sum("\\Deleted" in flags for flags in left.values()) == 1, "a foreign \\Deleted message survives"
    assert sum("\\Seen" in flags for flags in left.values()) == 1, "private mail stays unseen"
    processed, review = account.contents("processed"), account.contents("review")
    assert (len(processed), len(review)) == (day.processed, day.review)
    assert len(left) + len(processed) + len(review) == len(inbox)


def test_one_mailbox_whose_password_cannot_be_had_does_not_stop_the_others(account: Account, tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text("07" * 32)
    box = Box(tmp_path / "Maildir")
    box.drop(report("member1@example.com"))
    text = f"""
        [[mailbox]]
        name = "far"
        kind = "imap"
        host = "127.0.0.1"
        port = {account.port}
        security = "none"
        user = "{account.user}"
        password_command = "false"

        [[mailbox]]
        name = "near"
        kind = "maildir"
        path = "Maildir"
    """
    settings = parse_settings(text, folder=tmp_path)
    with BouncePlugin(settings, plugins={"host": EverydayHost()}, entry_points=False) as plugin:
        summary = plugin.run_once()
    assert len(summary.errors) == 1
    assert "password_command" in summary.errors[0]
    assert len(box.mails("processed")) == 1
