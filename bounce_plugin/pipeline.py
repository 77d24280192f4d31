"""In which order does a bounce go through the rooms? Read it from top to bottom.

    read -> examine -> ask the host -> [ record, decide, suppress, announce: one transaction ] -> move -> tell

The ledger is committed before a mail moves, and plugins are told after that. A crash anywhere leaves the mail in the
inbox or its announcement in the outbox; the next run finds what is recorded and goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Event
from typing import Final

from bounce_plugin.act import announce_event, decide_and_act, put_before_person
from bounce_plugin.announce import Announcements, Questions
from bounce_plugin.case import Case, handling_of, needs_person, read_events
from bounce_plugin.classify.tables import Tables
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.event import BounceEvent
from bounce_plugin.examination import examine
from bounce_plugin.filing import carry_out_moves, notice_hand_work
from bounce_plugin.inquire import inquire
from bounce_plugin.ledger.filing import known_uids
from bounce_plugin.ledger.mails import Mail, conclude, outcome_of, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.record import event_id, record_event
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Folder, Incoming, Mailbox
from bounce_plugin.notices import is_notice
from bounce_plugin.outcome import Handling, MailOutcome
from bounce_plugin.policy.rules import Policy, PolicyAction

log = logging.getLogger(__name__)

#: Mails of one transaction and one move: few enough that a crash repeats little, many enough that moves come in sets.
BATCH: Final = 100

#: Where a mail goes that ended so; what is left, or failed, stays where it is.
TARGETS: Final = {
    Handling.HANDLED: Folder.PROCESSED,
    Handling.DUPLICATE: Folder.PROCESSED,
    Handling.REVIEW: Folder.REVIEW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The way of a mail from the inbox to its folder."""

    ledger: Ledger
    questions: Questions
    announcements: Announcements
    policy: Policy
    tables: Tables
    required: Trust
    clock: Callable[[], datetime]

    def run(self, mailbox: Mailbox, stop: Event, *, dry_run: bool = False) -> Iterator[MailOutcome]:
        """Handle everything in a connected mailbox's inbox, oldest first, until `stop` is set.

        A dry run reads, and records in a ledger that is being rehearsed; it moves and tells nothing.
        """
        if not dry_run:
            carry_out_moves(self.ledger, mailbox)  # what an earlier run or a person left to do
            notice_hand_work(self.ledger, mailbox, self.clock())
        for mails in self._unread(mailbox):
            if stop.is_set():
                return
            cases = [(mail, self.gather(mail)) for mail in mails]
            outcomes = self._record_all(cases, dedicated=mailbox.dedicated)
            if not dry_run:
                carry_out_moves(self.ledger, mailbox)
            yield from outcomes

    def _unread(self, mailbox: Mailbox) -> Iterator[Sequence[Incoming]]:
        """The mails that were never looked at, a batch at a time. Flags tell nothing: people read mail, too."""
        listing = mailbox.listing(Folder.INBOX)
        with self.ledger.reading() as tx:
            known = known_uids(tx, mailbox.name, Folder.INBOX, listing.uidvalidity)
        new = [uid for uid in listing.uids if uid not in known]
        for start in range(0, len(new), BATCH):
            yield list(mailbox.fetch(Folder.INBOX, new[start : start + BATCH]))

    def gather(self, mail: Incoming) -> Case:
        """Read one mail, and ask the host whom it concerns. Changes nothing."""
        examination = examine(mail.raw, self.tables)
        if mail.size > len(mail.raw):
            examination = replace(examination, limits=(*examination.limits, "message_size"))
        case = inquire(self.questions, examination, mail.received_at)
        return replace(case, ours=is_notice(examination.clues.message_id))

    def _record_all(self, cases: Sequence[tuple[Incoming, Case]], *, dedicated: bool) -> list[MailOutcome]:
        """Record a batch in one transaction; if that fails, mail by mail, so that one does not hold up the others."""
        try:
            with self.ledger.transaction() as tx:
                outcomes = [self.record(tx, mail, case, dedicated=dedicated) for mail, case in cases]
        except Exception as error:
            if len(cases) > 1:
                return [outcome for case in cases for outcome in self._record_all([case], dedicated=dedicated)]
            ((mail, case),) = cases
            log.exception("mail %s of mailbox %s could not be recorded", mail.uid, mail.mailbox)
            return [_failure(mail, case, error)]
        return [outcome for outcome in outcomes if outcome]

    def learn(
        self, tx: Transaction, case: Case, *, mail_id: int, now: datetime
    ) -> tuple[tuple[BounceEvent, ...], bool, str]:
        """Record the events of a case, decide, and act.

        Returns the events, whether any of them is new, and why a person must look if a rule says so.
        """
        events = read_events(case, self.required, partial(event_id, tx))
        news, why = False, ""
        for event in (replace(event, mail_id=mail_id) for event in events):
            weight = self.tables.reasons[event.reason].weight if event.reason else 0
            if not record_event(tx, event, weight=weight):
                continue
            news = True
            announce_event(tx, self.announcements, self.policy, event, now)
            if event.trust.suffices(self.required):
                decision = decide_and_act(tx, self.announcements, self.policy, event, now)
                if PolicyAction.REVIEW in decision.actions:
                    why = why or decision.because
        return events, news, why

    def record(self, tx: Transaction, mail: Incoming, case: Case, *, dedicated: bool) -> MailOutcome | None:
        """Record one mail, decide what follows, and leave word of it. None: another process was first."""
        now = self.clock()
        mail_id = record_mail(tx, _as_found(mail, case))
        if mail_id is None:
            return None
        events, news, why = self.learn(tx, case, mail_id=mail_id, now=now)
        why = needs_person(case, events, dedicated=dedicated) or why
        handling = handling_of(case, why, dedicated=dedicated, news=news)
        conclude(
            tx,
            mail_id,
            kind=case.examination.kind,
            handling=handling,
            why=why,
            target=TARGETS.get(handling, ""),
            raw=mail.raw if handling is Handling.REVIEW else b"",
        )
        outcome = outcome_of(tx, mail_id)
        if handling is Handling.REVIEW:
            put_before_person(tx, self.announcements, outcome, tuple(event.address for event in events), now)
        if handling is not Handling.LEFT:
            self.announcements.message_handled(tx, outcome, now)
        return outcome


def _as_found(mail: Incoming, case: Case) -> Mail:
    return Mail(
        mailbox=mail.mailbox,
        folder=mail.folder,
        uidvalidity=mail.uidvalidity,
        uid=mail.uid,
        content_sha256=mail.sha256,
        size=mail.size,
        received_at=mail.received_at,
        kind=case.examination.kind,
        handling=Handling.LEFT,
        why="",
    )


def _failure(mail: Incoming, case: Case, error: Exception) -> MailOutcome:
    return MailOutcome(
        mail_id=0,
        mailbox=mail.mailbox,
        kind=case.examination.kind,
        handling=Handling.FAILED,
        why=f"It could not be recorded: {type(error).__name__}: {error}",
        received_at=mail.received_at,
    )
