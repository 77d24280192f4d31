"""Is an address stopped? Derived from what was decided and lifted, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bounce_plugin.policy.rules import Category


class Verb(StrEnum):
    """What was done to an address: an append-only log of these is all that there is to know."""

    SUPPRESS = "suppress"
    SUPPRESS_ALL = "suppress_all"
    PAUSE = "pause"
    LIFT = "lift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One entry of that log."""

    verb: Verb
    at: datetime
    rule: str = ""
    because: str = ""
    actor: str = ""  # empty: a rule did it
    events: tuple[str, ...] = ()
    until: datetime | None = None  # of a pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The stop that an address is under. `until` is None unless it ends by itself."""

    exempt_too: bool  # also mail of exempt categories
    since: datetime
    until: datetime | None
    rule: str
    because: str
    events: tuple[str, ...]


def derive(acts: Iterable[Act]) -> Suppression | None:
    """The stop that follows from all acts on one address, in their order; None when there is none.

    The strongest act since the last lift holds: suppress_all, then suppress, then the pause that ends last. A pause
    that has ended is still returned: only the caller knows `now` (see `in_force`).
    """
    strength = {Verb.PAUSE: 1, Verb.SUPPRESS: 2, Verb.SUPPRESS_ALL: 3}
    best: Act | None = None
    for act in acts:
        if act.verb is Verb.LIFT:
            best = None
        elif (
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
