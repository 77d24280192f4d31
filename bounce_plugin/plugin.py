"""How is it put together? `BouncePlugin`: what a host holds, and the only place that knows all rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock
from types import TracebackType
from typing import Self

from bounce_plugin.announce import Announcements, OwnAnswers, Questions, Trouble, load_plugins
from bounce_plugin.canary import CanaryRound, send
from bounce_plugin.chores import Chores
from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.correlate.seal import ReturnPath
from bounce_plugin.desk.doubts import Doubts
from bounce_plugin.desk.erase import Held, erase
from bounce_plugin.desk.manual import Desk
from bounce_plugin.desk.recipients import Recipient, allowed, withheld_among
from bounce_plugin.desk.sending import Sending
from bounce_plugin.desk.settle import Trips
from bounce_plugin.desk.signing import Signing
from bounce_plugin.desk.undo import Mistakes
from bounce_plugin.desk.vouch import record_successes
from bounce_plugin.errors import SettingsError
from bounce_plugin.examination import Examination, examine
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.sent_log import SentLog
from bounce_plugin.mailbox.incoming import Mailbox
from bounce_plugin.notices import open_notices
from bounce_plugin.opening import open_ledger
from bounce_plugin.outcome import Lifted, MailOutcome, RunSummary
from bounce_plugin.pipeline import Pipeline
from bounce_plugin.reading import Reading
from bounce_plugin.rulebook import make_tables
from bounce_plugin.settings import Settings, load_settings
from bounce_plugin.steps.act import Consequences
from bounce_plugin.steps.gather import Gathering
from bounce_plugin.steps.proofs import Proofs
from bounce_plugin.steps.sweep import Sweep
from bounce_plugin.suppression.bulk import Bulk
from bounce_plugin.suppression.explanation import Explanation, explain
from bounce_plugin.suppression.gate import Gate
from bounce_plugin.suppression.lift import lift


def utc_now() -> datetime:
    """The time of day, aware, in UTC."""
    return datetime.now(UTC)


class BouncePlugin:
    """Bounce management for one host: reads its bounce mailboxes, and answers before each send.

    Made from settings; `plugins` are hook implementations by name, beside those found through the entry-point group
    `bounce_plugin`. It holds a database connection: close it, or use it as a context manager. It may be used from
    several threads.

    Raises SettingsError, LedgerError or HookError when something must be mended before it can work.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        plugins: Mapping[str, object] | None = None,
        clock: Callable[[], datetime] = utc_now,
        entry_points: bool = True,
        ledger: Ledger | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        seal = settings.trust.read_seal()
        self.ledger = ledger or open_ledger(settings.ledger)
        self._gate = Gate(self.ledger, settings.policy)
        self._doubts = Doubts(settings.policy, self.raise_incident)
        self._signing = Signing(ledger=self.ledger, seal=seal, doubts=self._doubts, clock=clock, source=settings.source)
        self._telling = RLock()  # a plugin that is told may lift a stop, which is told in turn
        given = dict(plugins or {})
        if settings.notices is not None:
            given["notices"] = open_notices(
                settings.notices,
                last_told=lambda hook: self.announcements.last_told("notices", hook),
                stopped=lambda address: self._gate.is_stopped(address, clock()),
                clock=clock,
            )
        sent_log = SentLog(self.ledger)
        own = OwnAnswers(
            find_delivery=sent_log.find,
            should_suppress=lambda address, category: self._gate.should_suppress(address, category, self.clock()),
            should_suppress_many=Bulk(self.ledger, settings.policy, clock, self._doubts.note_address).suppressed,
        )
        self.plugins = load_plugins(
            given, own=own, disabled=settings.hooks.disabled, options=settings.plugin, entry_points=entry_points
        )
        self.questions = Questions(self.plugins, self._report)
        self.announcements = Announcements(self.ledger, self.plugins)
        self.tables = make_tables(settings, self.questions.phrases())
        self.consequences = Consequences(
            announcements=self.announcements, policy=settings.policy, tables=self.tables, limits=settings.breaker.limits
        )
        self.trips = Trips(consequences=self.consequences, ledger=self.ledger, tell=self.tell, clock=clock)
        self.mistakes = Mistakes(consequences=self.consequences, ledger=self.ledger, tell=self.tell, clock=clock)
        proofs = Proofs(ledger=self.ledger, seal=seal, required=settings.trust.require)
        self._sending = Sending(consequences=self.consequences, proofs=proofs)
        gathering = Gathering(
            ledger=self.ledger,
            questions=self.questions,
            sent_log=sent_log,
            proofs=proofs,
            tables=self.tables,
            dead_address=settings.canary.address if settings.canary else "",
        )
        self.pipeline = Pipeline(ledger=self.ledger, gathering=gathering, consequences=self.consequences, clock=clock)
        self.desk = Desk(pipeline=self.pipeline)
        self.sweep = Sweep(self.ledger, settings.processed_keep_days, clock)
        inboxes = settings.mailboxes
        self._reading = Reading(pipeline=self.pipeline, mailboxes=inboxes, attend=self.attend, sweep=self.sweep)
        self._chores = Chores(self.ledger, self.consequences, kept=settings.ledger, clock=clock)

    @classmethod
    def from_file(
        cls, path: str | Path = "bounce.toml", *, plugins: Mapping[str, object] | None = None
    ) -> BouncePlugin:
        """The plugin as a settings file describes it."""
        return cls(load_settings(Path(path)), plugins=plugins)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database, and let the plugins do likewise."""
        self.plugins.close()
        self.ledger.close()

    # Reading the mailboxes.

    def run_once(
        self,
        *,
        dry_run: bool = False,
        stop: Event | None = None,
        on_outcome: Callable[[MailOutcome], None] = lambda outcome: None,
    ) -> RunSummary:
        """Handle what is in the mailboxes now, and tell plugins and people what is to be told.

        A mailbox that cannot be reached does not stop the others: it is one of the summary's `errors`. A dry run
        changes nothing anywhere: no mail, no flag, no row, and no plugin is told; the host's `find_contact` is asked.
        """
        return self._reading.read_all(stop or Event(), on_outcome, dry_run=dry_run)

    def run_mailbox(
        self, mailbox: Mailbox, *, stop: Event, on_outcome: Callable[[MailOutcome], None] = lambda outcome: None
    ) -> RunSummary:
        """The same for one mailbox that is connected already, as a long-running process holds it.

        Raises MailboxError when the connection is lost, BusyError where another process works on the mailbox; what was
        handled until then is committed.
        """
        return self._reading.read_one(mailbox, stop, on_outcome)

    def note_failure(self, mailbox: str, error: Exception) -> None:
        """Remember that a mailbox could not be read, and why: `bounce-plugin health` tells it."""
        self._reading.note_failure(mailbox, error)

    def attend(self) -> None:
        """Do what is due whether mails come or not: remove what was kept long enough, and `tell`. Reading does it by itself;
        whoever takes mails in another way calls it from time to time.
        """
        self._chores.do()
        self.tell()

    def tell(self) -> None:
        """Tell plugins and people what is due: new announcements, and earlier ones that failed.

        One thread after the other, so that none tells what another one is just telling.
        """
        with self._telling:
            self.announcements.deliver_due(self.clock())

    def examine(self, raw: bytes) -> Examination:
        """What one mail says and means, with the host's own phrases. Changes nothing, never raises."""
        return examine(raw, self.tables)

    # Asking before a send.

    def should_suppress(self, address: str, category: str) -> bool:
        """Whether mail of this category to this address must not be sent.

        False for an exempt one, unless the address has changed its owner. One that is not declared raises an incident.
        """
        self._doubts.note_category(category)
        self._doubts.note_address(address)
        return self.questions.should_suppress(address, category)

    def suppressed_among(self, addresses: Iterable[str], category: str) -> set[str]:
        """Those of the addresses, as they are spelt, to which mail of this category must not be sent."""
        self._doubts.note_category(category)
        return withheld_among(self.questions, addresses, category)

    def filter(
        self, recipients: Iterable[Recipient], category: str, *, key: Callable[[Recipient], str] | None = None
    ) -> Iterator[Recipient]:
        """Those of the recipients (by `key`, if they are no addresses) who may be sent this, in order; see `allowed`."""
        self._doubts.note_category(category)
        return allowed(self.questions, recipients, category, key=key)

    def explain(self, address: str, category: str) -> Explanation:
        """Whether mail of this category would be withheld by our own ledger, by which rule and which events."""
        with self.ledger.reading() as tx:
            return explain(tx, address, category, policy=self.settings.policy, now=self.clock())

    # What the host and its people tell us.

    def record_sent(self, deliveries: Iterable[Delivery]) -> None:
        """Remember what the host sends, so that a bounce finds its message and its category. Idempotent by `ref`.

        Before it is sent, if you can: of an invoice that came back already the host is told as soon as it is recorded.
        A category that is not declared raises one incident that names it, as in `should_suppress`.
        """
        deliveries = tuple(deliveries)
        for category in {delivery.category for delivery in deliveries if delivery.category}:
            self._doubts.note_category(category)
        with self.ledger.transaction() as tx:
            self._sending.record(tx, deliveries, self.clock())

    def return_path(
        self, contact: str, message: str, category: str, *, address: str, message_id: str = "", document: str = ""
    ) -> ReturnPath:
        """The signed return path of one mail to `address`, and its other marks. It is recorded as sent; each mail has its own.

        `contact` is Contact.id, `document` your number of what is sent, where that has one. Without a `message_id` of the host's the path has a signed one for the mail. Raises
        SettingsError where [trust] has no key, ValueError for what cannot be recorded.
        """
        to = Contact(id=contact, address=address)
        return self._signing.one(to, message=message, category=category, message_id=message_id, document=document)

    def return_paths(self, contacts: Iterable[Contact], message: str, category: str) -> Iterator[ReturnPath]:
        """The same for one message to many, in their order. They are recorded by the thousand, as they are asked for."""
        return self._signing.all(contacts, message=message, category=category)

    def lift(self, address: str, *, actor: str, why: str) -> Lifted:
        """Take back every stop and pause of an address; older failures are not counted again."""
        with self.ledger.transaction() as tx:
            removal = self.consequences.had_removed(tx, address)
            lifted = lift(tx, address, actor=actor, why=why, now=self.clock(), removal=removal)
            self.announcements.suppression_lifted(tx, lifted, self.clock())
        self.tell()
        return lifted

    def record_success(self, address: str, *, why: str, actor: str, at: datetime | None = None) -> bool:
        """Say that mail gets through to an address: its owner has signed in, clicked, or answered. Soft failures that were
        received before then are not counted again; hard ones are, and a stop or pause that holds stays.

        Not a From that anybody can write. False: there was nothing to forgive, and nothing is recorded.
        """
        return bool(self.record_successes({address: at or self.clock()}, why=why, actor=actor))

    def record_successes(self, reached: Mapping[str, datetime], *, why: str, actor: str) -> int:
        """The same for many addresses, each with the time; for how many there was something to forgive."""
        return record_successes(self.ledger, reached, why=why, actor=actor, now=self.clock())

    def erase(self, address: str) -> Held:
        """Forget a person's address for good, but not that it is stopped; what was held of it is returned.

        `NotFoundError` when it is no single address. Mails in the mailboxes are not touched: `bounce-plugin erase`
        lists those that name it.
        """
        return erase(self.ledger, address)

    def raise_incident(self, *, key: str, title: str, detail: str) -> None:
        """Tell the operator of trouble; the same key is told once a day at most."""
        with self.ledger.transaction() as tx:
            self.consequences.raise_incident(tx, key=key, title=title, detail=detail, now=self.clock())

    def send_canary(self) -> CanaryRound:
        """Send a mail to the dead address of [canary], whose report must come back; earlier ones are looked for first.

        Raises SettingsError where there is no [canary], NoticeError when the mail cannot be sent.
        """
        table = self.settings.canary
        if table is None:
            raise SettingsError("no table says where a canary is sent", key="[canary]", source=self.settings.source)
        self.attend()
        return send(self.ledger, table, self.clock)

    def _report(self, trouble: Trouble) -> None:
        self.raise_incident(key=trouble.key, title=trouble.sentence, detail="Our own answer was given instead.")
