"""What are people told of a trip of the breaker?"""

from __future__ import annotations

from bounce_plugin.ledger.trips import Trip
from bounce_plugin.policy.breaker import Surge
from bounce_plugin.policy.limits import Limits
from bounce_plugin.words.counting import counted


def tripped_in_words(trip: Trip, limits: Limits) -> tuple[str, str]:
    """What a trip is about, and what to do: the title and the detail of an incident."""
    surge, hours = trip.surge, round(limits.window.total_seconds() / 3600)
    title = f"{trip.cause} stops far more addresses than usual: held"
    detail = (
        f"{counted(surge.number, 'address', 'addresses')} within {counted(hours, 'hour')}, the last at "
        f"{surge.last:%Y-%m-%d %H:%M} UTC; {limit_in_words(surge, limits)}. These failures count against nobody until you "
        f"decide. Look with `bounce-plugin breaker show {trip.number}`; if they are right, `bounce-plugin breaker release "
        f"{trip.number}`; if they are an outage, `bounce-plugin breaker discard {trip.number}`."
    )
    return title, detail


def explained_in_words(trip: Trip, why: str) -> tuple[str, str]:
    """The same once a trip holds nothing any more, because a narrower one explains what it was for."""
    title = f"{trip.cause} stops no more addresses than usual: nothing is held for that any more"
    detail = f"{why} What is left of trip {trip.number} is within bounds and counts again; there is nothing to decide about it."
    return title, detail


def limit_in_words(surge: Surge, limits: Limits) -> str:
    """The limit, and which of the three numbers it is; under other `limits` than those of then only the numbers."""
    most = f"the most within a window in the {counted(limits.history.days, 'day')} before"
    more = f"{counted(surge.more_sent, 'mail')} more went there of late than ever in that time"
    if surge.limit == limits.floor:
        why = f"so many are never too many (`floor`), and {surge.usual} was {most}"
    elif surge.limit == int(limits.times * surge.usual):
        why = f"{limits.times:g} times {surge.usual}, {most} (`times`)"
    elif surge.limit == int(limits.share * surge.more_sent):
        why = f"{limits.share:.3g} of the mails (`share`), for {more}; {surge.usual} was {most}"
    else:
        why = f"{surge.usual} was {most}, and {more}"
    return f"the limit is {surge.limit}: {why}"
