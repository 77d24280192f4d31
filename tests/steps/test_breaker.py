"""T-05: what if a provider suddenly refuses thousands of mailboxes that exist?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import Contact
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.trips import TripState
from bounce_plugin.policy.breaker import Dimension
from bounce_plugin.policy.state import Verb
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Fail, Office, people, spread

DAY = timedelta(days=1)
SIGNING = """
[trust]
require = "signed"
bounce_domain = "bounces.crm.example"
[[trust.key]]
number = 1
file = "trust-1.key"
"""
SMALL = "[breaker]\nfloor = 5\n"
MEMBERS = people(60, "gmail.com")
OTHERS = [f"q{number}@d{number}.example" for number in range(60)]

_HALVES = [(slice(0, 30), 0), (slice(30, 60), 3)]
Open = Callable[..., Office]


@pytest.fixture
def open_office(tmp_path: Path) -> Iterator[Open]:
    """Opens hosts, each with a ledger of its own."""
    opened: list[Office] = []

    def make(more: str = ONE_STRIKE) -> Office:
        opened.append(Office(tmp_path / str(len(opened)), more))
        return opened[-1]

    yield make
    for office in opened:
        office.plugin.close()


def ordinary(number: int, begin=BEGAN, length: timedelta = LASTED) -> list[Fail]:
    """Failures of so many addresses, each at a provider of its own."""
    step = length / number
    return [
        Fail(address=one, at=begin + step * place, host=f"mx.{one.partition('@')[2]}")
        for place, one in enumerate(OTHERS[:number])
    ]


def in_order(*failures: list[Fail]) -> list[Fail]:
    return sorted((one for some in failures for one in some), key=lambda one: one.at)


def test_t_05_500_signed_refusals_from_one_mx_in_ten_minutes_stop_nobody(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SIGNING)
    addresses = people(500, "customer.example")
    contacts = [Contact(id=address, address=address) for address in addresses]
    failures = [
        Fail(
            address=contact.address,
            at=BEGAN + timedelta(seconds=1.2 * number),
            host="mx3.hoster.example",
            to=path.address,
            message=path.message_id,
        )
        for number, (contact, path) in enumerate(
            zip(contacts, office.plugin.return_paths(contacts, "news", "newsletter"), strict=True)
        )
    ]
    office.fail(failures)
    office.tell()
    assert len(office.stopped(addresses)) == 0  # 20 would be allowed
    (trip,) = office.trips()
    assert (trip.cause.dimension, trip.cause.name, trip.surge.number) == (Dimension.PROVIDER, "hoster.example", 500)
    (incident,) = office.crm.incidents
    assert incident.key == "breaker:1"
    assert "the limit is 20" in incident.detail
    with office.plugin.ledger.reading() as tx:  # recording went on
        assert all(event.counts for address in addresses for event in events_of(tx, address))


def test_t_05_december_2020_stops_nobody_at_gmail_and_the_others_as_usual(open_office: Open) -> None:
    """A twentieth of 110,000 contacts and 8,000 refusals within 6.7 hours; in full size see tests/soak."""
    office = open_office()
    contacts = people(2000, "gmail.com")
    office.send([*contacts, *people(3500, "example.org")], BEGAN)
    learned = office.fail(in_order(spread(contacts[:400], GMAIL, BEGAN, LASTED), ordinary(15)))
    office.tell()
    assert office.stopped(contacts) == set()
    assert office.stopped(OTHERS) == set(OTHERS[:15])
    (trip,) = office.trips()
    assert (trip.cause.name, trip.surge.number, trip.surge.limit, trip.surge.more_sent) == ("google", 400, 40, 2000)
    assert [incident.key for incident in office.crm.incidents] == ["breaker:1"]
    assert sorted(address for address, _ in office.crm.reached) == sorted(OTHERS[:15])
    assert office.crm.lifted == []  # nobody was told of a stop before
    assert learned[-1].details[0].endswith("address_unknown, counts; suppress; held by the breaker")


def test_an_outage_of_a_provider_that_gets_much_mail_each_day_is_one_by_its_own_history(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    contacts, gone = people(600, "gmail.com"), [f"gone{number}@gmail.com" for number in range(4)]
    for days, address in zip((5, 4, 3, 2), gone, strict=True):
        office.send(contacts, BEGAN - days * DAY)
        office.fail([Fail(address=address, at=BEGAN - days * DAY, host=GMAIL)])
    office.send(contacts, BEGAN - DAY)
    office.send(contacts, BEGAN)
    office.fail(spread(contacts[:20], GMAIL, BEGAN, LASTED))  # a share of what was sent of late would be 24
    office.tell()
    assert office.stopped([*contacts, *gone]) == set(gone)
    (incident,) = office.crm.incidents
    assert "the limit is 5: so many are never too many (`floor`), and 1 was the most within a window" in incident.detail


@pytest.mark.parametrize("days", [30, 100])
def test_a_letter_every_three_months_has_a_history_of_its_own(open_office: Open, days: int) -> None:
    office = open_office(ONE_STRIKE + SMALL + f"history_days = {days}\n")
    office.fail(spread(MEMBERS[:30], GMAIL, BEGAN - 92 * DAY, LASTED))
    office.settle(1, TripState.RELEASED)
    office.fail(spread(MEMBERS[30:], GMAIL, BEGAN, LASTED))
    assert len(office.trips()) == (1 if days == 100 else 2)


def test_as_many_of_many_providers_within_their_history_are_stopped(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    for week in (3, 2, 1):
        begin = BEGAN - 7 * week * DAY
        addresses = [f"w{week}-{number}@e{number}.example" for number in range(20)]
        office.fail([Fail(address=one, at=begin, host=f"mx.{one.partition('@')[2]}") for one in addresses])
        for trip in office.trips():  # the first time nobody could know
            if trip.state is TripState.OPEN:
                office.settle(trip.number, TripState.RELEASED)
    known = len(office.trips())
    office.fail(ordinary(50))
    assert office.stopped(OTHERS) == set(OTHERS[:50])
    assert len(office.trips()) == known


@pytest.mark.parametrize(("order", "batch"), [("as they came", 1), ("backwards", 7), ("shuffled", 1), ("shuffled", 60)])
def test_neither_the_order_of_mails_nor_the_batches_make_a_difference(
    open_office: Open, order: str, batch: int
) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    failures = in_order(
        spread(MEMBERS[:30], GMAIL, BEGAN, timedelta(hours=40)), ordinary(12, BEGAN, timedelta(hours=90))
    )
    if order == "backwards":
        failures.reverse()
    elif order == "shuffled":
        random.Random(batch).shuffle(failures)
    office.fail(failures, batch=batch, at=BEGAN + 10 * DAY)
    assert office.stopped(MEMBERS) == set()
    assert office.stopped(OTHERS) == set(OTHERS[:12])
    (trip,) = office.trips()
    assert (trip.cause.name, trip.surge.last) == ("google", max(one.at for one in failures if one.host == GMAIL))


@pytest.mark.parametrize("batch", [30, 60])
def test_two_outages_of_one_provider_are_two_also_where_they_are_read_together(open_office: Open, batch: int) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    first, second = (spread(MEMBERS[half], GMAIL, BEGAN + days * DAY, DAY / 48) for half, days in _HALVES)
    office.fail([*first, *second], batch=batch, at=BEGAN + 4 * DAY)
    assert office.stopped(MEMBERS) == set()  # what the first would have stopped is not usual for the second
    assert [trip.surge.number for trip in office.trips()] == [30, 30]


def test_t_26_a_backlog_that_is_read_late_is_no_surge(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    month = spread(MEMBERS, GMAIL, BEGAN - 30 * DAY, 30 * DAY)  # two a day
    office.fail(month, batch=60, at=BEGAN + DAY)
    assert office.trips() == ()
    assert office.stopped(MEMBERS) == set(MEMBERS)


def test_no_strike_of_an_outage_stays_behind(open_office: Open) -> None:
    # one address in ten has failed twice before: the outage would have been the third time
    office = open_office('[policy]\npreset = "three-strikes"\n' + SMALL)
    weak = MEMBERS[::5]
    for week in (3, 2):
        office.fail(spread(weak, GMAIL, BEGAN - 7 * week * DAY, DAY / 2))
    assert office.trips() == ()
    office.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    assert office.stopped(MEMBERS) == set()
    assert {tuple(office.verbs(one)) for one in set(MEMBERS) - set(weak)} == {(Verb.HOLD,)}
    office.settle(1, TripState.DISCARDED)
    office.fail(spread(MEMBERS, GMAIL, BEGAN + 60 * DAY, DAY / 2))
    assert office.stopped(set(MEMBERS) - set(weak)) == set()


def test_when_a_whole_window_is_within_bounds_again_failures_act_as_usual(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    office.fail(spread(MEMBERS[:20], GMAIL, BEGAN, timedelta(hours=1)))
    still, after = MEMBERS[30], MEMBERS[31]
    office.fail([Fail(address=still, at=BEGAN + timedelta(hours=20), host=GMAIL)])
    office.fail([Fail(address=after, at=BEGAN + timedelta(hours=30), host=GMAIL)])
    assert office.stopped(MEMBERS) == {after}
    assert office.trips()[0].state is TripState.OPEN  # what was held stays so


def test_what_is_released_stands_as_if_there_were_no_breaker(open_office: Open) -> None:
    failures = in_order(spread(MEMBERS, GMAIL, BEGAN, LASTED), spread(MEMBERS[:9], GMAIL, BEGAN + 4 * DAY, DAY / 4))
    with_it, without = open_office(SMALL), open_office("[breaker]\nenabled = false\n")
    for office in (with_it, without):
        office.fail(failures)
    assert with_it.states(MEMBERS) != without.states(MEMBERS)
    for trip in with_it.trips():
        with_it.settle(trip.number, TripState.RELEASED)
    assert with_it.states(MEMBERS) == without.states(MEMBERS)
    assert without.trips() == ()
    assert {trip.state for trip in with_it.trips()} == {TripState.RELEASED}


def test_what_is_discarded_is_as_if_it_had_never_come(open_office: Open) -> None:
    office, spared = open_office(SMALL), open_office(SMALL)
    before, after = spread(MEMBERS[:5], GMAIL, BEGAN - 5 * DAY, DAY), spread(MEMBERS[:4], GMAIL, BEGAN + 4 * DAY, DAY)
    office.fail(in_order(before, spread(MEMBERS, GMAIL, BEGAN, LASTED)))
    office.settle(1, TripState.DISCARDED)
    office.fail(after)
    spared.fail(in_order(before, after))
    assert office.states(MEMBERS) == spared.states(MEMBERS) != {}
    assert len(office.trips()) == 1


def test_an_outage_that_goes_on_after_it_was_discarded_is_held_as_another(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    office.fail(spread(MEMBERS[:20], GMAIL, BEGAN, timedelta(hours=1)))
    office.settle(1, TripState.DISCARDED)
    office.fail(spread(MEMBERS[20:23], GMAIL, BEGAN + timedelta(hours=2), timedelta(hours=1)))
    assert office.stopped(MEMBERS) == set()
    assert [(trip.number, trip.state) for trip in office.trips()] == [(2, TripState.OPEN), (1, TripState.DISCARDED)]


def test_no_strike_of_an_outage_that_goes_on_after_it_was_discarded_stays_behind(open_office: Open) -> None:
    office = open_office('[policy]\npreset = "three-strikes"\n' + SMALL)
    weak, later, quiet = MEMBERS[:10], MEMBERS[10], MEMBERS[11]
    for week in (3, 2):
        office.fail(spread(weak, GMAIL, BEGAN - 7 * week * DAY, DAY / 2))
    office.fail(spread(weak, GMAIL, BEGAN, timedelta(hours=1)))  # the third time: they would be stopped
    office.settle(1, TripState.DISCARDED)
    office.fail([Fail(address=later, at=BEGAN + timedelta(hours=2), host=GMAIL)])  # the first time
    office.fail([Fail(address=quiet, at=BEGAN + 2 * DAY, host=GMAIL)])
    assert (office.verbs(later), office.verbs(quiet)) == ([Verb.HOLD], [])
    assert [(trip.number, trip.state) for trip in office.trips()] == [(2, TripState.OPEN), (1, TripState.DISCARDED)]


def test_after_a_release_as_many_again_are_no_surprise(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + SMALL)
    office.fail(spread(MEMBERS[:20], GMAIL, BEGAN, timedelta(hours=1)))
    office.settle(1, TripState.RELEASED)
    office.fail(spread(MEMBERS[20:], GMAIL, BEGAN + timedelta(hours=2), timedelta(hours=1)))
    assert office.stopped(MEMBERS) == set(MEMBERS)
    assert len(office.trips()) == 1


def test_switched_off_it_holds_nothing_and_learns_all_the_same(open_office: Open) -> None:
    office = open_office(ONE_STRIKE + "[breaker]\nenabled = false\n")
    office.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    assert office.stopped(MEMBERS) == set(MEMBERS)
    assert office.trips() == ()
