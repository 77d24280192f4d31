"""What if a phrase was too much before the provider to blame reached its own limit?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin.desk.rehearse import rehearse
from bounce_plugin.desk.relearn import relearn
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger import causes
from bounce_plugin.ledger.rebuild import compare
from bounce_plugin.ledger.recount import recount
from bounce_plugin.ledger.trips import TripState
from bounce_plugin.policy.breaker import Dimension
from bounce_plugin.policy.state import Verb
from tests.outage import BEGAN, ONE_STRIKE, Fail, Office, people
from tests.servers.ledgers import KEY

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOST = "mx.hoster.example"  # it is down
#: With five of that host they are twelve, and seven without the most of one provider: too many for a phrase.
OTHERS = [*people(3, "club0.example"), *people(2, "club1.example"), *people(2, "club2.example")]
MEMBERS = people(30, "member.example")
FEW = "[breaker]\nfloor = 5\n"


def fail(addresses: list[str], minute: int, host: str = "") -> list[Fail]:
    return [
        Fail(address=one, at=BEGAN + (minute + place) * MINUTE, host=host or f"mx.{one.partition('@')[2]}")
        for place, one in enumerate(addresses)
    ]


@pytest.fixture
def open_office(ledger_url: str, tmp_path: Path) -> Iterator[Callable[[], Office]]:
    opened: list[Office] = []

    def make() -> Office:
        opened.append(Office(tmp_path / "host", ONE_STRIKE + FEW, url=ledger_url, key=KEY.hex()))
        return opened[-1]

    yield make
    for office in opened:
        office.plugin.close()


@pytest.fixture
def office(open_office: Callable[[], Office]) -> Office:
    """A host of which a phrase is held that four providers use, each within its own bounds."""
    opened = open_office()
    opened.fail(fail(OTHERS, 0))
    opened.tell()  # of stops, before anything is held
    opened.fail(fail(MEMBERS[:5], 40, HOST))
    opened.tell()
    (trip,) = opened.trips()
    assert (trip.cause.dimension, opened.stopped([*OTHERS, *MEMBERS])) == (Dimension.PHRASE, set())
    return opened


def test_what_the_provider_to_blame_explains_is_let_go_of_the_others(office: Office) -> None:
    office.fail(fail(MEMBERS[5:], 60, HOST))
    office.tell()
    assert office.stopped([*OTHERS, *MEMBERS]) == set(OTHERS)
    provider, phrase = office.trips()
    assert (provider.cause.name, provider.state, provider.surge.number) == ("hoster.example", TripState.OPEN, 30)
    assert (phrase.state, phrase.actor) == (TripState.EXPLAINED, "breaker")
    assert phrase.why == "Trip 2 explains it: provider 'hoster.example' stops far more addresses than usual."
    assert [incident.key for incident in office.crm.incidents] == ["breaker:1", "breaker:2", "breaker:1:explained"]


def test_a_host_is_told_of_a_stop_that_it_was_told_was_gone(office: Office) -> None:
    again = [address for address, _ in office.crm.reached]
    assert {one.address for one in office.crm.lifted} == set(again) <= set(OTHERS)
    office.fail(fail(MEMBERS[5:], 60, HOST))
    office.tell()
    told = [address for address, _ in office.crm.reached]
    assert sorted(told) == sorted([*again, *OTHERS])


def test_I_20_what_is_kept_follows_from_the_record_and_a_rehearsal_comes_to_the_same(office: Office) -> None:
    office.fail(fail(MEMBERS[5:], 60, HOST))
    plugin = office.plugin
    with plugin.ledger.reading() as tx:
        missing = relearn(tx, plugin.settings.policy, plugin.tables.providers, mend=False)
        assert not [*compare(tx, mend=False), *recount(tx, mend=False), *missing]
    limits = plugin.settings.breaker.limits
    found = rehearse(plugin.ledger, plugin.settings.policy, office.clock.now, limits=limits)
    assert not [one for one in found if one.simulated.changes]


def test_where_the_phrase_is_too_much_all_the_same_the_rest_stays_held(office: Office) -> None:
    more = people(5, "club9.example")
    office.fail(fail(more, 50))
    office.fail(fail(MEMBERS[5:], 60, HOST))
    assert office.stopped([*OTHERS, *MEMBERS, *more]) == set()
    provider, phrase = office.trips()
    assert (provider.state, phrase.state) == (TripState.OPEN, TripState.OPEN)
    office.settle(phrase.number, TripState.RELEASED)
    assert office.stopped([*OTHERS, *MEMBERS, *more]) == {*OTHERS, *more}  # those of the provider are held by its own
    assert office.verbs(MEMBERS[0]) == [Verb.SUPPRESS, Verb.HOLD, Verb.HOLD]


def test_what_a_person_released_before_stays_released(office: Office) -> None:
    office.settle(1, TripState.RELEASED)
    office.fail(fail(MEMBERS[5:], 60, HOST))
    assert office.stopped([*OTHERS, *MEMBERS]) == {*OTHERS, *MEMBERS[:5]}
    assert [trip.state for trip in office.trips()] == [TripState.OPEN, TripState.RELEASED]


@pytest.mark.parametrize("told_before", [True, False])
def test_who_is_held_again_after_that_is_told_again_that_the_stop_is_gone(
    open_office: Callable[[], Office], told_before: bool
) -> None:
    office = open_office()
    if told_before:
        office.fail(fail(OTHERS, 0))
        office.tell()
        office.fail(fail(MEMBERS[:5], 40, HOST))
    else:
        office.fail([*fail(OTHERS, 0), *fail(MEMBERS[:5], 40, HOST)])
    office.tell()
    office.fail(fail(MEMBERS[5:], 60, HOST))
    office.tell()  # they were let go
    assert office.stopped(OTHERS) == set(OTHERS)
    more = [*people(5, "club9.example"), *people(3, "club8.example")]
    office.fail(fail(more, 100))
    office.tell()
    assert office.stopped([*OTHERS, *MEMBERS, *more]) == set()
    assert [trip.state for trip in office.trips()] == [TripState.OPEN, TripState.OPEN, TripState.EXPLAINED]
    told, lifted = [address for address, _ in office.crm.reached], [one.address for one in office.crm.lifted]
    times = 2 if told_before else 1
    assert {one: (told.count(one), lifted.count(one)) for one in OTHERS} == dict.fromkeys(OTHERS, (times, times))


def test_what_a_surge_adds_while_a_person_releases_is_released_with_the_rest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causes, "HELD_BY", causes.HELD_BY.limit(4))
    work = office.plugin.trips.settling(1, TripState.RELEASED, actor="Erna", why="they are right")
    done = work.do()
    settled = [next(done)]
    office.fail(fail(["new@club1.example", "new@club2.example"], 45))  # both are held; one sorts before what was done
    settled += list(done)
    assert office.trips()[0].state is TripState.RELEASED
    with office.plugin.ledger.reading() as tx:
        assert causes.held_by(tx, 1) == []
    assert len({one.address for one in settled}) == 14


def test_a_person_hears_that_the_breaker_settled_the_rest_while_he_released(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causes, "HELD_BY", causes.HELD_BY.limit(4))
    done = office.plugin.trips.settling(1, TripState.RELEASED, actor="Erna", why="they are right").do()
    settled = [next(done)]
    office.fail(fail(MEMBERS[5:], 60, HOST))  # now their host explains it
    with pytest.raises(NotFoundError, match=r"trip 1 was explained by breaker \(Trip 2 explains it"):
        settled += done
    assert 4 <= len(settled) < 12
    assert [trip.state for trip in office.trips()] == [TripState.OPEN, TripState.EXPLAINED]


TWO = '[policy]\npreset = "none"\n[[policy.rule]]\nname = "two"\ntypes = ["hard"]\nafter = 2\nthen = ["suppress"]\n'
CLOSED = "550 5.2.1 Mailbox disabled"


def test_of_a_stop_that_followed_from_a_failure_that_was_never_held_it_is_told_that_it_is_gone(tmp_path: Path) -> None:
    office, anna = Office(tmp_path / "host", TWO + FEW), "anna@club7.example"
    closing = [address for number in (4, 5, 6) for address in people(3, f"club{number}.example")]
    for place, one in enumerate([*OTHERS, *MEMBERS, *closing]):  # the first time
        office.fail([replace(fail([one], place)[0], at=BEGAN - (40 - place / 2) * DAY, reply="550 5.1.1 User unknown")])
    office.fail([*fail([anna], 0), *fail(OTHERS, 0), *fail(MEMBERS[:5], 40, HOST)])
    assert office.trips()[0].cause.dimension is Dimension.PHRASE
    office.fail([replace(one, reply=CLOSED) for one in fail([anna], 50)])
    office.fail(fail(MEMBERS[5:], 60, HOST))
    office.tell()
    assert office.stopped([anna]) == {anna}
    office.fail([replace(one, reply=CLOSED) for one in fail(closing, 90)])
    office.tell()
    assert office.stopped([anna]) == set()
    assert [address for address, _ in office.crm.reached].count(anna) == 1
    assert [one.address for one in office.crm.lifted].count(anna) == 1
    office.plugin.close()
