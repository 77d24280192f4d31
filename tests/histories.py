"""Random histories of a few addresses, lived through by a real ledger: failures, late ones too, what got through, lifts,
undoings, time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bounce_plugin.announce import Announcements, OwnAnswers, load_plugins
from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.desk.undo import Undoing
from bounce_plugin.desk.vouch import record_successes
from bounce_plugin.ledger.deliveries import record_sent
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.record import record_event
from bounce_plugin.ledger.stops import STOP
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.state import Suppression
from bounce_plugin.policy.undo import Choice
from bounce_plugin.steps.act import decide_upon
from bounce_plugin.suppression.lift import lift
from tests.ledger.samples import a_delivery, an_event

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESSES = ("anna@gmail.com", "bert@gmail.com", "cleo@example.org")
#: Some that count, each in its own way, and some that do not.
REASONS = (
    Reason.ADDRESS_UNKNOWN,
    Reason.MAILBOX_DISABLED,
    Reason.MAILBOX_FULL,
    Reason.UNREACHABLE,
    Reason.ADDRESS_INVALID,
    Reason.OWNER_CHANGED,
    Reason.SPAM_CONTENT,
)
#: What is in force of a stop: whether exempt mail is held as well, and until when.
State = tuple[bool, datetime | None] | None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A mail to an address failed; its report was received so many days ago."""

    address: str
    reason: Reason
    days_ago: float
    trust: Trust = Trust.ADDRESS
    sent: bool = False  # of the mail that was recorded last, unless that has failed before


@dataclass(frozen=True, kw_only=True)
class Send:
    """A mail is sent to an address, and recorded."""

    address: str


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A mail arrived; the signed report of it was received so many days ago."""

    address: str
    days_ago: float


@dataclass(frozen=True, kw_only=True)
class Word:
    """The owner of an address has clicked, so many days ago."""

    address: str
    days_ago: float


@dataclass(frozen=True, kw_only=True)
class Lift:
    address: str


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Undo what was received between so many days ago and now, as far as it is this."""

    days: float
    provider: str
    reason: Reason | None
    rule: str


Step = float | Failure | Send | Receipt | Word | Lift | Undo  # a number: so many days pass

failures = st.builds(
    Failure,
    address=st.sampled_from(ADDRESSES),
    reason=st.sampled_from(REASONS),
    days_ago=st.sampled_from([0, 0, 0, 0.25, 3, 20]),
    trust=st.sampled_from([Trust.LOGGED, Trust.LOGGED, Trust.SIGNED_HEADER, Trust.SIGNED_ENVELOPE, Trust.ADDRESS]),
    sent=st.booleans(),
)
#: What may be required of reports before they count; `Policy.required`.
REQUIRED = (Trust.ADDRESS, Trust.LOGGED, Trust.SIGNED_HEADER)
sends = st.builds(Send, address=st.sampled_from(ADDRESSES))
receipts = st.builds(Receipt, address=st.sampled_from(ADDRESSES), days_ago=st.sampled_from([0, 0, 3]))
words = st.builds(Word, address=st.sampled_from(ADDRESSES), days_ago=st.sampled_from([0, 0, 3]))
lifts = st.builds(Lift, address=st.sampled_from(ADDRESSES))
undos = st.builds(
    Undo,
    days=st.sampled_from([0.5, 5, 500]),
    provider=st.sampled_from(["", "gmail.com", "example.org"]),
    reason=st.sampled_from([None, None, *REASONS[:4]]),
    rule=st.sampled_from(["", "", "address_unknown: stop", "three strikes", "mailbox_full: pause"]),
)
days = st.sampled_from([0.1, 1, 3, 7, 14, 100])
#: Failures above all, so that rules are reached.
steps = st.lists(
    st.one_of(failures, failures, failures, days, days, sends, receipts | words, lifts | undos), max_size=25
)
quiet_steps = st.lists(st.one_of(failures, failures, failures, days, days), max_size=25)


