"""What became of a mail, an address, a run? The values that people and hooks are told, beside the event itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bounce_plugin.message.report import Kind


class Handling(StrEnum):
    """What became of one mail."""

    HANDLED = "handled"  # recorded, decided upon, filed as processed
    DUPLICATE = "duplicate"  # handled, but all of it was known already
    REVIEW = "review"  # a person has to look
    LEFT = "left"  # no bounce: stays where it is, untouched
    FAILED = "failed"  # could not be recorded: stays where it is, and the next run tries again


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOutcome:
    """One mail of the bounce mailbox, and whether handling it succeeded."""

    mail_id: int
    mailbox: str
    kind: Kind
    handling: Handling
    why: str  # one sentence for people
    events: tuple[str, ...] = ()  # ids of the new events
    details: tuple[str, ...] = ()  # a line for each recipient: who, why, what was done; only where the mail is handled
    received_at: datetime
    swamped: bool = False  # one of a flood of reports without proof, which are told as one: no plugin is told of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """A mail, or a failed announcement, that waits for a person."""

    id: int
    mail_id: int  # 0 when no mail belongs to it
    kind: Kind | None
    addresses: tuple[str, ...]
    why: str
    opened_at: datetime
    closed_at: datetime | None = None
    actor: str = ""
    resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that concerns the operator and no single contact: our mail is refused, a category is not declared."""

    key: str  # the same trouble has the same key; it is told once a day at most
    title: str
    detail: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """A stop that was taken back, or what the host did itself by a rule: it took the address from its lists."""

    address: str
    actor: str  # "breaker": it holds what they rest on
    why: str
    at: datetime
    stop: bool = True  # mail to it is withheld no more; False: nothing was withheld, or another stop holds
    removal: bool = (
        False  # remove_from_list was told, and nothing speaks for it any more: it may go back onto its lists
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What one run over the mailboxes did, and whether it succeeded."""

    started_at: datetime
    finished_at: datetime
    outcomes: tuple[MailOutcome, ...] = ()
    swamped: int = 0  # mails beside these, of a flood of reports without proof
    errors: tuple[str, ...] = ()  # one sentence for each mailbox or mail that could not be handled
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything was handled or put before a person."""
        return not self.errors

    def count(self, handling: Handling) -> int:
        """How many mails ended so."""
        return sum(outcome.handling is handling for outcome in self.outcomes)
