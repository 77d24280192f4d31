"""Does the ledger answer under a new key as it did under the old one, at every moment, and to every process?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from sqlalchemy import select

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.columns import Wording
from bounce_plugin.ledger.deliveries import record_sent
from bounce_plugin.ledger.erase import forget
from bounce_plugin.ledger.hidden import HIDDEN
from bounce_plugin.ledger.history import events_of, suppression_of
from bounce_plugin.ledger.incidents import raise_incident
from bounce_plugin.ledger.mails import record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import announce, due, failed
from bounce_plugin.ledger.polls import note_failure
from bounce_plugin.ledger.record import record_acts, record_event
from bounce_plugin.ledger.review import close_item, open_item
from bounce_plugin.ledger.rotate import look_ahead, rotate
from bounce_plugin.ledger.schema import addresses, metadata
from bounce_plugin.ledger.stops import stop_of
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.policy.state import Act, Verb
from tests.faults import arm
from tests.histories import Life, steps
from tests.ledger.answers import answers
from tests.ledger.samples import JOE, NOW, a_delivery, a_mail, an_event, recorded
from tests.ledger.test_outbox import PAYLOADS
from tests.servers.ledgers import KEY

NEW, NEWER = b"another key for tests, 32 octets", b"a third key for tests, 32 octets"
GONE, GONE_MIXED, TWO = "gone@example.org", "Gone@Example.ORG", "Maria.Müller@exämple.org"
AROUND = '"Joe"@example.org "gone"@example.org to=gone@example.org bounces+gone=example.org@lists.example'
PEOPLE = (JOE, GONE, TWO, "nobody@example.org")
STOP = Act(verb=Verb.SUPPRESS, at=NOW, rule="stop", because=f"{TWO} and {GONE_MIXED} failed.", events=("e1", "e2"))
HOUR = timedelta(hours=1)


def fill(ledger: Ledger) -> None:
    """Something of everything that names people; one of them is forgotten."""
    with ledger.transaction() as tx:
        mail_id = record_mail(tx, a_mail("7", why=f"{JOE}, {GONE_MIXED} and {TWO} failed.")) or 0
        for number, person in enumerate((JOE, GONE, TWO)):
            words = f"550 <{person.upper()}> {{@}} {{@{'0' * 32}}} forwards to {GONE_MIXED} {AROUND}"
            recorded(tx, person, message_key=f"mid:{number}", mail_id=mail_id, diagnostic_code=words, remote_mta=person)
        record_acts(tx, GONE, [STOP])
        record_acts(tx, TWO, [STOP, Act(verb=Verb.LIFT, at=NOW + HOUR, because="She called.", actor=JOE), STOP])
        record_sent(tx, [a_delivery("d1", JOE, contact=JOE), a_delivery("d2", GONE), a_delivery("d3", TWO)])
        for number, payload in enumerate(PAYLOADS):
            announce(tx, f"on_{number}", payload, ["crm", "notices"], NOW, address=(JOE, "", TWO)[number % 3])
        failed(tx, due(tx, NOW, plugins=["crm"])[0], f"{JOE}: no answer", NOW)
        first = open_item(
            tx, why=f"Whose is {TWO}?", now=NOW, mail_id=mail_id, addresses=(TWO, GONE, JOE, *AROUND.split())
        )
        close_item(tx, first.id, actor=JOE, resolution=f"{GONE} is hers", now=NOW)
        open_item(tx, why=f"And {JOE}?", now=NOW, addresses=(JOE,))
        raise_incident(tx, key=f"refused:{JOE}", title=f"{TWO} is refused", detail=GONE, now=NOW)
        note_failure(tx, "bounces", NOW, error=f"{JOE} may not sign in")
        canaries.await_report(tx, canaries.write_down(tx, "0" * 32, JOE, NOW), NOW + HOUR)
        forget(tx, GONE, ())


def opened(url: str, *given: bytes, tenant: int = 1) -> Ledger:
    return Ledger.open(url, key=given[0], previous_keys=given[1:], tenant=tenant)


@pytest.fixture
def filled(empty_url: str) -> str:
    for tenant in (1, 2):
        with opened(empty_url, KEY, tenant=tenant) as ledger:
            fill(ledger)
    return empty_url


def test_every_answer_is_what_it_was_for_every_tenant_and_so_after_a_second_time(filled: str) -> None:
    with opened(filled, KEY) as one, opened(filled, KEY, tenant=2) as two:
        before = answers(one, PEOPLE)
        before_two = answers(two, PEOPLE)
    assert before[f"stop {GONE}"]
    assert before[f"stop {TWO}"]
    assert before[f"canary {JOE}"]
    for ring in ((NEW, KEY), (NEWER, NEW, KEY)):
        with opened(filled, *ring) as ledger:
            assert look_ahead(ledger).due
            done = rotate(ledger)
            assert done.due
            assert done.texts > 20
            assert not rotate(ledger).due
            assert not look_ahead(ledger).due
        with opened(filled, *ring) as one, opened(filled, *ring, tenant=2) as two:
            assert answers(one, PEOPLE) == before
            assert answers(two, PEOPLE) == before_two


def test_no_fingerprint_that_could_be_made_anew_is_left_of_the_old_key(filled: str) -> None:
    with opened(filled, NEW, KEY) as ledger:
        with ledger.reading() as tx:
            old = set(tx.connection.scalars(select(addresses.c.fingerprint).where(addresses.c.address.is_not(None))))
        rotate(ledger)
        with ledger.reading() as tx:
            rows = {table.name: str(tx.connection.execute(table.select()).all()) for table in metadata.sorted_tables}
            kept = set(tx.connection.scalars(select(addresses.c.fingerprint).where(addresses.c.address.is_(None))))
            assert ledger.needs_keys(tx) == (6,)  # one person and two texts that held the address, of two tenants
    assert old
    assert kept
    assert not old & kept
    for name, text in rows.items():
        if name != "outbox":  # ids of announcements, which plugins know
            assert not [one for one in old if one in text], name


def test_every_text_is_either_known_to_hide_addresses_or_known_not_to() -> None:
    plain = {
        "addresses.address", "events.message_key", "events.aliases", "events.delivery_ref", "events.message", "events.category",
        "events.document", "acts.rule", "acts.events", "suppressions.rule", "deliveries.ref", "deliveries.message",
        "deliveries.document", "deliveries.category", "deliveries.message_id", "deliveries.envelope_id", "outbox.announcement",
        "causes.provider", "causes.phrase", "volumes.provider", "trips.name",
    }  # fmt: skip
    texts = {
        str(column)
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, Wording) or type(column.type).__name__ == "Text"
    }
    assert texts == plain | {str(column) for columns in HIDDEN.values() for column in columns}


def test_who_was_forgotten_is_still_stopped_when_imported_again_and_stays_forgotten(filled: str) -> None:
    with opened(filled, NEW, KEY) as ledger:
        rotate(ledger)
        with ledger.transaction() as tx:
            record_sent(tx, [a_delivery("d9", GONE_MIXED)])
            event = an_event(tx, GONE, message_key="mid:9")
            assert record_event(tx, event, weight=1.0)
            assert [one.address for one in events_of(tx, GONE)] == ["", ""]
            assert suppression_of(tx, GONE_MIXED) is not None
        assert stop_of(ledger, GONE) is not None
        with ledger.transaction() as tx:
            forget(tx, GONE, ())  # once more changes nothing
            record_acts(tx, GONE, [Act(verb=Verb.LIFT, at=NOW + 2 * HOUR, because="joined again", actor="ann")])
        assert stop_of(ledger, GONE) is None
        with ledger.reading() as tx:
            assert GONE not in str(tx.connection.execute(addresses.select()).all()).lower()


@pytest.mark.parametrize("person", [JOE, GONE, TWO])
def test_a_failure_that_is_reported_once_more_counts_no_second_time_whatever_its_id_would_be(
    filled: str, person: str
) -> None:
    with opened(filled, NEW, KEY) as ledger:
        with ledger.reading() as tx:
            before = events_of(tx, person)
        rotate(ledger)
        with ledger.transaction() as tx:
            again = an_event(tx, person, message_key=before[0].message_key)
            assert again.id != before[0].id
            assert not record_event(tx, again, weight=1.0)
            assert events_of(tx, person) == before
            assert record_event(tx, an_event(tx, person, message_key="mid:new"), weight=1.0)


def test_a_process_that_has_both_keys_goes_on_and_one_that_has_the_old_one_alone_finds_nobody_by_mistake(
    filled: str,
) -> None:
    with opened(filled, NEW, KEY) as both, opened(filled, KEY) as old, opened(filled, NEW, KEY) as third:
        assert stop_of(both, TWO) == stop_of(old, TWO) is not None
        rotate(third)
        assert stop_of(both, TWO) is not None
        assert stop_of(both, JOE) is None
        with both.transaction() as tx:
            assert suppression_of(tx, TWO) is not None
        with pytest.raises(LedgerError, match="rotate-key"):
            stop_of(old, TWO)
        for way in (old.reading, old.transaction):
            with pytest.raises(LedgerError, match="another key"), way() as tx:
                suppression_of(tx, TWO)
    with pytest.raises(LedgerError, match=r"holds 3 fingerprints .* ledger\.previous_key_files"):
        opened(filled, NEW)
    with pytest.raises(LedgerError, match="former key of this ledger"), opened(filled, KEY, NEW) as back:
        rotate(back)


def test_at_no_moment_is_anybody_who_is_suppressed_not_found(filled: str) -> None:
    keys = [bytes([number]) * 32 for number in range(1, 5)]
    stop, wrong, asked = Event(), [], 0
    with opened(filled, *keys, KEY) as ledger:

        def ask() -> None:
            nonlocal asked
            while not stop.is_set():
                with ledger.reading() as tx:
                    found = [suppression_of(tx, person) is not None for person in (GONE, TWO, JOE)]
                if found != [True, True, False] or not stop_of(ledger, TWO) or not stop_of(ledger, GONE):
                    wrong.append(found)
                asked += 1

        thread = Thread(target=ask)
        thread.start()
        for number, key in enumerate(keys):
            with opened(filled, key, *keys[:number], KEY) as other:
                assert rotate(other).due
        stop.set()
        thread.join()
    assert asked > 4
    assert wrong == []


def test_a_process_that_is_killed_at_any_statement_leaves_all_or_nothing(filled: str) -> None:
    with opened(filled, KEY) as ledger:
        before = answers(ledger, PEOPLE)
    points = 0
    for last in range(1, 200, 4) if filled.startswith("sqlite") else range(3, 200, 9):
        if not _killed(filled, last):
            break
        points += 1
        with opened(filled, NEW, KEY) as ledger:
            assert answers(ledger, PEOPLE) == before
    assert points > (10 if filled.startswith("sqlite") else 3)


def _killed(url: str, last: int) -> bool:
    """Whether a process that changes the key was killed at this point; False: it was done before."""
    child = os.fork()
    if child == 0:
        with opened(url, NEW, KEY) as ledger:
            arm(last, fine=True)
            rotate(ledger)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.fixture(scope="module")
def empty() -> Iterator[Ledger]:
    with Ledger.open("sqlite://", key=KEY) as ledger:
        yield ledger


@settings(max_examples=25, deadline=None)
@given(first=steps, then=steps)
def test_every_life_goes_on_under_a_new_key_as_it_would_have_under_the_old_one(empty: Ledger, first, then) -> None:
    states = []
    for given_keys in ((KEY,), (NEW, KEY)):
        empty._given = given_keys
        with empty.rehearsal():
            life = Life(ledger=empty, policy=build_policy())
            life.live(first)
            with empty.transaction() as tx:
                forget(tx, "cleo@example.org", ())
            assert rotate(empty).due == (len(given_keys) == 2)
            life.live(then)
            states.append(life.states())
    assert states[0] == states[1]
