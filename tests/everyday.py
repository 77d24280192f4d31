"""A bounce mailbox as it is on an ordinary day: reports of all kinds among private mail, and the host that it belongs to."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bounce_plugin import BounceEvent, BouncePlugin, Contact, MailOutcome, hookimpl
from bounce_plugin.ledger.history import latest_events, suppression_of
from bounce_plugin.ledger.outbox import waiting
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE, report
from tests.servers.dovecot import Account

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

#: What may come back, and how often in a hundred mails.
REPLIES = {
    "550 5.1.1 User unknown": 20,
    "552 5.2.2 Mailbox full": 10,
    "550 5.2.1 The email account that you tried to reach is disabled": 8,
    "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org": 8,
    "421 4.7.0 Too many connections": 4,
}

AUTO_REPLY = b"""\
From: Otto <otto@example.com>
To: club@crm.example
Subject: Automatic reply: News
Auto-Submitted: auto-replied
Message-ID: <away@example.com>

I am away until Monday. If a mail of yours comes back as undeliverable, try again.
"""

COMPLAINT = b"""\
From: fbl@provider.example
Subject: Complaint
Content-Type: multipart/report; report-type=feedback-report; boundary=F

--F
Content-Type: text/plain

This is an abuse report.
--F
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1
Original-Rcpt-To: <member3@example.com>
--F
Content-Type: message/rfc822

From: club@crm.example
Subject: News
Message-ID: <news@crm.example>

News
--F--
"""


@dataclass(frozen=True)
class Day:
    """The mails, and how many of them end where."""

    mails: tuple[bytes, ...]
    private: int
    review: int
    processed: int
    counted: Counter[str]  # failures that count, of distinct messages, by address


def a_day(hundreds: int) -> Day:
    """So many hundred mails; the same ones at each call."""
    mails: list[bytes] = []
    review = processed = private = 0
    counted: Counter[str] = Counter()
    for hundred in range(hundreds):
        number = 0
        for reply, often in REPLIES.items():
            for _ in range(often):
                number += 1
                # Every second address fails twice, and every fourth report comes in two copies.
                address = f"member{number // 2}@example.com"
                message = f"{hundred}.{number}@crm.example"
                copies = 2 if number % 4 == 0 else 1
                mails += [report(address, reply, message_id=message) for _ in range(copies)]
                processed += copies
                counted[address] += reply.startswith("55") and "blocked" not in reply
        mails += [report(f"stranger{n}@example.com", message_id=f"s{hundred}.{n}@crm.example") for n in range(6)]
        mails += [COMPLAINT + b"\n" * hundred, report("", message_id=f"n{hundred}@crm.example")]
        review += 8
        mails += [
            report(
                f"member{n}@example.com", "451 4.7.1 Later", action="delayed", message_id=f"d{hundred}.{n}@crm.example"
            )
            for n in range(5)
        ]
        mails += [
            report(
                f"member{n}@example.com", "250 2.0.0 Ok", action="delivered", message_id=f"o{hundred}.{n}@crm.example"
            )
            for n in range(3)
        ]
        processed += 8
        ordinary = [AUTO_REPLY] * 4 + [PRIVATE] * 18
        mails += [raw.replace(b"Subject: ", b"Subject: %d.%d " % (hundred, n)) for n, raw in enumerate(ordinary)]
        private += len(ordinary)
    return Day(mails=tuple(mails), private=private, review=review, processed=processed, counted=+counted)


def a_moment() -> Day:
    """A mail of each end, for tests that handle them again and again; the same ones at each call."""
    bounces = [report("member1@example.com", message_id="1@crm.example") for _ in range(2)]
    mails = (*bounces, PRIVATE, report("stranger1@example.com", message_id="2@crm.example"))
    return Day(mails=mails, private=1, review=1, processed=2, counted=Counter({"member1@example.com": 1}))


class EverydayHost:
    """Knows its members, and notes what it is told."""

    def __init__(self, notebook: Path | None = None) -> None:
        self.notebook = notebook

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        return Contact(id=address, address=address) if address.startswith("member") else None

    @hookimpl
    def on_bounce_classified(self, event: BounceEvent) -> None:
        self._note(f"event {event.id}")

    @hookimpl
    def on_message_handled(self, outcome: MailOutcome) -> None:
        self._note(f"mail {outcome.mail_id}")

    def _note(self, line: str) -> None:
        if self.notebook is not None:
            with self.notebook.open("a") as file:
                file.write(line + "\n")


def everyday_plugin(
    folder: Path,
    box: Account | Path,
    *,
    ledger: str = "",
    host: object = None,
    notebook: Path | None = None,
    clock: Callable[[], datetime] = lambda: NOW,
    more: str = "",
) -> BouncePlugin:
    """A plugin in `folder` that reads this account, Maildir or mbox; `ledger` is a URL, if it is not a file of its own.

    `more` are further tables of its settings.
    """
    if not (folder / "ledger.key").exists():  # other processes may read it at this moment
        (folder / "ledger.key").write_text("07" * 32)
    text = f"[ledger]\nurl = {json.dumps(ledger)}\n" if ledger else ""
    text += "[[mailbox]]\nname = 'club'\n"
    if isinstance(box, Account):
        (folder / "password").write_text(box.password)
        text += f"""
            kind = "imap"
            host = "127.0.0.1"
            port = {box.port}
            security = "none"
            user = "{box.user}"
            password_file = "password"
        """
    else:
        text += f"kind = {'maildir' if box.is_dir() else 'mbox'!r}\npath = '{box}'\n"
    settings = parse_settings(text + more, folder=folder)
    return BouncePlugin(settings, plugins={"host": host or EverydayHost(notebook)}, clock=clock, entry_points=False)


def memory(plugin: BouncePlugin) -> dict[str, object]:
    """Everything that the ledger holds that does not depend on when and in which order it was written."""
    with plugin.ledger.reading() as tx:
        events = latest_events(tx, limit=100_000)
        stops = {event.address: suppression_of(tx, event.address) for event in events}
    return {
        "events": sorted((event.id, event.address, event.kind, str(event.reason), event.counts) for event in events),
        "stops": sorted((address, stop.rule, stop.until) for address, stop in stops.items() if stop),
        "review": sorted((item.addresses, item.why) for item in plugin.desk.items(limit=100_000)),
    }


def tell_all(plugin: BouncePlugin) -> None:
    """Tell plugins all there is; a round ends when it takes too long."""
    for _ in range(100):
        plugin.tell()
        with plugin.ledger.reading() as tx:
            if not waiting(tx):
                return
