"""Does an address recover by what got through, and by nothing else? A real ledger against a reference of a few lines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event as sql_event

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.desk.vouch import record_successes
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of, past_events, sent_to
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import PolicyAction, Rule
from bounce_plugin.policy.simulate import simulate
from bounce_plugin.policy.state import Verb
from tests.histories import ADDRESSES, Life

ANNA, BERT, CLEO = ADDRESSES
AFTER = 2
POLICY = build_policy(preset=Preset.NONE, rules=[Rule(name="often", after=AFTER, then=(PolicyAction.SUPPRESS,))])
LIFETIME = timedelta(days=5)


@dataclass
class Mail:
    key: str
    sent_at: datetime
    failed_at: datetime | None = None


@dataclass
class Book:
    """What is to be known of an address, and what follows."""

    failed: list[tuple[datetime, bool, str]] = field(default_factory=list)  # when, whether it was soft, of which mail
    mails: list[Mail] = field(default_factory=list)
    proofs: list[datetime] = field(default_factory=list)
    stopped: bool = False

    def fails(self, now: datetime, *, soft: bool, key: str) -> None:
        self.failed.append((now, soft, key))
        proofs = [*self.proofs, *(mail.sent_at for mail in self.mails if self.arrived(mail, now))]
        counted = [at for at, soft, _ in self.failed if not (soft and any(at < proof for proof in proofs))]
        self.stopped = self.stopped or len(counted) >= AFTER

    def arrived(self, mail: Mail, now: datetime) -> bool:
        due = mail.sent_at + LIFETIME
        doubtful = any(key == "" and mail.sent_at <= at <= due for at, _, key in self.failed)
        return due <= now and mail.failed_at is None and not doubtful


@pytest.fixture(scope="module")
def memory() -> Iterator[Ledger]:
    with Ledger.in_memory() as ledger:
        yield ledger


def fail(life: Life, soft: bool, key: str) -> None:
    more = {"reason": Reason.MAILBOX_FULL if soft else Reason.ADDRESS_UNKNOWN, "counts": True}
    type_ = {"type": "soft" if soft else "hard"}
    with life.ledger.transaction() as tx:
        life.report(tx, ANNA, 0, kind=Kind.BOUNCE, key=key, **more, **type_)


TURNS: dict[str | int, int] = {
    "sent": 5, "back": 2, "soft": 3, "hard": 1, "lost": 1, "click": 1, "receipt": 1, "forged": 2, 1: 2, 4: 2, 5: 3,
}  # fmt: skip


@pytest.mark.parametrize("hundred", range(2))
def test_the_ledger_stops_whom_the_reference_stops(memory: Ledger, hundred: int) -> None:
    for seed in range(100):  # by chance and not by hypothesis, which prefers short lives, in which little happens
        turns = random.Random(100 * hundred + seed).choices(list(TURNS), list(TURNS.values()), k=12)
        with memory.rehearsal():
            life, book = Life(ledger=memory, policy=POLICY), Book()
            for number, turn in enumerate(turns):
                life.now += timedelta(days=turn) if isinstance(turn, int) else timedelta(hours=1)
                take_turn(life, book, turn, number)
            assert (life.states()[ANNA] is not None) == book.stopped, turns
            with memory.reading() as tx:
                found = simulate(past_events(tx, ANNA), acts_of(tx, ANNA), POLICY, life.now, sent=sent_to(tx, ANNA))
            assert not found.changes, f"a replay comes to something else: {turns}"


def take_turn(life: Life, book: Book, turn: str | int, number: int) -> None:
    if turn == "sent":
        life.send(ANNA)
        book.mails.append(Mail(key=life.last[ANNA], sent_at=life.now))
    elif turn == "back":  # the first that was recorded and is not back yet
        mail = next((one for one in book.mails if one.failed_at is None), None)
        if mail is not None:
            mail.failed_at = life.now
            fail(life, True, mail.key)
            book.fails(life.now, soft=True, key=mail.key)
    elif turn in {"soft", "hard"}:  # of a mail that was sent by other means
        fail(life, turn == "soft", f"ref:other{number}")
        book.fails(life.now, soft=turn == "soft", key=f"ref:other{number}")
    elif turn == "lost":
        fail(life, True, f"day:{number}")
        book.fails(life.now, soft=True, key="")
    elif turn == "click":
        record_successes(life.ledger, {ANNA: life.now}, why="a click", actor="crm", now=life.now)
        book.proofs.append(life.now)
    elif turn in {"receipt", "forged"}:
        trust = Trust.SIGNED_ENVELOPE if turn == "receipt" else Trust.LOGGED
        with life.ledger.transaction() as tx:
            life.report(tx, ANNA, 0, kind=Kind.DELIVERED, trust=trust)
        book.proofs += [life.now] if turn == "receipt" else []


def test_the_word_is_recorded_only_where_there_is_something_to_forgive(ledger: Ledger) -> None:
    life = Life(ledger=ledger, policy=POLICY)
    fail(life, True, "ref:1")
    now = life.now + timedelta(hours=2)
    clicks = {ANNA.upper(): now - timedelta(hours=1), BERT: now, "nobody at all": now, CLEO: now + timedelta(days=9)}
    assert record_successes(ledger, clicks, why="a click", actor="crm", now=now) == 1
    assert record_successes(ledger, clicks, why="a click", actor="crm", now=now) == 0, "that was forgiven already"
    with ledger.reading() as tx:
        (act,) = acts_of(tx, ANNA)
        assert (act.verb, act.at, act.until, act.actor) == (Verb.SUCCESS, now, now - timedelta(hours=1), "crm")
        assert acts_of(tx, BERT) == acts_of(tx, CLEO) == ()


def test_a_success_has_a_time_zone(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="no aware datetime"):
        record_successes(ledger, {ANNA: datetime(2026, 1, 1)}, why="a click", actor="crm", now=Life(ledger, POLICY).now)  # noqa: DTZ001


def test_what_was_sent_is_looked_up_only_for_addresses_with_soft_failures(memory: Ledger) -> None:
    asked: list[str] = []
    with memory.rehearsal():
        life = Life(ledger=memory, policy=POLICY)
        sql_event.listen(memory._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        for number in range(5):
            fail(life, False, f"ref:hard{number}")
        assert not any("FROM deliveries" in statement for statement in asked)
        fail(life, True, "ref:soft")
        fail(life, True, "ref:soft2")
        assert any("FROM deliveries" in statement for statement in asked)
