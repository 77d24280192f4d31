"""Which mails are where? Moves that are due, and what people moved by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime
from typing import Final

from bounce_plugin.case import Case, stays
from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.filing import Move, Place, filed, intend, lost, placed, unfiled
from bounce_plugin.ledger.lease import Lease
from bounce_plugin.ledger.mails import Mail, mails_of_content, record_mails
from bounce_plugin.ledger.review import close_item, item_of_mail
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Filing, Folder, Incoming, Listing, Mailbox
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling
from bounce_plugin.sight import is_sound, look

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


def carry_out_moves(lease: Lease, mailbox: Mailbox, read: Set[str] = frozenset()) -> list[MailboxError]:
    """Move every mail whose intent is committed but not carried out, in sets.

    Done after each batch, and first of all in a run: so a crash between commit and move, and the decisions that other
    processes made (`bounce-plugin review`), end in the right folder. A folder that cannot be used holds up neither
    another one nor the reading: what went wrong is returned, and tried again in the next run.

    `read` are the UIDs of those in the inbox that have just been read: they are what they were recorded as.
    """
    with lease.reading() as tx:
        moves = [move for move in unfiled(tx, mailbox.name) if move.uid]
    sets: defaultdict[tuple[str, str, str], list[Move]] = defaultdict(list)
    for move in moves:
        sets[move.source, move.uidvalidity, move.target].append(move)
    trouble = []
    for (source, uidvalidity, target), some in sets.items():
        try:
            _move_set(lease, mailbox, Folder(source), uidvalidity, Folder(target), some, read)
        except MailboxError as error:
            trouble.append(error)
    return trouble


def _move_set(
    lease: Lease,
    mailbox: Mailbox,
    source: Folder,
    uidvalidity: str,
    target: Folder,
    moves: list[Move],
    read: Set[str],
) -> None:
    numbering = mailbox.numbering(source)
    if not is_sound(lease, mailbox, source, numbering) or numbering.uidvalidity != uidvalidity:
        with lease.transaction() as tx:
            lost(tx, [move.mail_id for move in moves])  # these UIDs mean nothing now
        return
    if not _is_possible(mailbox.filing, target):
        with lease.transaction() as tx:
            for move in moves:
                intend(tx, move.mail_id, "")
        return
    if target is Folder.LEDGER:
        _take(lease, mailbox, moves, read)
        return
    with lease.transaction():
        pass  # still ours? Two who copy the same mail would leave it twice, where the server cannot MOVE
    new_uids = mailbox.move(source, [move.uid for move in moves], target)
    # What may be moved out by hand is looked for again, whether its UID was told or not.
    review = target is Folder.REVIEW
    under = mailbox.numbering(Folder.REVIEW).uidvalidity if review else mailbox.moved_under(target)
    now = lease.clock()
    places = [
        Place(mail_id=move.mail_id, folder=target, uidvalidity=under, uid=new_uids.get(move.uid, ""), filed_at=now)
        for move in moves
    ]
    with lease.transaction() as tx:
        if target is Folder.INBOX:
            lost(tx, [move.mail_id for move in moves])  # "again": the inbox is read as if the mail were new
        else:
            filed(tx, places)


def _is_possible(filing: Filing, target: Folder) -> bool:
    """Whether a mailbox has such a place: a person who settles a mail does not know, and settings change."""
    if target is Folder.INBOX:
        return True
    return filing is (Filing.LEDGER if target is Folder.LEDGER else Filing.FOLDERS)


def _take(lease: Lease, mailbox: Mailbox, moves: list[Move], read: Set[str]) -> None:
    """Take mails from a server that has no folders: only those that are there, and whose octets are in the ledger.

    Those that were not read just now are read for that once more: an earlier run may have taken a mail without hearing
    that it was done, and its UID may be another mail's by now.
    """
    listing = mailbox.listing(Folder.INBOX)
    expected = {move.uid: move.content_sha256 for move in moves if move.uid not in read}
    same: dict[str, bool] = {}
    trouble: MailboxError | None = None
    try:
        for mail in mailbox.fetch(Folder.INBOX, list(expected)):
            same[mail.uid] = mail.sha256 == expected[mail.uid]
    except MailboxError as error:
        trouble = error  # with what the server does not give; the others need not wait for it
    with lease.transaction():
        pass  # still ours?
    wanted = [move.uid for move in moves if move.uid in read or same.get(move.uid, False)]
    mailbox.move(Folder.INBOX, wanted, Folder.LEDGER)
    unclear = (expected.keys() - same.keys()) & set(listing.uids)
    with lease.transaction() as tx:
        filed(
            tx,
            [
                Place(mail_id=move.mail_id, folder=Folder.LEDGER, uidvalidity="", uid="")
                for move in moves
                if move.uid not in unclear
            ],
        )
    if trouble is not None:
        raise trouble


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
