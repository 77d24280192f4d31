"""What follows when failures are to count no more? The stops that rest on them go, and what others lead to holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.providers import Providers
from bounce_plugin.message.report import Kind
from bounce_plugin.policy.removal import stands
from bounce_plugin.policy.replay import replay
from bounce_plugin.policy.rules import PastEvent, Policy, Step
from bounce_plugin.policy.state import Act, Suppression, Verb, derive, in_force, standing
from bounce_plugin.policy.success import Sent

#: A delivery is nothing that anybody would undo.
FAILURES: Final = frozenset({Kind.BOUNCE, Kind.DELAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which failures: those that have all of this. Nothing said of a thing means any."""

    rule: str = ""  # Rule.name; a stop or pause by it that holds rests on them, or a removal from lists
    provider: str = ""  # the domain of the address, or the name of a provider that it belongs to
    address: str = ""  # in its normal spelling
    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None  # this moment not included

    def concerns(self, address: str, providers: Providers) -> bool:
        """Whether it is about failures of this address; one that was forgotten is empty."""
        if self.address:
            return address == self.address
        domain = address.rpartition("@")[2]
        return self.provider in {"", domain, providers.of_address(address)}

    def choose(
        self, events: Iterable[PastEvent], acts: Iterable[Act], told: Iterable[Step] = ()
    ) -> Iterator[PastEvent]:
        """The failures of one address that are meant; `told` are the removals from lists that the host was told of."""
        made: tuple[Act | Step, ...] = (*standing(acts), *told)
        behind = {event for one in made if one.rule == self.rule for event in one.events}
        for event in events:
            if (
                event.kind in FAILURES
                and (not self.rule or event.id in behind)
                and self.reason in (None, event.reason)
                and (self.since is None or event.received_at >= self.since)
                and (self.until is None or event.received_at < self.until)
            ):
                yield event


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What undoing some failures of one address does."""

    events: tuple[PastEvent, ...]  # that count no more, oldest first
    acts: tuple[Act, ...]  # to be appended: the undo, and what the other failures lead to
    before: Suppression | None  # as far as they are in force
    after: Suppression | None
    relists: bool = False  # the host was told to take it from its lists, and nothing speaks for that any more

    @property
    def lifts(self) -> bool:
        """Whether mail was withheld and no longer is."""
        return self.before is not None and self.after is None


def undo(
    chosen: Iterable[PastEvent],
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    *,
    actor: str,
    why: str,
    now: datetime,
    sent: Sequence[Sent] = (),
    told: Sequence[Step] = (),
) -> Undone:
    """Undo some of the events of an address; `acts` is all that was done to it, `sent` as in `decide`, and `told` are the
    removals from lists that the host was told of.

    A stop or pause that rests on none of them stays as it is, whatever the policy says by now. Where one goes, what
    follows from the other events by this policy takes its place.
    """
    gone = tuple(chosen)
    undone = Act(verb=Verb.UNDO, at=now, because=why, actor=actor, events=tuple(event.id for event in gone))
    return take_back(undone, gone, events, acts, policy, now=now, sent=sent, told=told)


def take_back(
    act: Act,
    gone: tuple[PastEvent, ...],
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    *,
    now: datetime,
    sent: Sequence[Sent] = (),
    told: Sequence[Step] = (),
) -> Undone:
    """The same by any act after which some events count no more, for good or until somebody decides."""
    done, counted = tuple(acts), tuple(events)
    kept = (*done, act)
    others = tuple(event for event in counted if event not in gone)
    follows = () if standing(kept) == standing(done) else replay(others, policy, now, done=kept, sent=sent)
    before, after = derive(done), derive((*kept, *follows))
    return Undone(
        events=gone,
        acts=(act, *follows),
        before=before if in_force(before, now) else None,
        after=after if in_force(after, now) else None,
        relists=stands(told, counted, policy, done=done, sent=sent)
        and not stands(told, others, policy, done=done, sent=sent),
    )
