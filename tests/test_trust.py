"""Who is believed? Reports with our mark, without it, with somebody else's, and with a forged one."""

from __future__ import annotations

import logging
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import (
    BounceEvent,
    BouncePlugin,
    Contact,
    Delivery,
    Reason,
    ReturnPath,
    SettingsError,
    Trust,
    examine,
)
from bounce_plugin.ledger.history import events_of
from bounce_plugin.outcome import Handling
from bounce_plugin.policy.state import Verb
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.world import ANNA, START, World

DOMAIN = "bounces.crm.example"
JOE = "joe@example.net"
BLANK: list[Path] = []
KEYS = {1: "01" * 32, 2: "ab" * 32}


def signing(require: str = "signed", *numbers: int) -> str:
    keys = "".join(f'[[trust.key]]\nnumber = {number}\nfile = "trust-{number}.key"\n' for number in numbers or (1,))
    return f'[trust]\nrequire = "{require}"\nbounce_domain = "{DOMAIN}"\n{keys}'


@pytest.fixture(scope="module", autouse=True)
def blank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A ledger that is copied, as to make each one anew takes most of the time."""
    folder = tmp_path_factory.mktemp("blank")
    World(folder).plugin.close()
    BLANK.append(folder / "bounces.sqlite3")
    yield
    BLANK.clear()


def make_world(folder: Path, settings: str) -> World:
    shutil.copy(BLANK[0], folder / "bounces.sqlite3")
    for number, key in KEYS.items():
        (folder / f"trust-{number}.key").write_text(key)
    world = World(folder, settings)
    world.host.contacts[JOE] = Contact(id="8", address=JOE)
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A host that demands signatures."""
    made = make_world(tmp_path, signing())
    with made.plugin:
        yield made


def sign(world: World, address: str = ANNA, contact: str = "7", category: str = "newsletter") -> ReturnPath:
    return world.plugin.return_path(contact, "N-11", category, address=address)


def returned(
    to: str, address: str = ANNA, reply: str = "550 5.1.1 User unknown", *, more: str = "", **of: str
) -> bytes:
    """A report that was sent to an address; `more` are further header fields of the message that it returns."""
    raw = report(address, reply, **of).replace(b"To: bounces@crm.example", f"To: {to}".encode())
    return raw.replace(b"From: News <news@crm.example>", f"{more}From: News <news@crm.example>".encode())


