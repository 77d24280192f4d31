"""Does what needs a person wait for one, once?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.mails import record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.review import close_item, item, item_of_mail, items, open_item, settled, waiting
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import ReviewItem
from tests.ledger.samples import JOE, NOW, a_mail


def test_an_item_is_opened_and_settled(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        mail_id = record_mail(tx, a_mail()) or 0
        opened = open_item(
            tx, why=f"{JOE}?", now=NOW, mail_id=mail_id, kind=Kind.BOUNCE, addresses=[JOE, "ann@b.example"]
        )
        assert opened == ReviewItem(
            id=opened.id,
            mail_id=mail_id,
            kind=Kind.BOUNCE,
            addresses=(JOE, "ann@b.example"),
            why=f"{JOE}?",
            opened_at=NOW,
        )
        assert items(tx) == (opened,)
        assert item_of_mail(tx, mail_id) == item(tx, opened.id) == opened

        later = NOW + timedelta(hours=1)
        settled = close_item(tx, opened.id, actor="secretary", resolution="dismissed", now=later)
        assert settled
        assert (settled.closed_at, settled.actor, settled.resolution) == (later, "secretary", "dismissed")
        assert items(tx) == ()
        assert items(tx, closed=True) == (settled,)
        assert item_of_mail(tx, mail_id) is None


def test_only_the_first_of_two_people_settles_an_item(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        opened = open_item(tx, why="?", now=NOW)
        assert close_item(tx, opened.id, actor="ann", resolution="a", now=NOW)
        assert close_item(tx, opened.id, actor="bob", resolution="b", now=NOW) is None
        assert item(tx, opened.id).actor == "ann"


def test_a_mail_has_one_open_item(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        mail_id = record_mail(tx, a_mail()) or 0
        first = open_item(tx, why="first", now=NOW, mail_id=mail_id)
        assert open_item(tx, why="second", now=NOW, mail_id=mail_id) == first
        close_item(tx, first.id, actor="ann", resolution="", now=NOW)
        assert open_item(tx, why="third", now=NOW, mail_id=mail_id).why == "third"
        assert open_item(tx, why="no mail", now=NOW).id != open_item(tx, why="no mail", now=NOW).id


def test_what_does_not_exist_is_named(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        with pytest.raises(NotFoundError, match="no review item 9"):
            item(tx, 9)
        with pytest.raises(NotFoundError, match="no review item 9"):
            close_item(tx, 9, actor="ann", resolution="", now=NOW)


def test_the_oldest_waits_first_and_the_newest_settled_is_first(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        numbers = [open_item(tx, why=str(number), now=NOW).id for number in range(4)]
        assert [one.id for one in items(tx, limit=3)] == numbers[:3]
        for number in numbers:
            close_item(tx, number, actor="ann", resolution="", now=NOW + timedelta(minutes=number))
        assert [one.id for one in items(tx, closed=True, limit=2)] == numbers[:-3:-1]


def test_what_waits_and_what_is_settled_is_counted_not_listed(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        opened = [open_item(tx, why=f"{number}", now=NOW) for number in range(130)]
        close_item(tx, opened[0].id, actor="Erna", resolution="dismissed", now=NOW)
        assert (waiting(tx), settled(tx)) == (129, 1)


@pytest.mark.parametrize("number", [0, -1, 1 << 63, 1 << 70])
def test_an_item_of_an_impossible_number_is_not_there(ledger: Ledger, number: int) -> None:
    with ledger.reading() as tx, pytest.raises(NotFoundError, match=f"there is no review item {number}"):
        item(tx, number)
