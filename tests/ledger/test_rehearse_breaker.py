"""Does a rehearsal with a breaker tell what the live system would have done, whatever happened?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bounce_plugin.announce import Announcements, OwnAnswers, load_plugins
from bounce_plugin.classify.classification import Evidence, Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.desk.rehearse import rehearse
from bounce_plugin.desk.relearn import relearn
from bounce_plugin.desk.settle import Settling
from bounce_plugin.desk.undo import Undoing
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rebuild import compare
from bounce_plugin.ledger.record import note_event, record_events
from bounce_plugin.ledger.recount import recount
from bounce_plugin.ledger.stops import STOP
from bounce_plugin.ledger.trips import TripState, open_trips
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.limits import Limits
from bounce_plugin.policy.presets import Preset, build_policy
from bounce_plugin.policy.rules import Policy, PolicyAction, Rule
from bounce_plugin.policy.undo import Choice
from bounce_plugin.steps.act import decide_upon
from bounce_plugin.steps.breaker import Breaker, Watch
from bounce_plugin.steps.usual import Usual
from tests.histories import START, State, state
from tests.ledger.samples import an_event

ONE_STRIKE = build_policy(
    preset=Preset.NONE,
    rules=[Rule(name="one strike", reasons=frozenset({Reason.ADDRESS_UNKNOWN}), then=(PolicyAction.SUPPRESS,))],
)
POLICIES = [build_policy(), build_policy(preset=Preset.THREE_STRIKES), ONE_STRIKE]
LIMITS = Limits(window=timedelta(days=1), history=timedelta(days=30), floor=2, share=0.02, times=3.0)
EVERYBODY = tuple(f"a{number}@example.org" for number in range(30))
ADDRESSES = EVERYBODY[:9]
MOMENT = 1 / 3600  # hours

#: Which address fails, and how many hours after the failure before: most at one provider, as in an outage.
failures = st.lists(
    st.tuples(
        st.sampled_from(ADDRESSES), st.sampled_from([0.1, 0.1, 1, 12, 80]), st.sampled_from(["mx1", "mx1", "mx2"])
    ),
    max_size=25,
)
#: The same at several providers, of which some use the same phrase.
at_many_providers = st.lists(
    st.tuples(
        st.sampled_from(EVERYBODY),
        st.sampled_from([0.1, 0.1, 0.1, 0.1, 12, 80]),
        st.sampled_from(["mx1 a", "mx2 a", "mx3 a", "mx4 a", "mx1 b", "mx2 b", "mx5 b"]),
    ),
    max_size=40,
)
batches = st.sampled_from([1, 3, 100])
#: Some addresses that fail at once, or within seconds, each at one of some providers, how many hours after those before, and what a person makes
#: then of all that is held; or that of one address everything is undone.
bursts = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(["mx1 a", "mx1 a", "mx1 b", "mx2 a", "mx3 b", "mx4 a"])),
        unique_by=lambda one: one[0],
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([0.1, 2, 12, 20, 80]),
    st.one_of(st.sampled_from([None, None, TripState.DISCARDED, TripState.RELEASED]), st.sampled_from(ADDRESSES)),
)


@pytest.fixture(scope="module")
def ledgers() -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers for many histories, each of which is taken back."""
    with Ledger.in_memory() as one, Ledger.in_memory() as other:
        yield one, other


