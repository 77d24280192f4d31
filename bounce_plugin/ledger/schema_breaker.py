"""What must the breaker remember? Why each failure happened, how much was sent where, and when it tripped."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKeyConstraint, Index, Integer, String, Table

from bounce_plugin.ledger.columns import Moment, Number, Wording
from bounce_plugin.ledger.naming import FINGERPRINT, address_known, metadata

#: Each failure that counts, by what may have gone wrong; whether it counts still follows from `acts`.
causes = Table(
    "causes",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("event", String(32), primary_key=True),
    Column("fingerprint", FINGERPRINT, nullable=False),
    Column("at", Moment, nullable=False),  # when the failure was received
    Column("provider", Wording, nullable=False),
    Column("phrase", Wording, nullable=False),
    Column("reason", String, nullable=False),
    Column("restricts", Boolean, nullable=False),  # newly stops or pauses the address, or would
    Column("state", String, nullable=False),
    Column("trip", Number),  # by which it is held, or was
    address_known(),
    ForeignKeyConstraint(["tenant", "event"], ["events.tenant", "events.id"]),
    Index(None, "tenant", "provider", "at"),
    Index(None, "tenant", "phrase", "at"),
    Index(None, "tenant", "reason", "at"),
    Index(None, "tenant", "trip", "fingerprint"),
    Index(None, "tenant", "fingerprint"),
    sqlite_with_rowid=False,
)

#: How many mails were recorded as sent to addresses of a provider on a UTC day; of the empty provider: to all.
volumes = Table(
    "volumes",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("provider", Wording, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("number", Number, nullable=False),
    sqlite_with_rowid=False,
)

#: Each time that a cause stopped too many.
trips = Table(
    "trips",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("dimension", String, nullable=False),
    Column("name", Wording, nullable=False),
    Column("since", Moment, nullable=False),  # what was received after this moment is held
    Column("until", Moment, nullable=False),  # and up to then, as far as is known
    Column("last_at", Moment, nullable=False),  # of the last failure that stopped or paused somebody, or would have
    Column("reached", Integer, nullable=False),  # the most addresses in one window
    Column("allowed", Integer, nullable=False),
    Column("usual", Integer, nullable=False),
    Column("sent", Integer, nullable=False),  # mails of late, of which the share was taken
    Column("tripped_at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("settled_at", Moment),
    Column("actor", Wording, nullable=False),
    Column("why", Wording, nullable=False),
    Index(None, "tenant", "dimension", "name", "until"),
)
