"""What would a host answer, and what was it told? A host in memory, for tests of what stands between it and us."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.event import BounceEvent
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.outcome import Incident, Lifted, MailOutcome, ReviewItem, RunSummary
from bounce_plugin.policy.rules import Decision

Subject = BounceEvent | MailOutcome | ReviewItem | Lifted | Incident | RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One announcement that a host took."""

    hook: str
    about: Subject
    decision: Decision | None = None
    fallback: str = ""


class FakeHost:
    """Answers from what it was given, and keeps every announcement in `calls`, oldest first.

    `failing` are hooks that raise, as often as their number says; `contacts` may be changed at any time.
    """

    #: What a failing hook raises.
    FAILURE: Final = "the fake host fails as it was told to"

    def __init__(
        self,
        *,
        contacts: Mapping[str, Contact | Sequence[Contact]] | None = None,
        deliveries: Sequence[Delivery] = (),
        withheld: Collection[str] = (),
        let_through: Collection[str] = (),
        failing: Mapping[str, int] | None = None,
    ) -> None:
        self.contacts = dict(contacts or {})
        self.deliveries = list(deliveries)
        self.withheld, self.let_through = set(withheld), set(let_through)
        self.failing = dict(failing or {})
        self.calls: list[Call] = []
        self.asked: list[str] = []  # the hooks that asked something, oldest first

    def told(self, hook: str) -> tuple[Subject, ...]:
        """What was told by this hook, oldest first."""
        return tuple(call.about for call in self.calls if call.hook == hook)

    @hookimpl
    def find_delivery(self, clues: Clues, address: str) -> Delivery | None:
        """See `hookspecs.find_delivery`: by Message-ID or envelope id."""
        self._ask("find_delivery")
        for delivery in self.deliveries:
            same = (delivery.message_id, delivery.envelope_id)
            if delivery.address == address and any(
                one and one == other for one, other in zip(same, (clues.message_id, clues.envelope_id), strict=True)
            ):
                return delivery
        return None

    @hookimpl
    def find_contact(self, address: str) -> Contact | Sequence[Contact] | None:
        """See `hookspecs.find_contact`: by the address alone."""
        self._ask("find_contact")
        return self.contacts.get(address)

    @hookimpl
    def should_suppress(self, address: str) -> bool | None:
        """See `hookspecs.should_suppress`: True for `withheld`, False for `let_through`."""
        self._ask("should_suppress")
        if address in self.let_through:
            return False
        return True if address in self.withheld else None

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        """See `hookspecs.on_bounce_classified`."""
        self._take("on_bounce_classified", event)

    @hookimpl
    def on_threshold_reached(self, event: BounceEvent, decision: Decision) -> None:
        """See `hookspecs.on_threshold_reached`."""
        self._take("on_threshold_reached", event, decision)

    @hookimpl
    def on_exempt_failure(self, event: BounceEvent, fallback: str) -> None:
        """See `hookspecs.on_exempt_failure`."""
        self._take("on_exempt_failure", event, fallback=fallback)

    @hookimpl
    def on_message_handled(self, outcome: MailOutcome) -> None:
        """See `hookspecs.on_message_handled`."""
        self._take("on_message_handled", outcome)

    @hookimpl
    def on_review_needed(self, item: ReviewItem) -> None:
        """See `hookspecs.on_review_needed`."""
        self._take("on_review_needed", item)

    @hookimpl
    def on_suppression_lifted(self, lifted: Lifted) -> None:
        """See `hookspecs.on_suppression_lifted`."""
        self._take("on_suppression_lifted", lifted)

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        """See `hookspecs.on_incident`."""
        self._take("on_incident", incident)

    @hookimpl
    def on_run_finished(self, summary: RunSummary) -> None:
        """See `hookspecs.on_run_finished`."""
        self._take("on_run_finished", summary)

    def _ask(self, hook: str) -> None:
        self.asked.append(hook)
        self._perhaps_fail(hook)

    def _take(self, hook: str, about: Subject, decision: Decision | None = None, *, fallback: str = "") -> None:
        self._perhaps_fail(hook)
        self.calls.append(Call(hook=hook, about=about, decision=decision, fallback=fallback))

    def _perhaps_fail(self, hook: str) -> None:
        left = self.failing.get(hook, 0)
        if left:
            self.failing[hook] = left - 1
            raise RuntimeError(self.FAILURE)
