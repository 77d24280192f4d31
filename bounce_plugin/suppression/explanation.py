"""Why is mail withheld, or not? The decision, the rule and the events behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bounce_plugin.event import BounceEvent
from bounce_plugin.ledger.history import events_by_ids, events_of
from bounce_plugin.ledger.past import acts_of, past_events, sent_to
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.policy.rules import Policy
from bounce_plugin.policy.state import Act, Suppression, Verb, derive, held_events, in_force, undone_events, withholds
from bounce_plugin.policy.success import successes
from bounce_plugin.words.counting import counted

_DONE: Final = {Verb.LIFT: "lifted the stop", Verb.UNDO: "undid failures", Verb.RELEASE: "released failures"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether mail of a category to an address is withheld, and everything that this follows from."""

    address: str
    category: str
    suppressed: bool
    because: str  # a sentence for people
    rule: str  # Rule.name; empty where no stop is
    suppression: Suppression | None  # the stop that the address is under, also one that lets this mail pass
    events: tuple[BounceEvent, ...]  # behind the stop; without one, everything that happened. Newest last
    acts: tuple[Act, ...]  # everything that was ever done to the address, in the order in which it was
    forgiven: frozenset[str] = frozenset()  # ids of soft failures that count no more: mail got through since

    @property
    def undone(self) -> frozenset[str]:
        """The ids of the events that count no more, because a person undid them."""
        return undone_events(self.acts)

    @property
    def held(self) -> frozenset[str]:
        """The ids of the events that do not count until a person decides, because the breaker holds them."""
        return frozenset(held_events(self.acts))


def explain(tx: Transaction, address: str, category: str, *, policy: Policy, now: datetime) -> Explanation:
    """Explain what `should_suppress` answers, from the record and not from what is kept for a quick answer."""
    acts, past = acts_of(tx, address), past_events(tx, address)
    found = successes(past, acts, sent_to(tx, address), policy)
    suppression = derive(acts)
    suppressed, because = _verdict(acts, suppression, category, policy, now)
    return Explanation(
        address=address,
        category=category,
        suppressed=suppressed,
        because=because,
        rule=suppression.rule if suppression else "",
        suppression=suppression,
        events=events_by_ids(tx, suppression.events) if suppression else events_of(tx, address),
        acts=acts,
        forgiven=frozenset(event.id for event in past if event.counts and found.forgive(event, now)),
    )


def _verdict(
    acts: tuple[Act, ...], suppression: Suppression | None, category: str, policy: Policy, now: datetime
) -> tuple[bool, str]:
    if suppression is None:
        if held := held_events(acts):
            act = next(iter(held.values()))
            return False, f"The breaker has held {counted(len(held), 'failure')} since {act.at:%Y-%m-%d}. {act.because}"
        last = next((act for act in reversed(acts) if act.verb in _DONE), None)
        if last is None:
            return False, "Nothing stops mail to this address."
        return False, f"{last.actor or 'Somebody'} {_DONE[last.verb]} on {last.at:%Y-%m-%d}: {last.because}"
    if not in_force(suppression, now):
        return False, f"The pause ended on {suppression.until:%Y-%m-%d}. {suppression.because}"
    asked = policy.category(category)
    if asked is None:
        return False, f"The address is stopped, but the category {category!r} is not declared: its mail is sent."
    if not withholds(asked, exempt_too=suppression.exempt_too, until=suppression.until, now=now):
        return False, f"The address is stopped, but {category} is exempt: its mail is sent. {suppression.because}"
    return True, suppression.because
