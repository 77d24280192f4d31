"""How are we? Is every mailbox read, is everybody told, and what waits for whom?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.backlog import Backlog, backlog
from bounce_plugin.ledger.canaries import Canary
from bounce_plugin.ledger.incidents import incidents
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.polls import Poll, polls
from bounce_plugin.ledger.trips import Trip, open_trips
from bounce_plugin.outcome import Incident
from bounce_plugin.settings import HealthSettings, Settings
from bounce_plugin.words.counting import counted

#: Trouble older than this is over, or was told once more.
_RECENT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was found. Without a ledger nothing is known but that."""

    checked_at: datetime
    problems: tuple[str, ...]  # one sentence for each thing that somebody must look after; none: all is well
    polls: tuple[
        Poll | str, ...
    ] = ()  # of each mailbox of the settings, in their order; its name if it was never tried
    backlog: Backlog | None = None
    canary: Canary | None = None  # the one that was sent last; None: none ever was
    trips: tuple[Trip, ...] = ()  # of the breaker that nobody has settled, oldest first
    overdue: tuple[Canary, ...] = ()  # those whose reports are missing since one came last, oldest first
    incidents: tuple[Incident, ...] = ()  # trouble of the last day, newest first: told to the operator already

    @property
    def ok(self) -> bool:
        """Whether nobody has to do anything."""
        return not self.problems


def look_at_health(settings: Settings, ledger: Ledger, now: datetime) -> Health:
    """How we are, by what the ledger says; no mailbox is asked, and nothing is changed.

    What waits for a person, and trouble that was told, is no problem. Raises LedgerError.
    """
    with ledger.reading() as tx:
        known = {poll.mailbox: poll for poll in polls(tx)}
        waiting = backlog(tx)
        trips = open_trips(tx)
        recent = incidents(tx, since=now - _RECENT)
        sent, overdue = canaries.latest(tx), canaries.overdue(tx, now)
    reading = tuple(known.get(mailbox.name, mailbox.name) for mailbox in settings.mailboxes)
    late = (*_read_late(reading, settings.health, now), *_told_late(waiting, settings.health, now))
    return Health(
        checked_at=now,
        problems=(*late, *map(_tripped, trips), *_missing(overdue)),
        polls=reading,
        backlog=waiting,
        canary=sent[0] if sent else None,
        trips=trips,
        overdue=overdue,
        incidents=recent,
    )


def _read_late(reading: Iterable[Poll | str], limits: HealthSettings, now: datetime) -> Iterator[str]:
    for poll in reading:
        if isinstance(poll, str):
            yield f"The mailbox {poll!r} was never read: is `bounce-plugin run` at work?"
            continue
        name = f"The mailbox {poll.mailbox!r}"
        why = f": {poll.error}" if poll.error else ": is `bounce-plugin run` at work?"
        if poll.read_at is None:
            yield f"{name} was never read{why}"
        elif now - poll.read_at > timedelta(minutes=limits.read_within_minutes):
            yield f"{name} was last read at {poll.read_at:%Y-%m-%d %H:%M} UTC{why}"
        if poll.stuck:
            yield f"{name} holds {counted(poll.stuck, 'mail')} that could not be recorded: the log says why"


def _told_late(waiting: Backlog, limits: HealthSettings, now: datetime) -> Iterator[str]:
    since = waiting.announced_at
    if since is not None and now - since > timedelta(minutes=limits.tell_within_minutes):
        yield (
            f"Plugins must still be told {counted(waiting.announcements, 'announcement')}, the oldest of "
            f"{since:%Y-%m-%d %H:%M} UTC: "
            "the log says which plugin fails, or the program that has it is not at work"
        )


def _tripped(trip: Trip) -> str:
    return (
        f"The breaker has held what {trip.cause} does since {trip.tripped_at:%Y-%m-%d %H:%M} UTC: it stops "
        f"{trip.surge.number} addresses, where {trip.surge.limit} is the limit: `bounce-plugin breaker show {trip.number}`"
    )


def _missing(overdue: Sequence[Canary]) -> Iterator[str]:
    if overdue:
        first = f"{overdue[0].sent_at:%Y-%m-%d %H:%M} UTC"
        what = counted(len(overdue), "report of a canary", "reports of canaries")
        yield f"{what} did not come back, the first of one sent at {first}: does any bounce arrive?"
