"""How much was sent to each provider of late? Counted as it is recorded, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.ledger.schema import volumes
from bounce_plugin.ledger.transaction import InPlace, Transaction

#: To whomever it was.
ALL: Final = ""

#: So much more was sent to a provider on a day.
ADD_VOLUME: Final = InPlace(volumes, change=lambda new: {"number": volumes.c.number + new.number})

#: How much was sent to a provider from one day to another.
VOLUME: Final = select(func.coalesce(func.sum(volumes.c.number), 0)).where(
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


def volume(tx: Transaction, provider: str, first: date, last: date) -> int:
    """How many mails were sent to a provider from the first day to the last; `ALL`: to all of them together."""
    where = {"tenant": tx.tenant, "provider": provider, "first": first, "last": last}
    return int(tx.connection.scalar(VOLUME, where) or 0)
