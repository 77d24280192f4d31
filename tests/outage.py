"""Many contacts at several providers, and reports of failures by the hundred: for tests of the breaker.

Reports are examined, and recorded in batches as a run does it, without a mailbox between.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bounce_plugin import BouncePlugin, Contact, Decision, Delivery, Incident, Lifted, hookimpl
from bounce_plugin.desk.settle import Settled
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of
from bounce_plugin.ledger.trips import Trip, TripState, all_trips
from bounce_plugin.policy.state import Verb, derive
from bounce_plugin.settings import parse_settings
from bounce_plugin.steps.act import Learned
from tests.bounces import report
from tests.everyday import tell_all
from tests.world import KEY, Clock

#: When Gmail answered "no such user" for mailboxes that existed, in UTC.
BEGAN = datetime(2020, 12, 14, 21, 0, tzinfo=UTC)
LASTED = timedelta(hours=6.7)

GMAIL = "gmail-smtp-in.l.google.com"
_OWN = "sqlite:///bounces.sqlite3"
ONE_STRIKE = """
[policy]
preset = "none"
[[policy.rule]]
name = "one strike"
types = ["hard"]
then = ["suppress"]
"""


@dataclass(frozen=True, kw_only=True)
class Fail:
    """A mail to an address failed; its report was received then."""

    address: str
    at: datetime
    host: str
    reply: str = "550 5.1.1 The email account that you tried to reach does not exist."
    to: str = "bounces@crm.example"  # where the report was sent: a signed return path, say
    message: str = ""

    def raw(self) -> bytes:
        raw = report(self.address, self.reply, message_id=self.message)
        return raw.replace(b"mx.example.com", self.host.encode()).replace(b"bounces@crm.example", self.to.encode())


class Crm:
    """A host that knows everybody, and remembers what it is told."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, Decision]] = []
        self.lifted: list[Lifted] = []
        self.incidents: list[Incident] = []

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        return Contact(id=address, address=address)

    @hookimpl
    def on_threshold_reached(self, event, decision: Decision) -> None:
        self.reached.append((event.address, decision))

    @hookimpl
    def on_suppression_lifted(self, lifted: Lifted) -> None:
        self.lifted.append(lifted)

    @hookimpl
    def on_incident(self, incident: Incident) -> None:
        self.incidents.append(incident)


@cache
def _blank() -> bytes:
    """A ledger in which nothing is: to make one takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bounces.sqlite3"
        Ledger.open(f"sqlite:///{path}", key=bytes.fromhex(KEY)).close()
        return path.read_bytes()


class Office:
    """A host with the plugin and a clock; it has a ledger of its own unless a URL is given."""

    def __init__(self, folder: Path, more: str = ONE_STRIKE, *, url: str = _OWN, key: str = KEY) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "ledger.key").write_text(key)
        (folder / "trust-1.key").write_text("01" * 32)
        (folder / "bounce.toml").write_text(f'{more}\n[ledger]\nurl = "{url}"\n')
        self.folder, self.clock, self.crm = folder, Clock(), Crm()
        self.clock.now = BEGAN
        if url == _OWN:
            (folder / "bounces.sqlite3").write_bytes(_blank())
        settings = parse_settings((folder / "bounce.toml").read_text(), folder=folder)
        self.plugin = BouncePlugin(settings, plugins={"crm": self.crm}, clock=self.clock, entry_points=False)

    def send(self, addresses: Iterable[str], at: datetime) -> None:
        """Record a newsletter to them."""
        self.plugin.record_sent(
            Delivery(
                ref=f"{at:%Y%m%d}:{address.replace('@', ' ')}",
                address=address,
                contact=address,
                message="news",
                category="newsletter",
                sent_at=at,
            )
            for address in addresses
        )

    def fail(self, failures: Sequence[Fail], *, batch: int = 100, at: datetime | None = None) -> list[Learned]:
        """Read reports in this order, in batches of that size; each as it comes, or all at one time."""
        learned: list[Learned] = []
        for start in range(0, len(failures), batch):
            chunk = failures[start : start + batch]
            self.clock.now = at or max(self.clock.now, *(failure.at for failure in chunk))
            pipeline = self.plugin.pipeline
            cases = [(pipeline.gathering.inquire(self.plugin.examine(one.raw()), one.at), 0) for one in chunk]
            with self.plugin.ledger.transaction() as tx:
                learned += pipeline.consequences.learn_all(tx, cases, now=self.clock.now)
        return learned

    def stopped(self, addresses: Iterable[str]) -> set[str]:
        """Those of them to which no newsletter is sent."""
        return self.plugin.suppressed_among(list(addresses), "newsletter")

    def settle(self, trip: int, state: TripState) -> list[Settled]:
        """Look at what that would do, and do it as a person does."""
        work = self.plugin.trips.settling(trip, state, actor="Erna", why="I asked Gmail")
        looked, done = list(work.look()), list(work.do())
        assert looked == done
        self.tell()
        return done

    def tell(self) -> None:
        """Tell the host all there is."""
        tell_all(self.plugin)

    def trips(self) -> tuple[Trip, ...]:
        """Every trip of the breaker, newest first."""
        with self.plugin.ledger.reading() as tx:
            return all_trips(tx)

    def verbs(self, address: str) -> list[Verb]:
        """What was done to an address."""
        with self.plugin.ledger.reading() as tx:
            return [act.verb for act in acts_of(tx, address)]

    def states(self, addresses: Iterable[str]) -> dict[str, object]:
        """The stop of each address that is under one, as far as it is in force."""
        found: dict[str, object] = {}
        with self.plugin.ledger.reading() as tx:
            for address in addresses:
                stop = derive(acts_of(tx, address))
                if stop and (stop.until is None or stop.until > self.clock.now):
                    found[address] = (stop.exempt_too, stop.until)
        return found


def people(number: int, domain: str) -> list[str]:
    return [f"p{one}@{domain}" for one in range(number)]


def spread(addresses: Sequence[str], host: str, begin: datetime, length: timedelta, **more: str) -> list[Fail]:
    """Failures of these addresses, evenly over a time."""
    step = length / max(len(addresses), 1)
    return [Fail(address=one, at=begin + step * place, host=host, **more) for place, one in enumerate(addresses)]
