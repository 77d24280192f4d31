"""Is it remembered which canaries were sent, and which of them were reported?"""

from __future__ import annotations

from datetime import datetime, timedelta

from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.canaries import Canary
from bounce_plugin.ledger.mails import record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.transaction import Transaction
from tests.ledger.samples import NOW, a_mail
from tests.servers.ledgers import KEY

HOUR = timedelta(hours=1)
DEAD = "nobody.at.all@dead.example"


def sent(tx: Transaction, number: int, at: datetime = NOW, address: str = DEAD) -> Canary:
    """One that a mail server took, and that is due four hours later."""
    return canaries.await_report(tx, canaries.write_down(tx, f"{number:032x}", address, at), at + 4 * HOUR)


def reported(tx: Transaction, canary: Canary, at: datetime, uid: str = "1") -> Canary | None:
    return canaries.come(tx, canary, mail_id=record_mail(tx, a_mail(uid)) or 0, now=at)


def test_a_canary_is_found_as_it_was_sent_and_by_its_own_token_alone(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        canary = sent(tx, 1)
    with ledger.reading() as tx:
        assert canaries.by_token(tx, canary.token) == canary
        assert canary.due_at == NOW + 4 * HOUR
        assert canaries.by_token(tx, f"{2:032x}") is None
        assert canaries.latest(tx) == (canary,)
        assert canaries.by_address(tx, ledger.fingerprint(DEAD.upper())) == canary, "however it is spelt"


def test_one_that_no_mail_server_has_taken_is_not_awaited_and_is_known_all_the_same(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        canary = canaries.write_down(tx, "a" * 32, DEAD, NOW)
        assert canaries.miss(tx, NOW + 99 * HOUR) == canaries.overdue(tx, NOW + 99 * HOUR) == ()
        assert canaries.by_address(tx, canary.fingerprint) is None
        assert canaries.latest(tx) == ()
        assert canaries.by_token(tx, "a" * 32) == canary
        assert reported(tx, canary, NOW + HOUR)


def test_the_first_report_is_the_one_that_counts(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        canary = sent(tx, 1)
        came = reported(tx, canary, NOW + HOUR)
        assert came is not None
        assert (came.took, came.late) == (HOUR, False)
        assert reported(tx, canary, NOW + 2 * HOUR, "2") is None
        assert canaries.by_token(tx, canary.token) == canaries.last_that_came(tx) == came
        assert canaries.by_address(tx, canary.fingerprint) is None, "none is awaited"


def test_one_is_found_missing_once_and_not_before_its_time(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        canary = sent(tx, 1)
    for hours, found in ((0, False), (4, False), (4.01, True)):
        with ledger.reading() as tx:
            assert canaries.is_any_missing(tx, NOW + hours * HOUR) is found
    with ledger.transaction() as tx:
        assert [missed.token for missed in canaries.miss(tx, NOW + 5 * HOUR)] == [canary.token]
        assert canaries.miss(tx, NOW + 6 * HOUR) == ()
        assert not canaries.is_any_missing(tx, NOW + 6 * HOUR)
        (still,) = canaries.overdue(tx, NOW + 6 * HOUR)
        assert still.missed_at == NOW + 5 * HOUR
        late = reported(tx, still, NOW + 7 * HOUR)
        assert late is not None
        assert late.late
        assert canaries.overdue(tx, NOW + 8 * HOUR) == ()


def test_one_of_last_month_is_not_overdue_any_more_once_a_later_one_came(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        old, later, newest = sent(tx, 1), sent(tx, 2, NOW + HOUR), sent(tx, 3, NOW + 2 * HOUR)
        assert canaries.overdue(tx, NOW + 9 * HOUR) == (old, later, newest)
        reported(tx, later, NOW + 3 * HOUR)
        assert canaries.overdue(tx, NOW + 9 * HOUR) == (newest,)
        assert canaries.miss(tx, NOW + 9 * HOUR) != (), "each is told once, whatever came after it"


def test_by_the_address_the_one_that_is_awaited_longest_comes_first_and_what_was_given_up_last(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        given_up = [sent(tx, number, NOW + number * HOUR) for number in (1, 2)]
        for number in (5.5, 6.5):
            canaries.miss(tx, NOW + number * HOUR)
        awaited = [sent(tx, number, NOW + number * HOUR) for number in (7, 8)]
        sent(tx, 9, address="somebody.else@dead.example")
        order = []
        while canary := canaries.by_address(tx, ledger.fingerprint(DEAD)):
            order.append(canary.token)
            reported(tx, canary, NOW + 9 * HOUR, str(len(order)))
        assert order == [one.token for one in (*awaited, *reversed(given_up))]


def test_another_tenants_canaries_are_not_ours(empty_url: str) -> None:
    with (
        Ledger.open(empty_url, key=KEY) as ours,
        Ledger.open(empty_url, key=KEY, tenant=2) as theirs,
    ):
        with theirs.transaction() as tx:
            canary = sent(tx, 1)
        late = NOW + 9 * HOUR
        with ours.transaction() as tx:
            assert canaries.by_token(tx, canary.token) is canaries.by_address(tx, canary.fingerprint) is None
            assert canaries.come(tx, canary, mail_id=0, now=late) is None
            assert canaries.miss(tx, late) == canaries.overdue(tx, late) == canaries.latest(tx) == ()
            assert not canaries.is_any_missing(tx, late)
            mine = sent(tx, 1)
            reported(tx, mine, NOW + HOUR)
        with theirs.reading() as tx:
            assert canaries.overdue(tx, late) == (canary,)
            assert canaries.last_that_came(tx) is None