@dataclass
class Life:
    """A ledger under a policy, and the time of its day."""

    ledger: Ledger
    policy: Policy
    now: datetime = START
    messages: int = 0
    last: dict[str, str] = field(default_factory=dict)  # the last mail that was recorded, until it fails

    def live(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, Failure):
                self.fail(step)
            elif isinstance(step, Lift):
                with self.ledger.transaction() as tx:
                    lift(tx, step.address, actor="ann", why="she called", now=self.now)
            elif isinstance(step, Send):
                self.send(step.address)
            elif isinstance(step, Receipt):
                with self.ledger.transaction() as tx:
                    self.report(tx, step.address, step.days_ago, kind=Kind.DELIVERED, trust=Trust.SIGNED_ENVELOPE)
            elif isinstance(step, Word):
                self.now += timedelta(seconds=1)
                reached = {step.address: self.now - timedelta(days=step.days_ago)}
                record_successes(self.ledger, reached, why="a click", actor="crm", now=self.now)
            elif isinstance(step, Undo):
                list(self.undoing(step).do())
            else:
                self.now += timedelta(days=step)

    def fail(self, failure: Failure) -> None:
        row, required = BUILT_IN.reasons[failure.reason], self.policy.required
        with self.ledger.transaction() as tx:
            self.report(
                tx,
                failure.address,
                failure.days_ago,
                kind=Kind.BOUNCE,
                key=self.last.pop(failure.address, "") if failure.sent else "",
                reason=failure.reason,
                type=row.type,
                fault=row.fault,
                counts=row.counts and failure.trust.suffices(required),
                trust=failure.trust,
            )

    def report(
        self, tx: Transaction, address: str, days_ago: float, *, kind: Kind, key: str = "", **more: object
    ) -> None:
        self.messages += 1
        received_at = self.now - timedelta(days=days_ago)
        values = {"reason": None, "type": None, "fault": None, "counts": False, **more}
        key = key or f"ref:{self.messages}"
        values["delivery_ref"] = key.removeprefix("ref:") if key.startswith("ref:") else ""
        event = an_event(tx, address, kind=kind, message_key=key, received_at=received_at, **values)
        weight = BUILT_IN.reasons[event.reason].weight if event.reason else 0.0
        assert record_event(tx, event, weight=weight)
        decide_upon(tx, event, self.policy, self.now, required=self.policy.required)

    def send(self, address: str) -> None:
        self.messages += 1
        self.last[address] = f"ref:{self.messages}"
        with self.ledger.transaction() as tx:
            record_sent(tx, [a_delivery(str(self.messages), address, sent_at=self.now)])

    def undoing(self, step: Undo) -> Undoing:
        self.now += timedelta(seconds=1)
        since = self.now - timedelta(days=step.days)
        return self.undo(Choice(provider=step.provider, reason=step.reason, rule=step.rule, since=since))

    def undo(self, choice: Choice) -> Undoing:
        own = OwnAnswers(
            find_delivery=lambda clues, address: None,
            should_suppress=lambda address, category: False,
            should_suppress_many=lambda addresses, category: (),
        )
        plugins = load_plugins({}, own=own, entry_points=False)
        return Undoing(
            ledger=self.ledger,
            announcements=Announcements(self.ledger, plugins),
            policy=self.policy,
            providers=BUILT_IN.providers,
            choice=choice,
            actor="ann",
            why="it was an outage",
            now=self.now,
        )

    def states(self) -> dict[str, State]:
        """The stops that are kept, as far as they are in force."""
        found: dict[str, State] = {}
        with self.ledger.reading() as tx:
            for address in ADDRESSES:
                where = {"tenant": tx.tenant, "fingerprint": tx.fingerprint(address)}
                stop = tx.connection.execute(STOP, where).one_or_none()
                holds = stop is not None and stop.since and (stop.until is None or stop.until > self.now)
                found[address] = (stop.exempt_too, stop.until) if stop and holds else None
        return found


def state(stop: Suppression | None, now: datetime) -> State:
    if stop is None or (stop.until is not None and stop.until <= now):
        return None
    return stop.exempt_too, stop.until
