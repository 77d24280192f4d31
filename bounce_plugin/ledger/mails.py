"""Which mails were looked at, and what became of them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.addresses import hide, reveal
from bounce_plugin.ledger.schema import events, mails
from bounce_plugin.ledger.transaction import NewRows, Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it was found, and what became of it. Folders are named by their use: inbox, processed, review."""

    id: int = 0  # the ledger's number; 0: not recorded yet
    mailbox: str
    folder: str  # where it was found
    uidvalidity: str
    uid: str
    content_sha256: str  # of the raw octets
    size: int  # octets
    received_at: datetime
    kind: Kind
    handling: Handling
    why: str  # a sentence for people
    target: str = ""  # the folder that it must still be moved to; empty: none


#: Mails, but for those that were recorded before from the same place.
ADD_MAILS = NewRows(
    mails,
    number=mails.c.id,
    returning=(mails.c.id, mails.c.mailbox, mails.c.folder, mails.c.uidvalidity, mails.c.uid),
)

#: What became of a mail, once that is known.
CONCLUDE = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(
        kind=bindparam("new_kind"),
        handling=bindparam("new_handling"),
        why=bindparam("new_why"),
        target=bindparam("new_target"),
        raw=bindparam("new_raw"),
        raw_since=bindparam("new_raw_since"),
    )
)

_MAIL = [column for column in mails.c if column.name not in {"raw", "raw_since"}]

#: One mail by its number.
MAIL_BY_ID = select(*_MAIL).where(mails.c.tenant == bindparam("tenant"), mails.c.id == bindparam("mail_id"))

#: The mails of a mailbox that had these very octets, oldest first.
MAILS_OF_CONTENT = (
    select(*_MAIL)
    .where(
        mails.c.tenant == bindparam("tenant"),
        mails.c.mailbox == bindparam("mailbox"),
        mails.c.content_sha256 == bindparam("content_sha256"),
    )
    .order_by(mails.c.id)
)

#: The events that a mail told first.
EVENTS_OF_MAIL = (
    select(events.c.id)
    .where(events.c.tenant == bindparam("tenant"), events.c.mail_id == bindparam("mail_id"))
    .order_by(events.c.number)
)


def record_mail(tx: Transaction, mail: Mail) -> int | None:
    """Record a mail, and give its number; None when that very mail was recorded before, by another process perhaps."""
    return record_mails(tx, [mail])[0]


def record_mails(tx: Transaction, found: Sequence[Mail]) -> list[int | None]:
    """The same for several mails, in their order."""
    if not found:
        return []
    rows = [
        {
            "tenant": tx.tenant,
            "mailbox": mail.mailbox,
            "folder": mail.folder,
            "uidvalidity": mail.uidvalidity,
            "uid": mail.uid,
            "content_sha256": mail.content_sha256,
            "size": mail.size,
            "received_at": mail.received_at,
            "kind": mail.kind,
            "handling": mail.handling,
            "why": hide(tx, mail.why),
            "place_folder": mail.folder,
            "place_uidvalidity": mail.uidvalidity,
            "place_uid": mail.uid,
            "target": mail.target,
        }
        for mail in found
    ]
    numbers = {tuple(place): number for number, *place in ADD_MAILS.add(tx, rows)}
    return [numbers.pop((mail.mailbox, mail.folder, mail.uidvalidity, mail.uid), None) for mail in found]


def conclude(
    tx: Transaction,
    mail_id: int,
    *,
    kind: Kind,
    handling: Handling,
    why: str,
    now: datetime,
    target: str = "",
    raw: bytes = b"",
) -> None:
    """Record what became of a mail, where it must go, and its octets if they are to be kept from now on."""
    new = {
        "new_kind": kind,
        "new_handling": handling,
        "new_why": hide(tx, why),
        "new_target": target,
        "new_raw": raw or None,
        "new_raw_since": now if raw else None,
    }
    tx.put(CONCLUDE, {"of_tenant": tx.tenant, "of_mail": mail_id, **new})


def mail_by_id(tx: Transaction, mail_id: int) -> Mail:
    """One mail; `NotFoundError` if there is none with that number."""
    row = tx.connection.execute(MAIL_BY_ID, {"tenant": tx.tenant, "mail_id": mail_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no mail {mail_id}")
    return _mail(tx, row)


def mails_of_content(tx: Transaction, mailbox: str, content_sha256: str) -> tuple[Mail, ...]:
    """The mails that had these very octets, oldest first: one that comes back was moved by hand, or given a new UID."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "content_sha256": content_sha256}
    return tuple(_mail(tx, row) for row in tx.connection.execute(MAILS_OF_CONTENT, where).all())


def outcome_of(tx: Transaction, mail_id: int) -> MailOutcome:
    """What became of a mail, as people are told it; `NotFoundError` if there is none with that number."""
    mail = mail_by_id(tx, mail_id)
    return MailOutcome(
        mail_id=mail.id,
        mailbox=mail.mailbox,
        kind=mail.kind,
        handling=mail.handling,
        why=mail.why,
        events=tuple(tx.connection.scalars(EVENTS_OF_MAIL, {"tenant": tx.tenant, "mail_id": mail_id})),
        received_at=mail.received_at,
    )


def _mail(tx: Transaction, row: Row[*tuple[Any, ...]]) -> Mail:
    return Mail(
        id=row.id,
        mailbox=row.mailbox,
        folder=row.folder,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        content_sha256=row.content_sha256,
        size=row.size,
        received_at=row.received_at,
        kind=Kind(row.kind),
        handling=Handling(row.handling),
        why=reveal(tx, row.why),
        target=row.target,
    )
