"""Does the ledger tell whether a snapshot is its own, and what was done since?"""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bounce_plugin.ledger import snapshots
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rebuild import compare, rebuild
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.ledger.snapshots import ACTS_FROM, all_stops, begun_at, count_stops, done_from, enter, stops_at_most
from bounce_plugin.policy.state import Act, Verb
from tests.ledger.samples import NOW
from tests.servers.ledgers import KEY
from tests.suppression.samples import stop

DAY = timedelta(days=1)


def entered(ledger: Ledger) -> str:
    with ledger.transaction() as tx:
        return enter(tx, NOW)


def done_since(ledger: Ledger, mark: str) -> list[str]:
    with ledger.reading() as tx:
        begun = begun_at(tx, mark)
        assert begun is not None
        return [one.fingerprint for one in done_from(tx, begun + 1, 100)]


def test_what_was_done_since_a_snapshot_was_entered(ledger: Ledger) -> None:
    stop(ledger, "before@example.org")
    mark = entered(ledger)
    assert done_since(ledger, mark) == []
    stop(ledger, "one@example.org", "two@example.org")
    assert done_since(ledger, mark) == [ledger.fingerprint("one@example.org"), ledger.fingerprint("two@example.org")]
    with ledger.reading() as tx:
        assert begun_at(tx, "0" * 32) is None


def test_old_entries_go(ledger: Ledger) -> None:
    marks = []
    for days in (0, 30, 91):
        with ledger.transaction() as tx:
            marks.append(enter(tx, NOW + days * DAY))
    with ledger.reading() as tx:
        assert [begun_at(tx, mark) is not None for mark in marks] == [False, True, True]


def test_t_22_each_tenant_has_its_own(ledger: Ledger, ledger_url: str) -> None:
    mark = entered(ledger)
    with Ledger.open(ledger_url, key=KEY, tenant=2) as other:
        with other.reading() as tx:
            assert begun_at(tx, mark) is None
        stop(other, "joe@example.org")
        assert done_since(ledger, mark) == []
        with other.reading() as tx:
            assert (count_stops(tx), [*all_stops(tx)]) == (1, [[other.fingerprint("joe@example.org")]])
        with ledger.reading() as tx:
            assert (count_stops(tx), [*all_stops(tx)]) == (0, [])


def test_all_stops_are_counted_and_named_however_many(ledger: Ledger, monkeypatch) -> None:
    addresses = [f"a{number}@example.org" for number in range(25)]
    stop(ledger, *addresses)
    monkeypatch.setattr(snapshots, "NEXT_STOPS", snapshots.NEXT_STOPS.limit(10))
    with ledger.reading() as tx:
        assert (count_stops(tx), stops_at_most(tx, 7), stops_at_most(tx, 70)) == (25, 7, 25)
        named = [name for some in all_stops(tx) for name in some]
    assert sorted(named) == sorted(map(ledger.fingerprint, addresses))


def test_acts_are_numbered_in_the_order_of_their_commits_whoever_writes(ledger: Ledger, ledger_url: str) -> None:
    """A writer that has drawn its number keeps others, and who enters a snapshot, waiting until its commit."""
    mark = entered(ledger)
    order: list[str] = []

    def write(other: Ledger, name: str) -> None:
        stop(other, f"{name}@example.org")
        order.append(name)

    with Ledger.open(ledger_url, key=KEY) as second, Ledger.open(ledger_url, key=KEY) as third:
        with ledger.transaction() as tx:
            record_acts(tx, "a@example.org", [Act(verb=Verb.SUPPRESS, at=NOW)])
            tx.flush()
            waiting = [
                threading.Thread(target=write, args=(other, other_name))
                for other, other_name in ((second, "b"), (third, "c"))
            ]
            for thread in waiting:
                thread.start()
            for thread in waiting:
                thread.join(0.2)
            assert order == []
            with Ledger.open(ledger_url, key=KEY) as reader:
                assert done_since(reader, mark) == []
        for thread in waiting:
            thread.join(30)
    assert done_since(ledger, mark) == [ledger.fingerprint(f"{name}@example.org") for name in ("a", *order)]


def test_what_is_rolled_back_leaves_no_gap_that_matters(ledger: Ledger) -> None:
    mark = entered(ledger)
    with ledger.rehearsal():
        stop(ledger, "never@example.org")
    stop(ledger, "joe@example.org")
    assert done_since(ledger, mark) == [ledger.fingerprint("joe@example.org")]


def test_rebuild_strikes_them_out_if_it_mends_anything(ledger: Ledger) -> None:
    stop(ledger, "joe@example.org")
    mark = entered(ledger)
    with ledger.transaction() as tx:
        assert rebuild(tx) == ()
        assert begun_at(tx, mark) is not None
        tx.connection.execute(text("DELETE FROM suppressions"))
        assert len(list(compare(tx, mend=False))) == 1
        assert begun_at(tx, mark) is not None
        assert len(rebuild(tx)) == 1
        assert begun_at(tx, mark) is None


def test_on_sqlite_acts_are_read_by_their_numbers_alone(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", key=KEY) as ledger, ledger.reading() as tx:
        statement = str(ACTS_FROM.compile(tx.connection.engine, compile_kwargs={"literal_binds": False}))
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (1, 0, 1, 10, 0)).all()
    assert [row[-1] for row in plan] == ["SEARCH acts USING INTEGER PRIMARY KEY (rowid>?)"]
