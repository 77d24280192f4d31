"""Does the ledger know what is held, on each kind of database?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite

from bounce_plugin.desk.rehearse import rehearse
from bounce_plugin.desk.relearn import relearn
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.causes import State, extent_of, failures_to, held_among, held_by
from bounce_plugin.ledger.counting import AT_MOST, HISTORY, NUMBERS, WINDOW, counting_of
from bounce_plugin.ledger.everyone import everyone
from bounce_plugin.ledger.past import past_events, past_of
from bounce_plugin.ledger.rebuild import compare
from bounce_plugin.ledger.recount import recount
from bounce_plugin.ledger.trips import TripState, open_trips, trip_by_number
from bounce_plugin.ledger.volumes import volumes_of
from bounce_plugin.policy.breaker import Cause, Dimension
from bounce_plugin.policy.presets import Preset, build_policy
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Office, people, spread
from tests.servers.ledgers import KEY

DAY = timedelta(days=1)
MEMBERS = people(30, "gmail.com")
CLUB = [f"anna@club{number}.example" for number in range(4)]
SMALL = "[breaker]\nfloor = 5\n"


@pytest.fixture
def office(ledger_url: str, tmp_path: Path) -> Iterator[Office]:
    """A host of which Gmail refused everybody for some hours, beside four ordinary failures."""
    opened = Office(tmp_path / "host", ONE_STRIKE + SMALL, url=ledger_url, key=KEY.hex())
    opened.send([*MEMBERS, *CLUB], BEGAN)
    opened.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED), batch=7)
    opened.fail(spread(CLUB, "mx.club.example", BEGAN, LASTED))
    yield opened
    opened.plugin.close()


def is_as_recorded(office: Office) -> bool:
    with office.plugin.ledger.reading() as tx:
        missing = relearn(tx, office.plugin.settings.policy, office.plugin.tables.providers, mend=False)
        return not [*compare(tx, mend=False), *recount(tx, mend=False), *missing]


def test_I_20_what_is_kept_follows_from_the_record_however_a_trip_is_settled(office: Office) -> None:
    assert is_as_recorded(office)
    office.plugin.lift(MEMBERS[3], actor="Erna", why="she called")
    assert is_as_recorded(office)
    office.settle(1, TripState.RELEASED)
    assert is_as_recorded(office)
    with office.plugin.ledger.reading() as tx:
        states = [one.state for person in everyone(tx) for one in failures_to(tx, [person.fingerprint]).values()]
    assert {state: states.count(state) for state in states} == {State.RELEASED: 29, State.UNDONE: 1, State.COUNTS: 4}


def test_what_was_changed_by_hand_is_found_and_mended(office: Office) -> None:
    with office.plugin.ledger.transaction() as tx:
        tx.connection.execute(text("UPDATE causes SET state = 'counts', trip = NULL WHERE provider = 'google'"))
        tx.connection.execute(text("UPDATE causes SET state = 'held', trip = 1 WHERE provider = 'club.example'"))
    with office.plugin.ledger.transaction() as tx:
        found = list(recount(tx, mend=True))
    assert len(found) == len(MEMBERS) + len(CLUB)
    assert {(one.stored, one.right) for one in found} == {(State.COUNTS, State.HELD), (State.HELD, State.COUNTS)}
    assert is_as_recorded(office)


def test_a_ledger_that_is_older_than_the_breaker_learns_its_history_from_the_events(office: Office) -> None:
    plugin = office.plugin
    office.settle(1, TripState.RELEASED)
    office.fail(spread(MEMBERS[:9], GMAIL, BEGAN + 4 * DAY, LASTED))  # stopped already
    plugin.lift(CLUB[0], actor="Erna", why="she called")  # what was forgiven is not learnt again

    def known() -> list[tuple[object, ...]]:
        with plugin.ledger.reading() as tx:
            wanted = text("SELECT * FROM causes WHERE provider = 'google' ORDER BY event")
            return [tuple(row) for row in tx.connection.execute(wanted)]

    before = known()
    with plugin.ledger.transaction() as tx:
        tx.connection.execute(text("DELETE FROM causes"))
    assert not is_as_recorded(office)
    with plugin.ledger.transaction() as tx:
        found = dict(relearn(tx, plugin.settings.policy, plugin.tables.providers, mend=True))
        assert found.pop(tx.fingerprint(MEMBERS[0])) == 2
        assert sorted(found.values()) == [1] * 24 + [2] * 8
    assert is_as_recorded(office)
    assert [row[:8] for row in known()] == [row[:8] for row in before]  # but for by which trip they were held


def test_what_is_held_does_not_count_and_is_not_lost(office: Office) -> None:
    with office.plugin.ledger.reading() as tx:
        past = past_of(tx, tx.fingerprint(MEMBERS[0]))
        assert (len(past.events), len(past.held)) == (0, 1)
        assert past_events(tx, MEMBERS[0]) == ()
        assert held_among(tx, [past.held[0].id, "no such"]) == {past.held[0].id}
        extent = extent_of(tx, 1)
        assert (extent.failures, extent.addresses, extent.first) == (30, 30, BEGAN)
        assert len(held_by(tx, 1)) == 30
        google = Cause(dimension=Dimension.PROVIDER, name="google")
        assert counting_of(tx, google, BEGAN - DAY, BEGAN + DAY) == {}
        assert [trip.number for trip in open_trips(tx)] == [1]
        with pytest.raises(NotFoundError):
            trip_by_number(tx, 2)
    office.settle(1, TripState.RELEASED)
    with office.plugin.ledger.reading() as tx:
        assert len(past_events(tx, MEMBERS[0])) == 1


def test_what_is_sent_is_counted_once_by_day_and_provider(office: Office) -> None:
    office.send([*MEMBERS, *CLUB], BEGAN)  # the same deliveries once more
    office.send(MEMBERS[:5], BEGAN + DAY)
    day = BEGAN.date()
    with office.plugin.ledger.reading() as tx:
        to_google, to_a_club, to_all = (
            volumes_of(tx, cause, day - DAY, day + 9 * DAY)
            for cause in (
                Cause(dimension=Dimension.PROVIDER, name="google"),
                Cause(dimension=Dimension.PROVIDER, name="club2.example"),
                Cause(dimension=Dimension.PHRASE, name="status:5.1.1"),
            )
        )
        assert (to_google, to_a_club, to_all) == ({day: 30, day + DAY: 5}, {day: 1}, {day: 34, day + DAY: 5})
        assert volumes_of(tx, Cause(dimension=Dimension.PROVIDER, name="google"), day + DAY, day + DAY) == {
            day + DAY: 5
        }


def test_a_rehearsal_with_the_same_rules_and_breaker_changes_nothing_and_without_it_says_who_would_be_stopped(
    office: Office,
) -> None:
    plugin, now = office.plugin, office.clock.now
    limits = plugin.settings.breaker.limits
    same = list(rehearse(plugin.ledger, plugin.settings.policy, now, limits=limits))
    assert len(same) == 34
    assert not [one for one in same if one.simulated.changes]
    assert sum(one.simulated.held for one in same) == 30
    without = {one.address for one in rehearse(plugin.ledger, plugin.settings.policy, now) if one.simulated.changes}
    assert without == set(MEMBERS)
    careful = rehearse(plugin.ledger, build_policy(preset=Preset.CAREFUL), now, limits=limits)
    assert {one.address for one in careful if one.simulated.after} == set(CLUB)


def test_t_23_a_person_who_is_erased_is_settled_without_a_name(office: Office) -> None:
    office.plugin.erase(MEMBERS[0])
    with office.plugin.ledger.reading() as tx:
        rows = str(tx.connection.execute(text("SELECT * FROM causes")).all())
    assert "p0@" not in rows
    settled = office.settle(1, TripState.RELEASED)
    assert [one.address for one in settled].count("") == 1
    assert office.plugin.should_suppress(MEMBERS[0], "newsletter")


@pytest.mark.parametrize(
    "statements", [NUMBERS, AT_MOST, WINDOW, HISTORY], ids=["numbers", "at most", "window", "history"]
)
def test_which_trips_there_are_is_asked_once_and_not_for_each_failure(
    statements: Mapping[Dimension, Select[Any]],
) -> None:
    """With a trip for each of 400 providers one question took 0.3 s for 12,000 failures, and 5 ms since."""
    for statement in statements.values():
        assert "trips.tenant = causes.tenant" not in str(statement.compile(dialect=sqlite.dialect()))