def handle(world: World, raw: bytes) -> Handling:
    world.box.drop(raw, world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    return outcome.handling


def stopped(world: World, address: str = ANNA) -> bool:
    return world.plugin.should_suppress(address, "newsletter")


def why(world: World) -> str:
    return world.plugin.desk.items()[-1].why


def trust_of(world: World, address: str = ANNA) -> list[Trust]:
    with world.plugin.ledger.reading() as tx:
        return [event.trust for event in events_of(tx, address)]


class TestWhatIsSigned:
    """A mark of ours has a report believed, wherever it stands."""

    @pytest.mark.parametrize(
        "wrapping",
        ["{}", "prvs=0123abcdef={}", "SRS0=HHH=TT=" + DOMAIN + "={local}@forward.example", "{upper}", "<{}>"],
    )
    def test_a_report_to_the_return_path_counts(self, world: World, wrapping: str) -> None:
        path = sign(world).address
        to = wrapping.format(path, local=path.partition("@")[0], upper=path.upper())
        assert handle(world, returned(to)) is Handling.HANDLED
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]
        assert world.counted() == 1
        assert stopped(world)

    def test_it_is_known_which_message_failed(self, world: World) -> None:
        path = sign(world)
        handle(world, returned(path.address))
        (event,) = world.host.classified
        assert (event.message, event.category, event.delivery_ref) == ("N-11", "newsletter", path.ref)
        assert [contact.id for contact in event.contacts] == ["7"]

    @pytest.mark.parametrize("field", ["Delivered-To: {}", "X-Original-To: {}", "Envelope-To: <{}>",
                                       "Received: from mx by mail.crm.example with ESMTP id 7 for <{}>; now"])  # fmt: skip
    def test_our_own_server_says_where_the_report_was_sent(self, world: World, field: str) -> None:
        raw = field.format(sign(world).address).encode() + b"\n" + report(ANNA)
        handle(world, raw)
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]

    @pytest.mark.parametrize("field", ["Original-Envelope-Id: {eid}", "X-Postfix-Sender: rfc822; {env}"])
    def test_d_25_the_envelope_id_and_the_sender_that_a_report_names_prove_it(self, world: World, field: str) -> None:
        path = sign(world)
        line = field.format(eid=path.envelope_id, env=path.address)
        raw = report(ANNA).replace(b"Reporting-MTA:", line.encode() + b"\nReporting-MTA:")
        handle(world, raw)
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]
        assert path.mail_options == ("RET=HDRS", f"ENVID={path.envelope_id}")
        assert path.rcpt_options == ("NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{ANNA}")

    def test_d_25_an_address_goes_into_orcpt_as_xtext(self, world: World) -> None:
        path = world.plugin.return_path("7", "N-11", "newsletter", address="a+b=c@example.com")
        assert path.rcpt_options[1] == "ORCPT=rfc822;a+2Bb+3Dc@example.com"

    def test_d_05_a_report_that_names_nobody_is_about_the_address_that_the_mail_went_to(self, world: World) -> None:
        raw = returned(sign(world).address).replace(f"Final-Recipient: rfc822; {ANNA}\n".encode(), b"")
        handle(world, raw.replace(f"<{ANNA}>: host".encode(), b"host"))
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]

    @pytest.mark.parametrize("where", ["Message-ID", "X-Bounce-Ref"])
    def test_a_header_that_all_readers_see_needs_a_second_message(self, world: World, where: str) -> None:
        for number in range(2):
            path = sign(world)
            mark = (
                {"message_id": path.message_id} if where == "Message-ID" else {"more": f"X-Bounce-Ref: {path.header}\n"}
            )
            handle(world, returned("bounces@crm.example", **mark))
            assert stopped(world) is bool(number)
            world.clock.now += timedelta(days=4)
        assert trust_of(world) == [Trust.SIGNED_HEADER] * 2
        assert world.counted() == 2

    def test_a_message_id_of_the_hosts_own_is_kept(self, world: World) -> None:
        path = world.plugin.return_path("7", "N-11", "newsletter", address=ANNA, message_id="<mine@crm.example>")
        assert path.message_id == "mine@crm.example"

    def test_c_03_after_a_change_of_keys_both_are_accepted(self, tmp_path: Path) -> None:
        world = make_world(tmp_path, signing())
        with world.plugin:
            old = sign(world)
        world = replace_settings(world, signing("signed", 1, 2))
        with world.plugin:
            new = sign(world)
            assert [handle(world, returned(path.address)) for path in (old, new)] == [Handling.HANDLED] * 2
            assert trust_of(world) == [Trust.SIGNED_ENVELOPE] * 2
        world = replace_settings(world, signing("signed", 2))
        with world.plugin:
            late = sign(world)
            assert handle(world, returned(late.address)) is Handling.HANDLED
            assert handle(world, returned(old.address, message_id="x@y")) is Handling.REVIEW, (
                "kept for a person, not lost"
            )

    def test_without_a_key_nothing_can_be_signed(self, tmp_path: Path) -> None:
        with make_world(tmp_path, "").plugin as plugin, pytest.raises(SettingsError, match="nothing can be signed"):
            plugin.return_paths([], "N-11", "newsletter")


def replace_settings(world: World, settings: str) -> World:
    """The same host after its operator has changed bounce.toml."""
    text = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n' + settings
    world.settings = parse_settings(text, folder=world.folder)
    world.plugin = world.open()
    return world


