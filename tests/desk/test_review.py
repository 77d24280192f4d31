"""Is manual work lossless? What a person decides at the terminal, or by moving mails between the folders."""

from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import (
    BouncePlugin,
    Contact,
    Delivery,
    NotFoundError,
    Reason,
    SettingsError,
)
from bounce_plugin.ledger.history import events_of
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.world import ANNA, KEY, START, Clock, Host, World


class TestReview:
    """Manual work: the ledger's queue is the truth, the folder its mirror."""

    @pytest.fixture
    def item(self, world: World) -> int:
        world.bounce("typo@example.com", message_id="m@crm.example")
        (item,) = world.plugin.desk.items()
        assert len(world.box.mails("review")) == 1
        return item.id

    def test_assign_makes_it_count_and_files_the_mail(self, world: World, item: int) -> None:
        world.plugin.desk.assign(item, "7", actor="Erna")
        assert world.counted("typo@example.com") == 1
        world.plugin.run_once()
        assert len(world.box.mails("processed")) == 1
        assert world.box.mails("review") == []
        assert world.plugin.should_suppress("typo@example.com", "newsletter")

    def test_classify_records_the_persons_verdict(self, world: World, item: int) -> None:
        world.host.contacts["typo@example.com"] = Contact(id="8")
        world.plugin.desk.classify(item, Reason.MAILBOX_FULL, actor="Erna")
        with world.plugin.ledger.reading() as tx:
            event = events_of(tx, "typo@example.com")[-1]
        assert (event.reason, event.evidence[0].rule) == (Reason.MAILBOX_FULL, "person:Erna")

    def test_classify_wants_one_address(self, world: World, item: int) -> None:
        with pytest.raises(SettingsError, match="no single address"):
            world.plugin.desk.classify(item, Reason.MAILBOX_FULL, actor="Erna", address="a@b@c")

    def test_what_a_person_assigns_counts_once_with_what_is_reported_later(self, world: World) -> None:
        address = "new@example.com"
        sent = Delivery(
            ref="d5", address=address, message="R-5", category="invoice", sent_at=START, message_id="r5@crm.example"
        )
        world.plugin.record_sent([sent])
        world.bounce(address, message_id="r5@crm.example")
        assert [event.message for event in world.host.exempt] == ["R-5"]
        (item,) = world.plugin.desk.items()
        world.plugin.desk.assign(item.id, "9", actor="Erna")
        world.host.contacts[address] = Contact(id="9")
        world.bounce(address, message_id="r5@crm.example")
        assert world.counted(address) == 1
        assert len(world.host.exempt) == 1, "nobody posts an invoice twice"

    def test_dismiss_files_the_mail_and_counts_nothing(self, world: World, item: int) -> None:
        world.plugin.desk.dismiss(item, actor="Erna", why="a test")
        world.plugin.run_once()
        assert world.counted("typo@example.com") == 0
        assert len(world.box.mails("processed")) == 1

    def test_I_22_moved_back_to_the_inbox_by_hand_means_again_and_counts_once(self, world: World, item: int) -> None:
        world.host.contacts["typo@example.com"] = Contact(id="8")
        for _ in range(3):
            (path,) = world.box.mails("review") or world.box.mails("processed")
            path.rename(world.box.path / "new" / path.name)
            world.plugin.run_once()
        assert world.plugin.desk.items() == ()
        assert world.plugin.desk.items(closed=True)[0].id == item
        assert world.counted("typo@example.com") == 1

    def test_moved_elsewhere_by_hand_closes_the_item(self, world: World, item: int) -> None:
        (path,) = world.box.mails("review")
        path.rename(world.folder / "kept.eml")
        world.plugin.run_once()
        assert world.plugin.desk.items() == ()
        (closed,) = world.plugin.desk.items(closed=True)
        assert (closed.id, closed.actor) == (item, "mailbox")

    def test_an_item_is_settled_once(self, world: World, item: int) -> None:
        world.plugin.desk.dismiss(item, actor="Erna")
        with pytest.raises(NotFoundError, match="closed already"):
            world.plugin.desk.again(item, actor="Otto")

    def test_what_is_closed_is_said_to_be_closed_also_when_its_mail_is_gone(self, world: World, item: int) -> None:
        world.plugin.desk.dismiss(item, actor="Erna")
        world.clock.now += timedelta(days=60)
        world.plugin.attend()
        assert world.plugin.desk.show(item)[1] == b""
        with pytest.raises(NotFoundError, match="closed already"):
            world.plugin.desk.assign(item, "7", actor="Erna")

    def test_a_contact_must_have_an_id(self, world: World, item: int) -> None:
        with pytest.raises(SettingsError, match=r"contact = '': Contact\.id is '', not a key"):
            world.plugin.desk.assign(item, "", actor="Erna")
        assert [waiting.id for waiting in world.plugin.desk.items()] == [item]

    def test_a_report_that_names_nobody_counts_once_a_person_says_whom_it_concerns(self, world: World) -> None:
        world.bounce("", "550 5.1.1 User unknown", message_id="n@crm.example")
        (item,) = world.plugin.desk.items()
        assert "names no recipient" in item.why
        with pytest.raises(SettingsError, match="say which one failed"):
            world.plugin.desk.classify(item.id, Reason.ADDRESS_UNKNOWN, actor="Erna")
        world.plugin.desk.classify(item.id, Reason.ADDRESS_UNKNOWN, actor="Erna", address=ANNA)
        assert world.counted() == 1
        assert world.plugin.should_suppress(ANNA, "newsletter")


def test_I_22_a_mail_put_back_into_an_mbox_is_handled_again_though_its_uid_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text(KEY)
    inbox = tmp_path / "bounces"
    inbox.write_bytes(
        b"From MAILER-DAEMON Mon Nov  2 09:00:00 2026\n"
        + report("typo@example.com", message_id="m@crm.example")
        + b"\n"
    )
    settings = parse_settings('[[mailbox]]\nname = "b"\nkind = "mbox"\npath = "bounces"\n', folder=tmp_path)
    host = Host()
    with BouncePlugin(settings, plugins={"host": host}, clock=Clock(), entry_points=False) as plugin:
        plugin.run_once()
        review = tmp_path / "bounces.review"
        assert inbox.read_bytes() == b""
        host.contacts["typo@example.com"] = Contact(id="8")
        inbox.write_bytes(review.read_bytes())  # by hand
        review.write_bytes(b"")
        plugin.run_once()
        assert plugin.desk.items() == ()
        assert plugin.should_suppress("typo@example.com", "newsletter")
        inbox.write_bytes(b"From MAILER-DAEMON Mon Nov  2 09:00:00 2026\n" + report("other@example.com") + b"\n")
        plugin.run_once()
        (item,) = plugin.desk.items()
        host.contacts["other@example.com"] = Contact(id="9")
        plugin.desk.again(item.id, actor="Erna")  # by command
        plugin.run_once()
        assert plugin.should_suppress("other@example.com", "newsletter")
        assert review.read_bytes() == inbox.read_bytes() == b""


def test_what_only_may_be_a_bounce_is_put_before_a_person_but_stays_where_it_is(world: World) -> None:
    unclear = (Path(__file__).parent.parent / "samples" / "no_bounce" / "83-postmaster-writes-by-hand.eml").read_bytes()
    path = world.box.drop(unclear)
    world.plugin.run_once()
    assert world.box.mails() == [path]
    (item,) = world.plugin.desk.items()
    assert "may report a failure" in item.why
    world.plugin.desk.dismiss(item.id, actor="Erna")
    world.plugin.run_once()
    assert world.box.mails() == [path]
    assert world.plugin.desk.items() == ()
