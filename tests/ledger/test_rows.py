"""Are many rows written as SQLAlchemy would write each, and are the new ones told from those that were there?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select

from bounce_plugin.ledger.filing import Place, filed
from bounce_plugin.ledger.mails import ADD_MAILS, record_mails
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.record import ADD_EVENTS, record_events
from bounce_plugin.ledger.rows import write_many
from bounce_plugin.ledger.schema import mails, polls
from bounce_plugin.mailbox.incoming import Folder
from tests.ledger.samples import NOW, a_mail, an_event

#: A row of each kind of value: text from outside, a number that may be broken, a time with a zone, nothing.
POLLS = [
    {
        "tenant": 1,
        "mailbox": f"box {number}",
        "tried_at": at,
        "read_at": read_at,
        "lag_seconds": lag,
        "stuck": number,
        "failures": 0,
        "error": error,
    }
    for number, (at, read_at, lag, error) in enumerate(
        [
            (NOW, None, 1.5, "plain"),
            (NOW.astimezone(timezone(timedelta(hours=5, minutes=30))), NOW, None, "a \0 and a \ud800"),
            (datetime(2026, 1, 1, tzinfo=UTC), NOW, 0.1, "100 % “ü” %s ? :name"),
        ]
    )
]


def test_a_row_is_what_sqlalchemy_makes_of_it(ledger: Ledger) -> None:
    written = []
    for quick in (False, True):
        with ledger.transaction() as tx:
            if quick:
                write_many(tx.connection, insert(polls), POLLS)
            else:
                tx.connection.execute(insert(polls), POLLS)
            written.append(tx.connection.execute(select(polls).order_by(polls.c.mailbox)).all())
            tx.connection.execute(polls.delete())
    assert written[0] == written[1]
    assert [row.error for row in written[1]] == ["plain", "a \ufffd and a \ufffd", "100 % “ü” %s ? :name"]


def test_a_naive_time_is_refused(ledger: Ledger) -> None:
    with ledger.transaction() as tx, pytest.raises(ValueError, match="naive"):
        write_many(tx.connection, insert(polls), [{**POLLS[0], "tried_at": datetime(2026, 1, 1)}])  # noqa: DTZ001


def test_what_a_statement_holds_itself_is_written_with_each_row(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        one, other = record_mails(tx, [a_mail("1", target="processed"), a_mail("2", target="review")])
        assert one
        assert other
        places = [Place(mail_id=number, folder=Folder.PROCESSED, uidvalidity="", uid="9") for number in (one, other)]
        filed(tx, places)  # CASE … THEN '': that is in no row
        found = tx.connection.execute(select(mails.c.place_folder, mails.c.target).order_by(mails.c.id)).all()
        assert [tuple(row) for row in found] == [("processed", ""), ("processed", "review")]


def test_I_03_only_what_is_new_is_given_back_in_order_and_once(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        first = record_mails(tx, [a_mail("1"), a_mail("2")])
        again = record_mails(tx, [a_mail("2"), a_mail("3"), a_mail("3"), a_mail("1"), a_mail("4")])
    assert None not in first
    assert [number is None for number in again] == [True, False, True, True, False]
    with ledger.transaction() as tx:
        known, new = an_event(tx), an_event(tx, message_key="mid:2@lists.example")
        assert record_events(tx, [(known, 1.0)]) == {known.id}
        assert record_events(tx, [(known, 1.0), (new, 1.0), (new, 1.0)]) == {new.id}
        assert record_events(tx, [(known, 1.0), (new, 1.0)]) == set()


def test_another_tenants_rows_are_none_of_ours(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_mails(tx, [a_mail("1")])
        tx.tenant = 2
        (other,) = record_mails(tx, [a_mail("1")])
        tx.tenant = 1
        assert record_mails(tx, [a_mail("1")]) == [None]
        assert other is not None


def test_the_new_rows_are_found_by_their_numbers_and_not_among_all_of_a_tenant() -> None:
    with Ledger.in_memory() as ledger, ledger.reading() as tx:
        for many in (ADD_MAILS, ADD_EVENTS):
            words = str(many.added.compile(dialect=tx.connection.dialect))
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", (1, 1, 1)).all()
            assert "USING INTEGER PRIMARY KEY" in plan[0][-1]
