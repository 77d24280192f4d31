"""What follows when the breaker holds failures of an address, and when they are released, discarded or let go?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bounce_plugin.policy.decide import acts_from
from bounce_plugin.policy.replay import retrace
from bounce_plugin.policy.rules import RESTRICTING, Decision, PastEvent, Policy, Step
from bounce_plugin.policy.state import Act, Suppression, Verb, derive, in_force
from bounce_plugin.policy.success import Sent
from bounce_plugin.policy.undo import Undone, take_back

#: Who holds failures, and lets them go.
BREAKER: Final = "breaker"
_TRIP: Final = f"{BREAKER} "


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What releasing the failures of one address does, or letting them go."""

    events: tuple[PastEvent, ...]  # that count again, oldest first
    acts: tuple[Act, ...]  # to be appended: the release or the like, and what follows from all failures
    decided: tuple[tuple[PastEvent, Decision], ...]  # what is new, and the failures that led to it
    before: Suppression | None  # as far as they are in force
    after: Suppression | None


def trip_name(number: int) -> str:
    """What stands in an act in the place of a rule's name."""
    return f"{_TRIP}{number}"


def trip_number(act: Act) -> int:
    """By which trip an act holds failures; 0 for an act that holds none."""
    number = act.rule.removeprefix(_TRIP)
    return int(number) if act.verb is Verb.HOLD and number.isdecimal() else 0


def hold(
    chosen: Iterable[PastEvent],
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    *,
    trip: int,
    why: str,
    now: datetime,
    sent: Sequence[Sent] = (),
    told: Sequence[Step] = (),
) -> Undone:
    """Hold some of the events of an address: they count no more until somebody decides. See `policy.undo.undo`."""
    gone = tuple(chosen)
    held = Act(verb=Verb.HOLD, at=now, rule=trip_name(trip), because=why, events=tuple(event.id for event in gone))
    return take_back(held, gone, events, acts, policy, now=now, sent=sent, told=told)


def release(
    chosen: Iterable[PastEvent],
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    *,
    actor: str,
    why: str,
    now: datetime,
    sent: Sequence[Sent] = (),
) -> Released:
    """Let events that were held count again, beside those of an address that do: as if the breaker were not there."""
    released = Act(verb=Verb.RELEASE, at=now, because=why, actor=actor)
    return _count_again(released, tuple(chosen), events, acts, policy, now=now, sent=sent)


def let_go(
    chosen: Iterable[PastEvent],
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    *,
    why: str,
    now: datetime,
    sent: Sequence[Sent] = (),
) -> Released:
    """The same where the breaker itself finds that a narrower cause explains what it tripped for."""
    gone = Act(verb=Verb.LET_GO, at=now, because=why, actor=BREAKER)
    return _count_again(gone, tuple(chosen), events, acts, policy, now=now, sent=sent)


def times_let_go(acts: Iterable[Act]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each time that the breaker let failures of an address go: a name for it, and their ids."""
    gone = (act for act in acts if act.verb is Verb.LET_GO)
    return ((f"let go {number}", act.events) for number, act in enumerate(gone, start=1))


def _count_again(
    act: Act,
    back: tuple[PastEvent, ...],
    events: Iterable[PastEvent],
    acts: Iterable[Act],
    policy: Policy,
    *,
    now: datetime,
    sent: Sequence[Sent],
) -> Released:
    done, ids = tuple(acts), tuple(event.id for event in back)
    released = replace(act, events=ids)
    kept = (*done, released)
    decided = tuple(retrace((*events, *back), policy, now, done=kept, sent=sent))
    follows = tuple(act for event, decision in decided for act in acts_from(decision, event.received_at))
    before, after = derive(done), derive((*kept, *follows))
    news = ((event, _news(decision, again=event.id in ids)) for event, decision in decided)
    return Released(
        events=back,
        acts=(released, *follows),
        decided=tuple((event, decision) for event, decision in news if decision.steps),
        before=before if in_force(before, now) else None,
        after=after if in_force(after, now) else None,
    )


def _news(decision: Decision, *, again: bool) -> Decision:
    """What was not told before: of failures that always counted only what takes something away from the address."""
    return Decision(steps=tuple(step for step in decision.steps if again or _restricts(step)))


def _restricts(step: Step) -> bool:
    return step.action in RESTRICTING
