"""What does a person decide about a mail that waits in review?

Each decision closes the item, is recorded under the person's name, obeys the same uniqueness as a mail does (a failure
never counts twice), and leaves a move intent that the runner carries out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bounce_plugin.case import Case, needs_person
from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.classifier import judge_by_person
from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.correlation import Caveat, Contact, Correlation, Trust
from bounce_plugin.correlate.fault import find_fault
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.errors import HookError, NotFoundError, SettingsError
from bounce_plugin.examination import Examination, examine
from bounce_plugin.ledger.absent import plugin_found_contacts
from bounce_plugin.ledger.filing import intend, place_of
from bounce_plugin.ledger.mails import conclude, mail_by_id
from bounce_plugin.ledger.raw import raw_of
from bounce_plugin.ledger.review import close_item, item, items
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.message.report import Action, Kind
from bounce_plugin.outcome import Handling, ReviewItem
from bounce_plugin.pipeline import Pipeline
from bounce_plugin.policy.answerable import require_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The queue of manual work, and what a person does with it. The ledger's queue is the truth, the folder its mirror.

    Every method raises NotFoundError when there is no open item of that number, and SettingsError where `actor` is empty.
    `assign`, `classify` and `again` ask whose address it is. They raise HookError, and leave the item open, where the
    plugin that knew it before is not loaded: a failure of nobody's counts for nobody, for good.
    """

    pipeline: Pipeline

    def items(self, *, closed: bool = False, limit: int = 100) -> tuple[ReviewItem, ...]:
        """What waits, oldest first; or, with `closed`, what was settled, newest first."""
        with self.pipeline.ledger.reading() as tx:
            return items(tx, closed=closed, limit=limit)

    def show(self, number: int) -> tuple[ReviewItem, bytes]:
        """One item, open or closed, and its mail as it came (empty once it was removed from the ledger)."""
        with self.pipeline.ledger.reading() as tx:
            found = item(tx, number)
            return found, raw_of(tx, found.mail_id) if found.mail_id else b""

    def assign(self, number: int, contact: str, *, actor: str) -> ReviewItem:
        """The failed addresses that no contact is known for belong to this contact: what they tell now counts."""
        if fault := find_fault(Contact(id=contact)):
            raise SettingsError(fault, key="contact", value=contact)

        def theirs(correlation: Correlation) -> Correlation:
            if correlation.contacts or not correlation.address:
                return correlation
            owner = Contact(id=contact, address=correlation.address)
            trust = Trust.ADDRESS if correlation.delivery is None else Trust.LOGGED
            return replace(correlation, contacts=(owner,), trust=trust)

        def change(case: Case) -> Case:
            if not any(correlation.address for correlation in case.correlations):
                raise SettingsError("the mail names no address to assign; use classify with an address", key="contact")
            return replace(case, correlations=tuple(map(theirs, case.correlations)), trouble="")

        def believe(examination: Examination) -> Examination:
            findings = tuple(replace(finding, confidence=1.0) for finding in examination.findings)
            return replace(examination, findings=findings, why="")

        return self._resolve(number, actor, f"assigned to contact {contact}", judge=believe, change=change)

    def classify(self, number: int, reason: Reason, *, actor: str, address: str = "") -> ReviewItem:
        """The mail reports a final failure for this reason: of `address`, or else of every address that it names."""
        given = normalise(address)
        if address and not given:
            raise SettingsError("that is no single address", key="address", value=address)

        def judge(examination: Examination) -> Examination:
            findings = examination.findings
            if given:
                known = (finding for finding in findings if normalise(finding.recipient) == given)
                findings = (next(known, Finding(recipient=given, action=Action.FAILED, detector="person")),)
            if not any(finding.recipient for finding in findings):
                raise SettingsError("the mail names no address; say which one failed", key="address")
            findings = tuple(replace(finding, confidence=1.0) for finding in findings)
            verdicts = (judge_by_person(reason, actor, self.pipeline.gathering.tables),) * len(findings)
            return replace(examination, kind=Kind.BOUNCE, findings=findings, classifications=verdicts, why="")

        return self._resolve(number, actor, f"classified as {reason}", judge=judge)

    def dismiss(self, number: int, *, actor: str, why: str = "") -> ReviewItem:
        """Nothing is to be done: the mail is filed as processed."""
        with self.pipeline.ledger.transaction() as tx:
            done = self._close(tx, number, actor, f"dismissed: {why}" if why else "dismissed")
            if done.mail_id:
                left = place_of(tx, done.mail_id).folder == Folder.INBOX  # a private mail that only might be a bounce
                self._file(tx, done, "" if left else Folder.PROCESSED)
            return done

    def again(self, number: int, *, actor: str) -> ReviewItem:
        """Handle the mail as if it had just arrived: the contact is known now, or a phrase was added.

        One that is in the ledger alone is handled at once; if it still needs a person, its item stays open, and comes
        back with the reason.
        """
        with self.pipeline.ledger.reading() as tx:
            mail_id = item(tx, number).mail_id
            ours_alone = bool(mail_id) and _is_ours_alone(tx, mail_id)
        if ours_alone:
            return self._from_ledger(number, actor)
        with self.pipeline.ledger.transaction() as tx:
            done = self._close(tx, number, actor, "again")
            if not done.mail_id:
                raise SettingsError("no mail belongs to it", key="item", value=number)
            intend(tx, done.mail_id, Folder.INBOX)
            return done

    def _resolve(
        self,
        number: int,
        actor: str,
        resolution: str,
        *,
        judge: Callable[[Examination], Examination] = lambda examination: examination,
        change: Callable[[Case], Case] = lambda case: case,
    ) -> ReviewItem:
        """Examine the mail once more with what the person said, and record what follows."""
        pipeline = self.pipeline
        waiting, raw, received_at = self._read(number)
        case = change(_vouched(pipeline.gathering.inquire(judge(examine(raw, pipeline.gathering.tables)), received_at)))
        with pipeline.ledger.transaction() as tx:
            learned = pipeline.consequences.learn(tx, case, mail_id=waiting.mail_id, now=pipeline.clock())
            known = "" if learned.new else " (it was recorded before: nothing changes)"
            done = self._close(tx, number, actor, resolution + known)
            self._file(tx, done, Folder.PROCESSED)
            return done

    def _from_ledger(self, number: int, actor: str) -> ReviewItem:
        """Handle a mail once more that is nowhere else, from its octets."""
        require_words(actor=actor)
        pipeline = self.pipeline
        waiting, raw, received_at = self._read(number)
        case = pipeline.gathering.inquire(examine(raw, pipeline.gathering.tables), received_at)
        with pipeline.ledger.transaction() as tx:
            learned = pipeline.consequences.learn(tx, case, mail_id=waiting.mail_id, now=pipeline.clock())
            # Dedicated or not: what is no report is put before a person here, for it is not in anybody's inbox.
            why = needs_person(case, learned.events, dedicated=True) or learned.review
            if why:
                return replace(waiting, why=why)
            done = self._close(tx, number, actor, "again")
            self._file(tx, done, "")
            return done

    def _read(self, number: int) -> tuple[ReviewItem, bytes, datetime]:
        """An open item, its mail as it came, and when that was; but not where nobody can say whom it concerns."""
        with self.pipeline.ledger.reading() as tx:
            waiting = item(tx, number)
            if waiting.closed_at is not None:
                raise _closed(number)
            raw = raw_of(tx, waiting.mail_id) if waiting.mail_id else b""
            if not raw:
                raise NotFoundError(f"the mail of item {number} is no longer kept")
            self._require_finder(tx)
            return waiting, raw, mail_by_id(tx, waiting.mail_id).received_at

    def _require_finder(self, tx: Transaction) -> None:
        """Refuse where nobody answers find_contact, though somebody did before."""
        if self.pipeline.gathering.questions.can_find_contacts:
            return
        absent = self.pipeline.consequences.announcements.absent.names(tx, self.pipeline.clock())
        if not absent and not plugin_found_contacts(tx):
            return  # a queue that people alone work through
        names = ", ".join(map(repr, absent))
        missing = (
            f"a plugin that was told before is not loaded here ({names})" if names else "the one that did is missing"
        )
        raise HookError(
            f"nobody in this process answers find_contact; {missing}. Nothing was changed. Give it an entry point of the "
            "group bounce_plugin, so that every command finds it, or use BouncePlugin.desk in the program that has it"
        )

    def _close(self, tx: Transaction, number: int, actor: str, resolution: str) -> ReviewItem:
        require_words(actor=actor)
        item(tx, number)  # NotFoundError, with its own words
        done = close_item(tx, number, actor=actor, resolution=resolution, now=self.pipeline.clock())
        if done is None:
            raise _closed(number)
        return done

    def _file(self, tx: Transaction, done: ReviewItem, target: str) -> None:
        """Have a mail moved; one that is, or will be, in the ledger alone stays there."""
        if done.kind is None:
            return
        raw = b""
        if _is_ours_alone(tx, done.mail_id):
            target, raw = mail_by_id(tx, done.mail_id).target, raw_of(tx, done.mail_id)
        conclude(
            tx,
            done.mail_id,
            kind=done.kind,
            handling=Handling.HANDLED,
            why=done.resolution,
            now=self.pipeline.clock(),
            target=target,
            raw=raw,
        )


def _closed(number: int) -> NotFoundError:
    return NotFoundError(f"item {number} is closed already")


def _vouched(case: Case) -> Case:
    """A person answers for the report: it needs no signature, and may be late."""
    correlations = tuple(
        replace(
            correlation,
            caveat=Caveat.FORWARDED if correlation.caveat is Caveat.FORWARDED else None,
            trust=Trust.ADDRESS if correlation.trust is Trust.NONE and correlation.contacts else correlation.trust,
        )
        for correlation in case.correlations
    )
    return replace(case, correlations=correlations, required=Trust.ADDRESS)


def _is_ours_alone(tx: Transaction, mail_id: int) -> bool:
    """Whether a mail is in the ledger and nowhere else, or will be."""
    return Folder.LEDGER in {mail_by_id(tx, mail_id).target, place_of(tx, mail_id).folder}
