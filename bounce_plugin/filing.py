"""Which mails are where? New ones in the inbox, moves that are due, and what people moved by hand."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.filing import Move, Place, filed, known_uids, lost, placed, unfiled
from bounce_plugin.ledger.mails import Mail, mails_of_content, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.review import close_item, item_of_mail
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Folder, Incoming, Listing, Mailbox
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling

#: Mails of one transaction and one move: few enough that a crash repeats little, many enough that moves come in sets.
BATCH: Final = 100
#: Octets after which a batch is full, however few its mails are: the most that is held in memory, but for one mail.
BATCH_OCTETS: Final = 16 * 1024 * 1024


def find_unseen(ledger: Ledger, mailbox: Mailbox) -> Iterator[list[Incoming]]:
    """The mails of the inbox that were never looked at, a batch at a time. Flags tell nothing: people read mail, too.

    A mail that cannot be read does not hold up the others: `MailboxError` is raised when all of them were given.
    """
    listing = mailbox.listing(Folder.INBOX)
    with ledger.reading() as tx:
        known = known_uids(tx, mailbox.name, Folder.INBOX, listing.uidvalidity)
    unseen = deque(uid for uid in listing.uids if uid not in known)
    trouble: MailboxError | None = None
    while unseen:
        wanted = [unseen.popleft() for _ in range(min(BATCH, len(unseen)))]
        batch: list[Incoming] = []
        octets = 0
        try:
            for mail in mailbox.fetch(Folder.INBOX, wanted):
                batch.append(mail)
                octets += len(mail.raw)
                if octets >= BATCH_OCTETS:
                    got = {mail.uid for mail in batch}
                    unseen.extendleft(uid for uid in reversed(wanted) if uid not in got)
                    break
        except MailboxError as error:
            trouble = trouble or error
        if batch:
            yield batch
    if trouble is not None:
        raise trouble


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


def settle(ledger: Ledger, mailbox: Mailbox, now: datetime) -> list[MailboxError]:
    """Do what an earlier run or a person left to do, see what a person did, and give what went wrong."""
    trouble = carry_out_moves(ledger, mailbox)
    try:
        notice_hand_work(ledger, mailbox, now)
    except MailboxError as error:
        trouble.append(error)
    return trouble


def carry_out_moves(ledger: Ledger, mailbox: Mailbox) -> list[MailboxError]:
    """Move every mail whose intent is committed but not carried out, in sets.

    Done after each batch, and first of all in a run: so a crash between commit and move, and the decisions that other
    processes made (`bounce-plugin review`), end in the right folder. A folder that cannot be used holds up neither
    another one nor the reading: what went wrong is returned, and tried again in the next run.
    """
    with ledger.reading() as tx:
        moves = [move for move in unfiled(tx, mailbox.name) if move.uid]
    sets: defaultdict[tuple[str, str, str], list[Move]] = defaultdict(list)
    for move in moves:
        sets[move.source, move.uidvalidity, move.target].append(move)
    trouble = []
    for (source, uidvalidity, target), some in sets.items():
        try:
            _move_set(ledger, mailbox, Folder(source), uidvalidity, Folder(target), some)
        except MailboxError as error:
            trouble.append(error)
    return trouble


def _move_set(
    ledger: Ledger, mailbox: Mailbox, source: Folder, uidvalidity: str, target: Folder, moves: list[Move]
) -> None:
    if mailbox.listing(source).uidvalidity != uidvalidity:
        with ledger.transaction() as tx:
            lost(tx, [move.mail_id for move in moves])  # the server rebuilt the folder: these UIDs mean nothing now
        return
    new_uids = mailbox.move(source, [move.uid for move in moves], target)
    # Only what may be moved out by hand is looked for again; a listing of all processed mail would be for nothing.
    new_validity = mailbox.listing(Folder.REVIEW).uidvalidity if target is Folder.REVIEW else ""
    places = [
        Place(mail_id=move.mail_id, folder=target, uidvalidity=new_validity, uid=new_uids.get(move.uid, ""))
        for move in moves
    ]
    with ledger.transaction() as tx:
        if target is Folder.INBOX:
            lost(tx, [move.mail_id for move in moves])  # "again": the inbox is read as if the mail were new
        else:
            filed(tx, places)


def notice_hand_work(ledger: Ledger, mailbox: Mailbox, now: datetime) -> None:
    """Close the items whose mail somebody took out of the review folder; in the inbox it is read once more."""
    listing = mailbox.listing(Folder.REVIEW)
    with ledger.reading() as tx:
        places = placed(tx, mailbox.name, Folder.REVIEW)
    found = _find_nameless(ledger, mailbox, listing, places)
    there = frozenset(listing.uids)
    with ledger.transaction() as tx:
        filed(tx, found)
        known = {place.mail_id for place in found}
        for place in places:
            if place.mail_id in known or (place.uidvalidity == listing.uidvalidity and place.uid in there):
                continue
            lost(tx, [place.mail_id])
            item = item_of_mail(tx, place.mail_id)
            if item is not None and (place.uidvalidity == listing.uidvalidity or not place.uid):
                close_item(tx, item.id, actor="mailbox", resolution="moved out of the folder by hand", now=now)


def _find_nameless(ledger: Ledger, mailbox: Mailbox, listing: Listing, places: tuple[Place, ...]) -> tuple[Place, ...]:
    """The mails whose new UID we were not told (the server does not say, or we were killed): known by their octets."""
    nameless = {place.mail_id for place in places if not place.uid}
    if not nameless:
        return ()
    named = {place.uid for place in places}
    found = []
    for mail in mailbox.fetch(Folder.REVIEW, [uid for uid in listing.uids if uid not in named]):
        with ledger.reading() as tx:
            same = (row.id for row in mails_of_content(tx, mailbox.name, mail.sha256) if row.id in nameless)
            mail_id = next(same, None)
        if mail_id is not None:
            nameless.discard(mail_id)
            place = Place(mail_id=mail_id, folder=Folder.REVIEW, uidvalidity=listing.uidvalidity, uid=mail.uid)
            found.append(place)
    return tuple(found)
