"""What does `bounce-plugin check` say that is no mistake, and that somebody should know all the same? Each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bounce_plugin.ledger.trips import Trip
from bounce_plugin.settings import Settings

#: Mail that nobody has a right to, or a duty to answer: to be exempt it needs a reason.
_UNASKED: Final = ("newsletter", "announcement")


def say_notes(settings: Settings, trips: Sequence[Trip]) -> Iterator[str]:
    """What the settings switch off, and what of the breaker's (`trips`) waits for a person."""
    for name in _UNASKED:
        category = settings.policy.category(name)
        if category is not None and category.exempt:
            yield (
                f"categories: mail of the category {name!r} is sent to stopped addresses, too: take {name} out of [categories], "
                "unless the law or your articles demand that it is sent"
            )
    if settings.breaker.limits is None:
        yield (
            "breaker: it is switched off, so one provider's outage can stop all who have their mailbox there: take "
            "enabled = false out of [breaker]"
        )
    for trip in trips:
        yield (
            f"breaker: trip {trip.number} has held what {trip.cause} does since {trip.tripped_at:%Y-%m-%d %H:%M} UTC, and waits "
            f"for a decision: `bounce-plugin breaker show {trip.number}`"
        )
