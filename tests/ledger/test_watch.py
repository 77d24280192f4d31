"""Does the ledger know how reading goes, what waits, and how much there was?"""

from __future__ import annotations

from datetime import timedelta

from bounce_plugin.ledger.backlog import Backlog, backlog
from bounce_plugin.ledger.mails import record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.polls import Poll, note_failure, note_read, polls
from bounce_plugin.ledger.review import close_item, open_item
from bounce_plugin.ledger.totals import Totals
from bounce_plugin.message.report import Kind
from tests.ledger.samples import JOE, NOW, a_mail, recorded
from tests.servers.ledgers import KEY

MINUTE = timedelta(minutes=1)


def test_how_reading_a_mailbox_goes(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        assert polls(tx) == ()
        note_failure(tx, "b", NOW, error=f"cannot sign in as {JOE}")
        note_failure(tx, "b", NOW + MINUTE, error=f"cannot sign in as {JOE}")
        note_read(tx, "a", NOW, lag_seconds=2.5, stuck=1)
        assert polls(tx) == (
            Poll(mailbox="a", tried_at=NOW, read_at=NOW, lag_seconds=2.5, stuck=1),
            Poll(mailbox="b", tried_at=NOW + MINUTE, failures=2, error=f"cannot sign in as {JOE}"),
        )
        note_read(tx, "b", NOW + 2 * MINUTE, lag_seconds=None, stuck=0)
        note_read(tx, "a", NOW + 2 * MINUTE, lag_seconds=None, stuck=0)
        assert polls(tx) == (
            Poll(mailbox="a", tried_at=NOW + 2 * MINUTE, read_at=NOW + 2 * MINUTE, lag_seconds=2.5),
            Poll(mailbox="b", tried_at=NOW + 2 * MINUTE, read_at=NOW + 2 * MINUTE),
        )
        note_failure(tx, "a", NOW + 3 * MINUTE, error="gone")
        assert polls(tx)[0].read_at == NOW + 2 * MINUTE


def test_what_waits_and_since_when(ledger: Ledger) -> None:
    nothing = Backlog(announcements=0, announced_at=None, given_up=0, reviews=0, opened_at=None, moves=0)
    with ledger.transaction() as tx:
        assert backlog(tx) == nothing
        record_mail(tx, a_mail("1"))
        record_mail(tx, a_mail("2", target=""))
        first = open_item(tx, why="?", now=NOW)
        open_item(tx, why="?", now=NOW + MINUTE)
        found = backlog(tx)
        assert (found.moves, found.reviews, found.opened_at) == (1, 2, NOW)
        close_item(tx, first.id, actor="ann", resolution="", now=NOW)
        assert backlog(tx).opened_at == NOW + MINUTE


def test_totals_are_counted_on_and_are_the_same_for_one_who_begins_later(ledger: Ledger) -> None:
    early = Totals()
    with ledger.transaction() as tx:
        early.count_on(tx, NOW)
        assert not early.mails.counted
        assert not early.events.counted
        record_mail(tx, a_mail("1"))
        recorded(tx, JOE)
        early.count_on(tx, NOW)
        record_mail(tx, a_mail("2"))
        record_mail(tx, a_mail("3", kind=Kind.OTHER, mailbox="other"))
        recorded(tx, "ann@example.org")
        early.count_on(tx, NOW)
        early.count_on(tx, NOW)
        late = Totals()
        late.count_on(tx, NOW)
    assert early.mails.counted == late.mails.counted == {("bounces", "bounce"): 2, ("other", "other"): 1}
    assert early.events.counted == late.events.counted
    assert early.events.counted.total() == 2
    ((labels, _),) = early.events.counted.items()
    assert labels[0] == "bounce"
    assert labels[3] in {"true", "false"}


def test_each_tenant_sees_its_own(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ours, Ledger.open(empty_url, key=KEY, tenant=2) as theirs:
        with theirs.transaction() as tx:
            note_read(tx, "a", NOW, lag_seconds=None, stuck=0)
            record_mail(tx, a_mail())
        with ours.transaction() as tx:
            totals = Totals()
            totals.count_on(tx, NOW)
            assert (polls(tx), backlog(tx).moves, totals.mails.counted.total()) == ((), 0, 0)
            note_failure(tx, "a", NOW, error="gone")
        with theirs.reading() as tx:
            assert polls(tx)[0].failures == 0
