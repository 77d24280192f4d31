"""How much is still to be done, and since when?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from bounce_plugin.ledger.outbox import State
from bounce_plugin.ledger.schema import mails, outbox, review_items
from bounce_plugin.ledger.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits, and since when the oldest of it does; None: nothing waits."""

    announcements: int  # that a plugin must still be told
    announced_at: datetime | None
    given_up: int  # announcements that no plugin could be told; an item of manual work says so
    reviews: int  # items of manual work
    opened_at: datetime | None
    moves: int  # mails that are recorded, and not yet in their folder


_ANNOUNCEMENTS = (outbox.c.tenant == bindparam("tenant"), outbox.c.state == bindparam("state"))

#: How many announcements are in a state, and since when the oldest is.
ANNOUNCEMENTS: Final = select(func.count(), func.min(outbox.c.announced_at)).where(*_ANNOUNCEMENTS)

#: How many items wait for a person, and since when the oldest does.
REVIEWS: Final = select(func.count(), func.min(review_items.c.opened_at)).where(
    review_items.c.tenant == bindparam("tenant"), review_items.c.closed_at.is_(None)
)

#: How many mails must still be moved.
MOVES: Final = select(func.count()).where(mails.c.tenant == bindparam("tenant"), mails.c.target != "")


def backlog(tx: Transaction) -> Backlog:
    """How much is still to be done."""
    where = {"tenant": tx.tenant}
    waiting, announced_at = tx.connection.execute(ANNOUNCEMENTS, {**where, "state": State.WAITING}).one()
    given_up, _ = tx.connection.execute(ANNOUNCEMENTS, {**where, "state": State.GIVEN_UP}).one()
    reviews, opened_at = tx.connection.execute(REVIEWS, where).one()
    return Backlog(
        announcements=waiting,
        announced_at=announced_at,
        given_up=given_up,
        reviews=reviews,
        opened_at=opened_at,
        moves=tx.connection.scalar(MOVES, where) or 0,
    )
