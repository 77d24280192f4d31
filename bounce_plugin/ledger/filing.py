"""Where are the mails, and where must they go? Intents, left by anyone, that the runner carries out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, bindparam, case, cast, select, union, update

from bounce_plugin.ledger.schema import mails
from bounce_plugin.ledger.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A mail that must still be moved."""

    mail_id: int
    mailbox: str
    source: str
    uidvalidity: str
    uid: str
    target: str
    content_sha256: str  # of the octets that we know it by


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mail is now. `uid` is empty where the server does not tell it."""

    mail_id: int
    folder: str
    uidvalidity: str
    uid: str
    filed_at: datetime | None = None  # when we put it there; None: somebody else did, or it was not asked for


#: The UIDs under which mails were found in a folder, and those under which we put them there.
KNOWN_UIDS = union(
    select(mails.c.uid).where(
        mails.c.tenant == bindparam("tenant"),
        mails.c.mailbox == bindparam("mailbox"),
        mails.c.folder == bindparam("folder"),
        mails.c.uidvalidity == bindparam("uidvalidity"),
    ),
    select(mails.c.place_uid).where(
        mails.c.tenant == bindparam("tenant"),
        mails.c.mailbox == bindparam("mailbox"),
        mails.c.place_folder == bindparam("folder"),
        mails.c.place_uidvalidity == bindparam("uidvalidity"),
        mails.c.place_uid != "",
    ),
)

#: Whether a mail was found under one UID.
KNOWN_UID = select(mails.c.id).where(
    mails.c.tenant == bindparam("tenant"),
    mails.c.mailbox == bindparam("mailbox"),
    mails.c.folder == bindparam("folder"),
    mails.c.uidvalidity == bindparam("uidvalidity"),
    mails.c.uid == bindparam("uid"),
)

#: The mails of a mailbox that must still be moved, oldest first.
UNFILED = (
    select(
        mails.c.id,
        mails.c.place_folder,
        mails.c.place_uidvalidity,
        mails.c.place_uid,
        mails.c.target,
        mails.c.content_sha256,
    )
    .where(mails.c.tenant == bindparam("tenant"), mails.c.mailbox == bindparam("mailbox"), mails.c.target != "")
    .order_by(mails.c.id)
)

#: Where a mail must go.
INTEND = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(target=bindparam("new_target"))
)

#: Where a mail is. The intent is fulfilled, unless another one was left meanwhile.
FILED = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(
        place_folder=bindparam("new_folder"),
        place_uidvalidity=bindparam("new_uidvalidity"),
        place_uid=bindparam("new_uid"),
        filed_at=bindparam("new_filed_at"),
        target=case((mails.c.target == bindparam("new_folder"), ""), else_=mails.c.target),
    )
)

#: What is known of the place of a mail that is no longer where it was. The UID under which it was found is free again: in an
#: mbox, where the UID is made of the octets, a mail that somebody puts back has the same one.
NOWHERE = {
    "uid": mails.c.uid + "#" + cast(mails.c.id, String),
    "place_folder": "",
    "place_uidvalidity": "",
    "place_uid": "",
    "filed_at": None,
}

#: A mail that is no longer where we knew it to be.
LOST = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(**NOWHERE, target="")
)

#: The mails that we believe to be in a folder: known by their UIDs, or else to be known again by their octets.
PLACED = (
    select(mails.c.id, mails.c.place_folder, mails.c.place_uidvalidity, mails.c.place_uid)
    .where(
        mails.c.tenant == bindparam("tenant"),
        mails.c.mailbox == bindparam("mailbox"),
        mails.c.place_folder == bindparam("folder"),
        (mails.c.place_uid != "") | (mails.c.content_sha256 != ""),  # not those that were put aside unread
    )
    .order_by(mails.c.id)
)


#: Where one mail is.
PLACE = select(mails.c.id, mails.c.place_folder, mails.c.place_uidvalidity, mails.c.place_uid).where(
    mails.c.tenant == bindparam("tenant"), mails.c.id == bindparam("mail_id")
)


def place_of(tx: Transaction, mail_id: int) -> Place:
    """Where we believe a mail to be; its folder is empty where we have lost sight of it."""
    row = tx.connection.execute(PLACE, {"tenant": tx.tenant, "mail_id": mail_id}).one()
    return Place(mail_id=row.id, folder=row.place_folder, uidvalidity=row.place_uidvalidity, uid=row.place_uid)


def known_uids(tx: Transaction, mailbox: str, folder: str, uidvalidity: str) -> frozenset[str]:
    """The UIDs of a folder that need not be looked at again, under this UIDVALIDITY."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity}
    return frozenset(tx.connection.scalars(KNOWN_UIDS, where))


def is_known(tx: Transaction, mailbox: str, folder: str, uidvalidity: str, uid: str) -> bool:
    """Whether the mail that was found there under this UID is recorded."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity, "uid": uid}
    return tx.connection.scalar(KNOWN_UID, where) is not None


def unfiled(tx: Transaction, mailbox: str) -> tuple[Move, ...]:
    """The mails of a mailbox that must still be moved, oldest first."""
    rows = tx.connection.execute(UNFILED, {"tenant": tx.tenant, "mailbox": mailbox})
    return tuple(
        Move(
            mail_id=row.id,
            mailbox=mailbox,
            source=row.place_folder,
            uidvalidity=row.place_uidvalidity,
            uid=row.place_uid,
            target=row.target,
            content_sha256=row.content_sha256,
        )
        for row in rows
    )


def intend(tx: Transaction, mail_id: int, target: str) -> None:
    """Leave word that a mail must be moved; an empty target takes that back. The runner carries it out."""
    tx.connection.execute(INTEND, {"of_tenant": tx.tenant, "of_mail": mail_id, "new_target": target})


def filed(tx: Transaction, places: Iterable[Place]) -> None:
    """Record where mails are now; an intent to move them there is fulfilled by it."""
    rows = [
        {
            "of_tenant": tx.tenant,
            "of_mail": place.mail_id,
            "new_folder": place.folder,
            "new_uidvalidity": place.uidvalidity,
            "new_uid": place.uid,
            "new_filed_at": place.filed_at,
        }
        for place in places
    ]
    if rows:
        tx.put(FILED, *rows)


def lost(tx: Transaction, mail_ids: Iterable[int]) -> None:
    """Record that mails are no longer where we knew them to be: nothing is intended with them any more."""
    rows = [{"of_tenant": tx.tenant, "of_mail": mail_id} for mail_id in mail_ids]
    if rows:
        tx.connection.execute(LOST, rows)


def placed(tx: Transaction, mailbox: str, folder: str) -> tuple[Place, ...]:
    """The mails that we believe to be in a folder, oldest first."""
    rows = tx.connection.execute(PLACED, {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder})
    return tuple(
        Place(mail_id=number, folder=folder, uidvalidity=uidvalidity, uid=uid)
        for number, folder, uidvalidity, uid in rows
    )
