"""Which mails of the inbox must be looked at, in which order, and which were tried in vain too often?

Each try is counted before the mail is fetched, and forgotten when it is recorded: a mail that kills the process keeps
its count. What was in hand together when that happened is tried one by one, after all that is new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from bounce_plugin.errors import LedgerError, MailboxError
from bounce_plugin.ledger.attempts import begin_attempts, end_attempts, take_back_attempts, tried
from bounce_plugin.ledger.filing import known_uids
from bounce_plugin.ledger.lease import Lease
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.ledger.uids import release_uids, returned_uids
from bounce_plugin.mailbox.incoming import Folder, Incoming, Listing, Mailbox
from bounce_plugin.steps.errands import Errands
from bounce_plugin.steps.sight import look

#: Mails of one transaction and one move: few enough that a crash repeats little, many enough that moves come in sets.
BATCH: Final = 200
#: Octets after which a batch is full, however few its mails are. Two batches are held in memory at most, but for one mail.
BATCH_OCTETS: Final = 8 * 1024 * 1024
#: Tries after which a mail is put before a person, unread.
TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """The mails of an inbox that were never recorded, by their UIDs."""

    uidvalidity: str
    new: tuple[str, ...]  # oldest first
    tried: tuple[str, ...]  # those that were tried least come first
    worn_out: tuple[str, ...]  # tried as often as it makes sense
    more: bool = False  # there are others, to be looked for when these are done


def find_unseen(lease: Lease, mailbox: Mailbox) -> Unseen:
    """The mails that were never recorded. Flags tell nothing: people read mail, too.

    Where UIDs return, what is known by that of a mail that is gone is not believed any more.
    """
    listing = look(lease, mailbox, Folder.INBOX).listing
    if listing.uids_return:
        _release_uids(lease, mailbox.name, listing)
    with lease.reading() as tx:
        known = known_uids(tx, mailbox.name, Folder.INBOX, listing.uidvalidity)
        tries = tried(tx, mailbox.name, listing.uidvalidity)
    unseen = [uid for uid in listing.uids if uid not in known]
    if gone := tries.keys() - set(unseen):
        with lease.transaction() as tx:
            end_attempts(tx, mailbox.name, listing.uidvalidity, sorted(gone))
    again = sorted((uid for uid in unseen if 0 < tries.get(uid, 0) < TRIES), key=lambda uid: tries[uid])
    return Unseen(
        uidvalidity=listing.uidvalidity,
        new=tuple(uid for uid in unseen if uid not in tries),
        tried=tuple(again),
        worn_out=tuple(uid for uid in unseen if tries.get(uid, 0) >= TRIES),
    )


def read_batches(
    lease: Lease, mailbox: Mailbox, unseen: Unseen, clock: Callable[[], datetime], errands: Errands
) -> Iterator[list[Incoming]]:
    """Read these mails, a batch at a time: first the new ones, then each by itself that was tried before.

    Whoever takes a batch records it before the next one. Where errands are done aside, the next new ones are fetched
    meanwhile. A mail that cannot be read does not hold up the others: `MailboxError` is raised when all of them were
    given.
    """
    new, again = deque(unseen.new), deque(unseen.tried)
    trouble: MailboxError | None = None
    in_hand: deque[_Batch] = deque()

    def begin(wanted: list[str]) -> None:
        with lease.transaction() as tx:
            begin_attempts(tx, mailbox.name, unseen.uidvalidity, wanted, clock())
        in_hand.append(_Batch(wanted, mailbox, errands))

    try:
        while in_hand or new or again:
            if not in_hand:
                begin(_some(new) if new else [again.popleft()])
            batch = in_hand[0]
            try:
                batch.fetched.result()
            except MailboxError as error:
                trouble = trouble or error
            else:
                if batch.is_full:
                    new.extendleft(reversed(batch.left))
            _take_back(lease, mailbox, unseen, batch.left)
            if errands.aside and new:
                begin(_some(new))
            if batch.mails:
                yield batch.mails
            in_hand.popleft()
    except BaseException:
        # We are told to stop, or the ledger, the mailbox or the lease is lost: no fault of these mails. What we have
        # counted we may take back, whoever works on the mailbox now: that is right in any order.
        counted = [uid for batch in in_hand for uid in batch.wanted]
        with suppress(LedgerError), lease.ledger.transaction() as tx:
            take_back_attempts(tx, mailbox.name, unseen.uidvalidity, counted)
        raise
    if trouble is not None:
        raise trouble


class _Batch:
    """Mails whose tries are counted, and that are being fetched."""

    def __init__(self, wanted: Sequence[str], mailbox: Mailbox, errands: Errands) -> None:
        self.wanted, self.mails = wanted, list[Incoming]()
        self.fetched = errands.run(partial(self._fill, mailbox))

    def _fill(self, mailbox: Mailbox) -> None:
        octets = 0
        for mail in mailbox.fetch(Folder.INBOX, self.wanted):
            self.mails.append(mail)
            octets += len(mail.raw)
            if octets >= BATCH_OCTETS:
                return

    @property
    def is_full(self) -> bool:
        """Whether it holds as many octets as one may."""
        return sum(len(mail.raw) for mail in self.mails) >= BATCH_OCTETS

    @property
    def left(self) -> list[str]:
        """The UIDs of those that did not come."""
        got = {mail.uid for mail in self.mails}
        return [uid for uid in self.wanted if uid not in got]


def _some(new: deque[str]) -> list[str]:
    return [new.popleft() for _ in range(min(BATCH, len(new)))]


def forget_tries(tx: Transaction, mails: Sequence[Incoming]) -> None:
    """Have these mails of one inbox be as if they had never been tried: they are recorded."""
    if mails:
        end_attempts(tx, mails[0].mailbox, mails[0].uidvalidity, [mail.uid for mail in mails])


def _release_uids(lease: Lease, name: str, listing: Listing) -> None:
    inbox, there, alone = Folder.INBOX, frozenset(listing.uids), Folder.LEDGER
    with lease.reading() as tx:
        returned = returned_uids(tx, name, inbox, listing.uidvalidity, there=there, alone=alone)
    if returned:
        with lease.transaction() as tx:
            release_uids(tx, returned, alone=alone)


def _take_back(lease: Lease, mailbox: Mailbox, unseen: Unseen, uids: Sequence[str]) -> None:
    if uids:
        with lease.transaction() as tx:
            take_back_attempts(tx, mailbox.name, unseen.uidvalidity, uids)
