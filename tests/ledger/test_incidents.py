"""Is the operator told of trouble, and of the same trouble once a day?"""

from __future__ import annotations

from datetime import timedelta

from bounce_plugin.ledger.incidents import incidents, raise_incident
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.outcome import Incident
from tests.ledger.samples import NOW

HOUR = timedelta(hours=1)


def test_the_same_trouble_is_counted_and_told_once_a_day(ledger: Ledger) -> None:
    told = []
    with ledger.transaction() as tx:
        for hour in (0, 1, 23, 24, 25, 47, 48):
            raised = raise_incident(tx, key="refused", title="t", detail=f"hour {hour}", now=NOW + hour * HOUR)
            told += [hour] if raised.tell else []
        assert told == [0, 24, 48]
        assert raised.incident == Incident(
            key="refused", title="t", detail="hour 48", count=7, first_at=NOW, last_at=NOW + 48 * HOUR
        )


def test_other_trouble_is_told_by_itself(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        assert raise_incident(tx, key="category:newsleter", title="t", detail="", now=NOW).tell
        assert raise_incident(tx, key="category:" + "x" * 5000, title="t", detail="", now=NOW + HOUR).tell
        assert len(incidents(tx)) == 2
        assert [incident.last_at for incident in incidents(tx, since=NOW + HOUR)] == [NOW + HOUR]


def test_c_09_what_is_told_above_a_limit_is_only_counted_below_it(ledger: Ledger) -> None:
    told = []
    with ledger.transaction() as tx:
        for minute in range(6):
            now = NOW + minute * HOUR / 60
            if raise_incident(tx, key="forged", title="t", detail="", now=now, above=3).tell:
                told.append(minute)
            assert len(incidents(tx)) == (minute >= 3)
    assert told == [3]