class TestWhatIsForged:
    """Whoever writes a perfect report has no mark for it, or the mark of his own mail."""

    def test_t_01_a_perfect_report_about_a_logged_message_changes_nothing(self, world: World) -> None:
        known = Delivery(
            ref="d1", address=ANNA, contact="7", category="newsletter", sent_at=START, message_id="n@crm.example"
        )
        world.plugin.record_sent([known])
        assert handle(world, returned("bounces@crm.example", message_id="n@crm.example")) is Handling.REVIEW
        assert trust_of(world) == [Trust.LOGGED]
        assert "is not signed, as trust.require demands" in why(world)
        assert (world.counted(), stopped(world), world.host.reached) == (0, False, [])

    def test_t_01_the_mark_of_another_contact_touches_that_contact_alone(self, world: World) -> None:
        own = sign(world, JOE, "8")
        handle(world, returned(own.address, ANNA))
        assert (world.counted(), stopped(world)) == (0, False)
        with world.plugin.ledger.reading() as tx:
            assert [event.delivery_ref for event in events_of(tx, JOE)] == [own.ref]
            assert events_of(tx, ANNA) == ()

    def test_t_01_no_invoice_is_posted_because_of_a_forged_report(self, world: World) -> None:
        known = Delivery(
            ref="i1", address=ANNA, contact="7", category="invoice", sent_at=START, message_id="i@crm.example"
        )
        world.plugin.record_sent([known])
        handle(world, returned("bounces@crm.example", message_id="i@crm.example"))
        assert world.host.exempt == []
        handle(world, returned(sign(world, category="invoice").address))
        assert [event.category for event in world.host.exempt] == ["invoice"]

    def test_t_02_a_mark_for_another_purpose_or_domain_proves_nothing(self, world: World) -> None:
        path = sign(world)
        for to in (
            f"b+{path.header}@{DOMAIN}",
            f"b+{path.envelope_id}@{DOMAIN}",
            path.address.replace("b+", "c+"),
            other_host(world).address,
        ):
            assert handle(world, returned(to)) is Handling.REVIEW, to
        assert set(trust_of(world)) == {Trust.ADDRESS}
        assert world.counted() == 0

    def test_t_01_no_forged_or_mutated_mark_ever_changes_a_contact(self, world: World) -> None:
        chance = random.Random(4)
        genuine = sign(world).address.partition("@")[0]
        raws = []
        for _ in range(300):
            marks = list(genuine)
            for place in chance.sample(range(2, 38), chance.randrange(1, 4)):
                marks[place] = chance.choice([c for c in "abcdefghijklmnopqrstuvwxyz234567" if c != marks[place]])
            forged = "".join(marks)
            mark = forged[2:]
            raws.append(returned(f"{forged}@{DOMAIN}", more=f"X-Bounce-Ref: {mark}\n", message_id=f"{mark}@{DOMAIN}"))
        events = learn(world, *raws)
        assert len(events) == 300
        assert {(event.counts, event.trust) for event in events} == {(False, Trust.ADDRESS)}
        assert (world.counted(), stopped(world), world.host.reached) == (0, False, [])

    def test_t_03_a_thousand_copies_of_a_report_count_once(self, world: World) -> None:
        path = sign(world)
        copies = [returned(path.address, report_id=f"c{number}", message_id=f"m{number}@x") for number in range(1000)]
        assert len({event.id for event in learn(world, *copies)}) == 1
        assert world.counted() == 1

    def test_c_07_an_altered_copy_is_a_duplicate(self, world: World) -> None:
        path = sign(world)
        assert handle(world, returned(path.address)) is Handling.HANDLED
        assert handle(world, returned(path.address, reply="552 5.2.2 Mailbox full")) is Handling.DUPLICATE
        assert world.counted() == 1

    def test_c_09_many_forged_marks_in_an_hour_are_one_incident(self, world: World) -> None:
        for number in range(30):
            raw = returned(f"b+{'a2' * 18}@{DOMAIN}")
            learn(world, raw)
            world.plugin.tell()
            assert len(world.host.incidents) == (number >= 20)
        (incident,) = world.host.incidents
        assert incident.title == "Many bounces bear signatures that are not ours"
        world.clock.now += timedelta(hours=1)
        handle(world, returned(f"b+{'a2' * 18}@{DOMAIN}"))
        assert len(world.host.incidents) == 1

    def test_t_26_the_dates_that_a_mail_claims_change_nothing(self, world: World) -> None:
        for date in (b"Thu, 01 Jan 1970 00:00:00 +0000", b"Fri, 31 Dec 2099 23:59:59 +0000", b"yesterday"):
            raw = returned(sign(world).address).replace(b"Mon, 23 Nov 2026 15:00:00 +0000 (UTC)", date)
            assert handle(world, raw) is Handling.HANDLED
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE] * 3
        with world.plugin.ledger.reading() as tx:
            assert {event.received_at for event in events_of(tx, ANNA)} == {START}


def other_host(world: World) -> ReturnPath:
    """A return path of another tenant, with the same key, for its own domain."""
    (world.folder / "other").mkdir()
    other = make_world(world.folder / "other", signing().replace(DOMAIN, "bounces.other.example"))
    with other.plugin:
        path = sign(other)
    return replace(path, address=path.address.replace("bounces.other.example", DOMAIN))


def learn(world: World, *raws: bytes) -> list[BounceEvent]:
    """What follows from mails, without a mailbox around them: their events."""
    pipeline, now = world.plugin.pipeline, world.clock.now
    cases = [(pipeline.gathering.inquire(examine(raw), now), 0) for raw in raws]
    with world.plugin.ledger.transaction() as tx:
        learned = world.plugin.consequences.learn_all(tx, cases, now=now)
    return [event for one in learned for event in one.events]


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


def complaint(mark: str = "", kind: str = "abuse", to: str = "fbl@crm.example") -> bytes:
    """An abuse report (RFC 5965) about a mail that bore a mark; its recipient is redacted."""
    return f"""\
From: feedback@provider.example
To: {to}
Subject: Complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Some/1.0
Version: 1

--B
Content-Type: message/rfc822

X-Bounce-Ref: {mark}
From: news@crm.example
To: <redacted@provider.example>
Subject: News

Hello
--B--
""".encode()


