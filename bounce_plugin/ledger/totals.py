"""How much has happened so far, by kind? Counted on from an earlier look, for the ledger may be large."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, bindparam, func, or_, select

from bounce_plugin.ledger.schema import acts, events, incidents, mails, suppressions
from bounce_plugin.ledger.transaction import Transaction

Labels = tuple[str, ...]


def _since(number: Column[Any], tenant: ColumnElement[Any], *labels: ColumnElement[Any]) -> Select[Any]:
    return (
        select(func.count(), func.max(number), *labels)
        .where(tenant == bindparam("tenant"), number > bindparam("after"))
        .group_by(*labels)
    )


#: The mails that were recorded after one of them, by mailbox and kind.
MAILS: Final = _since(mails.c.id, mails.c.tenant, mails.c.mailbox, mails.c.kind)

#: The events after one of them, by kind, reason, type, and whether they count.
EVENTS: Final = _since(events.c.number, events.c.tenant, events.c.kind, events.c.reason, events.c.type, events.c.counts)

#: What was done to addresses after one such act, by verb and rule.
ACTS: Final = _since(acts.c.number, acts.c.tenant, acts.c.verb, acts.c.rule)

#: How many addresses are stopped or paused now.
STOPPED: Final = select(func.count()).where(
    suppressions.c.tenant == bindparam("tenant"),
    or_(suppressions.c.until.is_(None), suppressions.c.until > bindparam("now")),
)

#: How often there was trouble.
TROUBLE: Final = select(func.coalesce(func.sum(incidents.c.times), 0)).where(incidents.c.tenant == bindparam("tenant"))


@dataclass(slots=True)
class Tally:
    """How often what was counted, and up to which row."""

    question: Select[Any]
    counted: Counter[Labels] = field(default_factory=Counter)
    upto: int = 0

    def count_on(self, tx: Transaction) -> None:
        """Count what came since. Rows get their numbers in the order in which they are committed: writers queue."""
        upto = self.upto
        for times, last, *labels in tx.connection.execute(self.question, {"tenant": tx.tenant, "after": self.upto}):
            self.counted[tuple(map(_word, labels))] += times
            upto = max(upto, last)
        self.upto = upto


@dataclass(slots=True)
class Totals:
    """Everything that is counted. Keep it: the next look reads only what is new."""

    mails: Tally = field(default_factory=lambda: Tally(MAILS))  # by mailbox, kind
    events: Tally = field(default_factory=lambda: Tally(EVENTS))  # by kind, reason, type, "true" or "false"
    acts: Tally = field(default_factory=lambda: Tally(ACTS))  # by verb, rule
    stopped: int = 0
    trouble: int = 0

    def count_on(self, tx: Transaction, now: datetime) -> None:
        """Bring all of it up to date."""
        for tally in (self.mails, self.events, self.acts):
            tally.count_on(tx)
        self.stopped = tx.connection.scalar(STOPPED, {"tenant": tx.tenant, "now": now}) or 0
        self.trouble = int(tx.connection.scalar(TROUBLE, {"tenant": tx.tenant}) or 0)


def _word(label: object) -> str:
    return "" if label is None else str(label).lower() if isinstance(label, bool) else str(label)
