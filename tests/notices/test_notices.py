"""People get one mail for each kind and hour, from the outbox, and nothing is lost when the mail server is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from bounce_plugin.announce import Announcements, Told, load_plugins
from bounce_plugin.ledger import outbox, record, review
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.notices import NoticeKind, Notices, Readers, SmtpServer, open_notices
from bounce_plugin.settings import parse_settings
from bounce_plugin.testing import sample_decision, sample_event, sample_incident, sample_outcome, sample_summary
from bounce_plugin.testing.samples import SAMPLE_TIME
from tests.notices.smtp import Server, start_server

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with start_server() as running:
        yield running


@dataclass
class House:
    """A ledger whose only plugin writes to Alice."""

    ledger: Ledger
    server: Server
    kinds: frozenset[NoticeKind] = frozenset(NoticeKind)
    stopped: Callable[[str], bool] = lambda address: False
    now: datetime = SAMPLE_TIME
    announcements: Announcements = field(init=False)

    def __post_init__(self) -> None:
        self.start_again()

    def start_again(self) -> None:
        """As after a crash: whatever was only in memory is gone."""
        notices = Notices(
            server=SmtpServer(host="localhost", port=self.server.port, security="none", timeout=5),
            readers=Readers(to=("alice@lists.example",), sender="bounces-admin@lists.example"),
            last_told=lambda hook: self.announcements.last_told("notices", hook),
            kinds=self.kinds,
            stopped=self.stopped,
            clock=lambda: self.now,
        )
        self.announcements = Announcements(self.ledger, load_plugins({"notices": notices}, entry_points=False))

    def reach(self, number: int) -> None:
        event = replace(
            sample_event(address=f"member{number}@example.org"), id=f"event{number}", message_key=f"mid:{number}"
        )
        with self.ledger.transaction() as tx:
            assert record.record_event(tx, event, weight=1.0)
            self.announcements.threshold_reached(tx, event, sample_decision(), self.now)

    def raise_incident(self, number: int = 1) -> None:
        with self.ledger.transaction() as tx:
            self.announcements.incident(tx, sample_incident(key=f"key{number}"), self.now)

    def deliver(self, after: timedelta = timedelta()) -> Told:
        self.now += after
        return self.announcements.deliver_due(self.now)

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.server.messages]

    def text(self, number: int = -1) -> str:
        body = self.server.messages[number].get_body(("plain",))
        assert body is not None
        content = body.get_content()
        assert isinstance(content, str)
        return content

    def waiting(self) -> int:
        with self.ledger.reading() as tx:
            return outbox.waiting(tx)


@pytest.fixture
def house(ledger: Ledger, server: Server) -> House:
    return House(ledger, server)


def test_one_piece_of_news_is_told_at_once(house: House) -> None:
    house.reach(1)
    assert house.deliver() == Told(told=1)
    assert house.subjects == ["Delivery problem: member1@example.org"]
    assert house.deliver(2 * HOUR) == Told()
    assert len(house.subjects) == 1


def test_news_of_one_run_are_told_in_one_mail_for_each_kind(house: House) -> None:
    for number in range(40):
        house.reach(number)
    house.raise_incident()
    assert house.deliver() == Told(told=41)
    assert sorted(house.subjects) == [
        "Delivery problems: 40 addresses",
        "Trouble: example.org refuses our mail: reputation_block",
    ]
    assert all(f"member{number}@example.org" in house.text(0) + house.text(1) for number in range(40))


def test_t_15_at_most_one_mail_for_each_kind_and_hour(house: House) -> None:
    for number in range(100):
        house.reach(number)
        house.deliver(MINUTE)
    assert len(house.subjects) == 2
    house.deliver(HOUR)
    assert house.subjects == [
        "Delivery problem: member0@example.org",
        "Delivery problems: 59 addresses",
        "Delivery problems: 40 addresses",
    ]
    assert house.waiting() == 0


def test_t_15_the_hour_is_kept_by_processes_that_start_anew_for_each_run(house: House) -> None:
    for number in range(30):
        house.reach(number)
        house.deliver(5 * MINUTE)
        house.start_again()
    house.deliver(HOUR)
    assert len(house.subjects) == 4
    assert house.waiting() == 0


def test_each_piece_of_news_is_told_once(house: House) -> None:
    for number in range(70):
        house.reach(number)
        house.deliver(7 * MINUTE)
        if number % 10 == 9:
            house.start_again()
    house.deliver(HOUR)
    told = [line for number in range(len(house.subjects)) for line in house.text(number).splitlines()]
    assert [told.count(f"member{number}@example.org") for number in range(70)] == [1] * 70


def test_a_mail_server_that_is_away_costs_nothing_but_time(house: House) -> None:
    house.server.data_reply = "451 4.3.0 later"
    for number in range(5):
        house.reach(number)
    assert house.deliver() == Told(failed=5)
    assert house.server.connections == 1  # not once for each of them
    house.start_again()
    house.server.data_reply = "250 OK"
    assert house.deliver(MINUTE) == Told(told=5)
    assert house.subjects == ["Delivery problems: 5 addresses"]


def test_a_mail_server_that_is_away_for_days_leaves_manual_work(house: House) -> None:
    house.server.data_reply = "550 5.7.1 no"
    house.raise_incident()
    for _ in range(60):
        house.deliver(HOUR)
    with house.ledger.reading() as tx:
        (item,) = review.items(tx)
    assert "The plugin 'notices' could not be told on_incident (12 tries)" in item.why
    assert house.waiting() == 0


def test_review_items_that_were_settled_meanwhile_are_not_told(house: House) -> None:
    house.raise_incident()
    with house.ledger.transaction() as tx:
        items = [review.open_item(tx, why=f"case {number}", now=house.now) for number in range(3)]
        for item in items:
            house.announcements.review_needed(tx, item, house.now)
        review.close_item(tx, items[1].id, actor="alice", resolution="done", now=house.now)
    house.deliver()
    assert "Manual work waits: 2 cases" in house.subjects
    assert not any("case 1" in house.text(number) for number in range(2))


def test_a_run_is_summed_up(house: House) -> None:
    with house.ledger.transaction() as tx:
        for number in range(3):
            summary = replace(
                sample_summary(outcomes=(sample_outcome(),) * 2, errors=("mailbox x: refused",)),
                started_at=house.now + number * MINUTE,
            )
            house.announcements.run_finished(tx, summary, house.now)
    house.deliver()
    assert house.subjects == [
        "Bounce mailbox: handling failed in part (3): 6 mails, 0 waiting for manual work",
    ]


def test_only_chosen_kinds_are_told(ledger: Ledger, server: Server) -> None:
    house = House(ledger, server, kinds=frozenset({NoticeKind.INCIDENT}))
    house.reach(1)
    house.raise_incident()
    assert house.deliver() == Told(told=2)
    assert house.subjects == ["Trouble: example.org refuses our mail: reputation_block"]


def test_t_15_nothing_is_sent_to_a_reader_who_is_stopped(ledger: Ledger, server: Server) -> None:
    house = House(ledger, server, stopped=lambda address: address == "alice@lists.example")
    house.reach(1)
    assert house.deliver() == Told(told=1)
    assert house.subjects == []


def test_exempt_failures_are_told(house: House) -> None:
    event = sample_event(category="invoice", message="R-17")
    with house.ledger.transaction() as tx:
        record.record_event(tx, event, weight=1.0)
        house.announcements.exempt_failure(tx, event, house.now)
    house.deliver()
    assert house.subjects == ["Not delivered: invoice R-17 to joe@example.org"]


def test_the_settings_make_it(ledger: Ledger, server: Server, tmp_path: object) -> None:
    settings = parse_settings(
        f"""
        [[mailbox]]
        name = "bounces"
        kind = "maildir"
        path = "Maildir"

        [notices]
        to = ["alice@lists.example"]
        from = "bounces-admin@lists.example"
        language = "de"
        events = ["incident"]
        [notices.smtp]
        host = "localhost"
        port = {server.port}
        security = "none"
        """,
        folder=tmp_path,  # type: ignore[arg-type]  # pytest's Path
    )
    assert settings.notices is not None
    notices = open_notices(settings.notices, lambda hook: None)
    announcements = Announcements(ledger, load_plugins({"notices": notices}, entry_points=False))
    with ledger.transaction() as tx:
        announcements.incident(tx, sample_incident(), SAMPLE_TIME)
    assert announcements.deliver_due(SAMPLE_TIME) == Told(told=1)
    assert server.messages[0]["Subject"] == "Störung: example.org refuses our mail: reputation_block"
    assert server.messages[0]["To"] == "alice@lists.example"
