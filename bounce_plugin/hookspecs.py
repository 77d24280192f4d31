"""Who else is told, and who is asked? The hooks that a host or another plugin may implement.

A plugin is found through the entry-point group `bounce_plugin`. Questions (`find_…`, `should_…`) stop at the first
answer that is not None; our own answer is registered last. Announcements (`on_…`) reach every plugin, each by itself:
after the commit, at least once, in the order in which things happened to an address. A plugin that raises is asked
again later, with growing pauses, and given up to manual work after 12 tries; the others are not told twice. One that
raises `Later` is told again later, and has not failed.
Implementations are idempotent on the announcement's id, take the arguments that they need by name, and give no
argument a default value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pluggy

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.event import BounceEvent
from bounce_plugin.outcome import Incident, Lifted, MailOutcome, ReviewItem, RunSummary
from bounce_plugin.policy.rules import Decision

PROJECT = "bounce_plugin"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def find_delivery(clues: Clues, address: str) -> Delivery | None:
    """Which message that the host sent to this address came back? None: not known."""


@hookspec(firstresult=True)
def find_contact(address: str, clues: Clues) -> Contact | Sequence[Contact] | None:
    """Whose address is it? One contact, several that share it, or None: not mine."""


@hookspec(firstresult=True)
def should_suppress(address: str, category: str) -> bool | None:
    """Shall mail of this category to this address be withheld? None: no opinion."""


@hookspec(firstresult=True)
def should_suppress_many(addresses: Sequence[str], category: str) -> Iterable[str] | None:
    """Which of these addresses shall get no mail of this category? None: no opinion."""


@hookspec
def on_bounce_classified(event: BounceEvent) -> None:
    """A failure, delay or delivery was recorded."""


@hookspec
def on_threshold_reached(event: BounceEvent, decision: Decision) -> None:
    """A rule of the policy was reached: here the host removes the contact from its list."""


@hookspec
def on_exempt_failure(event: BounceEvent, fallback: str) -> None:
    """Mail of an exempt category, such as an invoice, failed: send it in another way, by the fallback of its category."""


@hookspec
def on_message_handled(outcome: MailOutcome) -> None:
    """A mail of the bounce mailbox was handled, or left for manual work, and why."""


@hookspec
def on_review_needed(item: ReviewItem) -> None:
    """Something waits for a person."""


@hookspec
def on_suppression_lifted(lifted: Lifted) -> None:
    """A stop was taken back, or the reason for a removal from lists: by a person, or as the breaker holds what they rest on."""


@hookspec
def on_incident(incident: Incident) -> None:
    """The operator should know of trouble that concerns no single contact."""


@hookspec
def on_run_finished(summary: RunSummary) -> None:
    """A run over the mailboxes ended that found mail or trouble."""


@hookspec
def phrases() -> str | None:
    """More classification rules, as TOML in the form of phrases.toml; validated at start."""
