"""Is a UID free for a new mail once its own is gone, where servers may give it again?"""

from __future__ import annotations

from sqlalchemy import insert, select

from bounce_plugin.ledger.filing import Place, filed, known_uids, place_of, unfiled
from bounce_plugin.ledger.mails import conclude, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import mails
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.ledger.uids import release_uids, returned_uids
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling
from tests.ledger.samples import NOW, a_mail
from tests.servers.ledgers import KEY

MANY = 20_000


def found(tx: Transaction, uid: str, *, raw: bytes = b"", target: str = "", **where: str) -> int:
    number = record_mail(tx, a_mail(uid, uidvalidity="uidl", **where)) or 0
    conclude(tx, number, kind=Kind.BOUNCE, handling=Handling.HANDLED, why="", now=NOW, target=target, raw=raw)
    return number


def release(tx: Transaction, *there: str) -> int:
    returned = returned_uids(tx, "bounces", "inbox", "uidl", there=frozenset(there), alone="ledger")
    release_uids(tx, returned, alone="ledger")
    return len(returned)


def known(tx: Transaction) -> frozenset[str]:
    return known_uids(tx, "bounces", "inbox", "uidl")


def test_the_uid_of_a_mail_that_is_gone_is_free_and_its_record_stays(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        gone, there = found(tx, "1"), found(tx, "2")
        assert release(tx, "2") == 1
        assert known(tx) == {"2"}
        assert place_of(tx, gone).folder == ""
        assert place_of(tx, there).uid == "2"
        again = found(tx, "1")
        assert again not in {0, gone}
        assert release(tx, "2") == 1
        assert found(tx, "1")
        assert release(tx, "1", "2") == 0


def test_a_gone_mail_that_was_to_be_taken_is_in_the_ledger_and_nothing_is_due(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        taken = found(tx, "1", raw=b"octets", target="ledger")
        waiting = found(tx, "2", raw=b"octets")  # for a person, where mails stay; now it is nowhere else
        assert release(tx) == 2
        assert [place_of(tx, number).folder for number in (taken, waiting)] == ["ledger", "ledger"]
        assert unfiled(tx, "bounces") == ()


def test_a_uid_that_is_listed_though_its_mail_was_taken_is_another_mails(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        number = found(tx, "1", raw=b"octets", target="ledger")
        filed(tx, [Place(mail_id=number, folder="ledger", uidvalidity="", uid="")])
        assert release(tx, "1") == 1
        assert known(tx) == frozenset()
        assert place_of(tx, number).folder == "ledger"
        assert release(tx, "1") == 0


def test_other_mailboxes_folders_and_tenants_keep_theirs(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ours, Ledger.open(empty_url, key=KEY, tenant=2) as theirs:
        with theirs.transaction() as tx:
            found(tx, "1")
        with ours.transaction() as tx:
            found(tx, "1", mailbox="other")
            found(tx, "1", folder="review")
            assert release(tx) == 0
        with theirs.reading() as tx:
            assert known(tx) == {"1"}


def test_many_known_uids_are_looked_through_at_once(ledger: Ledger) -> None:
    uids = [f"{number:08}" for number in range(MANY)]
    with ledger.transaction() as tx:
        (row,) = tx.connection.execute(select(mails).where(mails.c.id == found(tx, "like all others"))).mappings()
        rows = [{**row, "uid": uid, "place_uid": uid} for uid in uids]
        tx.connection.execute(insert(mails), [{key: one[key] for key in one if key != "id"} for one in rows])
        assert release(tx, *uids) == 1
        assert release(tx, *uids[: MANY // 2]) == MANY // 2
        assert len(known(tx)) == MANY // 2