class Days:
    """A ledger under a policy with a breaker, and what happens to it."""

    def __init__(self, ledger: Ledger, policy: Policy, limits: Limits | None = LIMITS) -> None:
        own = OwnAnswers(
            find_delivery=lambda clues, address: None,
            should_suppress=lambda address, category: False,
            should_suppress_many=lambda addresses, category: (),
        )
        self.ledger, self.policy, self.now = ledger, policy, START
        self.at, self.number = START, 0  # of the failure that came last
        self.announcements = Announcements(ledger, load_plugins({}, own=own, entry_points=False))
        self.breaker = Breaker(
            announcements=self.announcements,
            policy=policy,
            providers=BUILT_IN.providers,
            limits=limits,
            usual=Usual(),
        )

    def live(self, some: Sequence[tuple[str, float, str]], batch: int) -> None:
        """Let these failures happen, each some hours after the one before, and be read in batches of that size.

        Behind a host's name there may be the phrase that it uses.
        """
        told = []
        for address, hours, host in some:
            self.number += 1
            self.at += timedelta(hours=hours)
            told.append((self.number, address, self.at, host))
        for start in range(0, len(told), batch):
            chunk = told[start : start + batch]
            self.now = max(self.now, chunk[-1][2])
            self._record(chunk)

    def _record(self, chunk: list[tuple[int, str, datetime, str]]) -> None:
        row = BUILT_IN.reasons[Reason.ADDRESS_UNKNOWN]
        with self.ledger.transaction() as tx:
            events = [
                an_event(
                    tx,
                    address,
                    kind=Kind.BOUNCE,
                    type=row.type,
                    message_key=f"ref:{number}",
                    received_at=at,
                    remote_mta=f"mail.{host.partition(' ')[0]}.example",
                    evidence=(Evidence(rule=f"phrase:any:{host.partition(' ')[2]}", field="", span="", decided=True),),
                )
                for number, address, at, host in chunk
            ]
            record_events(tx, [(event, row.weight) for event in events])
            watch = Watch(breaker=self.breaker, tx=tx, now=self.now)
            for event in events:
                note_event(tx, event, weight=row.weight)
                watch.note(event, decide_upon(tx, event, self.policy, self.now))
            watch.judge()

    def settle(self, what: TripState) -> None:
        with self.ledger.reading() as tx:
            numbers = [trip.number for trip in open_trips(tx)]
        for number in numbers:
            work = Settling(
                ledger=self.ledger,
                announcements=self.announcements,
                policy=self.policy,
                trip=number,
                state=what,
                actor="ann",
                why="I asked them",
                now=self.now,
            )
            list(work.do())

    def undo(self, address: str) -> None:
        work = Undoing(
            ledger=self.ledger,
            announcements=self.announcements,
            policy=self.policy,
            providers=BUILT_IN.providers,
            choice=Choice(address=address),
            actor="ann",
            why="I asked her",
            now=self.now,
        )
        list(work.do())

    def states(self) -> dict[str, State]:
        found: dict[str, State] = {}
        with self.ledger.reading() as tx:
            for address in EVERYBODY:
                stop = tx.connection.execute(
                    STOP, {"tenant": tx.tenant, "fingerprint": tx.fingerprint(address)}
                ).one_or_none()
                holds = stop is not None and stop.since and (stop.until is None or stop.until > self.now)
                found[address] = (stop.exempt_too, stop.until) if stop and holds else None
        return found

    def is_as_recorded(self) -> bool:
        with self.ledger.reading() as tx:
            missing = relearn(tx, self.policy, BUILT_IN.providers, mend=False)
            return not [*compare(tx, mend=False), *recount(tx, mend=False), *missing]


def assert_rehearsed(lived: Days) -> None:
    """A rehearsal of the rules by which a ledger lives comes to what it does."""
    expected = lived.states()
    for found in rehearse(lived.ledger, lived.policy, lived.now, limits=LIMITS):
        assert state(found.simulated.after, lived.now) == expected[found.address]


@settings(max_examples=15, deadline=None)
@given(failures, batches, st.sampled_from(POLICIES), st.sampled_from(POLICIES))
def test_the_stops_are_those_of_a_ledger_that_lived_under_the_other_policy(
    ledgers: tuple[Ledger, Ledger], some: list[tuple[str, float, str]], batch: int, policy: Policy, other: Policy
) -> None:
    with ledgers[0].rehearsal(), ledgers[1].rehearsal():
        real, lived = Days(ledgers[0], policy), Days(ledgers[1], other)
        real.live(some, batch)
        lived.live(some, 1)
        expected = lived.states()
        for found in rehearse(real.ledger, other, real.now, limits=LIMITS):
            assert state(found.simulated.after, real.now) == expected[found.address]
        assert real.is_as_recorded()


