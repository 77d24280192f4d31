"""Is done from time to time what must be done, whether mails come or not?"""

from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import Delivery, chores
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger import outdated
from bounce_plugin.ledger.deliveries import deliveries_to
from bounce_plugin.ledger.history import events_of
from bounce_plugin.outcome import Handling
from tests.bounces import report
from tests.world import ANNA, World, open_world

STRANGER = "nobody@example.com"


def test_t_23_a_mail_is_kept_for_review_for_thirty_days_and_can_be_read_again_after_that(world: World) -> None:
    world.box.drop(report(STRANGER), world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    assert outcome.handling is Handling.REVIEW
    (item,) = world.plugin.desk.items()
    world.clock.now += timedelta(days=29)
    world.plugin.run_once()
    assert world.plugin.desk.show(item.id)[1]

    world.clock.now += timedelta(days=2)
    world.plugin.run_once()
    assert world.plugin.desk.show(item.id)[1] == b""
    with pytest.raises(NotFoundError, match=f"the mail of item {item.id} is no longer kept"):
        world.plugin.desk.assign(item.id, "9", actor="ann")
    assert world.plugin.desk.items() == (item,), "what it told stays"

    world.plugin.desk.again(item.id, actor="ann")
    (outcome,) = world.plugin.run_once().outcomes
    assert outcome.handling is Handling.REVIEW
    assert world.plugin.desk.show(world.plugin.desk.items()[0].id)[1], "it came from its folder"


def test_an_operator_says_for_how_long_mails_are_kept(tmp_path: Path) -> None:
    world = open_world(tmp_path, "[ledger]\nkeep_mails_days = 1\n")
    with world.plugin:
        world.box.drop(report(STRANGER), world.clock.now)
        world.plugin.run_once()
        (item,) = world.plugin.desk.items()
        world.clock.now += timedelta(days=1, minutes=1)
        world.plugin.attend()
        assert world.plugin.desk.show(item.id)[1] == b""


def test_i_19_a_clock_that_went_back_does_not_keep_chores_from_being_done(tmp_path: Path) -> None:
    world = open_world(tmp_path, "[ledger]\nkeep_mails_days = 1\n")
    with world.plugin:
        world.clock.now += timedelta(days=400)
        world.plugin.attend()
        world.clock.now -= timedelta(days=400)
        world.box.drop(report(STRANGER), world.clock.now)
        world.plugin.run_once()
        (item,) = world.plugin.desk.items()
        world.clock.now += timedelta(days=2)
        world.plugin.attend()
        assert world.plugin.desk.show(item.id)[1] == b""


def test_what_was_sent_is_kept_for_so_many_days_and_its_report_counts_once_after_that(tmp_path: Path) -> None:
    world = open_world(tmp_path, '[ledger]\nkeep_deliveries_days = 45\n[trust]\nrequire = "address"\n')
    with world.plugin:
        full, last = world.clock.now, "452 4.2.2 Mailbox full"
        for name in ("old", "other"):
            world.plugin.record_sent([Delivery(ref=name, address=ANNA, sent_at=full, message_id=f"{name}@crm.example")])
        world.bounce(reply=last, message_id="old@crm.example")
        world.clock.now += timedelta(days=46)
        world.plugin.attend()
        for _ in range(2):
            world.bounce(reply=last, message_id="old@crm.example")
            world.bounce(reply=last, message_id="other@crm.example")
        with world.plugin.ledger.reading() as tx:
            assert [(one.delivery_ref, one.message_key) for one in events_of(tx, ANNA)] == [
                ("old", "ref:old"),
                ("", "mid:other@crm.example"),
            ]


def test_what_was_sent_is_kept_forever_if_an_operator_says_so(tmp_path: Path) -> None:
    world = open_world(tmp_path, '[ledger]\nkeep_deliveries_days = "forever"\n')
    with world.plugin:
        world.plugin.record_sent([Delivery(ref="old", address=ANNA, sent_at=world.clock.now)])
        world.clock.now += timedelta(days=36_500)
        world.plugin.attend()
        with world.plugin.ledger.reading() as tx:
            assert len(deliveries_to(tx, ANNA)) == 1


def test_ten_years_of_deliveries_go_hour_by_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "MOST", 2 * outdated.AT_ONCE)
    number = 2 * outdated.AT_ONCE + 1

    def left(world: World) -> int:
        with world.plugin.ledger.reading() as tx:
            return len(deliveries_to(tx, ANNA))

    world = open_world(tmp_path, "")
    with world.plugin:
        at = world.clock.now
        world.plugin.record_sent(Delivery(ref=str(one), address=ANNA, sent_at=at) for one in range(number))
        world.clock.now += timedelta(days=401)
        world.plugin.attend()
        assert left(world) == 1
        world.clock.now += chores.EVERY
        world.plugin.attend()
        assert left(world) == 0
