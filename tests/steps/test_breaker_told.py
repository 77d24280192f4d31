"""What are a host and its people told when the breaker holds failures, and when a person settles them?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import Reason
from bounce_plugin.ledger.trips import TripState
from bounce_plugin.policy.rules import PolicyAction
from bounce_plugin.policy.state import Verb
from tests.outage import BEGAN, GMAIL, LASTED, ONE_STRIKE, Fail, Office, people, spread

MEMBERS = people(20, "gmail.com")
SMALL = "[breaker]\nfloor = 5\n"
REMOVE = """
[policy]
preset = "none"
[[policy.rule]]
name = "off the list"
types = ["hard"]
then = ["remove_from_list"]
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path, ONE_STRIKE + SMALL)
    yield opened
    opened.plugin.close()


def told(office: Office) -> list[str]:
    office.plugin.tell()
    return [address for address, _ in office.crm.reached]


def test_a_stop_that_was_told_and_is_held_is_told_as_lifted_and_one_not_yet_told_is_never_told(office: Office) -> None:
    failures = spread(MEMBERS, GMAIL, BEGAN, LASTED)
    office.fail(failures[:3])
    assert told(office) == MEMBERS[:3]
    office.fail(failures[3:5])
    office.fail(failures[5:])  # the breaker trips: of these and of the two before nobody was told
    assert told(office) == MEMBERS[:3]
    assert sorted(lifted.address for lifted in office.crm.lifted) == sorted(MEMBERS[:3])
    assert {(lifted.actor, lifted.why) for lifted in office.crm.lifted} == {
        ("breaker", "The breaker tripped: provider 'google' stops far more addresses than usual (trip 1).")
    }


def test_what_is_released_is_told_of_everybody_also_of_those_that_were_told_before(office: Office) -> None:
    failures = spread(MEMBERS, GMAIL, BEGAN, LASTED)
    office.fail(failures[:3])
    told(office)
    office.fail(failures[3:])
    settled = office.settle(1, TripState.RELEASED)
    assert sorted(told(office)) == sorted([*MEMBERS[:3], *MEMBERS])
    assert {decision.actions for _, decision in office.crm.reached} == {frozenset({PolicyAction.SUPPRESS})}
    assert all(one.before is None and one.after is not None for one in settled)
    assert office.settle(1, TripState.RELEASED) == []  # once
    assert len(told(office)) == len(MEMBERS) + 3


def test_what_is_discarded_is_told_to_nobody(office: Office) -> None:
    office.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    assert len(office.settle(1, TripState.DISCARDED)) == len(MEMBERS)
    assert told(office) == []
    assert office.crm.lifted == []


def test_contacts_that_the_host_would_have_taken_off_its_list_stay_on_it(tmp_path: Path) -> None:
    office = Office(tmp_path, REMOVE + SMALL)
    failures = spread(MEMBERS, GMAIL, BEGAN, LASTED)
    office.fail(failures[:2])
    assert told(office) == MEMBERS[:2]
    office.fail(failures[2:])
    assert told(office) == MEMBERS[:2]
    assert sorted(lifted.address for lifted in office.crm.lifted) == sorted(MEMBERS[:2])
    assert all(lifted.removal and not lifted.stop for lifted in office.crm.lifted)
    assert all(settled.removes for settled in office.settle(1, TripState.RELEASED))
    assert set(told(office)[2:]) == set(MEMBERS)
    office.plugin.close()


def test_one_outage_is_one_incident_that_is_told_once_a_day_while_it_lasts(office: Office) -> None:
    office.fail(spread(MEMBERS[:15], GMAIL, BEGAN, LASTED), batch=2)
    office.plugin.tell()
    (incident,) = office.crm.incidents
    assert incident.title == "provider 'google' stops far more addresses than usual: held"
    assert incident.detail.startswith("6 addresses within 24 hours, the last at 2020-12-14 23:14 UTC; the limit is 5: ")
    assert "`bounce-plugin breaker release 1`" in incident.detail
    office.fail(spread(MEMBERS[15:], GMAIL, BEGAN + timedelta(days=1), timedelta(hours=9)), batch=1)
    office.plugin.tell()
    assert [one.key for one in office.crm.incidents] == ["breaker:1"] * 2
    assert len(office.trips()) == 1


def test_who_was_vouched_for_meanwhile_stays_free_when_the_others_are_released(office: Office) -> None:
    office.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    office.clock.now += timedelta(hours=1)
    office.plugin.lift(MEMBERS[0], actor="Erna", why="she called")
    office.settle(1, TripState.RELEASED)
    assert office.stopped(MEMBERS) == set(MEMBERS[1:])
    assert office.verbs(MEMBERS[0]) == [Verb.SUPPRESS, Verb.HOLD, Verb.LIFT]


def test_what_explains_an_address_says_that_the_breaker_holds_it_and_since_when(office: Office) -> None:
    office.fail(spread(MEMBERS, GMAIL, BEGAN, LASTED))
    explanation = office.plugin.explain(MEMBERS[7], "newsletter")
    assert not explanation.suppressed
    assert explanation.because == (
        "The breaker has held 1 failure since 2020-12-15. "
        "The breaker tripped: provider 'google' stops far more addresses than usual (trip 1)."
    )
    assert explanation.held == {event.id for event in explanation.events}
    office.settle(1, TripState.DISCARDED)
    assert office.plugin.explain(MEMBERS[7], "newsletter").because.startswith("Erna undid failures on 2020-12-15")


@pytest.mark.parametrize("rules", ["", '[policy]\npreset = "three-strikes"', ONE_STRIKE])
def test_t_05_a_provider_that_refuses_us_is_one_incident_however_many_domains_it_serves(
    tmp_path: Path, rules: str
) -> None:
    office = Office(tmp_path, rules)
    domains = ("gmail.com", "googlemail.com", "club.example", "school.example")
    reply = "550 5.7.26 This mail is unauthenticated: DKIM and SPF checks have failed"
    office.fail([Fail(address=f"anna@{domain}", at=BEGAN, host=GMAIL, reply=reply) for domain in domains])
    office.plugin.tell()
    (incident,) = office.crm.incidents
    assert incident.key == f"refused:{Reason.AUTH_FAILURE}:google"
    assert incident.title == "google refuses our mail: auth_failure"
    assert office.trips() == ()
    office.plugin.close()
