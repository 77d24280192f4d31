"""Is each mail remembered once, and is it known where it is and where it must go?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.filing import Move, Place, filed, intend, known_uids, lost, placed, unfiled
from bounce_plugin.ledger.mails import conclude, mail_by_id, mails_of_content, outcome_of, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.raw import raw_of
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome
from tests.ledger.samples import NOW, a_mail, recorded

VALIDITY = "1700000000"


def record(tx: Transaction, uid: str = "1", **changes: object) -> int:
    number = record_mail(tx, a_mail(uid, **changes))
    assert number
    return number


def test_a_mail_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number = record(tx)
        assert mail_by_id(tx, number) == replace(a_mail(), id=number)
        with pytest.raises(NotFoundError, match="no mail 99"):
            mail_by_id(tx, 99)


def test_i_02_a_mail_that_is_recorded_is_not_recorded_again(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record(tx)
        assert record_mail(tx, a_mail()) is None
        for other in ({"uid": "2"}, {"uidvalidity": "2"}, {"folder": "review"}, {"mailbox": "other"}):
            record(tx, **other)


def test_i_04_known_uids_are_those_of_one_uidvalidity(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for uid in ("1", "2", "30"):
            record(tx, uid)
        assert known_uids(tx, "bounces", "inbox", VALIDITY) == {"1", "2", "30"}
        assert known_uids(tx, "bounces", "inbox", "1800000000") == frozenset()
        assert known_uids(tx, "bounces", "review", VALIDITY) == frozenset()
        assert known_uids(tx, "other", "inbox", VALIDITY) == frozenset()


def test_i_11_a_mail_that_stays_behind_after_its_move_is_still_known(ledger: Ledger) -> None:
    # Without UIDPLUS the source stays in the inbox, flagged \Deleted, until its owner expunges it.
    with ledger.transaction() as tx:
        number = record(tx)
        filed(tx, [Place(mail_id=number, folder="processed", uidvalidity="5", uid="77")])
        assert known_uids(tx, "bounces", "inbox", VALIDITY) == {"1"}
        assert known_uids(tx, "bounces", "processed", "5") == {"77"}


def test_conclude(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number = record(tx, target="", handling=Handling.LEFT)
        conclude(
            tx,
            number,
            kind=Kind.OTHER,
            handling=Handling.REVIEW,
            why="Who is it?",
            now=NOW,
            target="review",
            raw=b"From: \xff\0",
        )
        mail = mail_by_id(tx, number)
        assert (mail.kind, mail.handling, mail.why, mail.target) == (
            Kind.OTHER,
            Handling.REVIEW,
            "Who is it?",
            "review",
        )
        assert raw_of(tx, number) == b"From: \xff\0"
        conclude(tx, number, kind=Kind.OTHER, handling=Handling.HANDLED, why="dismissed", now=NOW, target="processed")
        assert raw_of(tx, number) == b""


def test_the_outcome_that_people_are_told(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number = record(tx)
        events = tuple(recorded(tx, f"{name}@example.org", mail_id=number).id for name in "ab")
        recorded(tx, "c@example.org")
        assert outcome_of(tx, number) == MailOutcome(
            mail_id=number,
            mailbox="bounces",
            kind=Kind.BOUNCE,
            handling=Handling.HANDLED,
            why="joe@example.org failed.",
            events=events,
            received_at=NOW,
        )


def test_a_mail_that_comes_back_is_recognised_by_its_octets(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        first = record(tx, "1", content_sha256="a" * 64)
        record(tx, "2", content_sha256="b" * 64)
        again = record(tx, "3", content_sha256="a" * 64)
        record(tx, "4", content_sha256="a" * 64, mailbox="other")
        assert [mail.id for mail in mails_of_content(tx, "bounces", "a" * 64)] == [first, again]
        assert mails_of_content(tx, "bounces", "c" * 64) == ()


def test_an_intent_waits_until_it_is_carried_out(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number = record(tx)
        record(tx, "2", target="")
        record(tx, "3", mailbox="other")
        move = Move(
            mail_id=number,
            mailbox="bounces",
            source="inbox",
            uidvalidity=VALIDITY,
            uid="1",
            target="processed",
            content_sha256="1".rjust(64, "0"),
        )
        assert unfiled(tx, "bounces") == (move,)
        filed(tx, [Place(mail_id=number, folder="processed", uidvalidity="5", uid="77")])
        assert unfiled(tx, "bounces") == ()
        assert placed(tx, "bounces", "processed") == (
            Place(mail_id=number, folder="processed", uidvalidity="5", uid="77"),
        )


def test_an_intent_that_changed_during_the_move_is_kept(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number = record(tx, target="review")
        (move,) = unfiled(tx, "bounces")
        intend(tx, number, "processed")  # a person was quicker than the move
        filed(tx, [Place(mail_id=number, folder=move.target, uidvalidity="6", uid="8")])
        assert [(left.source, left.uid, left.target) for left in unfiled(tx, "bounces")] == [
            ("review", "8", "processed")
        ]


def test_an_intent_is_taken_back(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        intend(tx, record(tx), "")
        assert unfiled(tx, "bounces") == ()


def test_a_mail_that_is_gone_is_intended_nowhere(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number, other = record(tx), record(tx, "2")
        lost(tx, [number])
        assert [move.mail_id for move in unfiled(tx, "bounces")] == [other]
        assert [place.mail_id for place in placed(tx, "bounces", "inbox")] == [other]
        assert mail_by_id(tx, number).why == "joe@example.org failed."
        filed(tx, [])
        lost(tx, [])
