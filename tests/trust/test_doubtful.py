"""What becomes of a report whose mark is ours, and yet does not count by itself? And of one without, at each level of trust?"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import Contact, Delivery, Reason, Trust
from bounce_plugin.outcome import Handling
from tests.trust.marked import JOE, handle, make_world, returned, sign, signing, stopped, trust_of, why
from tests.world import ANNA, START, World


class TestWhatIsDoubtful:
    """A mark that is ours, and yet does not count by itself."""

    @pytest.mark.parametrize(("days", "handling"), [(45, Handling.HANDLED), (46, Handling.REVIEW)])
    def test_c_04_an_expired_mark_is_recorded_and_reviewed(self, world: World, days: int, handling: Handling) -> None:
        path = sign(world)
        world.clock.now += timedelta(days=days)
        assert handle(world, returned(path.address)) is handling
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]
        assert world.counted() == (handling is Handling.HANDLED)

    def test_c_05_another_category_than_the_ledgers_is_reviewed_and_told(self, world: World) -> None:
        path = sign(world)
        with world.plugin.ledger.transaction() as tx:
            tx.connection.exec_driver_sql("UPDATE deliveries SET category = 'invoice'")
        assert handle(world, returned(path.address)) is Handling.REVIEW
        assert "of another category than the ledger holds" in why(world)
        assert world.counted() == 0
        assert [incident.key for incident in world.host.incidents] == ["category-of-mark"]

    def test_a_mail_of_no_category_might_have_been_an_invoice(self, world: World) -> None:
        assert handle(world, returned(sign(world, category="").address)) is Handling.REVIEW
        assert "for mail of no category" in why(world)
        assert (world.counted(), world.host.incidents) == (0, [])

    def test_a_category_that_is_not_declared_is_signed_and_told(self, world: World) -> None:
        sign(world, category="newsleter")
        world.plugin.tell()
        assert [incident.key for incident in world.host.incidents] == ["category:newsleter"]

    def test_c_06_a_delivery_that_the_ledger_does_not_hold_is_not_guessed(self, world: World) -> None:
        path = sign(world)
        with world.plugin.ledger.transaction() as tx:
            tx.connection.exec_driver_sql("DELETE FROM deliveries")
        assert handle(world, returned(path.address)) is Handling.REVIEW
        assert "Was a backup restored?" in why(world)
        assert trust_of(world) == [Trust.NONE]
        assert world.counted() == 0

    def test_a_delivery_that_is_kept_no_more_is_not_guessed_and_a_person_may_count_its_report(
        self, world: World
    ) -> None:
        path = sign(world)
        world.clock.now += timedelta(days=401)
        world.plugin.attend()
        assert handle(world, returned(path.address)) is Handling.REVIEW
        assert "it comes too late to be believed by itself" in why(world)
        assert (trust_of(world), world.counted()) == ([Trust.NONE], 0)
        world.plugin.desk.classify(world.plugin.desk.items()[0].id, Reason.ADDRESS_UNKNOWN, actor="ann")
        assert (world.counted(), stopped(world)) == (1, True)

    @pytest.mark.parametrize("now", ["anna@new.example", None])
    def test_c_08_a_contact_who_has_another_address_by_now_is_left_alone(self, world: World, now: str | None) -> None:
        path = sign(world)
        if now:
            world.host.contacts[ANNA] = Contact(id="7", address=now)
        else:
            del world.host.contacts[ANNA]
        assert handle(world, returned(path.address)) is Handling.HANDLED
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]
        assert (world.counted(), world.host.reached) == (0, [])

    def test_d_36_a_sub_address_and_an_alias_are_the_same_mailbox(self, world: World) -> None:
        for other in ("anna+news@example.com", "a.smith@example.com"):
            assert handle(world, returned(sign(world).address, other)) is Handling.HANDLED
        assert world.counted() == 2

    def test_one_failure_behind_a_forward_is_flagged_and_leads_to_nothing(self, world: World) -> None:
        assert handle(world, returned(sign(world).address, "anna@elsewhere.example")) is Handling.HANDLED
        (event,) = world.host.classified
        assert (event.address, event.reason, event.via_forward) == (ANNA, Reason.ADDRESS_UNKNOWN, True)
        assert (world.counted(), stopped(world), world.host.reached) == (1, False, [])
        assert trust_of(world, "anna@elsewhere.example") == []

    def test_failures_behind_a_forward_count_half(self, world: World) -> None:
        stops = []
        for _ in range(4):
            handle(world, returned(sign(world).address, "anna@elsewhere.example"))
            stops.append(stopped(world))
            world.clock.now += timedelta(days=2)
        assert stops == [False, False, False, True], "where two failures of the address itself would do"
        (step,) = world.host.reached[-1][1].steps
        assert step.because.endswith("4 of them failed behind a forward, and count half.")

    def test_an_invoice_that_is_lost_behind_a_forward_is_told(self, world: World) -> None:
        handle(world, returned(sign(world, category="invoice").address, "anna@elsewhere.example"))
        assert [event.via_forward for event in world.host.exempt] == [True]

    def test_without_a_mark_another_address_is_a_stranger_and_no_forward(self, world: World) -> None:
        assert handle(world, returned("bounces@crm.example", "anna@elsewhere.example")) is Handling.REVIEW
        assert world.counted() == 0
        assert not any(event.via_forward for event in world.host.classified)

    @pytest.mark.parametrize("signed", [True, False])
    def test_a_report_that_names_both_addresses_is_about_a_forward_too(self, world: World, signed: bool) -> None:
        raw = returned(sign(world).address if signed else "bounces@crm.example", "anna@elsewhere.example")
        both = raw.replace(b"\nAction: failed", b"\nOriginal-Recipient: rfc822; " + ANNA.encode() + b"\nAction: failed")
        assert handle(world, both) is Handling.HANDLED
        (event,) = world.host.classified
        assert (event.address, event.via_forward, stopped(world)) == (ANNA, True, False)

    @pytest.mark.parametrize("host", ["mail3.example.com", "localhost"])
    def test_a_servers_own_name_for_its_mailbox_is_no_forward(self, world: World, host: str) -> None:
        handle(world, returned(sign(world).address, f"anna@{host}"))
        assert [event.via_forward for event in world.host.classified] == [False]

    def test_others_in_the_same_report_are_not_proven_by_the_mark(self, world: World) -> None:
        raw = returned(sign(world).address)
        more = f"\nFinal-Recipient: rfc822; {JOE}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
        at = raw.index(b"\n--B", raw.index(b"Diagnostic-Code:"))
        handle(world, raw[:at] + more.encode() + raw[at:])
        assert (trust_of(world), trust_of(world, JOE)) == ([Trust.SIGNED_ENVELOPE], [Trust.ADDRESS])
        assert (world.counted(), world.counted(JOE)) == (1, 0)

    def test_a_person_answers_for_a_report_that_is_not_signed(self, world: World) -> None:
        handle(world, returned("bounces@crm.example"))
        (item,) = world.plugin.desk.items()
        world.plugin.desk.classify(item.id, Reason.ADDRESS_UNKNOWN, actor="Erna")
        assert world.counted() == 1
        assert stopped(world)

    def test_c_10_no_log_shows_more_of_a_mark_than_six_characters(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = sign(world)
        world.clock.now += timedelta(days=60)
        with caplog.at_level(logging.DEBUG):
            handle(world, returned(path.address))
        assert f"delivery {path.ref[:6]}…" in caplog.text
        assert path.ref[:7] not in caplog.text
        assert path.address.partition("@")[0][2:12] not in caplog.text.lower()


class TestEachLevel:
    """What trust.require demands counts; everything below goes to a person."""

    @pytest.mark.parametrize(
        ("require", "counted"), [("address", [1, 1, 1]), ("logged", [0, 1, 1]), ("signed", [0, 0, 1])]
    )
    def test_one_line_moves_up(self, tmp_path: Path, require: str, counted: list[int]) -> None:
        world = make_world(tmp_path, signing(require))
        with world.plugin:
            known = Delivery(ref="d", address=ANNA, category="newsletter", sent_at=START, message_id="n@crm.example")
            world.plugin.record_sent([known])
            told = []
            for raw in (
                returned("bounces@crm.example"),
                returned("bounces@crm.example", message_id="n@crm.example"),
                returned(sign(world).address),
            ):
                before = world.counted()
                assert handle(world, raw) in {Handling.HANDLED, Handling.REVIEW}
                told.append(world.counted() - before)
            assert told == counted

    def test_logged_messages_need_three_failures_over_a_week(self, tmp_path: Path) -> None:
        world = make_world(tmp_path, signing("logged"))
        with world.plugin:
            for number in range(3):
                name = f"n{number}@crm.example"
                world.plugin.record_sent([
                    Delivery(ref=name, address=ANNA, category="newsletter", sent_at=world.clock.now, message_id=name)
                ])  # fmt: skip
                handle(world, returned("bounces@crm.example", message_id=name))
                assert stopped(world) is (number == 2)
                world.clock.now += timedelta(days=4)

    def test_a_report_long_after_a_logged_message_only_names_an_address(self, tmp_path: Path) -> None:
        world = make_world(tmp_path, signing("logged"))
        with world.plugin:
            world.plugin.record_sent([Delivery(ref="d", address=ANNA, sent_at=START, message_id="n@crm.example")])
            world.clock.now += timedelta(days=46)
            assert handle(world, returned("bounces@crm.example", message_id="n@crm.example")) is Handling.REVIEW
            assert trust_of(world) == [Trust.ADDRESS]
