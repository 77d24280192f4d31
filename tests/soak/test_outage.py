"""December 2020 in full size: 8,000 of 110,000 contacts are refused within 6.7 hours, though they exist (T-05)."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin.ledger.trips import TripState
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Fail, Office, people, spread

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

CONTACTS = int(os.environ.get("SOAK_OUTAGE", "110000"))
REFUSED = CONTACTS * 8 // 110
ORDINARY = CONTACTS // 350


def ordinary(others: list[str]) -> list[Fail]:
    step = LASTED / ORDINARY
    chosen = others[:: len(others) // ORDINARY][:ORDINARY]
    return [
        Fail(address=one, at=BEGAN + place * step, host=f"mx.{one.partition('@')[2]}")
        for place, one in enumerate(chosen)
    ]


@pytest.mark.parametrize("settled", [TripState.DISCARDED, TripState.RELEASED])
def test_t_05_december_2020(tmp_path: Path, settled: TripState) -> None:
    office = Office(tmp_path, ONE_STRIKE)
    at_gmail = people(CONTACTS * 4 // 11, "gmail.com")
    others = [f"q{number}@d{number % 400}.example" for number in range(CONTACTS - len(at_gmail))]
    office.send([*at_gmail, *others], BEGAN)
    usual = ordinary(others)
    failures = sorted([*spread(at_gmail[:REFUSED], GMAIL, BEGAN, LASTED), *usual], key=lambda one: one.at)
    began = time.process_time()
    office.fail(failures)
    recorded = time.process_time() - began
    office.tell()
    assert office.stopped(at_gmail) == set()
    assert office.stopped(others) == {one.address for one in usual}
    assert [(trip.cause.name, trip.surge.number) for trip in office.trips()] == [("google", REFUSED)]
    assert [incident.key for incident in office.crm.incidents] == ["breaker:1"]
    assert len(office.crm.reached) == ORDINARY
    began = time.process_time()
    assert len(office.settle(1, settled)) == REFUSED
    stopped = office.stopped(at_gmail)
    assert stopped == (set() if settled is TripState.DISCARDED else set(at_gmail[:REFUSED]))
    assert len(office.crm.reached) == ORDINARY + len(stopped)
    print(
        f"{len(failures)} reports recorded in {recorded:.1f} s of one core; "
        f"{settled} in {time.process_time() - began:.1f} s"
    )
    office.plugin.close()


def test_t_05_as_many_of_many_providers_within_their_history_are_stopped(tmp_path: Path) -> None:
    """The control: the mails sent, and what was usual a week ago, explain them."""
    office = Office(tmp_path, ONE_STRIKE)
    everybody = [f"q{number}@d{number % 2000}.example" for number in range(CONTACTS)]
    gone = everybody[: 2 * REFUSED]
    for week, some in ((1, gone[:REFUSED]), (0, gone[REFUSED:])):
        begin = BEGAN - timedelta(days=7 * week)
        step = LASTED / REFUSED
        office.send(everybody, begin)
        office.fail(
            [
                Fail(address=one, at=begin + place * step, host=f"mx.{one.partition('@')[2]}")
                for place, one in enumerate(some)
            ]
        )
        for trip in office.trips():  # nobody could know the first time
            if trip.state is TripState.OPEN:
                assert week == 1
                office.settle(trip.number, TripState.RELEASED)
    assert office.stopped(everybody) == set(gone)
    print(f"{len(office.trips())} trips a week before, none now")
    office.plugin.close()
