"""Does the main job work, from a mail in a Maildir to what the host is told? Through `BouncePlugin`, as hosts use it."""

from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import (
    BouncePlugin,
    Delivery,
    Handling,
    Kind,
    PolicyAction,
    hookimpl,
)
from bounce_plugin.ledger.history import events_of
from tests.bounces import PRIVATE, report
from tests.world import ANNA, START, World, open_world


def test_one_hard_bounce_pauses_and_a_second_message_72_hours_later_stops(world: World) -> None:
    world.bounce()
    assert world.plugin.should_suppress(ANNA, "newsletter")
    world.clock.now += timedelta(days=8)
    assert not world.plugin.should_suppress(ANNA, "newsletter"), "the pause of 7 days has ended by itself"
    world.bounce()
    world.clock.now += timedelta(days=365)
    assert world.plugin.should_suppress(ANNA, "newsletter")
    actions = [decision.actions for _, decision in world.host.reached]
    assert actions[0] == {PolicyAction.PAUSE}
    assert PolicyAction.SUPPRESS in actions[1]
    assert world.host.reached[0][0].contacts[0].id == "7"


def test_what_is_no_text_is_refused_by_its_name(world: World) -> None:
    with pytest.raises(TypeError, match="address = None: an address is text"):
        world.plugin.should_suppress(None, "newsletter")  # type: ignore[arg-type]


def test_invoices_keep_being_sent_to_a_suppressed_address(world: World) -> None:
    world.bounce()
    assert world.plugin.should_suppress(ANNA, "newsletter")
    assert not world.plugin.should_suppress(ANNA, "invoice")
    assert world.plugin.suppressed_among([ANNA.upper(), "berta@example.com"], "newsletter") == {ANNA.upper()}
    assert world.plugin.suppressed_among([ANNA], "invoice") == set()


def test_owner_changed_alone_overrides_an_exemption(world: World) -> None:
    world.bounce(reply="550 5.7.17 Mailbox owner has changed")
    assert world.plugin.should_suppress(ANNA, "invoice")


def test_a_failing_invoice_is_told_and_counts_for_its_address(world: World) -> None:
    sent = Delivery(
        ref="d1",
        address=ANNA,
        contact="7",
        message="R-2026-17",
        category="invoice",
        sent_at=START,
        message_id="r17@crm.example",
    )
    world.plugin.record_sent([sent])
    world.bounce(message_id="r17@crm.example")
    assert [event.message for event in world.host.exempt] == ["R-2026-17"]
    assert world.plugin.should_suppress(ANNA, "newsletter")
    assert world.counted() == 1


def test_a_host_may_spell_the_address_of_a_delivery_as_it_likes(world: World) -> None:
    class Sent:
        @hookimpl
        def find_delivery(self, address: str) -> Delivery:
            return Delivery(ref="d9", address="Anna@Example.COM", category="invoice", message="R-9", sent_at=START)

    with BouncePlugin(
        world.settings, plugins={"host": world.host, "sent": Sent()}, clock=world.clock, entry_points=False
    ) as plugin:
        world.box.drop(report(ANNA))
        plugin.run_once()
    assert [event.delivery_ref for event in world.host.exempt] == ["d9"]


def test_I_06_two_reports_about_one_message_count_once(world: World) -> None:
    for number in range(3):
        world.bounce(message_id="same@crm.example", report_id=f"copy{number}")
    assert world.counted() == 1
    assert len(world.host.classified) == 1
    assert len(world.box.mails("processed")) == 3


def test_the_bounces_own_message_id_hides_no_other_bounce(world: World) -> None:
    for number in range(3):
        world.bounce(message_id=f"m{number}@crm.example", report_id="chosen-by-its-author")
    assert world.counted() == 3


def test_a_failure_that_does_not_count_hides_none_that_does(world: World) -> None:
    world.bounce(reply="554 5.7.1 Message rejected as spam", message_id="m@crm.example")
    world.bounce(reply="550 5.1.1 User unknown", message_id="m@crm.example")
    assert world.counted() == 1


def test_sender_side_faults_never_stop_anybody_and_raise_one_incident(world: World) -> None:
    for _ in range(5):
        world.bounce(reply="554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org")
        world.clock.now += timedelta(days=5)
    assert world.counted() == 0
    assert not world.plugin.should_suppress(ANNA, "newsletter")
    assert {incident.key for incident in world.host.incidents} == {"refused:reputation_block:example.com"}


def test_a_host_that_cannot_say_whom_bounces_concern_raises_one_incident(world: World) -> None:
    world.host.down = True
    for _ in range(3):
        world.bounce()
    assert [incident.key for incident in world.host.incidents] == ["unanswered"]
    assert "the CRM is down" in world.host.incidents[0].detail
    world.host.down = False
    for item in world.plugin.desk.items():
        world.plugin.desk.again(item.id, actor="Erna")
    world.plugin.run_once()
    assert world.counted() == 3


def test_a_category_that_is_not_declared_is_sent_and_raises_one_incident(world: World) -> None:
    world.bounce()
    for _ in range(3):
        assert not world.plugin.should_suppress(ANNA, "newsleter")
    world.plugin.tell()
    assert [incident.key for incident in world.host.incidents] == ["category:newsleter"]


def test_D_02_a_delay_never_counts(world: World) -> None:
    for _ in range(4):
        world.bounce(reply="451 4.7.1 Try again later", action="delayed")
        world.clock.now += timedelta(days=7)
    assert world.counted() == 0
    assert {event.kind for event in world.host.classified} == {Kind.DELAY}
    assert not world.plugin.should_suppress(ANNA, "newsletter")


