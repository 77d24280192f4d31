"""In which order does a bounce go through the rooms? Read it from top to bottom.

    read -> examine -> ask the host -> [ record, decide, suppress, announce: one transaction ] -> move -> tell

The ledger is committed before a mail moves, and plugins are told after that. A crash anywhere leaves the mail in the
inbox or its announcement in the outbox; the next run finds what is recorded and goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from bounce_plugin.canary import note
from bounce_plugin.case import Case, handling_of, needs_person
from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.lease import Lease, hold
from bounce_plugin.ledger.mails import conclude
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Folder, Incoming, Mailbox
from bounce_plugin.outcome import Handling, MailOutcome
from bounce_plugin.steps.act import Consequences, Learned
from bounce_plugin.steps.errands import Errands
from bounce_plugin.steps.filing import enter_mails, settle, target_of
from bounce_plugin.steps.flood import set_apart as set_flood_apart
from bounce_plugin.steps.gather import Gathering
from bounce_plugin.steps.moves import Moves
from bounce_plugin.steps.parked import failed, park_worn_out
from bounce_plugin.steps.precedence import looks
from bounce_plugin.steps.unseen import forget_tries, read_batches

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The way of a mail from the inbox to its folder."""

    ledger: Ledger
    gathering: Gathering
    consequences: Consequences
    clock: Callable[[], datetime]

    def run(self, mailbox: Mailbox, stop: Event, *, dry_run: bool = False) -> Generator[MailOutcome, None, None]:
        """Handle everything in a connected mailbox's inbox, in its order (`steps/precedence.py`), until `stop` is set.

        A dry run reads, and records in a rehearsed ledger; it moves and tells nothing. A folder that mail cannot be moved
        to stops no reading: `MailboxError` is raised at the end. `BusyError` is raised where another process works on it.
        """
        with (
            hold(self.ledger, mailbox.name, self.clock, rehearsed=dry_run) as lease,
            Errands(aside=mailbox.remote) as errands,
        ):
            trouble = [] if dry_run else settle(lease, mailbox, self.clock())
            moves = Moves(lease, mailbox, errands)
            try:
                for unseen in looks(lease, mailbox, self.gathering.proofs.seal):
                    yield from park_worn_out(lease, mailbox, unseen, self.consequences)
                    for found in read_batches(lease, mailbox, unseen, self.clock, errands):
                        if stop.is_set():
                            break
                        yield from self._handle(lease, mailbox, found)
                        if not dry_run:
                            moves.begin({mail.uid for mail in found})
                    moves.finish()  # nobody is at the mailbox when it is looked at again
                    if stop.is_set():
                        break
            except MailboxError as error:
                trouble.insert(0, error)
            trouble += moves.finish()
            if trouble:
                raise trouble[0]

    def _handle(self, lease: Lease, mailbox: Mailbox, found: Sequence[Incoming]) -> Iterator[MailOutcome]:
        """Gather what is to be known of a batch, and record it."""
        cases, unreadable = self.gathering.gather_all(found, self.clock())
        yield from unreadable
        yield from self._record_all(lease, cases, mailbox)

    def _record_all(self, lease: Lease, cases: Sequence[tuple[Incoming, Case]], mailbox: Mailbox) -> list[MailOutcome]:
        """Record a batch in one transaction; if that fails, mail by mail, so that one does not hold up the others."""
        try:
            with lease.transaction() as tx:
                outcomes = self.record(tx, cases, mailbox)
                forget_tries(tx, [mail for mail, _ in cases])
        except Exception as error:
            with lease.transaction():
                pass  # if not even this can be written it is no mail's fault: LedgerError, BusyError end the run
            if len(cases) > 1:
                return [outcome for case in cases for outcome in self._record_all(lease, [case], mailbox)]
            ((mail, case),) = cases
            log.exception("mail %s of mailbox %s could not be recorded", mail.uid, mail.mailbox)
            return [failed(mail, case.examination.kind, error)]
        return outcomes

    def record(self, tx: Transaction, cases: Sequence[tuple[Incoming, Case]], mailbox: Mailbox) -> list[MailOutcome]:
        """Record mails, decide what follows, and leave word of it. One that another process recorded is left out."""
        now = self.clock()
        cases = set_flood_apart(tx, cases, self.consequences.raise_incident, now)
        numbers = enter_mails(tx, [(mail, case.examination.kind) for mail, case in cases])
        mine = [(mail, case, number) for (mail, case), number in zip(cases, numbers, strict=True) if number is not None]
        learned = self.consequences.learn_all(tx, [(case, number) for _, case, number in mine], now=now)
        told = zip(mine, learned, strict=True)
        return [self._conclude(tx, mail, case, one, mailbox, now) for (mail, case, _), one in told]

    def _conclude(
        self, tx: Transaction, mail: Incoming, case: Case, learned: Learned, mailbox: Mailbox, now: datetime
    ) -> MailOutcome:
        """Say what becomes of a mail, and leave word of it."""
        dedicated, mail_id = mailbox.dedicated, learned.mail_id
        noted = note(tx, case.canary, mail_id=mail_id, now=now)
        person = needs_person(case, learned.events, dedicated=dedicated) or learned.review
        handling = handling_of(case, person, dedicated=dedicated, news=noted.news or bool(learned.new))
        outcome = MailOutcome(
            mail_id=mail_id,
            mailbox=mail.mailbox,
            kind=case.examination.kind,
            handling=handling,
            why=" ".join(filter(None, (person, noted.sentence))),
            events=learned.new,
            details=learned.details,
            received_at=mail.received_at,
            swamped=case.swamped,
        )
        target = target_of(mail, case, handling, mailbox)
        keep = mail.raw if (handling is Handling.REVIEW and not case.swamped) or target is Folder.LEDGER else b""
        conclude(
            tx, mail_id, kind=outcome.kind, handling=handling, why=outcome.why, now=now, target=target or "", raw=keep
        )
        self.consequences.leave_word(tx, outcome, tuple(event.address for event in learned.events), now)
        return outcome
