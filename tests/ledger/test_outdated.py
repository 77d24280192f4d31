"""Is what was sent long ago removed, and does no decision miss it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.ledger import outdated
from bounce_plugin.ledger.deliveries import deliveries_to, find, record_sent
from bounce_plugin.ledger.erase import forget, spellings
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outdated import remove_outdated
from bounce_plugin.ledger.past import past_of
from bounce_plugin.ledger.rebuild import compare
from bounce_plugin.ledger.review import item, open_item
from bounce_plugin.ledger.schema import addresses, deliveries, events
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.state import Act
from bounce_plugin.policy.success import successes
from tests.histories import ADDRESSES, Failure, Life, Lift, Receipt, Undo, Word, failures, lifts, receipts, undos, words
from tests.ledger.samples import JOE, NOW, a_delivery, recorded
from tests.servers.ledgers import KEY

ANNA = ADDRESSES[0]
ANN = "ann@example.org"
DAY = timedelta(days=1)
KEPT = 45 * DAY
POLICIES = [
    build_policy(),
    build_policy(preset=Preset.THREE_STRIKES),
    build_policy(preset=Preset.THREE_STRIKES, success_after_days=20),
]


def sent(tx: Transaction, **days_ago: float) -> None:
    record_sent(tx, [a_delivery(ref, sent_at=NOW - DAY * days, contact="") for ref, days in days_ago.items()])


def clean(tx: Transaction, now: datetime = NOW) -> int:
    """Remove what was sent 45 days ago or earlier; returns how many that was."""
    removed = 0
    while (gone := remove_outdated(tx, before=now - KEPT)) is not None:
        removed += gone
    return removed


def left(tx: Transaction, address: str = JOE) -> set[str]:
    return {delivery.ref for delivery in deliveries_to(tx, address)}


def addresses_left(tx: Transaction) -> int:
    return tx.connection.scalar(select(func.count()).select_from(addresses).where(addresses.c.tenant == tx.tenant)) or 0


def test_what_was_sent_long_ago_goes_in_small_batches_and_takes_the_address_with_it(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        sent(tx, old=46, new=44)
        record_sent(tx, [a_delivery(f"d{n}", f"a{n}@example.org", sent_at=NOW - 50 * DAY) for n in range(700)])
        first = remove_outdated(tx, before=NOW - KEPT)
        assert first == outdated.AT_ONCE
        assert clean(tx) == 701 - first
        assert left(tx) == {"new"}
        assert addresses_left(tx) == 1
        record_sent(tx, [a_delivery("d1", "a1@example.org")])
        assert left(tx, "a1@example.org") == {"d1"}, "whoever joins again is written down again"


def test_what_came_back_stays_and_so_does_the_first_that_did_not_after_each_failure(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        sent(tx, before=100, failed=90, first=80, second=79, last=61)
        recorded(tx, message_key="mid:other", received_at=NOW - 95 * DAY)
        recorded(tx, message_key="ref:failed", delivery_ref="failed", received_at=NOW - 70 * DAY)
        assert clean(tx) == 2
        assert left(tx) == {"failed", "first", "last"}
        found = find(tx, Clues(message_id="failed@lists.example"), JOE)
        assert found
        assert found.ref == "failed", "another report of it is no new failure"
        assert remove_outdated(tx, before=NOW - KEPT) is None, "what stays is not looked at again"


def test_an_address_that_something_else_names_stays(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for ref, address in (("d1", JOE), ("d2", ANN), ("d3", "kim@example.org")):
            record_sent(tx, [a_delivery(ref, address, sent_at=NOW - 50 * DAY, contact="")])
        number = open_item(tx, why=f"Is it {JOE}?", now=NOW).id
        forget(tx, ANN, ())
        assert clean(tx) == 3
        assert item(tx, number).why == f"Is it {JOE}?"
        record_sent(tx, [a_delivery("d4", ANN)])
        assert spellings(tx, ANN) == (), "who was forgotten stays so"
        assert addresses_left(tx) == 2


def test_a_contact_that_is_known_by_its_address_goes_with_it_and_another_one_stays(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery("d1", ANN, sent_at=NOW - 50 * DAY, contact="Ann@Example.org")])
        record_sent(tx, [a_delivery("d2", sent_at=NOW - 50 * DAY), a_delivery("d3", sent_at=NOW, contact=ANN)])
        assert deliveries_to(tx, ANN)[0].contact == "Ann@Example.org"
        assert clean(tx) == 2
        (delivery,) = deliveries_to(tx, JOE)
        assert delivery.contact == ANN
        assert spellings(tx, ANN) == (ANN,)


def test_others_keep_theirs(empty_url: str) -> None:
    with Ledger.open(empty_url, key=KEY) as ours, Ledger.open(empty_url, key=KEY, tenant=2) as theirs:
        for ledger in (ours, theirs):
            with ledger.transaction() as tx:
                sent(tx, old=50)
        with ours.transaction() as tx:
            assert clean(tx) == 1
        with theirs.reading() as tx:
            assert left(tx) == {"old"}
            assert addresses_left(tx) == 1


@dataclass(frozen=True, kw_only=True)
class Send:
    """Some mails are sent, a day apart."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Nameless:
    """A mail failed of which nobody knows which one it was."""

    days_ago: float


