"""What follows from what a mail told? All of it is written in the transaction that records it, and done after that."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from bounce_plugin.announce import Announcements
from bounce_plugin.announce.tell import TOLD_AS_THRESHOLD
from bounce_plugin.case import Case, read_events
from bounce_plugin.classify.tables import Tables
from bounce_plugin.correlate.correlation import Caveat, Delivery, Trust
from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.incidents import raise_incident
from bounce_plugin.ledger.past import acts_of, past_events, past_of, sent_to
from bounce_plugin.ledger.record import event_id, note_event, record_acts, record_event, record_events
from bounce_plugin.ledger.review import open_item
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome
from bounce_plugin.policy.late import settle
from bounce_plugin.policy.limits import Limits
from bounce_plugin.policy.removal import stands
from bounce_plugin.policy.rules import Decision, Policy, PolicyAction, Step
from bounce_plugin.policy.state import COMPLAINT, Act, Verb
from bounce_plugin.steps.breaker import Breaker, Watch
from bounce_plugin.steps.once import count_once
from bounce_plugin.steps.usual import Usual

#: Mails with marks that are not ours, before the operator is told: a few come from mails of a key that was taken out.
FORGED_IN_AN_HOUR: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a mail told, and what came of it."""

    mail_id: int
    events: tuple[BounceEvent, ...]
    new: tuple[str, ...]  # the ids of those that were not known before
    review: str  # why a person must look, where a rule says so
    details: tuple[str, ...] = ()  # a line for each event, for people: who, why, and what was done


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """Records events, and does what the policy makes of them: acts on the address, incidents, announcements."""

    announcements: Announcements
    policy: Policy
    tables: Tables
    limits: Limits | None  # of the breaker; None: it is off
    usual: Usual = field(default_factory=Usual)

    def learn(self, tx: Transaction, case: Case, *, mail_id: int, now: datetime) -> Learned:
        """Record the events of a case, decide what follows from each new one, and do it."""
        return self.learn_all(tx, [(case, mail_id)], now=now)[0]

    def learn_all(self, tx: Transaction, cases: Sequence[tuple[Case, int]], *, now: datetime) -> list[Learned]:
        """The same for several cases, in their order: what is written together is decided one after the other."""
        told, repeated = count_once(tx, [read_events(case, partial(event_id, tx), mail_id) for case, mail_id in cases])
        new = record_events(tx, [(event, self._weight(event)) for events in told for event in events])
        each, watch = zip(cases, told, strict=True), self._watch(tx, now)
        learned = [self._learn(tx, case, mail_id, events, new, watch, now) for (case, mail_id), events in each]
        learned = _marked(learned, repeated, "counted already under another name of the message")
        return _marked(learned, watch.judge(), "held by the breaker")

    def _learn(
        self,
        tx: Transaction,
        case: Case,
        mail_id: int,
        events: Sequence[BounceEvent],
        new: set[str],
        watch: Watch,
        now: datetime,
    ) -> Learned:
        """Decide what follows from the events of a case. One of them is new once, and then known."""
        if case.trouble:
            self.raise_incident(
                tx,
                key="unanswered",
                title="It cannot be found out whom bounces concern",
                detail=f"{case.trouble} Until it answers, every bounce waits in review; then handle them again.",
                now=now,
            )
        self._note_marks(tx, case, now)
        if case.complaint is not None:
            _heed_complaint(tx, case.complaint, now)
        news, details, review = [], [], ""
        for event in events:
            if event.id not in new:
                self._announce_exempt(tx, event, case.required, now)  # no report before may have been believed
                details.append(f"{_in_words(event)}, known already")
                continue
            new.discard(event.id)
            news.append(event.id)
            note_event(tx, event, weight=self._weight(event))
            self._announce(tx, event, case.required, now)
            decision = self._decide(tx, event, case.required, now)
            watch.note(event, decision)
            if PolicyAction.REVIEW in decision.actions:
                review = review or decision.because
            details.append("; ".join((_in_words(event), *map(_step_in_words, decision.steps))))
        return Learned(mail_id=mail_id, events=tuple(events), new=tuple(news), review=review, details=tuple(details))

    def learn_message(self, tx: Transaction, event: BounceEvent, required: Trust, now: datetime) -> None:
        """Record which message it was whose failure is on record already, and tell it; it counts no more than it did."""
        if record_event(tx, event, weight=self._weight(event)):
            self._announce(tx, event, required, now)

    def _watch(self, tx: Transaction, now: datetime) -> Watch:
        breaker = Breaker(
            announcements=self.announcements,
            policy=self.policy,
            providers=self.tables.providers,
            limits=self.limits,
            usual=self.usual,
        )
        return Watch(breaker=breaker, tx=tx, now=now)

    def _weight(self, event: BounceEvent) -> float:
        return self.tables.reasons[event.reason].weight if event.reason else 0.0

    def leave_word(self, tx: Transaction, outcome: MailOutcome, addresses: tuple[str, ...], now: datetime) -> None:
        """Have told what became of a mail, and a person look at it who must; of one of a flood nobody is told by itself."""
        if outcome.swamped:
            return
        if outcome.handling is Handling.REVIEW:
            self.put_before_person(tx, outcome, addresses, now)
        if outcome.handling is not Handling.LEFT:
            self.announcements.message_handled(tx, outcome, now)

    def put_before_person(
        self, tx: Transaction, outcome: MailOutcome, addresses: tuple[str, ...], now: datetime
    ) -> None:
        """Open an item of manual work for a mail, and tell that it waits."""
        item = open_item(tx, why=outcome.why, now=now, mail_id=outcome.mail_id, kind=outcome.kind, addresses=addresses)
        self.announcements.review_needed(tx, item, now)

    def raise_incident(
        self, tx: Transaction, *, key: str, title: str, detail: str, now: datetime, above: int = 0
    ) -> None:
        """Record trouble of the operator's; the same key is told once a day at most, and not before the limit `above`."""
        raised = raise_incident(tx, key=key, title=title, detail=detail, now=now, above=above)
        if raised.tell:
            self.announcements.incident(tx, raised.incident, now)

    def had_removed(self, tx: Transaction, address: str) -> bool:
        """Whether the host was told to take an address from its lists, and has a reason still."""
        fingerprint = tx.fingerprint(address)
        past = past_of(tx, fingerprint)
        told = self.announcements.removals_told(tx, {fingerprint: past}).get(fingerprint, ())
        return stands(told, past.events, self.policy, done=past.acts, sent=past.sent)

    def _note_marks(self, tx: Transaction, case: Case, now: datetime) -> None:
        """Tell of marks that disagree with the ledger, and of many that are not ours: somebody tries (C-05, C-09)."""
        if any(correlation.caveat is Caveat.OTHER_CATEGORY for correlation in case.correlations):
            self.raise_incident(
                tx,
                key="category-of-mark",
                title="A signed report names another category than the ledger",
                detail="Nothing of it counts; it is in review. Was the ledger changed by hand, or another one restored?",
                now=now,
            )
        if case.forged:
            self.raise_incident(
                tx,
                key=f"forged:{now.astimezone(UTC):%Y-%m-%dT%H}",
                title="Many bounces bear signatures that are not ours",
                detail="None is believed. Was a key taken out of [trust] too early, or does somebody forge bounces?",
                now=now,
                above=FORGED_IN_AN_HOUR,
            )

    def _announce(self, tx: Transaction, event: BounceEvent, required: Trust, now: datetime) -> None:
        """Tell everyone of a new event, and the host of an invoice that did not arrive."""
        self.announcements.bounce_classified(tx, event, now)
        self._announce_exempt(tx, event, required, now)

    def _announce_exempt(self, tx: Transaction, event: BounceEvent, required: Trust, now: datetime) -> None:
        """Tell the host of an invoice that did not arrive, unless it was told already.

        Where nothing more than an address is required, that is so even if nobody has that address any more.
        """
        category = self.policy.category(event.category)
        believed = required is Trust.ADDRESS or event.trust.suffices(required)
        if event.kind is Kind.BOUNCE and category is not None and category.exempt and believed:
            self.announcements.exempt_failure(tx, event, now, fallback=category.fallback)

    def _decide(self, tx: Transaction, event: BounceEvent, required: Trust, now: datetime) -> Decision:
        if not event.trust.suffices(required):
            return Decision()
        decision = decide_upon(tx, event, self.policy, now, required=required)
        actions = decision.actions
        if PolicyAction.INCIDENT in actions:
            self._blame_ourselves(tx, event, now)
        if actions & TOLD_AS_THRESHOLD:
            self.announcements.threshold_reached(tx, event, decision, now)
        return decision

    def _blame_ourselves(self, tx: Transaction, event: BounceEvent, now: datetime) -> None:
        """One provider that refuses us for one reason is one incident, however many mails, and to how many domains."""
        provider = self.tables.providers.name_of(host=event.remote_mta, address=event.address)
        reply = event.diagnostic_code or " ".join(filter(None, (event.reply_code, event.status)))
        last = f" The last reply: {reply}" if reply else ""
        self.raise_incident(
            tx,
            key=f"refused:{event.reason}:{provider}",
            title=f"{provider} refuses our mail: {event.reason}",
            detail=f"No contact is blamed for it.{last}",
            now=now,
        )