def at_once(addresses: Sequence[str], what: TripState) -> tuple[list[tuple[str, str]], float, TripState]:
    return [(address, "mx1 a") for address in addresses], 1, what


#: What is usual was found before the failures of an address, which were the most, were undone.
UNDONE_MEANWHILE = [
    ([("a2@example.org", "mx1 a")], 12, None),
    ([("a0@example.org", "mx1 a"), ("a2@example.org", "mx1 a")], 12, None),
    ([("a1@example.org", "mx1 a")], 12, "a2@example.org"),
    ([("a0@example.org", "mx1 a")], 0.1, None),
]


@settings(max_examples=25, deadline=None)
@given(st.lists(bursts, max_size=8), batches, st.sampled_from(POLICIES))
@example([at_once(ADDRESSES[:4], TripState.DISCARDED), at_once(ADDRESSES[4:5], TripState.DISCARDED)], 1, ONE_STRIKE)
@example([at_once(ADDRESSES[:4], TripState.RELEASED), at_once(ADDRESSES[4:5], TripState.RELEASED)], 1, ONE_STRIKE)
@example(UNDONE_MEANWHILE, 1, POLICIES[0])
def test_the_stops_are_the_same_whenever_people_release_and_discard_and_undo(
    ledgers: tuple[Ledger, Ledger],
    some: list[tuple[list[tuple[str, str]], float, TripState | str | None]],
    batch: int,
    policy: Policy,
) -> None:
    with ledgers[0].rehearsal():
        lived = Days(ledgers[0], policy)
        for burst, hours, what in some:
            # At one moment, if one batch holds them all: read in two, they may trip a wider cause in between.
            apart = 0 if len(burst) <= batch else MOMENT
            lived.live(
                [(address, apart if number else hours, host) for number, (address, host) in enumerate(burst)], batch
            )
            assert_rehearsed(lived)
            if isinstance(what, TripState):
                lived.settle(what)
            elif what is not None:
                lived.undo(what)
            assert_rehearsed(lived)
        assert lived.is_as_recorded()


@settings(max_examples=40, deadline=None)
@given(at_many_providers, batches, batches, st.sampled_from(POLICIES))
def test_a_phrase_that_tripped_before_the_provider_to_blame_did_is_judged_again(
    ledgers: tuple[Ledger, Ledger], some: list[tuple[str, float, str]], batch: int, other: int, policy: Policy
) -> None:
    with ledgers[0].rehearsal(), ledgers[1].rehearsal():
        lived, again = Days(ledgers[0], policy), Days(ledgers[1], policy)
        for start in range(0, len(some), 5):
            lived.live(some[start : start + 5], batch)
            assert_rehearsed(lived)
        again.live(some, other)
        assert lived.states() == again.states()
        assert lived.is_as_recorded()


@settings(max_examples=10, deadline=None)
@given(failures, batches, st.sampled_from(POLICIES))
def test_released_it_is_as_without_a_breaker_whatever_was_held(
    ledgers: tuple[Ledger, Ledger], some: list[tuple[str, float, str]], batch: int, policy: Policy
) -> None:
    with ledgers[0].rehearsal(), ledgers[1].rehearsal():
        held, without = Days(ledgers[0], policy), Days(ledgers[1], policy, limits=None)
        held.live(some, batch)
        without.live(some, batch)
        held.settle(TripState.RELEASED)
        assert held.states() == without.states()
        assert held.is_as_recorded()
        held.settle(TripState.DISCARDED)  # nothing is left to be discarded
        assert held.states() == without.states()
