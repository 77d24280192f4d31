"""Which mails are where? Where each must go, and what people moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bounce_plugin.case import Case, stays
from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.filing import Place, filed, lost, placed
from bounce_plugin.ledger.lease import Lease
from bounce_plugin.ledger.mails import Mail, mails_of_content, record_mails
from bounce_plugin.ledger.review import close_item, item_of_mail
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Filing, Folder, Incoming, Listing, Mailbox
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling
from bounce_plugin.steps.moves import carry_out_moves
from bounce_plugin.steps.sight import look

#: Where a mail goes that ended so, if there are folders; what is left, or failed, stays where it is.
TARGETS: Final = {
    Handling.HANDLED: Folder.PROCESSED,
    Handling.DUPLICATE: Folder.PROCESSED,
    Handling.REVIEW: Folder.REVIEW,
}


def target_of(mail: Incoming, case: Case, handling: Handling, mailbox: Mailbox) -> Folder | None:
    """Where a mail must be moved to; None: it stays where it is.

    Only one that we have as a whole is taken from a server that has no folders, and none of a flood.
    """
    target = TARGETS.get(handling)
    if target is None or stays(case, dedicated=mailbox.dedicated) or mailbox.filing is Filing.STAYS:
        return None
    if mailbox.filing is Filing.LEDGER:
        return Folder.LEDGER if mail.size == len(mail.raw) and not case.swamped else None
    return target


def enter_mails(tx: Transaction, found: Sequence[tuple[Incoming, Kind]]) -> list[int | None]:
    """Record mails where they were found, and give their numbers; None when another process was first."""
    return record_mails(
        tx,
        [
            Mail(
                mailbox=mail.mailbox,
                folder=mail.folder,
                uidvalidity=mail.uidvalidity,
                uid=mail.uid,
                content_sha256=mail.sha256,
                size=mail.size,
                received_at=mail.received_at,
                kind=kind,
                handling=Handling.LEFT,
                why="",
            )
            for mail, kind in found
        ],
    )


def settle(lease: Lease, mailbox: Mailbox, now: datetime) -> list[MailboxError]:
    """Do what an earlier run or a person left to do, see what a person did, and give what went wrong."""
    trouble = carry_out_moves(lease, mailbox)
    try:
        notice_hand_work(lease, mailbox, now)
    except MailboxError as error:
        trouble.append(error)
    return trouble


def notice_hand_work(lease: Lease, mailbox: Mailbox, now: datetime) -> None:
    """Close the items whose mail somebody took out of the review folder; in the inbox it is read once more."""
    listing = look(lease, mailbox, Folder.REVIEW).listing
    with lease.reading() as tx:
        places = placed(tx, mailbox.name, Folder.REVIEW)
    found = _find_nameless(lease, mailbox, listing, places)
    there = frozenset(listing.uids)
    with lease.transaction() as tx:
        filed(tx, found)
        known = {place.mail_id for place in found}
        for place in places:
            if place.mail_id in known or (place.uidvalidity == listing.uidvalidity and place.uid in there):
                continue
            lost(tx, [place.mail_id])
            item = item_of_mail(tx, place.mail_id)
            if item is not None and (place.uidvalidity == listing.uidvalidity or not place.uid):
                close_item(tx, item.id, actor="mailbox", resolution="moved out of the folder by hand", now=now)


def _find_nameless(lease: Lease, mailbox: Mailbox, listing: Listing, places: tuple[Place, ...]) -> tuple[Place, ...]:
    """The mails whose new UID we were not told (the server does not say, or we were killed): known by their octets."""
    nameless = {place.mail_id for place in places if not place.uid}
    if not nameless:
        return ()
    named = {place.uid for place in places}
    found = []
    for mail in mailbox.fetch(Folder.REVIEW, [uid for uid in listing.uids if uid not in named]):
        with lease.reading() as tx:
            same = (row.id for row in mails_of_content(tx, mailbox.name, mail.sha256) if row.id in nameless)
            mail_id = next(same, None)
        if mail_id is not None:
            nameless.discard(mail_id)
            place = Place(mail_id=mail_id, folder=Folder.REVIEW, uidvalidity=listing.uidvalidity, uid=mail.uid)
            found.append(place)
    return tuple(found)
