"""Which mails are kept as they came, and for how long?

A mail is kept while a person may want to look at it, or to have it read once more; and one that is nowhere else. What it
told, the facts, stays for good.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, exists, select, update

from bounce_plugin.ledger.schema import mails, review_items
from bounce_plugin.ledger.transaction import Transaction

#: The octets of a mail, where they are kept.
RAW = select(mails.c.raw).where(mails.c.tenant == bindparam("tenant"), mails.c.id == bindparam("mail_id"))

_WAITS = exists().where(
    review_items.c.tenant == mails.c.tenant, review_items.c.mail_id == mails.c.id, review_items.c.closed_at.is_(None)
)

#: The octets that have been kept since before some time go. Not those of a mail that is nowhere else (it was taken from
#: its server, or will be) while it waits for a person.
REMOVE_RAW = (
    update(mails)
    .where(
        mails.c.tenant == bindparam("of_tenant"),
        mails.c.raw_since < bindparam("before"),
        mails.c.target != bindparam("alone"),
        ~((mails.c.place_folder == bindparam("alone")) & _WAITS),
    )
    .values(raw=None, raw_since=None)
)


def raw_of(tx: Transaction, mail_id: int) -> bytes:
    """The octets of a mail as they came; none where they are not kept."""
    return tx.connection.scalar(RAW, {"tenant": tx.tenant, "mail_id": mail_id}) or b""


def remove_raw(tx: Transaction, *, before: datetime, alone: str) -> int:
    """Remove the octets that have been kept since before this time; returns of how many mails.

    `alone` is the place of mails that are in the ledger and nowhere else.
    """
    return tx.connection.execute(REMOVE_RAW, {"of_tenant": tx.tenant, "before": before, "alone": alone}).rowcount
