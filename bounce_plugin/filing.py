"""Is each mail where the ledger says it should be? Moves that are due, and what people moved by hand."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from bounce_plugin.ledger.filing import Move, Place, filed, lost, placed, unfiled
from bounce_plugin.ledger.mails import Mail, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.review import close_item, item_of_mail
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Folder, Incoming, Mailbox
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling


def enter_mail(tx: Transaction, mail: Incoming, kind: Kind) -> int | None:
    """Record a mail where it was found, and give its number; None when another process was first."""
    found = Mail(
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
    return record_mail(tx, found)


def carry_out_moves(ledger: Ledger, mailbox: Mailbox) -> None:
    """Move every mail whose intent is committed but not carried out, in sets.

    Done after each batch, and first of all in a run: so a crash between commit and move, and the decisions that other
    processes made (`bounce-plugin review`), end in the right folder.
    """
    with ledger.reading() as tx:
        moves = unfiled(tx, mailbox.name)
    sets: defaultdict[tuple[str, str, str], list[Move]] = defaultdict(list)
    for move in moves:
        sets[move.source, move.uidvalidity, move.target].append(move)
    for (source, uidvalidity, target), some in sets.items():
        if not all(move.uid for move in some) or mailbox.listing(Folder(source)).uidvalidity != uidvalidity:
            with ledger.transaction() as tx:
                # The server never told the UID, or it rebuilt the folder and the UID means nothing now.
                lost(tx, [move.mail_id for move in some])
            continue
        new_uids = mailbox.move(Folder(source), [move.uid for move in some], Folder(target))
        # Only what may be moved out by hand is looked for again; a listing of all processed mail would be for nothing.
        new_validity = mailbox.listing(Folder.REVIEW).uidvalidity if target == Folder.REVIEW else ""
        with ledger.transaction() as tx:
            if target == Folder.INBOX:
                lost(tx, [move.mail_id for move in some])  # "again": the inbox is read as if the mail were new
                continue
            filed(
                tx,
                [
                    Place(mail_id=move.mail_id, folder=target, uidvalidity=new_validity, uid=new_uids.get(move.uid, ""))
                    for move in some
                ],
            )


def notice_hand_work(ledger: Ledger, mailbox: Mailbox, now: datetime) -> None:
    """Close the items whose mail somebody took out of the review folder; in the inbox it is read once more."""
    listing = mailbox.listing(Folder.REVIEW)
    there = frozenset(listing.uids)
    with ledger.transaction() as tx:
        for place in placed(tx, mailbox.name, Folder.REVIEW):
            if not place.uid or (place.uidvalidity == listing.uidvalidity and place.uid in there):
                continue
            lost(tx, [place.mail_id])
            item = item_of_mail(tx, place.mail_id)
            if item is not None and place.uidvalidity == listing.uidvalidity:
                close_item(tx, item.id, actor="mailbox", resolution="moved out of the folder by hand", now=now)