class TestComplaints:
    """Who marks our mail as spam, or asks for no more, is heeded if it is proven; and shown to a person in any case."""

    def test_d_33_a_signed_complaint_stops_mail_that_need_not_be_sent(self, world: World) -> None:
        assert handle(world, complaint(sign(world).header)) is Handling.REVIEW
        assert stopped(world)
        assert not world.plugin.should_suppress(ANNA, "invoice")
        assert f"about mail to {ANNA}, and signed" in why(world)

    def test_d_33_a_replay_stops_nobody_whom_a_person_has_freed(self, world: World) -> None:
        raw = complaint(sign(world).header)
        handle(world, raw)
        world.plugin.lift(ANNA, actor="Erna", why="a slip of the finger")
        handle(world, raw + b"\n")
        assert not stopped(world)

    @pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus", "other"])
    def test_d_33_other_feedback_stops_nobody(self, world: World, kind: str) -> None:
        handle(world, complaint(sign(world).header, kind))
        assert not stopped(world)

    def test_t_25_a_forged_complaint_goes_to_review_and_stops_nobody(self, world: World) -> None:
        forged = complaint("a2" * 18).replace(b"redacted@provider.example", ANNA.encode())
        assert handle(world, forged) is Handling.REVIEW
        with world.plugin.ledger.reading() as tx:
            assert tx.connection.exec_driver_sql("SELECT count(*) FROM acts").scalar() == 0

    def test_d_37_a_mail_to_the_unsubscribe_address_asks_for_no_more(self, world: World) -> None:
        path = sign(world)
        text = f"From: {ANNA}\nTo: {path.unsubscribe}\nSubject: unsubscribe\n\nunsubscribe\n"
        assert handle(world, text.encode()) is Handling.REVIEW
        assert why(world) == f"A person asks for something: unsubscribe. It is about mail to {ANNA}, and signed."

    def test_d_37_without_its_mark_it_is_a_mail_like_any_other(self, world: World) -> None:
        path = sign(world)
        for to in (path.address, f"b+{'a2' * 18}@{DOMAIN}", "unsubscribe@crm.example"):
            text = f"From: {ANNA}\nTo: {to}\nSubject: unsubscribe\n\nunsubscribe\n"
            assert handle(world, text.encode()) is Handling.LEFT


class TestManyAtOnce:
    """The return paths of a newsletter."""

    def test_each_recipient_has_a_path_of_his_own_that_is_recorded(self, world: World) -> None:
        people = [Contact(id=str(number), address=f"p{number}@example.org") for number in range(2500)]
        paths = list(world.plugin.return_paths(iter(people), "N-12", "newsletter"))
        assert [path.recipient for path in paths] == [person.address for person in people]
        assert len({path.address for path in paths}) == len({path.ref for path in paths}) == 2500
        assert all(re.fullmatch(rf"b\+[a-z2-7]{{36}}@{DOMAIN}", path.address) for path in paths)
        world.host.contacts["p2400@example.org"] = people[2400]
        handle(world, returned(paths[2400].address, "p2400@example.org"))
        assert trust_of(world, "p2400@example.org") == [Trust.SIGNED_ENVELOPE]

    def test_no_more_are_recorded_than_are_asked_for(self, world: World) -> None:
        people = (Contact(id=str(number), address=f"p{number}@example.org") for number in range(5000))
        next(world.plugin.return_paths(people, "N-12", "newsletter"))
        with world.plugin.ledger.reading() as tx:
            assert tx.connection.exec_driver_sql("SELECT count(*) FROM deliveries").scalar() == 1000

    def test_no_personal_data_stands_in_a_path(self, world: World) -> None:
        path = sign(world)
        for text in (path.address, path.envelope_id, path.message_id, path.header, path.unsubscribe, path.ref):
            assert "anna" not in text
            assert "N-11" not in text


def test_the_plugin_shows_no_key(world: World) -> None:
    plugin: BouncePlugin = world.plugin
    for one in (plugin, plugin.settings, plugin.settings.trust, plugin.pipeline):
        assert KEYS[1][:16] not in repr(one)
        assert repr(bytes.fromhex(KEYS[1]))[2:20] not in repr(one)


def test_a_stop_by_a_complaint_can_be_explained(world: World) -> None:
    handle(world, complaint(sign(world).header))
    explanation = world.plugin.explain(ANNA, "newsletter")
    assert explanation.suppressed
    assert "marked as spam" in explanation.because
    assert [act.verb for act in explanation.acts] == [Verb.SUPPRESS]
