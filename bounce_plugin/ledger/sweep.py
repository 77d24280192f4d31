"""Which mails have we ourselves filed so long ago that they may go? The record of the only thing that deletes mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, select, update

from bounce_plugin.ledger.filing import NOWHERE
from bounce_plugin.ledger.schema import mails, review_items
from bounce_plugin.ledger.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """A mail that we filed, where, and what it was then."""

    mail_id: int
    uidvalidity: str
    uid: str
    content_sha256: str
    size: int  # octets


#: Filed by us, under a UID that we were told, and not under review: nothing else is known well enough to be deleted.
_OURS = (
    mails.c.tenant == bindparam("tenant"),
    mails.c.mailbox == bindparam("mailbox"),
    mails.c.filed_at < bindparam("before"),
    mails.c.place_folder == bindparam("folder"),
    mails.c.place_uidvalidity != "",
    mails.c.place_uid != "",
    mails.c.content_sha256 != "",
    mails.c.target == "",
    ~exists().where(
        review_items.c.tenant == mails.c.tenant,
        review_items.c.mail_id == mails.c.id,
        review_items.c.closed_at.is_(None),
    ),
)

#: The mails that were filed before some time, oldest first.
OLD = (
    select(mails.c.id, mails.c.place_uidvalidity, mails.c.place_uid, mails.c.content_sha256, mails.c.size)
    .where(*_OURS)
    .order_by(mails.c.filed_at, mails.c.id)
    .limit(bindparam("limit"))
)

#: How many they are.
COUNT_OLD = select(func.count()).where(*_OURS)

#: A mail is no longer where we filed it: `deleted_at` says that we deleted it, null that it was gone, or another one.
GONE = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(**NOWHERE, deleted_at=bindparam("new_deleted_at"))
)


def old(tx: Transaction, mailbox: str, folder: str, *, before: datetime, limit: int) -> tuple[Old, ...]:
    """The mails that we filed into a folder before this time, oldest first."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "before": before, "limit": limit}
    return tuple(
        Old(
            mail_id=row.id,
            uidvalidity=row.place_uidvalidity,
            uid=row.place_uid,
            content_sha256=row.content_sha256,
            size=row.size,
        )
        for row in tx.connection.execute(OLD, where)
    )


def count_old(tx: Transaction, mailbox: str, folder: str, *, before: datetime) -> int:
    """How many they are."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "before": before}
    return tx.connection.scalar(COUNT_OLD, where) or 0


def gone(tx: Transaction, mail_ids: Iterable[int], *, deleted_at: datetime | None) -> None:
    """Record that mails are no longer where we filed them; `deleted_at`: because we deleted them then."""
    rows = [{"of_tenant": tx.tenant, "of_mail": number, "new_deleted_at": deleted_at} for number in mail_ids]
    if rows:
        tx.connection.execute(GONE, rows)
