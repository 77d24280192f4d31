"""Are mails kept as long as they are needed, and no longer?"""

from __future__ import annotations

from datetime import datetime, timedelta

from bounce_plugin.ledger.filing import Place, filed
from bounce_plugin.ledger.mails import conclude, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.raw import raw_of, remove_raw
from bounce_plugin.ledger.review import close_item, open_item
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling
from tests.ledger.ages import make_older
from tests.ledger.samples import NOW, a_mail
from tests.servers.ledgers import KEY

DAY = timedelta(days=1)


def kept(tx: Transaction, uid: str, since: datetime, *, target: str = "review") -> int:
    number = record_mail(tx, a_mail(uid)) or 0
    conclude(
        tx, number, kind=Kind.BOUNCE, handling=Handling.REVIEW, why="Who?", now=since, target=target, raw=uid.encode()
    )
    return number


def test_octets_go_after_their_time_and_facts_stay(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        old, new = kept(tx, "1", NOW - 31 * DAY), kept(tx, "2", NOW - 29 * DAY)
        item = open_item(tx, why="Who?", now=NOW - 31 * DAY, mail_id=old)
        assert remove_raw(tx, before=NOW - 30 * DAY, alone="ledger") == 1
        assert (raw_of(tx, old), raw_of(tx, new), raw_of(tx, 99)) == (b"", b"2", b"")
        assert remove_raw(tx, before=NOW - 30 * DAY, alone="ledger") == 0
        assert close_item(tx, item.id, actor="ann", resolution="dismissed", now=NOW)


def test_octets_that_are_nowhere_else_stay_while_somebody_waits_for_them(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        settled, waiting, intended = (kept(tx, uid, NOW - 31 * DAY, target="ledger") for uid in "123")
        open_item(tx, why="Who?", now=NOW - 31 * DAY, mail_id=waiting)
        filed(tx, [Place(mail_id=number, folder="ledger", uidvalidity="", uid="") for number in (settled, waiting)])
        assert remove_raw(tx, before=NOW - 30 * DAY, alone="ledger") == 1
        assert (raw_of(tx, settled), raw_of(tx, waiting), raw_of(tx, intended)) == (b"", b"2", b"3")


def test_octets_of_other_tenants_stay(empty_url: str) -> None:
    with (
        Ledger.open(empty_url, key=KEY) as ours,
        Ledger.open(empty_url, key=KEY, tenant=2) as theirs,
    ):
        with theirs.transaction() as tx:
            number = kept(tx, "1", NOW - 31 * DAY)
        with ours.transaction() as tx:
            assert remove_raw(tx, before=NOW, alone="ledger") == 0
        with theirs.reading() as tx:
            assert raw_of(tx, number) == b"1"


def test_mails_of_an_earlier_version_are_kept_since_they_were_put_before_a_person(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ledger, ledger.transaction() as tx:
        asked, only_read = kept(tx, "1", NOW), kept(tx, "2", NOW)
        open_item(tx, why="Who?", now=NOW + DAY, mail_id=asked)
        make_older(tx, "0002")
    with Ledger.open(empty_url, key=KEY) as ledger, ledger.transaction() as tx:
        assert remove_raw(tx, before=NOW + DAY, alone="ledger") == 1
        assert (raw_of(tx, asked), raw_of(tx, only_read)) == (b"1", b"")
