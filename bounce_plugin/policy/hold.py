"""What follows when the breaker holds failures of an address, and when they are released, discarded or let go?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    verb: Verb = Verb.RELEASE,
) -> Released:
    """Let events that were held count again, beside those of an address that do: as if the breaker were not there.

    The breaker itself lets them go (`Verb.LET_GO`), where a narrower cause explains what it tripped for.
    """
    back, done = tuple(chosen), tuple(acts)
    ids = tuple(event.id for event in back)
    released = Act(verb=verb, at=now, because=why, actor=actor, events=ids)
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


def let_go_name(acts: Iterable[Act]) -> str:
    """A name for the last time that the breaker let failures of an address go."""
    return f"let go {sum(act.verb is Verb.LET_GO for act in acts)}"


def announced(acts: Iterable[Act], events: Iterable[str]) -> set[str]:
    """By what the announcements about some events of an address are recognised: their ids, and each time they were told once
    more, because failures of the address were released or let go.
    """
    done = tuple(acts)
    times = sum(act.verb is Verb.LET_GO for act in done)
    again = {act.rule for act in done if act.verb is Verb.HOLD} | {f"let go {time}" for time in range(1, times + 1)}
    return {name for event in events for name in (event, *(f"{event}:{one}" for one in again))}


def believed(acts: Iterable[Act], events: Iterable[str]) -> set[str]:
    """Those of them that nobody has taken back since: what was held before was told to be gone."""
    done, events = tuple(acts), tuple(events)
    held = {event for act in done if act.verb is Verb.HOLD for event in act.events}
    names = announced([act for act in done if act.verb is not Verb.LET_GO], events)
    latest = let_go_name(done)
    return {name for name in names if name not in held} | {f"{event}:{latest}" for event in events}


def _news(decision: Decision, *, again: bool) -> Decision:
    """What was not told before: of failures that always counted only what takes something away from the address."""
    return Decision(steps=tuple(step for step in decision.steps if again or _restricts(step)))


def _restricts(step: Step) -> bool:
    return step.action in RESTRICTING
