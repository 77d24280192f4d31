"""Is an address stopped? Derived from what was decided and lifted, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bounce_plugin.policy.rules import Category, PastEvent

#: How many events an act names, and a step.
MOST_NAMED: Final = 100


#: The name under which a signed complaint stops an address: no rule of a policy, and the same under every one.
COMPLAINT: Final = "complaint"


class Verb(StrEnum):
    """What was done to an address: an append-only log of these is all that there is to know."""

    SUPPRESS = "suppress"
    SUPPRESS_ALL = "suppress_all"
    PAUSE = "pause"
    LIFT = "lift"
    UNDO = "undo"  # these failures count no more, and what rested on them holds no more
    SUCCESS = "success"  # the host says that mail got through: soft failures before that are forgiven
    REVISE = "revise"  # a mail was read late: what was decided upon these failures holds no more
    HOLD = "hold"  # the same until a person decides, because the breaker tripped
    RELEASE = "release"  # failures that were held count again; what they lead to follows
    LET_GO = "let_go"  # the same by the breaker itself, because a narrower cause explains what it tripped for

    __hash__ = str.__hash__  # that of Enum is written in Python


#: The acts after which other failures count than before.
ABOUT_FAILURES: Final = frozenset({Verb.LIFT, Verb.UNDO, Verb.HOLD, Verb.RELEASE, Verb.LET_GO})
#: The acts after which failures count no more, for good.
FORGIVING: Final = frozenset({Verb.LIFT, Verb.UNDO})
_TAKE_BACK: Final = frozenset({Verb.UNDO, Verb.HOLD})
_MAKE_NOTHING: Final = frozenset({Verb.RELEASE, Verb.LET_GO, Verb.SUCCESS})  # by themselves
_HOLD_NO_MORE: Final = frozenset({Verb.UNDO, Verb.RELEASE, Verb.LET_GO})  # failures that were held


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One entry of that log."""

    verb: Verb
    at: datetime
    rule: str = ""
    because: str = ""
    actor: str = ""  # empty: a rule did it
    events: tuple[str, ...] = ()  # ids of those that it rests on; of an undo, a hold or a release, of all it is about
    until: datetime | None = None  # of a pause, its end; of a success, when mail got through


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The stop that an address is under. `until` is None unless it ends by itself."""

    exempt_too: bool  # also mail of exempt categories
    since: datetime
    until: datetime | None
    rule: str
    because: str
    events: tuple[str, ...]


def standing(acts: Iterable[Act]) -> tuple[Act, ...]:
    """The stops and pauses that are in effect, of all acts on one address in their order: neither lifted nor taken back.

    An act that names as many events as one can rests on others as well: whoever undoes or holds any sees to it that what
    still follows is there again (`policy.undo`). What follows from a release is made anew.
    """
    holding: list[Act] = []
    for act in acts:
        if act.verb is Verb.LIFT:
            holding = []
        elif act.verb in _TAKE_BACK:
            gone = set(act.events)
            holding = [one for one in holding if gone.isdisjoint(one.events) and len(one.events) < MOST_NAMED]
        elif act.verb is Verb.REVISE:
            holding = [one for one in holding if decided_upon(one) not in act.events]
        elif act.verb not in _MAKE_NOTHING:
            holding.append(act)
    return tuple(holding)


def decided_upon(act: Act) -> str:
    """The id of the newest failure that an act of a rule rests on; empty for one that rests on none."""
    return act.events[-1] if act.events else ""


def forgives(act: Act, event: PastEvent) -> bool:
    """Whether an event counts no more, for good, because a person lifted a stop or undid it."""
    if act.verb is Verb.LIFT:
        return event.received_at <= act.at
    return act.verb is Verb.UNDO and event.id in act.events


def undone_events(acts: Iterable[Act]) -> frozenset[str]:
    """The ids of the events that count no more, because a person undid them."""
    return frozenset(event for act in acts if act.verb is Verb.UNDO for event in act.events)


def held_events(acts: Iterable[Act]) -> Mapping[str, Act]:
    """The events that do not count because the breaker holds them, each with the act that does; a lift forgives them."""
    held: dict[str, Act] = {}
    for act in acts:
        if act.verb is Verb.LIFT:
            held = {}
        elif act.verb is Verb.HOLD:
            held |= dict.fromkeys(act.events, act)
        elif act.verb in _HOLD_NO_MORE:
            for event in act.events:
                held.pop(event, None)
    return held


def settled_at(acts: Iterable[Act]) -> Mapping[str, tuple[datetime | None, datetime | None]]:
    """When people released events that were held, and when they undid events, or lifted the stop while they were held."""
    released, undone, held = dict[str, datetime](), dict[str, datetime](), set[str]()
    for act in acts:
        if act.verb is Verb.HOLD:
            held.update(act.events)
        elif act.verb in _HOLD_NO_MORE:
            held.difference_update(act.events)
        if act.verb is Verb.RELEASE:
            released |= dict.fromkeys(act.events, act.at)
        elif act.verb is Verb.UNDO:
            undone |= dict.fromkeys(act.events, act.at)
        elif act.verb is Verb.LIFT:
            undone |= dict.fromkeys(held, act.at)
            held = set()
    return {event: (released.get(event), undone.get(event)) for event in {*released, *undone}}


def derive(acts: Iterable[Act]) -> Suppression | None:
    """The stop that follows from all acts on one address, in their order; None when there is none.

    The strongest act that holds: suppress_all, then suppress, then the pause that ends last. A pause that has ended is
    still returned: only the caller knows `now` (see `in_force`).
    """
    strength = {Verb.PAUSE: 1, Verb.SUPPRESS: 2, Verb.SUPPRESS_ALL: 3}
    best: Act | None = None
    for act in standing(acts):
        if (
            best is None
            or strength[act.verb] > strength[best.verb]
            or (act.verb is best.verb is Verb.PAUSE and (best.until is None or (act.until and act.until > best.until)))
        ):
            best = act
    if best is None:
        return None
    return Suppression(
        exempt_too=best.verb is Verb.SUPPRESS_ALL,
        since=best.at,
        until=best.until,
        rule=best.rule,
        because=best.because,
        events=best.events,
    )


def in_force(suppression: Suppression | None, now: datetime) -> bool:
    """Whether the stop holds at this time."""
    return suppression is not None and (suppression.until is None or suppression.until > now)


def withholds(category: Category, *, exempt_too: bool, until: datetime | None, now: datetime) -> bool:
    """Whether a stop holds back mail of a category: the one place that says so for a single address."""
    return (exempt_too or not category.exempt) and (until is None or until > now)
