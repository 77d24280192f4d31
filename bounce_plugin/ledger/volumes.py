"""How much was sent to each provider of late? Counted as it is recorded, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import bindparam, select

from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.ledger.schema import volumes
from bounce_plugin.ledger.transaction import InPlace, Transaction
from bounce_plugin.policy.breaker import Cause, Dimension

#: To whomever it was.
ALL: Final = ""

#: So much more was sent to a provider on a day.
ADD_VOLUME: Final = InPlace(volumes, change=lambda new: {"number": volumes.c.number + new.number})

#: How much was sent to a provider on each day from the first to the last.
VOLUMES: Final = select(volumes.c.day, volumes.c.number).where(
    volumes.c.tenant == bindparam("tenant"),
    volumes.c.provider == bindparam("provider"),
    volumes.c.day >= bindparam("first"),
    volumes.c.day <= bindparam("last"),
)


def add_volume(tx: Transaction, sent: Iterable[tuple[str, datetime]]) -> None:
    """Count mails that were recorded, each to an address at a time."""
    numbers: Counter[tuple[str, date]] = Counter()
    for address, at in sent:
        day = at.astimezone(UTC).date()
        numbers[ALL, day] += 1
        numbers[BUILT_IN.providers.name_of(address=address), day] += 1
    rows = [
        {"tenant": tx.tenant, "provider": provider, "day": day, "number": number}
        for (provider, day), number in sorted(numbers.items())
    ]
    if rows:
        tx.put_spelt(ADD_VOLUME, *rows)


def volumes_of(tx: Transaction, cause: Cause, first: date, last: date) -> dict[date, int]:
    """How many mails were sent on each day to where a cause is: to a provider, or for a phrase or a reason to anybody."""
    provider = cause.name if cause.dimension is Dimension.PROVIDER else ALL
    where = {"tenant": tx.tenant, "provider": provider, "first": first, "last": last}
    return {row.day: row.number for row in tx.connection.execute(VOLUMES, where)}
