"""How is every mailbox read in turn, and is it remembered how that went?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event

from bounce_plugin.errors import BusyError, MailboxError, SettingsError
from bounce_plugin.ledger.polls import note_failure, note_read
from bounce_plugin.mailbox.incoming import Mailbox
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.outcome import Handling, MailOutcome, RunSummary
from bounce_plugin.pipeline import Pipeline
from bounce_plugin.settings import MailboxSettings
from bounce_plugin.steps.sweep import Sweep

log = logging.getLogger(__name__)

OnOutcome = Callable[[MailOutcome], None]


@dataclass(slots=True)
class _Gathered:
    """What became of the mails of a run. Those of a flood are counted, and not held: there is no end to them."""

    outcomes: list[MailOutcome] = field(default_factory=list)
    swamped: int = 0

    def add(self, outcome: MailOutcome) -> None:
        if outcome.swamped:
            self.swamped += 1
        else:
            self.outcomes.append(outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reads the mailboxes of the settings, and has everybody told."""

    pipeline: Pipeline
    mailboxes: Sequence[MailboxSettings]
    attend: Callable[[], None]  # does what is due besides, and tells what is to be told
    sweep: Sweep

    def read_all(self, stop: Event, on_outcome: OnOutcome, *, dry_run: bool) -> RunSummary:
        """See `BouncePlugin.run_once`."""
        if not self.mailboxes:
            raise SettingsError("there is none to be read", key="mailbox")
        started = self.pipeline.clock()
        gathered = _Gathered()
        errors: list[str] = []
        with self.pipeline.ledger.rehearsal() if dry_run else nullcontext():
            for settings in self.mailboxes:
                try:
                    with open_mailbox(settings, read_only=dry_run, stop=stop) as mailbox:
                        self._read(mailbox, stop, gathered, on_outcome, dry_run=dry_run)
                except BusyError as error:  # it is in good hands
                    log.info("%s", error)
                except (MailboxError, SettingsError) as error:
                    log.info("%s", error)
                    errors.append(str(error))
                    if not dry_run:
                        self.note_failure(settings.name, error)
        return self._finish(started, gathered, errors, dry_run=dry_run)

    def read_one(self, mailbox: Mailbox, stop: Event, on_outcome: OnOutcome) -> RunSummary:
        """See `BouncePlugin.run_mailbox`."""
        started = self.pipeline.clock()
        gathered = _Gathered()
        self._read(mailbox, stop, gathered, on_outcome, dry_run=False)
        return self._finish(started, gathered, (), dry_run=False)

    def note_failure(self, mailbox: str, error: Exception) -> None:
        """Remember that a mailbox could not be read, and why."""
        with self.pipeline.ledger.transaction() as tx:
            note_failure(tx, mailbox, self.pipeline.clock(), error=str(error))

    def _read(
        self, mailbox: Mailbox, stop: Event, gathered: _Gathered, on_outcome: OnOutcome, *, dry_run: bool
    ) -> None:
        lags, stuck, clock = [], 0, self.pipeline.clock
        with closing(self.pipeline.run(mailbox, stop, dry_run=dry_run)) as run:  # else it might go on after an error
            for outcome in run:
                gathered.add(outcome)
                on_outcome(outcome)
                if outcome.handling is not Handling.LEFT:
                    lags.append((clock() - outcome.received_at).total_seconds())
                stuck += outcome.handling is Handling.FAILED
        if not dry_run and not stop.is_set():
            lag = max(0.0, *lags) if lags else None
            with self.pipeline.ledger.transaction() as tx:
                note_read(tx, mailbox.name, clock(), lag_seconds=lag, stuck=stuck)
            self.sweep.do(mailbox, stop)

    def _finish(self, started: datetime, gathered: _Gathered, errors: Sequence[str], *, dry_run: bool) -> RunSummary:
        outcomes = gathered.outcomes
        failures = (outcome.why for outcome in outcomes if outcome.handling is Handling.FAILED)
        summary = RunSummary(
            started_at=started,
            finished_at=self.pipeline.clock(),
            outcomes=tuple(outcomes),
            swamped=gathered.swamped,
            errors=(*errors, *failures),
            dry_run=dry_run,
        )
        if not dry_run:
            if errors or gathered.swamped or any(outcome.handling is not Handling.LEFT for outcome in outcomes):
                told = replace(summary, outcomes=tuple(replace(outcome, details=()) for outcome in outcomes))
                with self.pipeline.ledger.transaction() as tx:
                    self.pipeline.consequences.announcements.run_finished(tx, told, self.pipeline.clock())
            self.attend()
        return summary
