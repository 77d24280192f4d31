"""How are failures undone that were a mistake? Looked at first, and then done, in transactions of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bounce_plugin.announce import Announcements
from bounce_plugin.classify.providers import Providers
from bounce_plugin.correlate.address import normalise
from bounce_plugin.errors import SettingsError
from bounce_plugin.ledger.addresses import know_again
from bounce_plugin.ledger.everyone import Person, by_address, concerned
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.record import append_acts
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.outcome import Lifted
from bounce_plugin.policy.answerable import require_words
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.undo import Choice, Undone, undo
from bounce_plugin.steps.act import Consequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What undoing does to one address."""

    address: str  # empty once it was forgotten
    undone: Undone

    @property
    def relists(self) -> bool:
        """Whether the host is told that it may put the address back onto its lists: of a forgotten one it is told nothing."""
        return self.undone.relists and self.address != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """Undoes the failures of a choice, under a person's name."""

    ledger: Ledger
    announcements: Announcements
    policy: Policy
    providers: Providers
    choice: Choice
    actor: str
    why: str
    now: datetime

    def look(self) -> Iterator[Correction]:
        """What it would do, address by address. Changes nothing."""
        after = ""
        while True:
            with self.ledger.reading() as tx:
                chunk = self._next(tx, after)
                found = list(self._corrections(tx, chunk))
            yield from (correction for _, correction in found)
            if not chunk:
                return
            after = chunk[-1].fingerprint

    def do(self) -> Iterator[Correction]:
        """Do it, and tell of each stop that is gone, and each removal from lists. What was done holds, also if it ends
        halfway: begin again then. Raises SettingsError where `actor` or `why` is empty.
        """
        require_words(actor=self.actor, why=self.why)
        after = ""
        while True:
            with self.ledger.transaction() as tx:
                chunk = self._next(tx, after)
                found = list(self._corrections(tx, chunk))
                for fingerprint, correction in found:
                    self._record(tx, fingerprint, correction)
            yield from (correction for _, correction in found)
            if not chunk:
                return
            after = chunk[-1].fingerprint

    def _next(self, tx: Transaction, after: str) -> tuple[Person, ...]:
        if self.choice.address:
            return () if after else (by_address(tx, self.choice.address),)
        return concerned(tx, after, since=self.choice.since, until=self.choice.until)

    def _corrections(self, tx: Transaction, chunk: tuple[Person, ...]) -> Iterator[tuple[str, Correction]]:
        people = [person for person in chunk if self.choice.concerns(person.address, self.providers)]
        removals = self.announcements.removals_told(tx, {person.fingerprint: person.past for person in people})
        for person in people:
            events, acts, told = person.past.events, person.past.acts, removals.get(person.fingerprint, ())
            if chosen := tuple(self.choice.choose((*events, *person.past.held), acts, told)):
                undone = undo(
                    chosen,
                    events,
                    acts,
                    self.policy,
                    actor=self.actor,
                    why=self.why,
                    now=self.now,
                    sent=person.past.sent,
                    told=told,
                )
                yield person.fingerprint, Correction(address=person.address, undone=undone)

    def _record(self, tx: Transaction, fingerprint: str, correction: Correction) -> None:
        undone = correction.undone
        append_acts(tx, fingerprint, undone.acts)
        if (undone.lifts or undone.relists) and correction.address:
            if self.choice.address:
                know_again(tx, correction.address)  # a person typed it, and the host must be told of whom we speak
            lifted = Lifted(
                address=correction.address,
                actor=self.actor,
                why=self.why,
                at=self.now,
                stop=undone.lifts,
                removal=undone.relists,
            )
            self.announcements.suppression_lifted(tx, lifted, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """Takes back failures that were a mistake, for a host and its people."""

    consequences: Consequences
    ledger: Ledger
    tell: Callable[[], None]
    clock: Callable[[], datetime]

    def undo(self, choice: Choice, *, actor: str, why: str) -> tuple[Correction, ...]:
        """Let the failures of a choice count no more, and tell of it. Returns what that does to each address.

        Raises SettingsError where `actor` or `why` is empty, and for a choice that says nothing, or no single address.
        """
        corrections = tuple(self.undoing(choice, actor=actor, why=why).do())
        self.tell()
        return corrections

    def undoing(self, choice: Choice, *, actor: str, why: str) -> Undoing:
        """The work of doing so, to be looked at first. Whoever does it calls `BouncePlugin.tell` afterwards."""
        if choice == Choice():
            raise SettingsError("must say which failures: these would be all", key="choice")
        address = normalise(choice.address)
        if choice.address and not address:
            raise SettingsError("that is no single e-mail address", key="address", value=choice.address)
        return Undoing(
            ledger=self.ledger,
            announcements=self.consequences.announcements,
            policy=self.consequences.policy,
            providers=self.consequences.tables.providers,
            choice=replace(choice, address=address, provider=choice.provider.lower()),
            actor=actor,
            why=why,
            now=self.clock(),
        )
