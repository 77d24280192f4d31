"""Who is told what happened? The outbox of the ledger says what is due; each plugin is told by itself.

An announcement is written in the transaction of what it tells, one row for each plugin, and done only after the
plugin returned: a crash in between tells it twice, never not at all. Values are read from the ledger when they are
told, so that a person who was erased meanwhile is told of by no name.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from bounce_plugin.announce.absent import Absent
from bounce_plugin.announce.arguments import ARGUMENTS, Arguments
from bounce_plugin.announce.plugins import Plugins
from bounce_plugin.announce.trouble import log_failure, words_of
from bounce_plugin.errors import Later, NotFoundError
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger import history, outbox, review
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import Announcement, Payload
from bounce_plugin.ledger.told import decisions_told, is_announced, told_of
from bounce_plugin.ledger.transaction import Past, Transaction
from bounce_plugin.outcome import Incident, Lifted, MailOutcome, ReviewItem, RunSummary
from bounce_plugin.policy.hold import Released
from bounce_plugin.policy.rules import Decision, PolicyAction, Step

log = logging.getLogger(__name__)

#: Seconds that one plugin may take of a round; its other announcements wait for the next, so that the others' do not.
SLOWEST: Final = 20.0
#: When a plugin that says "later" again at the end of a round is told again.
AT_THE_EARLIEST: Final = timedelta(minutes=1)
#: Announcements that are read at once.
BATCH: Final = 500

#: What the hook on_threshold_reached is for; manual work and incidents have hooks of their own.
TOLD_AS_THRESHOLD: Final = frozenset(PolicyAction) - {PolicyAction.REVIEW, PolicyAction.INCIDENT}
_THRESHOLD: Final = "on_threshold_reached"


@dataclass(slots=True)
class Told:
    """How the announcements of one round ended."""

    told: int = 0
    failed: int = 0  # to be tried again
    postponed: int = 0  # the plugin asked for it
    given_up: int = 0


class Announcements:
    """Puts down what is to be told, in the transaction in which it happens, and tells it after the commit.

    What concerns an address reaches a plugin in the order in which it was put down.
    """

    def __init__(self, ledger: Ledger, plugins: Plugins) -> None:
        self._ledger, self._plugins = ledger, plugins
        self.absent = Absent(plugins)  # whom another process tells
        self._telling = Lock()  # two rounds at once would tell the same twice

    def bounce_classified(self, tx: Transaction, event: BounceEvent, now: datetime) -> None:
        """Put `on_bounce_classified` down."""
        self._put(tx, "on_bounce_classified", Payload(event=event.id), now, event.address)

    def threshold_reached(self, tx: Transaction, event: BounceEvent, decision: Decision, now: datetime) -> None:
        """Put `on_threshold_reached` down."""
        self._put(tx, _THRESHOLD, Payload(event=event.id, decision=decision), now, event.address)

    def threshold_released(
        self, tx: Transaction, address: str, released: Released, now: datetime, *, again: str
    ) -> None:
        """Put it down again for what was held of an address, and counts again; `again` is a name for that."""
        for event, decision in released.decided:
            if steps := tuple(step for step in decision.steps if step.action in TOLD_AS_THRESHOLD):
                payload = Payload(event=event.id, decision=Decision(steps=steps), again=again)
                self._put(tx, _THRESHOLD, payload, now, address)

    def threshold_withdrawn(self, tx: Transaction, events: Collection[str]) -> None:
        """Tell nobody any more what these events led to, as far as nobody was told yet.

        What is told once more has the name of that behind the event: `ID:let go 1`.
        """
        outbox.withdraw(tx, _THRESHOLD, events)

    def threshold_told(self, tx: Transaction, events: Collection[str]) -> frozenset[str]:
        """Those of some events, named likewise, of which somebody was told what they led to, or still will be."""
        return told_of(tx, _THRESHOLD, events)

    def removals_told(self, tx: Transaction, pasts: Mapping[str, Past]) -> Mapping[str, tuple[Step, ...]]:
        """The removals from lists that a host was told of, or still will be, by fingerprint of the address."""
        return {
            one: tuple(
                step for made in decisions for step in made.steps if step.action is PolicyAction.REMOVE_FROM_LIST
            )
            for one, decisions in decisions_told(tx, _THRESHOLD, pasts).items()
        }

    def exempt_failure(self, tx: Transaction, event: BounceEvent, now: datetime, *, fallback: str = "") -> None:
        """Put `on_exempt_failure` down: once for each message and address, however many reports there are about it."""
        reports = [
            past.id
            for past in history.events_of(tx, event.address)
            if past.kind is event.kind and past.message_key == event.message_key
        ]
        if not is_announced(tx, "on_exempt_failure", reports):
            payload = Payload(event=event.id, fallback=fallback)
            self._put(tx, "on_exempt_failure", payload, now, event.address)

    def message_handled(self, tx: Transaction, outcome: MailOutcome, now: datetime) -> None:
        """Put `on_message_handled` down."""
        self._put(tx, "on_message_handled", Payload(mail=outcome.mail_id), now)

    def review_needed(self, tx: Transaction, item: ReviewItem, now: datetime) -> None:
        """Put `on_review_needed` down."""
        self._put(tx, "on_review_needed", Payload(item=item.id), now)

    def suppression_lifted(self, tx: Transaction, lifted: Lifted, now: datetime) -> None:
        """Put `on_suppression_lifted` down."""
        self._put(tx, "on_suppression_lifted", Payload(lifted=lifted), now, lifted.address)

    def incident(self, tx: Transaction, incident: Incident, now: datetime) -> None:
        """Put `on_incident` down."""
        self._put(tx, "on_incident", Payload(incident=incident), now)

    def run_finished(self, tx: Transaction, summary: RunSummary, now: datetime) -> None:
        """Put `on_run_finished` down."""
        self._put(tx, "on_run_finished", Payload(summary=summary), now)

    def deliver_due(self, now: datetime) -> Told:
        """Tell each plugin what is due at `now`. One that raises is told again later, the others are told now.

        Does nothing while another thread tells, or when a plugin itself calls it. Waits while another process tells, but
        not for ever: what is due then is told in the next round.
        """
        told = Told()
        if not self._telling.acquire(blocking=False):
            return told
        try:
            with self._ledger.turn_to_tell(SLOWEST) as ours:
                for name in self._plugins.names if ours else ():
                    ends = time.monotonic() + SLOWEST
                    _Round(ledger=self._ledger, plugins=self._plugins, now=now, told=told, ends=ends).tell(name)
            if not ours:
                log.info("another process has been telling plugins for %d seconds: told in the next round", SLOWEST)
        finally:
            self._telling.release()
        return told

    def last_told(self, plugin: str, hook: str) -> datetime | None:
        """When a plugin last took an announcement of that hook; None: never, as far as is remembered."""
        with self._ledger.reading() as tx:
            return outbox.last_done(tx, plugin, hook)

    def _put(self, tx: Transaction, hook: str, payload: Payload, now: datetime, address: str = "") -> None:
        # Nobody here knows which hooks an absent plugin has: it is seen to when it is told.
        listeners = (*self._plugins.implementing(hook), *self.absent.names(tx, now))
        outbox.announce(tx, hook, payload, listeners, now, address=address)


@dataclass(slots=True, kw_only=True)
class _Round:
    """What one plugin is told at one time."""

    ledger: Ledger
    plugins: Plugins
    now: datetime
    told: Told
    ends: float  # on the monotonic clock
    later: list[Announcement] = field(default_factory=list)
    said: set[str] = field(default_factory=set)  # what failed already in this round: a server that is away is told once

    def tell(self, name: str) -> None:
        while announcements := self._due(name):
            for announcement in announcements:
                if self._too_slow(name):
                    return
                self._offer(announcement, self.later.append)
            again, self.later = self.later, []
            for announcement in again:
                if self._too_slow(name):
                    return
                self._offer(announcement, self._postpone)

    def _due(self, name: str) -> tuple[Announcement, ...]:
        with self.ledger.reading() as tx:
            return outbox.due(tx, self.now, plugins=(name,), limit=BATCH)

    def _too_slow(self, name: str) -> bool:
        if time.monotonic() < self.ends:
            return False
        log.warning("plugin %s took more than %d seconds; it is told the rest in the next round", name, SLOWEST)
        return True

    def _offer(self, announcement: Announcement, later: Callable[[Announcement], None]) -> None:
        """Tell one announcement, and note in the ledger what came of it."""
        hook, name = announcement.hook, announcement.plugin
        try:
            arguments = self._arguments(announcement)
            if arguments is not None:
                self.plugins.call(hook, name, **arguments)
        except Later as answer:
            if answer.until is None or answer.until <= self.now:
                later(announcement)
            else:
                self._postpone(announcement, answer.until)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises, or cannot be read: no other is held up
            self._log(announcement, error)
            self._fail(announcement, words_of(error))
        else:
            with self.ledger.transaction() as tx:
                outbox.done(tx, announcement, self.now)
            self.told.told += 1

    def _log(self, announcement: Announcement, error: Exception) -> None:
        words = f"{announcement.hook}: {words_of(error)}"
        level = logging.INFO if words in self.said else logging.WARNING
        self.said.add(words)
        log_failure(log, announcement.plugin, announcement.hook, error, level=level)

    def _arguments(self, announcement: Announcement) -> Arguments | None:
        """What to tell, read anew. None: nothing, for the plugin no longer listens or what it was about is gone."""
        hook = announcement.hook
        if announcement.plugin not in self.plugins.implementing(hook):
            log.info("plugin %s no longer implements %s: announcement %s", announcement.plugin, hook, announcement.id)
            return None
        if announcement.unreadable:
            raise ValueError(f"what is to be told cannot be read: {announcement.unreadable}")
        try:
            with self.ledger.reading() as tx:
                if hook == _THRESHOLD and not outbox.still_waits(tx, announcement):
                    return None  # the breaker holds it since we asked what is due
                return ARGUMENTS[hook](tx, announcement.payload)
        except NotFoundError as error:
            log.warning("announcement %s of %s is about nothing: %s", announcement.id, hook, error)
            return None

    def _postpone(self, announcement: Announcement, until: datetime | None = None) -> None:
        with self.ledger.transaction() as tx:
            outbox.postpone(tx, announcement, until or self.now + AT_THE_EARLIEST)
        self.told.postponed += 1

    def _fail(self, announcement: Announcement, error: str) -> None:
        with self.ledger.transaction() as tx:
            if not outbox.failed(tx, announcement, error, self.now):
                self.told.failed += 1
                return
            self.told.given_up += 1
            self._put_before_person(tx, announcement, error)

    def _put_before_person(self, tx: Transaction, announcement: Announcement, error: str) -> None:
        """Give an announcement up to manual work, and tell the others so: the plugin itself does not listen."""
        hook, name, payload = announcement.hook, announcement.plugin, announcement.payload
        about: tuple[str, ...] = ()
        given_up = False
        if payload.event:
            about = tuple(event.address for event in history.events_by_ids(tx, [payload.event]) if event.address)
        if payload.item:
            given_up = not review.item(tx, payload.item).mail_id
        why = f"The plugin {name!r} could not be told {hook} ({announcement.attempts + 1} tries): {error}"
        item = review.open_item(tx, why=why, now=self.now, addresses=about)
        if not given_up:  # else two deaf plugins would be told of each other for ever
            others = [other for other in self.plugins.implementing("on_review_needed") if other != name]
            outbox.announce(tx, "on_review_needed", Payload(item=item.id), others, self.now)
