"""What waits for a person? The queue is the truth; the review folder is its mirror."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, func, select, update

from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.addresses import PLACEHOLDER, hide, reveal_all
from bounce_plugin.ledger.columns import word
from bounce_plugin.ledger.parcel import Parcel
from bounce_plugin.ledger.schema import review_items
from bounce_plugin.ledger.transaction import IfAbsent, Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import ReviewItem

_ADDRESSES: Parcel[tuple[str, ...]] = Parcel(TypeAdapter(tuple[str, ...]))

_LARGEST = (1 << 63) - 1  # the largest number that the databases can be asked for

#: An item, unless one is open for the mail.
ADD_ITEM = IfAbsent(review_items, returning=(review_items.c.id,))

_ITEM = select(*(column for column in review_items.c if column.name != "tenant")).where(
    review_items.c.tenant == bindparam("tenant")
)

#: One item by its number.
ITEM = _ITEM.where(review_items.c.id == bindparam("item_id"))

#: The open item of a mail.
ITEM_OF_MAIL = _ITEM.where(review_items.c.mail_id == bindparam("mail_id"), review_items.c.closed_at.is_(None))

#: What waits, oldest first.
OPEN_ITEMS = _ITEM.where(review_items.c.closed_at.is_(None)).order_by(review_items.c.id).limit(bindparam("limit"))

#: What was settled, newest first.
CLOSED_ITEMS = (
    _ITEM.where(review_items.c.closed_at.is_not(None))
    .order_by(review_items.c.closed_at.desc(), review_items.c.id.desc())
    .limit(bindparam("limit"))
)

#: How many items wait, and how many were settled.
WAITING = select(func.count()).where(review_items.c.tenant == bindparam("tenant"), review_items.c.closed_at.is_(None))
SETTLED = select(func.count()).where(
    review_items.c.tenant == bindparam("tenant"), review_items.c.closed_at.is_not(None)
)

#: An open item is settled.
CLOSE = (
    update(review_items)
    .where(review_items.c.tenant == bindparam("of_tenant"), review_items.c.id == bindparam("of_item"))
    .where(review_items.c.closed_at.is_(None))
    .values(closed_at=bindparam("now"), actor=bindparam("by"), resolution=bindparam("how"))
)


def open_item(
    tx: Transaction,
    *,
    why: str,
    now: datetime,
    mail_id: int = 0,
    kind: Kind | None = None,
    addresses: Sequence[str] = (),
) -> ReviewItem:
    """Put something before a person. A mail that is open already stays open once: its first item is returned."""
    row = {
        "tenant": tx.tenant,
        "mail_id": mail_id or None,
        "kind": kind,
        "addresses": _ADDRESSES.pack(tx, tuple(addresses)),
        "why": hide(tx, why),
        "opened_at": now,
        "closed_at": None,
        "actor": "",
        "resolution": "",
    }
    number = tx.connection.execute(ADD_ITEM.on(tx.connection), row).scalar()
    if number is None:
        return _items(tx, tx.connection.execute(ITEM_OF_MAIL, {"tenant": tx.tenant, "mail_id": mail_id}).all())[0]
    return item(tx, number)


def item(tx: Transaction, item_id: int) -> ReviewItem:
    """One item; `NotFoundError` if there is none with that number."""
    where = {"tenant": tx.tenant, "item_id": item_id}
    found = _items(tx, tx.connection.execute(ITEM, where).all()) if 0 < item_id <= _LARGEST else ()
    if not found:
        raise NotFoundError(f"there is no review item {item_id}")
    return found[0]


def item_of_mail(tx: Transaction, mail_id: int) -> ReviewItem | None:
    """The open item of a mail."""
    found = _items(tx, tx.connection.execute(ITEM_OF_MAIL, {"tenant": tx.tenant, "mail_id": mail_id}).all())
    return found[0] if found else None


def items(tx: Transaction, *, closed: bool = False, limit: int = 100) -> tuple[ReviewItem, ...]:
    """What waits, oldest first; or what was settled, newest first."""
    statement = CLOSED_ITEMS if closed else OPEN_ITEMS
    return _items(tx, tx.connection.execute(statement, {"tenant": tx.tenant, "limit": limit}).all())


def waiting(tx: Transaction) -> int:
    """How many items wait for a person."""
    return tx.connection.scalar(WAITING, {"tenant": tx.tenant}) or 0


def settled(tx: Transaction) -> int:
    """How many items were settled."""
    return tx.connection.scalar(SETTLED, {"tenant": tx.tenant}) or 0


def close_item(tx: Transaction, item_id: int, *, actor: str, resolution: str, now: datetime) -> ReviewItem | None:
    """Settle an item; None when another person was first. `NotFoundError` if there is none with that number."""
    new = {"now": now, "by": hide(tx, actor), "how": hide(tx, resolution)}
    closed = tx.connection.execute(CLOSE, {"of_tenant": tx.tenant, "of_item": item_id, **new}).rowcount == 1
    now_settled = item(tx, item_id)
    return now_settled if closed else None


def _items(tx: Transaction, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[ReviewItem, ...]:
    hidden = [text for row in rows for text in (row.addresses, row.why, row.actor, row.resolution)]
    texts = iter(reveal_all(tx, hidden))
    return tuple(
        ReviewItem(
            id=row.id,
            mail_id=row.mail_id or 0,
            kind=word(Kind, row.kind),
            addresses=tuple(text for text in _ADDRESSES.unpack(next(texts)) if not PLACEHOLDER.fullmatch(text)),
            why=next(texts),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            actor=next(texts),
            resolution=next(texts),
        )
        for row in rows
    )
