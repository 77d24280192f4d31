"""Does what is kept for a quick answer always follow from the record?"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bounce_plugin.ledger.history import suppression_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rebuild import rebuild
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.ledger.stops import stop_of
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.state import Act, Verb, derive
from tests.ledger.samples import JOE, NOW
from tests.servers.ledgers import KEY

ADDRESSES = ("a@example.org", "b@example.org", "c@example.org")

an_act = st.builds(
    lambda verb, day, length, rule: Act(
        verb=verb,
        at=NOW + timedelta(days=day),
        until=NOW + timedelta(days=day + length) if verb is Verb.PAUSE else None,
        rule=rule,
        because=f"{rule} on day {day}",
    ),
    st.sampled_from(Verb),
    st.integers(0, 400),
    st.integers(0, 30),
    st.sampled_from(["hard", "full", "three"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ADDRESSES), st.lists(an_act, max_size=3)), max_size=10))
def test_i_20_rebuild_equals_what_is_stored(history: list[tuple[str, list[Act]]]) -> None:
    with Ledger.in_memory() as ledger:
        done: dict[str, list[Act]] = {address: [] for address in ADDRESSES}
        with ledger.transaction() as tx:
            for address, acts in history:
                done[address] += acts
                assert record_acts(tx, address, acts) == derive(done[address])
        with ledger.transaction() as tx:
            assert rebuild(tx) == ()
        for address, acts in done.items():
            stop, right = stop_of(ledger, address), derive(acts)
            assert (stop is None) == (right is None)
            if stop and right:
                assert (stop.exempt_too, stop.since, stop.until, stop.rule) == (
                    right.exempt_too,
                    right.since,
                    right.until,
                    right.rule,
                )


def _suppress(tx: Transaction, address: str) -> None:
    record_acts(tx, address, [Act(verb=Verb.SUPPRESS, at=NOW, rule="hard")])


def test_what_was_changed_by_hand_is_found_and_mended(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for address in ADDRESSES:
            _suppress(tx, address)
        record_acts(tx, ADDRESSES[2], [Act(verb=Verb.LIFT, at=NOW)])
        a, b, c = (tx.fingerprint(address) for address in ADDRESSES)
        tx.connection.execute(text("UPDATE suppressions SET exempt_too = true WHERE fingerprint = :a"), {"a": a})
        tx.connection.execute(text("UPDATE suppressions SET fingerprint = :c WHERE fingerprint = :b"), {"b": b, "c": c})

        found = {difference.fingerprint: difference for difference in rebuild(tx)}
        assert found.keys() == {a, b, c}
        assert found[a].stored
        assert found[a].stored.exempt_too
        assert found[b].stored is None
        assert found[b].right
        assert found[c].right is None
        assert rebuild(tx) == ()
        assert [suppression_of(tx, address) is not None for address in ADDRESSES] == [True, True, False]
    assert stop_of(ledger, ADDRESSES[2]) is None


def test_more_addresses_than_are_compared_at_once(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for number in range(1001):
            _suppress(tx, f"a{number}@example.org")
        tx.connection.execute(text("DELETE FROM suppressions"))
        assert len(rebuild(tx)) == 1001
        assert rebuild(tx) == ()


def test_other_tenants_are_left_alone(ledger_url: str) -> None:
    with Ledger.open(ledger_url, key=KEY) as one, Ledger.open(ledger_url, key=KEY, tenant=2) as two:
        with one.transaction() as tx:
            _suppress(tx, JOE)
        with two.transaction() as tx:
            assert rebuild(tx) == ()
        assert stop_of(one, JOE)
        assert stop_of(two, JOE) is None
