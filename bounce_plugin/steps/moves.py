"""Which mails must be moved, and how is it done? Intents that are committed are carried out in sets, and then noted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.filing import Move, Place, filed, intend, lost, unfiled
from bounce_plugin.ledger.lease import Lease
from bounce_plugin.mailbox.incoming import Filing, Folder, Mailbox
from bounce_plugin.steps.errands import Errands
from bounce_plugin.steps.sight import is_sound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """Mails that are moved together."""

    source: Folder
    uidvalidity: str
    target: Folder
    moves: Sequence[Move]


def carry_out_moves(lease: Lease, mailbox: Mailbox) -> list[MailboxError]:
    """Carry out all that is due, and wait for it; what went wrong is returned."""
    with Errands(aside=False) as errands:
        moves = Moves(lease, mailbox, errands)
        moves.begin()
        return moves.finish()


class Moves:
    """Moves every mail whose intent is committed but not carried out.

    Done after each batch, and first of all in a run: so a crash between commit and move, and the decisions that other
    processes made (`bounce-plugin review`), end in the right folder. A folder that cannot be used holds up neither
    another one nor the reading: what went wrong is told in the end, and tried again in the next run.
    """

    def __init__(self, lease: Lease, mailbox: Mailbox, errands: Errands) -> None:
        self._lease, self._mailbox, self._errands = lease, mailbox, errands
        self._begun: list[tuple[_Set, Future[list[Place]]]] = []
        self._trouble: list[MailboxError] = []

    def begin(self, read: Set[str] = frozenset()) -> None:
        """Note where those are by now that were begun before, and begin what is due: it may be done aside.

        `read` are the UIDs of those in the inbox that have just been read: they are what they were recorded as.
        """
        self._errands.wait()
        due = [one for one in self._due() if self._is_ready(one, read)]
        if due or self._begun:
            self._note()  # and see that the mailbox is still ours: two who copy the same mail would leave it twice
        now = self._lease.clock()
        self._begun = [(one, self._errands.run(partial(_move, self._mailbox, one, now))) for one in due]
        if self._begun and not self._errands.aside:
            self._note()

    def finish(self) -> list[MailboxError]:
        """Wait for what was begun, and note it; returns what went wrong, first things first."""
        if self._begun:
            self._note()
        return self._trouble

    def _due(self) -> list[_Set]:
        with self._lease.reading() as tx:
            moves = unfiled(tx, self._mailbox.name)
        begun = {move.mail_id for one, _ in self._begun for move in one.moves}
        sets: defaultdict[tuple[str, str, str], list[Move]] = defaultdict(list)
        for move in moves:
            if move.uid and move.mail_id not in begun:
                sets[move.source, move.uidvalidity, move.target].append(move)
        return [
            _Set(source=Folder(source), uidvalidity=uidvalidity, target=Folder(target), moves=some)
            for (source, uidvalidity, target), some in sets.items()
        ]

    def _is_ready(self, one: _Set, read: Set[str]) -> bool:
        """Whether a set can be moved as it is. If not, what is due instead is done at once."""
        try:
            numbering = self._mailbox.numbering(one.source)
            if (
                not is_sound(self._lease, self._mailbox, one.source, numbering)
                or numbering.uidvalidity != one.uidvalidity
            ):
                with self._lease.transaction() as tx:
                    lost(tx, [move.mail_id for move in one.moves])  # these UIDs mean nothing now
            elif not _is_possible(self._mailbox.filing, one.target):
                with self._lease.transaction() as tx:
                    for move in one.moves:
                        intend(tx, move.mail_id, "")
            elif one.target is Folder.LEDGER:
                _take(self._lease, self._mailbox, one.moves, read)
            else:
                return True
        except MailboxError as error:
            self._trouble.append(error)
        return False

    def _note(self) -> None:
        """Write down where mails are that were moved."""
        places, gone = list[Place](), list[int]()
        for one, done in self._begun:
            try:
                if one.target is Folder.INBOX:  # "again": the inbox is read as if the mail were new
                    gone += [place.mail_id for place in done.result()]
                else:
                    places += done.result()
            except MailboxError as error:
                self._trouble.append(error)
        with self._lease.transaction() as tx:
            filed(tx, places)
            lost(tx, gone)
        self._begun = []


def _move(mailbox: Mailbox, one: _Set, now: datetime) -> list[Place]:
    """Move a set; returns where the mails are then."""
    new_uids = mailbox.move(one.source, [move.uid for move in one.moves], one.target)
    # What may be moved out by hand is looked for again, whether its UID was told or not.
    review = one.target is Folder.REVIEW
    under = mailbox.numbering(Folder.REVIEW).uidvalidity if review else mailbox.moved_under(one.target)
    return [
        Place(mail_id=move.mail_id, folder=one.target, uidvalidity=under, uid=new_uids.get(move.uid, ""), filed_at=now)
        for move in one.moves
    ]


def _is_possible(filing: Filing, target: Folder) -> bool:
    """Whether a mailbox has such a place: a person who settles a mail does not know, and settings change."""
    if target is Folder.INBOX:
        return True
    return filing is (Filing.LEDGER if target is Folder.LEDGER else Filing.FOLDERS)


def _take(lease: Lease, mailbox: Mailbox, moves: Sequence[Move], read: Set[str]) -> None:
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