class Clean:
    """What was sent long ago is removed now."""


def _of_one(step: Failure | Receipt | Word | Lift) -> Failure | Receipt | Word | Lift:
    """One address, so that much happens to it."""
    return replace(step, address=ANNA)


Step = float | Failure | Send | Nameless | Receipt | Word | Lift | Undo | Clean
histories = st.lists(
    st.one_of(
        (failures.map(lambda one: replace(one, reason=Reason.MAILBOX_FULL)) | failures).map(_of_one),
        st.builds(Send, number=st.integers(1, 4)),
        st.builds(Nameless, days_ago=st.sampled_from([0, 0, 3, 20])),
        st.sampled_from([1, 7, 14, 50, 100]),
        (receipts | words | lifts).map(_of_one) | undos,
        st.builds(Clean),
    ),
    max_size=20,
)


class Kept(Life):
    """A life whose ledger keeps deliveries for ever, or not; what is found of a mail is what the ledger still holds."""

    removes = False
    removed = 0

    def take(self, step: Step) -> None:
        if isinstance(step, Clean):
            if self.removes:
                with self.ledger.transaction() as tx:
                    self.removed += clean(tx, self.now)
        elif isinstance(step, Send):
            for _ in range(step.number):
                self.send(ANNA)
                self.now += DAY
        elif isinstance(step, Nameless):
            self.messages += 1
            row = BUILT_IN.reasons[Reason.MAILBOX_FULL]
            with self.ledger.transaction() as tx:
                self.report(
                    tx,
                    ANNA,
                    step.days_ago,
                    kind=Kind.BOUNCE,
                    key=f"mid:{self.messages}",
                    reason=Reason.MAILBOX_FULL,
                    type=row.type,
                    fault=row.fault,
                    counts=True,
                )
        else:
            self.live([step])

    def told(self) -> tuple[tuple[Act, ...], frozenset[str]]:
        """All that was done to the address, and which of its failures are forgiven now."""
        with self.ledger.reading() as tx:
            past = past_of(tx, tx.fingerprint(ANNA))
            found = successes(past.events, past.acts, past.sent, self.policy)
            return tuple(past.acts), frozenset(event.id for event in past.events if found.forgive(event, self.now))


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Ledger, Ledger]]:
    with Ledger.open("sqlite://", key=KEY) as one, Ledger.open("sqlite://", key=KEY) as other:
        yield one, other


@settings(max_examples=60, deadline=None)
@given(histories, st.sampled_from(POLICIES), st.sampled_from([Trust.ADDRESS, Trust.LOGGED]))
def test_no_decision_misses_what_was_removed_whenever_that_was(
    two: tuple[Ledger, Ledger], history: list[Step], policy: Policy, required: Trust
) -> None:
    policy = replace(policy, required=required)
    with two[0].rehearsal(), two[1].rehearsal():
        forever, shortly = (Kept(ledger=ledger, policy=policy) for ledger in two)
        shortly.removes = True
        for step in (*history, Clean()):
            forever.take(step)
            shortly.take(step)
            assert shortly.told() == forever.told()
        with shortly.ledger.transaction() as tx:
            assert list(compare(tx, mend=False)) == []
            old = select(func.count()).select_from(deliveries).where(deliveries.c.sent_at < shortly.now - KEPT)
            failures = select(func.count()).select_from(events).where(events.c.kind == Kind.BOUNCE)
            assert (tx.connection.scalar(old) or 0) <= 2 * (tx.connection.scalar(failures) or 0)
