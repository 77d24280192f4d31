"""What is to be known of mails before anything is decided? Each is examined, and the host is asked whom it concerns.

Nothing is changed by it. What one question can answer for a whole batch is asked for all of its mails together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from bounce_plugin.announce import Questions
from bounce_plugin.canary import set_apart
from bounce_plugin.case import Case
from bounce_plugin.classify.tables import Tables
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.examination import Examination, examine
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.sent_log import SentLog
from bounce_plugin.mailbox.incoming import Incoming
from bounce_plugin.message.report import Kind
from bounce_plugin.notices import is_notice
from bounce_plugin.outcome import MailOutcome
from bounce_plugin.steps.inquire import inquire
from bounce_plugin.steps.parked import failed
from bounce_plugin.steps.proofs import Proofs

log = logging.getLogger(__name__)

_Before = TypeVar("_Before")
_After = TypeVar("_After")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Makes cases of mails."""

    ledger: Ledger
    questions: Questions
    sent_log: SentLog
    proofs: Proofs
    tables: Tables
    dead_address: str = ""  # that canaries are sent to; empty: none

    def gather_all(
        self, found: Iterable[Incoming], now: datetime
    ) -> tuple[list[tuple[Incoming, Case]], list[MailOutcome]]:
        """The cases of mails, in their order; and word of those that could not be read."""
        wrong: list[MailOutcome] = []
        # None is of tomorrow.
        mails = [(mail if mail.received_at <= now else replace(mail, received_at=now), None) for mail in found]
        read = list(_each(mails, lambda mail, _: self.read(mail), wrong))
        with self.sent_log.ahead([clues for _, (_, clues) in read]):
            cases = list(_each(read, lambda mail, known: self._inquire(*known, mail.received_at), wrong))
        return cases, wrong

    def gather(self, mail: Incoming) -> Case:
        """The case of one mail."""
        return self._inquire(*self.read(mail), mail.received_at)

    def inquire(self, examination: Examination, received_at: datetime) -> Case:
        """The case of a mail that was examined."""
        return self._inquire(examination, examination.clues, received_at)

    def read(self, mail: Incoming) -> tuple[Examination, Clues]:
        examination = examine(mail.raw, self.tables)
        if mail.size > len(mail.raw):
            examination = replace(examination, limits=(*examination.limits, "message"))
        return examination, examination.clues

    def _inquire(self, examination: Examination, clues: Clues, received_at: datetime) -> Case:
        """Set apart what is about a canary of ours, and ask the host whom the rest concerns."""
        rest, canary = set_apart(self.ledger, examination, clues, self.dead_address)
        ours = is_notice(clues.message_id) or (canary is not None and not rest.findings)
        case = inquire(self.questions, self.proofs, rest, clues, received_at)
        return replace(case, ours=ours, canary=canary) if ours or canary else case


def _each(
    mails: Sequence[tuple[Incoming, _Before]], step: Callable[[Incoming, _Before], _After], wrong: list[MailOutcome]
) -> Iterator[tuple[Incoming, _After]]:
    """Take a step with each mail; what goes wrong with one of them holds up none of the others."""
    for mail, before in mails:
        try:
            yield mail, step(mail, before)
        except Exception as error:
            log.exception("mail %s of mailbox %s could not be read", mail.uid, mail.mailbox)
            wrong.append(failed(mail, Kind.OTHER, error))
