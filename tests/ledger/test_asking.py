"""Is a single question, asked in the driver's own words, answered as SQLAlchemy would?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import bindparam, select, text

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import suppressions
from bounce_plugin.ledger.stops import STOP, Stop, stop_of
from bounce_plugin.policy.state import Verb
from tests.ledger.samples import JOE
from tests.servers.ledgers import KEY
from tests.suppression.samples import NOW, stop

#: With a type of ours that changes what goes in, and a value of its own.
BY_RULE = select(suppressions.c.rule).where(suppressions.c.rule == bindparam("rule")).limit(1)


def test_values_come_out_with_their_types(ledger: Ledger) -> None:
    stop(ledger, JOE, verb=Verb.SUPPRESS_ALL)
    stop(ledger, "ann@example.org", verb=Verb.PAUSE, until=NOW + timedelta(days=1))
    assert stop_of(ledger, JOE) == Stop(exempt_too=True, since=NOW, until=None, rule="hard")
    pause = stop_of(ledger, "ann@example.org")
    assert pause == Stop(exempt_too=False, since=NOW, until=NOW + timedelta(days=1), rule="hard")
    with ledger.reading() as tx:
        wanted = {"tenant": 1, "fingerprint": ledger.fingerprint("ann@example.org")}
        row = tx.connection.execute(STOP, wanted).one()
    assert tuple(row)[1:] == (pause.exempt_too, pause.since, pause.until, pause.rule)
    assert [type(value) for value in row] == [type(value) for value in ledger.ask(STOP, **wanted) or ()]


def test_values_go_in_as_their_types_want_it(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        stop_in = "INSERT INTO suppressions VALUES (1, '0', false, :since, NULL, :rule)"
        tx.connection.execute(text("INSERT INTO addresses (tenant, fingerprint, same_as) VALUES (1, '0', '0')"))
        tx.connection.execute(text(stop_in), {"since": "2026-11-23 12:00:00.000000", "rule": "a\ufffdb"})
    assert ledger.ask(BY_RULE, rule="a\0b") == ("a\ufffdb",)
    assert ledger.ask(BY_RULE, rule="a") is None


def test_the_version_changes_with_any_commit_and_with_nothing_else(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url, key=KEY) as ledger, Ledger.open(url, key=KEY) as other:
        versions = [ledger.version()]
        assert stop_of(ledger, JOE) is None
        with other.rehearsal():
            stop(other, JOE)
            versions.append(ledger.version())
        versions.append(ledger.version())
        assert versions == [versions[0]] * 3
        for one in (ledger, other):
            stop(one, JOE)
            versions.append(ledger.version())
        assert len(set(versions[2:])) == 3


def test_no_version_is_told_where_it_would_cost_as_much_as_the_answer(ledger: Ledger) -> None:
    assert (ledger.version() is not None) == ("sqlite" in repr(ledger))
    with Ledger.in_memory() as other:
        assert other.version() is None


def test_the_connection_that_asks_does_not_keep_an_old_state(ledger: Ledger, ledger_url: str) -> None:
    assert stop_of(ledger, JOE) is None
    with Ledger.open(ledger_url, key=KEY) as other:
        stop(other, JOE)
        assert stop_of(ledger, JOE) is not None
        other.scrub()  # which a reader that holds on to something would hinder