def test_private_mail_stays_untouched_and_is_not_fetched_again(world: World) -> None:
    path = world.box.drop(PRIVATE)
    world.bounce()
    assert path in world.box.mails()
    assert path.parent.name == "new"
    assert world.plugin.run_once().outcomes == ()


def test_a_dedicated_mailbox_is_emptied(tmp_path: Path) -> None:
    world = open_world(tmp_path, "dedicated = true\n")
    with world.plugin as plugin:
        world.box.drop(PRIVATE)
        (outcome,) = plugin.run_once().outcomes
    assert outcome.handling is Handling.REVIEW
    assert world.box.mails() == []


def test_I_25_a_dry_run_changes_nothing(world: World) -> None:
    world.bounce()
    world.clock.now += timedelta(days=4)
    world.box.drop(report(ANNA), world.clock.now)
    world.box.drop(report("stranger@example.com"))

    def everything() -> dict[Path, tuple[bytes, int]]:
        files = (path for path in world.folder.rglob("*") if path.is_file() and path.suffix not in {".db-shm"})
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files if "Maildir" in path.parts}

    with world.plugin.ledger.reading() as tx:
        events = events_of(tx, ANNA)
    before = everything()
    summary = world.plugin.run_once(dry_run=True)
    assert [outcome.handling for outcome in summary.outcomes] == [Handling.HANDLED, Handling.REVIEW]
    assert everything() == before
    with world.plugin.ledger.reading() as tx:
        assert events_of(tx, ANNA) == events
    assert len(world.host.classified) == 1
    assert world.plugin.desk.items() == ()


def test_running_twice_changes_nothing_the_second_time(world: World) -> None:
    world.box.drop(report(ANNA))
    world.box.drop(report("stranger@example.com"))
    world.box.drop(PRIVATE)
    assert len(world.plugin.run_once().outcomes) == 3
    told = len(world.host.classified)
    assert world.plugin.run_once().outcomes == ()
    assert len(world.host.classified) == told
    assert len(world.plugin.desk.items()) == 1


def test_the_plain_policy_of_five_lines(tmp_path: Path) -> None:
    rule = '[[policy.rule]]\nname = "three failed sends"\nafter = 3\nthen = ["suppress", "remove_from_list"]\n'
    world = open_world(tmp_path, rule)
    with world.plugin as plugin:
        for _ in range(2):
            world.bounce()
            assert not plugin.should_suppress(ANNA, "newsletter")
        world.bounce()
        assert plugin.should_suppress(ANNA, "newsletter")
        ((_, decision),) = world.host.reached
    assert decision.actions == {PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST}


def test_lift_forgives_what_was_and_explains_itself(world: World) -> None:
    world.bounce()
    assert world.plugin.explain(ANNA, "newsletter").suppressed
    world.plugin.lift(ANNA, actor="Erna", why="she called")
    explanation = world.plugin.explain(ANNA, "newsletter")
    assert not explanation.suppressed
    assert not world.plugin.should_suppress(ANNA, "newsletter")
    assert any(act.actor == "Erna" for act in explanation.acts)


def test_a_host_that_is_down_loses_nothing(world: World) -> None:
    world.host.down = True
    world.bounce(message_id="m@crm.example")
    (item,) = world.plugin.desk.items()
    assert "the CRM is down" in item.why
    assert world.counted() == 0
    world.host.down = False
    world.plugin.desk.again(item.id, actor="Erna")
    world.plugin.run_once()
    assert world.counted() == 1
    assert world.plugin.desk.items() == ()
    assert len(world.box.mails("processed")) == 1
    assert world.box.mails("review") == world.box.mails() == []


def test_T_26_a_bounce_that_is_dated_tomorrow_arrived_today(world: World) -> None:
    world.box.drop(report(ANNA), START + timedelta(days=9000))
    world.plugin.run_once()
    world.clock.now += timedelta(days=8)
    assert not world.plugin.should_suppress(ANNA, "newsletter")


def test_a_typo_in_the_category_of_what_was_sent_raises_one_incident(world: World) -> None:
    world.plugin.record_sent([Delivery(ref=f"d{n}", address=ANNA, category="Invoice", sent_at=START) for n in range(3)])
    world.plugin.tell()
    assert [incident.key for incident in world.host.incidents] == ["category:Invoice"]


def test_an_address_with_a_name_around_it_is_sent_to_and_raises_an_incident(world: World) -> None:
    world.bounce()
    assert not world.plugin.should_suppress(f"Anna Berg <{ANNA}>", "newsletter")
    world.plugin.tell()
    assert [incident.key for incident in world.host.incidents] == ["address"]


def test_an_invoice_to_an_address_that_nobody_has_any_more_names_whom_it_was_sent_to(world: World) -> None:
    sent = Delivery(
        ref="d1",
        address="old@example.com",
        contact="7",
        message="R-1",
        category="invoice",
        sent_at=START,
        message_id="r1@crm.example",
    )
    world.plugin.record_sent([sent])
    world.bounce("old@example.com", message_id="r1@crm.example")
    (event,) = world.host.exempt
    assert [contact.id for contact in event.contacts] == ["7"]
    assert not event.counts
    assert len(world.plugin.desk.items()) == 1


def test_a_run_tells_what_was_done_with_each_recipient(world: World) -> None:
    world.box.drop(report(ANNA), START)
    (outcome,) = world.plugin.run_once().outcomes
    assert outcome.details == (f"{ANNA}: address_unknown, counts; pause until 2026-11-09",)
