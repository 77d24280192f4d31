"""Does a failure count once, by whichever of its names each report calls the message, and whenever that is recorded as sent?"""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bounce_plugin import Delivery
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Caveat, Correlation, correlate
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.history import events_of
from tests.bounces import report
from tests.world import ANNA, START, World

MESSAGE, ENVID = "news@crm.example", "envid-7"


def sent(world: World, *, ref: str = "news.7", category: str = "newsletter", **names: str) -> None:
    world.plugin.record_sent(
        [
            Delivery(
                ref=ref,
                address=ANNA,
                contact="7",
                message="news",
                category=category,
                document="R-7" if category == "invoice" else "",
                sent_at=START - timedelta(hours=1),
                **({"message_id": MESSAGE} | names),
            )
        ]
    )


def events(world: World) -> tuple[BounceEvent, ...]:
    with world.plugin.ledger.reading() as tx:
        return events_of(tx, ANNA)


def test_I_06_a_report_before_its_mail_is_recorded_and_one_after_count_once(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    sent(world)
    world.clock.now += timedelta(days=4)  # a second message so much later would stop the address
    world.bounce(message_id=MESSAGE)
    first, second = events(world)
    assert (first.message_key, first.counts, first.delivery_ref) == (f"mid:{MESSAGE}", True, "")
    assert (second.message_key, second.counts, second.delivery_ref) == ("ref:news.7", False, "news.7")
    assert second.caveat is Caveat.COUNTED
    assert world.plugin.explain(ANNA, "newsletter").suppression.until is not None  # a pause, no stop
    world.bounce(message_id=MESSAGE)
    assert len(events(world)) == 2


def test_I_06_what_is_done_about_the_second_report_is_said(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    sent(world)
    world.box.drop(report(ANNA, message_id=MESSAGE), world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    assert outcome.details == ("anna@example.com: address_unknown; counted already under another name of the message",)


@pytest.mark.parametrize("first", ["envid", "message_id"])
def test_I_18_one_report_gives_the_envid_and_one_the_message_id(world: World, first: str) -> None:
    """The host recorded the ENVID alone: so one of the reports finds the delivery, and the other one does not."""
    sent(world, message_id="", envelope_id=ENVID)
    for names in sorted(({"envelope_id": ENVID}, {}), reverse=first == "message_id", key=len):
        world.bounce(message_id=MESSAGE, **names)
        world.clock.now += timedelta(days=4)
    assert world.counted() == 1


def report_all(world: World, *reports: dict[str, Any]) -> list[bool]:
    """Reports, four days apart; returns which events there are then, and whether they count."""
    for names in reports:
        world.bounce(**names)
        world.clock.now += timedelta(days=4)
    return [event.counts for event in events(world)]


BOTH: Final = {"message_id": MESSAGE, "envelope_id": ENVID}


def test_I_18_a_report_that_links_two_names_need_not_be_the_one_that_counts(world: World) -> None:
    by_envid = {"envelope_id": ENVID, "returned": False}
    assert report_all(world, {"message_id": MESSAGE}, BOTH, by_envid, {"message_id": MESSAGE}) == [True, False, False]


def test_I_18_nor_need_it_be_that_of_a_delivery(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    sent(world, message_id="", envelope_id=ENVID)
    assert report_all(world, BOTH, {"envelope_id": ENVID, "returned": False}) == [True, False]


def test_messages_that_share_an_envid_are_as_many_as_their_message_ids(world: World) -> None:
    """Some hosts give all mail to somebody one ENVID: that keeps no failure from counting."""
    world.bounce(message_id="a@crm.example", envelope_id="contact-7")
    for number in "bcd":
        sent(world, ref=number, message_id=f"{number}@crm.example")
    reports = [{"message_id": f"{number}@crm.example", "envelope_id": "contact-7"} for number in "bcde"]
    assert report_all(world, *reports) == [True] * 5


def test_a_second_delivery_of_one_message_id_counts_though_the_first_was_recorded_late(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    sent(world, ref="first")
    world.bounce(message_id=MESSAGE)
    world.clock.now += timedelta(days=4)
    world.plugin.record_sent(
        [Delivery(ref="again", address=ANNA, category="newsletter", sent_at=world.clock.now, message_id=MESSAGE)]
    )
    assert report_all(world, {"message_id": MESSAGE}) == [True, False, True]


def test_I_22_two_deliveries_of_one_message_id_are_two_messages(world: World) -> None:
    sent(world, ref="news.7")
    world.bounce(message_id=MESSAGE)
    world.clock.now += timedelta(days=4)
    sent(world, ref="news.7.again")
    world.plugin.record_sent(
        [Delivery(ref="third", address=ANNA, category="newsletter", sent_at=world.clock.now, message_id=MESSAGE)]
    )
    world.bounce(message_id=MESSAGE)
    assert world.counted() == 2


def test_a_failure_that_was_lifted_does_not_count_under_another_name(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    world.clock.now += timedelta(hours=1)
    world.plugin.lift(ANNA, actor="eva", why="she called: all is well")
    sent(world)
    world.bounce(message_id=MESSAGE)
    assert world.counted() == 1
    assert not world.plugin.should_suppress(ANNA, "newsletter")


def test_reports_of_one_batch_count_once(world: World) -> None:
    sent(world, message_id="", envelope_id=ENVID)
    for names in ({}, {"envelope_id": ENVID}, {}):
        world.box.drop(report(ANNA, message_id=MESSAGE, **names), world.clock.now)
    world.plugin.run_once()
    assert [event.counts for event in events(world)].count(True) == 1


def test_an_invoice_is_told_of_though_its_mail_was_recorded_late(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    assert world.host.exempt == []
    sent(world, category="invoice")
    world.bounce(message_id=MESSAGE)
    world.bounce(message_id=MESSAGE)
    assert [event.document for event in world.host.exempt] == ["R-7"]
    assert world.counted() == 1


def test_an_invoice_that_came_back_before_it_was_recorded_is_told_of_once_it_is(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    sent(world, category="invoice", envelope_id=ENVID)
    world.plugin.tell()
    (told,) = world.host.exempt
    assert (told.document, told.delivery_ref, told.trust, told.counts) == ("R-7", "news.7", "logged", False)
    sent(world, category="invoice", envelope_id=ENVID)  # once more: idempotent
    world.bounce(message_id=MESSAGE)
    assert len(world.host.exempt) == 1
    assert world.counted() == 1


@pytest.mark.parametrize(
    ("category", "message_id"), [("newsletter", MESSAGE), ("invoice", "another@crm.example"), ("invoice", "")]
)
def test_of_another_mail_that_is_recorded_late_nobody_is_told(world: World, category: str, message_id: str) -> None:
    world.bounce(message_id=MESSAGE)
    sent(world, category=category, message_id=message_id)
    world.plugin.tell()
    assert world.host.exempt == []
    assert len(events(world)) == 1


def test_an_invoice_that_is_sent_again_has_not_failed_before(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    world.clock.now += timedelta(days=2)
    again = Delivery(ref="2", address=ANNA, category="invoice", sent_at=world.clock.now, message_id=MESSAGE)
    world.plugin.record_sent([again])
    world.plugin.tell()
    assert world.host.exempt == []
    sent(world, ref="1", category="invoice")
    sent(world, ref="3", category="invoice")
    world.plugin.tell()
    assert [event.delivery_ref for event in world.host.exempt] == ["1"], "one failure is one delivery's"


def test_T_23_an_invoice_is_recorded_and_told_of_though_its_reader_was_forgotten(world: World) -> None:
    world.bounce(message_id=MESSAGE)
    world.plugin.erase(ANNA)
    sent(world, category="invoice")
    world.plugin.tell()
    assert [(event.document, event.address) for event in world.host.exempt] == [("R-7", "")]


def test_an_invoice_is_told_of_once_a_report_is_believed(tmp_path: Path) -> None:
    """The failure is known already: it was refused as spam, and nobody had the address then."""
    world = World(tmp_path, '[trust]\nrequire = "logged"\n')
    with world.plugin:
        anna = world.host.contacts.pop(ANNA)
        sent(world, category="invoice")
        world.bounce(reply="550 5.7.1 Message rejected as spam", message_id=MESSAGE)
        assert world.host.exempt == []
        world.host.contacts[ANNA] = anna
        for _ in range(2):
            world.bounce(reply="550 5.7.1 Message rejected as spam", message_id=MESSAGE)
        assert [event.document for event in world.host.exempt] == ["R-7"]
        assert len(events(world)) == 1


def test_a_strangers_failure_becomes_known_as_an_invoices(world: World) -> None:
    """Where an address is all that is required, an invoice is told of even if nobody has that address any more."""
    world.host.contacts.clear()
    world.bounce(message_id=MESSAGE)
    sent(world, category="invoice")
    world.plugin.tell()
    (told,) = world.host.exempt
    assert ([contact.id for contact in told.contacts], told.trust) == (["7"], "none")


def name(clues: Clues, delivery: Delivery | None) -> Correlation:
    return correlate(ANNA, clues=clues, contacts=(), delivery=delivery, received_at=START)


def test_the_names_of_a_message() -> None:
    delivery = Delivery(
        ref="r", address=ANNA, category="newsletter", sent_at=START, message_id="<m@x>", envelope_id="e"
    )
    known = name(Clues(message_id="m2@x"), delivery)
    assert (known.message_key, known.aliases) == ("ref:r", ("mid:m2@x", "mid:m@x", "envid:e"))
    unknown = name(Clues(message_id="m@x", envelope_id="e"), None)
    assert (unknown.message_key, unknown.aliases) == ("mid:m@x", ("envid:e",))
    referring = name(Clues(references=("m@x",)), None)
    assert (referring.message_key, referring.aliases) == ("day:2026-11-02", ("mid:m@x",))
    of_a_thread = name(Clues(references=("m@x", "m2@x")), None)
    assert of_a_thread.aliases == ()


STEPS = st.lists(st.sampled_from(["record", "both", "message_id"]), min_size=2, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, known_by=st.sampled_from([{"message_id": MESSAGE}, {"message_id": "", "envelope_id": ENVID}]))
def test_I_18_in_whichever_order_things_happen_one_message_counts_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], known_by: dict[str, str]
) -> None:
    world = World(Path(tmp_path_factory.mktemp("world")))
    with world.plugin:
        for step in steps:
            world.clock.now += timedelta(days=2)
            if step == "record":
                sent(world, **known_by)
            else:
                world.bounce(message_id=MESSAGE, envelope_id=ENVID if step == "both" else "")
        assert world.counted() == min(1, len([step for step in steps if step != "record"]))