def decide_upon(
    tx: Transaction, event: BounceEvent, policy: Policy, now: datetime, *, required: Trust | None = None
) -> Decision:
    """Decide what follows from an event that was just recorded, and do it to its address.

    `required` is what has this report count, where that is not what the policy says.
    """
    history = past_events(tx, event.address)
    this = next((past for past in history if past.id == event.id), None)
    if this is None:
        return Decision()  # received before somebody lifted the stop: forgiven with the rest
    done, sent = acts_of(tx, event.address), sent_to(tx, event.address)
    decision, acts = settle(this, history, policy, now, done=done, sent=sent, required=required)
    if acts:
        record_acts(tx, event.address, acts)
    return decision


def _heed_complaint(tx: Transaction, delivery: Delivery, now: datetime) -> None:
    """Send no more mail that need not be sent to somebody who marked ours as spam. Once for each delivery: after a
    person has lifted it, a replay of the same complaint stops nobody.
    """
    complaint = f"complaint:{delivery.ref}"
    if any(complaint in act.events for act in acts_of(tx, delivery.address)):
        return
    because = f"A signed complaint: the mail {delivery.message!r} was marked as spam."
    act = Act(verb=Verb.SUPPRESS, at=now, rule=COMPLAINT, because=because, events=(complaint,))
    record_acts(tx, delivery.address, [act])


def _in_words(event: BounceEvent) -> str:
    """Who, and what happened."""
    counts = (", counts half: behind a forward" if event.via_forward else ", counts") if event.counts else ""
    return f"{event.address}: {event.reason or event.kind}{counts}"


def _marked(learned: list[Learned], ids: Set[str], why: str) -> list[Learned]:
    """The same, where it is said of some of their new events why nothing follows from them."""
    if not ids:
        return learned
    return [
        replace(
            one,
            details=tuple(
                f"{line}; {why}" if event.id in ids and event.id in one.new else line
                for event, line in zip(one.events, one.details, strict=True)
            ),
        )
        for one in learned
    ]


def _step_in_words(step: Step) -> str:
    until = f" until {step.until:%Y-%m-%d}" if step.until else ""
    return f"{step.action.replace('_', ' ')}{until}"
