"""What does a folder hold, and may its UIDs still be believed?"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bounce_plugin.ledger.lease import Lease
from bounce_plugin.ledger.uids import distrust_uids, note_uidnext, uidnext_of
from bounce_plugin.mailbox.incoming import Folder, Listing, Mailbox, Numbering

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a folder holds now."""

    listing: Listing
    sound: bool  # false: its UIDs went back, and all that was known by them has just been forgotten


def look(lease: Lease, mailbox: Mailbox, folder: Folder) -> Sight:
    """List a folder. Where its next UID is lower than it was, what is known by its UIDs is forgotten (I-05).

    Another UIDVALIDITY needs nothing of the kind: what is known is known under the old one.
    """
    listing = mailbox.listing(folder)
    return Sight(listing=listing, sound=is_sound(lease, mailbox, folder, listing))


def is_sound(lease: Lease, mailbox: Mailbox, folder: Folder, numbering: Numbering) -> bool:
    """Whether UIDs of a folder may still be believed; if not, what is known by them has just been forgotten."""
    if not numbering.uidnext:
        return True
    with lease.reading() as tx:
        before = uidnext_of(tx, mailbox.name, folder, numbering.uidvalidity)
    sound = numbering.uidnext >= before
    if numbering.uidnext != before:
        with lease.transaction() as tx:
            note_uidnext(tx, mailbox.name, folder, numbering.uidvalidity, numbering.uidnext)
            if not sound:
                distrust_uids(tx, mailbox.name, folder, numbering.uidvalidity)
    if not sound:
        log.warning(
            "the server of mailbox %s gives UIDs of its folder %s again (the next one was %d, now it is %d): "
            "all mails in it are looked at anew, and none counts twice",
            mailbox.name,
            folder,
            before,
            numbering.uidnext,
        )
    return sound
