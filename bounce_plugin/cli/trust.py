"""What does `bounce-plugin check` say of [trust]: what counts, what a forger could do, and how old the keys are?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.settings import TrustSettings

_MARGIN: Final = timedelta(days=7)  # that an old key is kept beyond the oldest report (C-03)
_YEAR: Final = timedelta(days=365)

_LEVELS: Final = {
    Trust.ADDRESS: (
        "a report that names a known contact's address counts (require = address); "
        "so would a forged one, which a person can undo with `bounce-plugin lift`"
    ),
    Trust.LOGGED: (
        "a report about a message that you recorded as sent counts, after three over a week (require = logged); "
        "all others go to review"
    ),
    Trust.SIGNED_HEADER: "a report that bears our signature counts (require = signed); all others go to review",
}


def say_trust(trust: TrustSettings, now: datetime) -> Iterator[str]:
    """What holds, and what could be better."""
    yield f"trust: {_LEVELS[trust.require]}"
    if not trust.keys:
        return
    *old, newest = trust.keys
    yield f"trust: key {newest.number} signs return paths {trust.prefix}…@{trust.bounce_domain}"
    if trust.require is Trust.ADDRESS:
        yield f'trust: once every mail has been signed for {trust.oldest_days} days, set require = "signed"'
    since = newest.since
    if since is not None and now - since > _YEAR:
        yield f"trust: key {newest.number} is of {since:%Y-%m-%d}: add another one below it"
    for key in old:
        yield f"trust: key {key.number} signs no more, and is accepted{_until(trust, since, now)}"


def _until(trust: TrustSettings, since: datetime | None, now: datetime) -> str:
    """When an old key is needed no more, if it is known when the newest one came."""
    if since is None:
        return ""
    end = since + timedelta(days=trust.oldest_days) + _MARGIN
    return f"; take it out on {end:%Y-%m-%d}" if now < end else f": it can be taken out since {end:%Y-%m-%d}"
