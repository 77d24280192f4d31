"""Which rules does the operator set, and which come with the presets? The values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bounce_plugin.classify.classification import FailureType, Reason
from bounce_plugin.correlate.correlation import Caveat, Trust
from bounce_plugin.message.report import Kind

#: A mail server tries for so long (RFC 5321, section 4.5.4.1); until then a delivery may still come back.
SUCCESS_AFTER_DAYS: Final = 5


class PolicyAction(StrEnum):
    """What a rule does once it is reached."""

    SUPPRESS = "suppress"  # stop every mail whose category is not exempt
    SUPPRESS_ALL = "suppress_all"  # stop exempt mail too
    PAUSE = "pause"  # suppress for `pause_days`
    REMOVE_FROM_LIST = "remove_from_list"  # the host removes the contact, in on_threshold_reached
    NOTIFY = "notify"  # people are told by mail
    REVIEW = "review"  # a person decides
    INCIDENT = "incident"  # the operator learns that our own mail is being refused

    __hash__ = str.__hash__  # that of Enum is written in Python, and each decision looks up several


#: The actions that take something away from a contact: only failures that count against the recipient lead to them.
RESTRICTING = frozenset(
    {PolicyAction.SUPPRESS, PolicyAction.SUPPRESS_ALL, PolicyAction.PAUSE, PolicyAction.REMOVE_FROM_LIST}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """After how many failures of which kind to do what. An empty selection means any."""

    name: str
    after: int = 1  # failures of distinct messages
    within_days: int | None = None  # looking back from the newest; None: for ever
    over_days: int = 0  # the newest is at least so many times 24 hours after the oldest
    kinds: frozenset[Kind] = frozenset({Kind.BOUNCE})
    types: frozenset[FailureType] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    categories: frozenset[str] = frozenset()  # of the message that failed
    then: tuple[PolicyAction, ...]
    pause_days: int = 0  # for the action pause

    @property
    def restricts(self) -> bool:
        """Whether it takes something away from a contact; if so it counts only what counts against the recipient."""
        return not RESTRICTING.isdisjoint(self.then)

    def selects(self, event: PastEvent) -> bool:
        """Whether the rule is about such an event (D-02: a restricting one never about what does not count)."""
        return (
            event.kind in self.kinds
            and (not self.types or event.type in self.types)
            and (not self.reasons or event.reason in self.reasons)
            and (not self.categories or event.category in self.categories)
            and (event.counts or not self.restricts)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of mail that the host sends. Exempt mail is sent to suppressed addresses too."""

    name: str
    exempt: bool = False
    fallback: str = ""  # of an exempt one: how it is to be sent when it fails, in the host's own word, such as "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All rules, in order, and all categories by name."""

    rules: tuple[Rule, ...]
    categories: tuple[Category, ...]
    required: Trust = Trust.ADDRESS  # how far a report must be believed to count
    success_after_days: int = SUCCESS_AFTER_DAYS  # after which a delivery that nobody reported as failed got through

    def category(self, name: str) -> Category | None:
        """The declared category of that name, or None."""
        return next((category for category in self.categories if category.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """What the decision needs to know of an event of one address, the new one included."""

    id: str
    kind: Kind
    type: FailureType | None
    reason: Reason | None
    counts: bool
    weight: float  # 0.5: at most once a UTC day
    message_key: str
    category: str
    received_at: datetime
    trust: Trust = Trust.ADDRESS  # how far its report is believed
    caveat: Caveat | None = None  # what is to be said against it

    @property
    def halved(self) -> bool:
        """Whether it counts half: the address works, and what its owner forwards it to does not."""
        return self.counts and self.caveat is Caveat.FORWARDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action, and why."""

    action: PolicyAction
    rule: str  # Rule.name
    because: str  # a sentence for people
    events: tuple[str, ...]  # ids of the events that were counted, oldest first; of very many the first and the newest
    until: datetime | None = None  # for the action pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about one event: nothing, one thing or several."""

    steps: tuple[Step, ...] = ()

    @property
    def actions(self) -> frozenset[PolicyAction]:
        """The actions alone."""
        return frozenset(step.action for step in self.steps)

    @property
    def because(self) -> str:
        """Why, in sentences."""
        return " ".join(dict.fromkeys(step.because for step in self.steps))
