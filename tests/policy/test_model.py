"""Does state belong to the address, whoever has it? Against a model of a few lines, by whatever may happen in any order.

A contact with two addresses, a family that shares one, a typo that is corrected, an address that is given up and comes
back, a contact that moves and returns: what an address has done stays with the address.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bounce_plugin import BouncePlugin, Contact, hookimpl
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.past import past_of
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.policy.hold import hold, release
from bounce_plugin.settings import parse_settings
from tests.bounces import Box, report
from tests.world import KEY, Clock

ADDRESSES = ("anna@example.com", "anna@work.example", "family@example.com", "ana@example.com")
PEOPLE = ("anna", "ben", "carla")
AFTER = 3  # failed sends, as the preset `three-strikes` has it

addresses = st.sampled_from(ADDRESSES)
people = st.sampled_from(PEOPLE)
messages = st.integers(1, 5)


class Club:
    """Who has which address now."""

    def __init__(self) -> None:
        self.owners: dict[str, set[str]] = defaultdict(set)

    @hookimpl
    def find_contact(self, address: str) -> list[Contact]:
        return [Contact(id=name, address=address) for name in sorted(self.owners[address])]


class State(RuleBasedStateMachine):
    """The plugin, and beside it what must be so."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        self.box = Box(root / "Maildir")
        (root / "ledger.key").write_text(KEY)
        text = '[policy]\npreset = "three-strikes"\n[[mailbox]]\nname = "b"\nkind = "maildir"\npath = "Maildir"\n'
        self.club, self.clock = Club(), Clock()
        self.plugin = BouncePlugin(
            parse_settings(text, folder=root), plugins={"club": self.club}, clock=self.clock, entry_points=False
        )
        self.failed: dict[str, set[int]] = defaultdict(set)  # messages, since the address was lifted last
        self.ever: dict[str, set[int]] = defaultdict(set)  # messages whose failure was counted: they fail once
        self.held: dict[str, set[int]] = defaultdict(set)  # messages whose failure does not count for now
        self.stopped: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "plugin"):
            self.plugin.close()
            self.folder.cleanup()

    @rule(person=people, address=addresses)
    def has(self, person: str, address: str) -> None:
        """Somebody has an address, beside those that he has."""
        self.club.owners[address].add(person)

    @rule(person=people, old=addresses, new=addresses)
    def moves(self, person: str, old: str, new: str) -> None:
        """Somebody corrects a typo, moves, or comes back."""
        self.club.owners[old].discard(person)
        self.club.owners[new].add(person)

    @rule(person=people)
    def leaves(self, person: str) -> None:
        """Somebody leaves the club."""
        for owners in self.club.owners.values():
            owners.discard(person)

    @rule(address=addresses, message=messages, copies=st.integers(1, 2))
    def bounces(self, address: str, message: int, copies: int) -> None:
        """A message to an address fails, and perhaps that is reported twice."""
        self.clock.now += timedelta(hours=1)
        for _ in range(copies):
            self.box.drop(report(address, message_id=f"m{message}@crm.example"), self.clock.now)
        self.plugin.run_once()
        if self.club.owners[address] and message not in self.ever[address]:
            self.ever[address].add(message)
            self.failed[address].add(message)
            if len(self.failed[address]) >= AFTER:
                self.stopped.add(address)

    @rule(address=addresses)
    def is_lifted(self, address: str) -> None:
        """A person vouches for an address."""
        self.clock.now += timedelta(hours=1)
        self.plugin.lift(address, actor="secretary", why="she called")
        self.failed[address].clear()
        self.held[address].clear()
        self.stopped.discard(address)

    @rule(address=addresses)
    def is_held(self, address: str) -> None:
        """The breaker holds what an address has done until now."""
        policy, now = self.plugin.settings.policy, self.clock.now
        with self.plugin.ledger.transaction() as tx:
            past = past_of(tx, tx.fingerprint(address))
            if past.events:
                held = hold(past.events, past.events, past.acts, policy, trip=1, why="an outage", now=now)
                record_acts(tx, address, held.acts)
        self.held[address] |= self.failed[address]
        self.failed[address].clear()
        self.stopped.discard(address)

    @rule(address=addresses)
    def is_released(self, address: str) -> None:
        """A person says that it was none."""
        policy, now = self.plugin.settings.policy, self.clock.now
        with self.plugin.ledger.transaction() as tx:
            past = past_of(tx, tx.fingerprint(address))
            if past.held:
                back = release(past.held, past.events, past.acts, policy, actor="ann", why="I asked", now=now)
                record_acts(tx, address, back.acts)
        self.failed[address] |= self.held[address]
        self.held[address].clear()
        if len(self.failed[address]) >= AFTER:
            self.stopped.add(address)

    @invariant()
    def those_are_stopped_that_must_be(self) -> None:
        if not hasattr(self, "plugin"):
            return
        assert self.plugin.suppressed_among(ADDRESSES, "newsletter") == self.stopped
        assert self.plugin.suppressed_among(ADDRESSES, "invoice") == set()
        for address in ADDRESSES:
            with self.plugin.ledger.reading() as tx:
                counted = {event.message_key for event in events_of(tx, address) if event.counts}
            assert len(counted) == len(self.ever[address])


TestState = State.TestCase
TestState.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
