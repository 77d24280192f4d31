"""Does the main job work, from a mail in a Maildir to what the host is told? Through `BouncePlugin`, as hosts use it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bounce_plugin import (
    BounceEvent,
    BouncePlugin,
    Contact,
    Decision,
    Delivery,
    Handling,
    Incident,
    Kind,
    NotFoundError,
    PolicyAction,
    Reason,
    SettingsError,
    filing,
    hookimpl,
)
from bounce_plugin.ledger.history import events_of
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE, Box, report

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ANNA = "anna@example.com"
KEY = "00" * 31 + "07"


class Host:
    """A host's hooks, which remember what they are told."""

    def __init__(self) -> None:
        self.contacts = {ANNA: Contact(id="7", address=ANNA, lists=("news",))}
        self.classified: list[BounceEvent] = []
        self.reached: list[tuple[BounceEvent, Decision]] = []
        self.exempt: list[BounceEvent] = []
        self.incidents: list[Incident] = []
        self.down = False

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        if self.down:
            raise ConnectionError("the CRM is down")
        return self.contacts.get(address)

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        self.classified.append(event)

    @hookimpl
    def on_threshold_reached(self, event: BounceEvent, decision: Decision) -> None:
        self.reached.append((event, decision))

    @hookimpl
    def on_exempt_failure(self, event: BounceEvent) -> None:
        self.exempt.append(event)

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        self.incidents.append(incident)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class World:
    """A host with the plugin, its mailbox and its clock."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder
        self.box = Box(folder / "Maildir")
        self.host = Host()
        self.clock = Clock()
        (folder / "ledger.key").write_text(KEY)
        text = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n' + more
        self.settings = parse_settings(text, folder=folder)
        self.plugin = self.open()

    def open(self) -> BouncePlugin:
        return BouncePlugin(self.settings, plugins={"host": self.host}, clock=self.clock, entry_points=False)

    def bounce(self, address: str = ANNA, reply: str = "550 5.1.1 User unknown", **more: str) -> None:
        """Drop a bounce that arrives now, and run."""
        self.box.drop(report(address, reply, **more), self.clock.now)
        self.plugin.run_once()

    def counted(self, address: str = ANNA) -> int:
        """How many failures the ledger holds against an address."""
        with self.plugin.ledger.reading() as tx:
            return sum(event.counts for event in events_of(tx, address))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.plugin:
        yield made


def open_world(folder: Path, more: str) -> World:
    return World(folder, more)


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
    unclear = (Path(__file__).parent / "samples" / "no_bounce" / "83-postmaster-writes-by-hand.eml").read_bytes()
    path = world.box.drop(unclear)
    world.plugin.run_once()
    assert world.box.mails() == [path]
    (item,) = world.plugin.desk.items()
    assert "may report a failure" in item.why
    world.plugin.desk.dismiss(item.id, actor="Erna")
    world.plugin.run_once()
    assert world.box.mails() == [path]
    assert world.plugin.desk.items() == ()


class TestTroubleInTheFolders:
    """A folder that cannot be used, a process that was killed: nothing is lost, nothing is held up."""

    def test_I_02_killed_between_move_and_note_the_mail_is_found_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(_tx: object, places: tuple[object, ...]) -> None:
            if places:
                raise KeyboardInterrupt

        world.box.drop(report("typo@example.com", message_id="m@crm.example"))
        monkeypatch.setattr(filing, "filed", killed)
        with pytest.raises(KeyboardInterrupt):
            world.plugin.run_once()
        monkeypatch.undo()
        assert len(world.box.mails("review")) == 1
        world.plugin.run_once()
        (item,) = world.plugin.desk.items()
        world.host.contacts["typo@example.com"] = Contact(id="8")
        world.plugin.desk.again(item.id, actor="Erna")
        world.plugin.run_once()
        assert world.counted("typo@example.com") == 1
        assert world.box.mails("review") == world.box.mails() == []

    def test_a_mail_that_vanished_keeps_no_other_from_its_folder(self, world: World) -> None:
        world.box.drop(report("one@example.com"))
        world.box.drop(report("two@example.com"))
        world.plugin.run_once()
        first, second = world.plugin.desk.items()
        gone, _ = world.box.mails("review")
        gone.unlink()
        world.plugin.desk.dismiss(first.id, actor="Erna")
        world.plugin.desk.dismiss(second.id, actor="Erna")
        world.plugin.run_once()
        assert (len(world.box.mails("review")), len(world.box.mails("processed"))) == (0, 1)

    def test_I_14_a_folder_that_cannot_be_used_does_not_stop_the_reading(self, world: World) -> None:
        (world.box.path / ".review").write_text("a file where the folder should be")
        world.box.drop(report("typo@example.com"))
        for _ in range(2):
            summary = world.plugin.run_once()
            assert not summary.ok
            world.box.drop(report(ANNA))
        assert world.counted() == 1
        assert len(world.box.mails("processed")) == 1
        (world.box.path / ".review").unlink()
        assert world.plugin.run_once().ok
        assert len(world.box.mails("review")) == 1


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
