"""Does a server give UIDs that it gave before? Then what we know by a UID may be about another mail (I-05).

UIDs of one UIDVALIDITY only ever grow (RFC 9051, section 2.3.1.1), and so does the UIDNEXT of a folder. A server that
was restored from a backup, or that fell back to a copy of itself, breaks that: its next mail has the UID of another one.
Over POP3 a server may do so at any time, once the mail is gone that had the UID (RFC 1939, section 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from sqlalchemy import String, and_, bindparam, case, cast, select, update

from bounce_plugin.ledger.schema import attempts, folders, mails
from bounce_plugin.ledger.transaction import IfAbsent, Transaction

_THIS = (
    folders.c.tenant == bindparam("tenant"),
    folders.c.mailbox == bindparam("mailbox"),
    folders.c.folder == bindparam("folder"),
    folders.c.uidvalidity == bindparam("uidvalidity"),
)

#: How far the UIDs of a folder went.
UIDNEXT = select(folders.c.uidnext).where(*_THIS)

#: A folder that is listed for the first time under its UIDVALIDITY.
ADD_FOLDER = IfAbsent(folders)

#: How far they go now.
NOTE_UIDNEXT = (
    update(folders)
    .where(
        folders.c.tenant == bindparam("of_tenant"),
        folders.c.mailbox == bindparam("of_mailbox"),
        folders.c.folder == bindparam("of_folder"),
        folders.c.uidvalidity == bindparam("of_uidvalidity"),
    )
    .values(uidnext=bindparam("new_uidnext"))
)

_OF = {"tenant": "of_tenant", "mailbox": "of_mailbox", "folder": "of_folder", "uidvalidity": "of_uidvalidity"}

#: The UIDs under which mails were found in a folder mean nothing any more.
FREE_UIDS = (
    update(mails)
    .where(*(mails.c[column] == bindparam(name) for column, name in _OF.items()))
    .values(uid=mails.c.uid + "#" + cast(mails.c.id, String))
)

#: Nor do those under which we believe mails to be there, nor what was intended with them.
FORGET_PLACES = (
    update(mails)
    .where(
        mails.c.tenant == bindparam("of_tenant"),
        mails.c.mailbox == bindparam("of_mailbox"),
        mails.c.place_folder == bindparam("of_folder"),
        mails.c.place_uidvalidity == bindparam("of_uidvalidity"),
    )
    .values(place_folder="", place_uidvalidity="", place_uid="", target="")
)

#: Nor how often a mail of a UID was tried.
FORGET_ATTEMPTS = attempts.delete().where(
    attempts.c.tenant == bindparam("of_tenant"),
    attempts.c.mailbox == bindparam("of_mailbox"),
    attempts.c.uidvalidity == bindparam("of_uidvalidity"),
)

#: The mails that were found in a folder, by their UIDs, and the places where they are now.
FOUND = select(mails.c.id, mails.c.uid, mails.c.place_folder).where(
    *(mails.c[column] == bindparam(column) for column in _OF)
)

#: A mail whose UID another one may have by now. Its record keeps the UID, but where nobody looks for it. If it was still
#: there when we looked last, it is gone; then it is in the ledger alone if it is kept there, and nothing is due any more.
RELEASE_UID = (
    update(mails)
    .where(mails.c.tenant == bindparam("of_tenant"), mails.c.id == bindparam("of_mail"))
    .values(
        uidvalidity="",
        uid=mails.c.uid + "#" + cast(mails.c.id, String),
        place_folder=case(
            (and_(mails.c.place_uid != "", mails.c.raw.is_not(None)), bindparam("alone")),
            (mails.c.place_uid != "", ""),
            else_=mails.c.place_folder,
        ),
        place_uidvalidity="",
        place_uid="",
        target="",
    )
)


def uidnext_of(tx: Transaction, mailbox: str, folder: str, uidvalidity: str) -> int:
    """The next UID of a folder when it was last listed; 0 where it never was."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity}
    return tx.connection.scalar(UIDNEXT, where) or 0


def note_uidnext(tx: Transaction, mailbox: str, folder: str, uidvalidity: str, uidnext: int) -> None:
    """Remember how far the UIDs of a folder go."""
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity}
    tx.connection.execute(ADD_FOLDER.on(tx.connection), {**where, "uidnext": uidnext})
    tx.connection.execute(NOTE_UIDNEXT, {**_names(where), "new_uidnext": uidnext})


def distrust_uids(tx: Transaction, mailbox: str, folder: str, uidvalidity: str) -> None:
    """Believe nothing any more that we know by a UID of this folder: its mails are found again as if they were new.

    What was recorded of them stays, so nothing counts twice.
    """
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity}
    for statement in (FREE_UIDS, FORGET_PLACES):
        tx.connection.execute(statement, _names(where))
    tx.connection.execute(
        FORGET_ATTEMPTS, {"of_tenant": tx.tenant, "of_mailbox": mailbox, "of_uidvalidity": uidvalidity}
    )


def returned_uids(
    tx: Transaction, mailbox: str, folder: str, uidvalidity: str, *, there: Set[str], alone: str
) -> tuple[int, ...]:
    """The mails that were found in a folder and whose UIDs are free for others by now: all but those that are `there`.

    That of a mail that was taken to the ledger (`alone`) is free in any case: if it is there, it is another mail's.
    """
    where = {"tenant": tx.tenant, "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity}
    rows = tx.connection.execute(FOUND, where)
    return tuple(row.id for row in rows if row.uid not in there or row.place_folder == alone)


def release_uids(tx: Transaction, mail_ids: Iterable[int], *, alone: str) -> None:
    """Have the UIDs of these mails be free for new ones. What was recorded stays."""
    rows = [{"of_tenant": tx.tenant, "of_mail": mail_id, "alone": alone} for mail_id in mail_ids]
    if rows:
        tx.connection.execute(RELEASE_UID, rows)


def _names(where: dict[str, object]) -> dict[str, object]:
    return {_OF[column]: value for column, value in where.items()}
