"""Which texts hold addresses as placeholders, and what becomes of these when fingerprints change?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, Select, Table, bindparam, or_, select, tuple_, update

from bounce_plugin.ledger.addresses import PLACEHOLDER
from bounce_plugin.ledger.schema import acts, deliveries, events, incidents, mails, outbox, polls, review_items, trips

_CHUNK: Final = 200  # rows in memory at once
_AT_ONCE: Final = 500  # fingerprints asked for at once

#: Every column whose text has its addresses hidden. Not `outbox.announcement`: it is known to plugins, as it was.
HIDDEN: Final[Mapping[Table, tuple[Column[Any], ...]]] = {
    mails: (mails.c.why,),
    events: (events.c.diagnostic_code, events.c.remote_mta, events.c.contacts, events.c.evidence),
    acts: (acts.c.because, acts.c.actor),
    deliveries: (deliveries.c.contact,),
    outbox: (outbox.c.payload, outbox.c.error),
    review_items: (review_items.c.addresses, review_items.c.why, review_items.c.actor, review_items.c.resolution),
    incidents: (incidents.c.key, incidents.c.title, incidents.c.detail),
    polls: (polls.c.error,),
    trips: (trips.c.actor, trips.c.why),
}


def rename_hidden(connection: Connection, renamed: Table) -> int:
    """Put the new fingerprints into all texts; returns how many rows had one that changed."""
    number = 0
    for table, columns in HIDDEN.items():
        change = update(table).where(*(column == bindparam(f"of_{column.name}") for column in table.primary_key))
        change = change.values({column.name: bindparam(f"new_{column.name}") for column in columns})
        for rows in _with_placeholders(connection, table, columns):
            names = _names(connection, renamed, rows)
            changes = [changed for row in rows if (changed := _changed(row, table, columns, names))]
            if changes:
                connection.execute(change, changes)
                number += len(changes)
    return number


def _with_placeholders(
    connection: Connection, table: Table, columns: Sequence[Column[Any]]
) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """The rows of a table that have a placeholder, or what looks like one, in one of these columns; chunk by chunk."""
    key = tuple(table.primary_key)
    wanted = dict.fromkeys((*key, table.c.tenant, *columns))
    first: Select[*tuple[Any, ...]] = (
        select(*wanted).where(or_(*(column.contains("{@") for column in columns))).order_by(*key).limit(_CHUNK)
    )
    rest = first.where(tuple_(*key) > tuple_(*(bindparam(f"after_{column.name}") for column in key)))
    rows = connection.execute(first).all()
    while rows:
        yield rows
        last = {f"after_{column.name}": getattr(rows[-1], column.name) for column in key}
        rows = connection.execute(rest, last).all()


def _names(connection: Connection, renamed: Table, rows: Sequence[Row[*tuple[Any, ...]]]) -> dict[tuple[int, str], str]:
    """The new fingerprints of those that stand in some rows, by tenant and old fingerprint."""
    asked = select(renamed.c.new, renamed.c.old).where(
        renamed.c.tenant == bindparam("tenant"), renamed.c.old.in_(bindparam("old", expanding=True))
    )
    named: dict[int, set[str]] = {}
    for row in rows:
        texts = (text for text in row if isinstance(text, str))
        found = named.setdefault(row.tenant, set())
        found.update(match["fingerprint"] for text in texts for match in PLACEHOLDER.finditer(text))
    names: dict[tuple[int, str], str] = {}
    for tenant, some in named.items():
        old = sorted(some)
        for start in range(0, len(old), _AT_ONCE):
            answer = connection.execute(asked, {"tenant": tenant, "old": old[start : start + _AT_ONCE]})
            names.update({(tenant, before): new for new, before in answer})
    return names


def _changed(
    row: Row[*tuple[Any, ...]], table: Table, columns: Sequence[Column[Any]], names: Mapping[tuple[int, str], str]
) -> dict[str, object]:
    """The values of a row whose texts change; nothing where none does."""

    def renew(match: re.Match[str]) -> str:
        new = names.get((row.tenant, match["fingerprint"]))
        return f"{{@{match['quote'] or ''}{new}}}" if new else match[0]

    new = {column.name: PLACEHOLDER.sub(renew, getattr(row, column.name)) for column in columns}
    if all(new[name] == getattr(row, name) for name in new):
        return {}
    which = {f"of_{column.name}": getattr(row, column.name) for column in table.primary_key}
    return {**which, **{f"new_{name}": text for name, text in new.items()}}
