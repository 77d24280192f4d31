"""What must a reader of mailboxes remember, beside the mails? The tables of those who read and who watch over it."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKeyConstraint, Index, Integer, String, Table, text

from bounce_plugin.ledger.columns import Moment, Number, Wording
from bounce_plugin.ledger.naming import FINGERPRINT, address_known, metadata

#: Mails of an inbox that were begun and not yet recorded: how often, counted before one is even fetched.
attempts = Table(
    "attempts",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("mailbox", String, primary_key=True),
    Column("uidvalidity", String, primary_key=True),
    Column("uid", String, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)

#: Who works on a mailbox now. The number grows with each owner: what an earlier one still wants to write is refused.
leases = Table(
    "leases",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("mailbox", String, primary_key=True),
    Column("owner", String, nullable=False),  # empty: nobody
    Column("number", Number, nullable=False),
    Column("until", Moment, nullable=False),
)

#: The next UID of a folder when it was last listed: one that goes back means that UIDs were given twice.
folders = Table(
    "folders",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("mailbox", String, primary_key=True),
    Column("folder", String, primary_key=True),
    Column("uidvalidity", String, primary_key=True),
    Column("uidnext", Number, nullable=False),
)

#: When each mailbox was read last, and what kept us from it since.
polls = Table(
    "polls",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("mailbox", String, primary_key=True),
    Column("tried_at", Moment, nullable=False),
    Column("read_at", Moment),  # when everything in it was looked at; null: never
    Column(
        "lag_seconds", Float
    ),  # from its arrival until it was recorded, of the mail that waited longest, of the last ones that came
    Column("stuck", Integer, nullable=False),  # mails that could not be recorded when it was last read
    Column("failures", Integer, nullable=False),  # tries in a row that failed
    Column("error", Wording, nullable=False),  # what the last of them said, addresses hidden; empty: it went well
)

#: The mails that we sent to a dead address, to see whether reports still come back.
canaries = Table(
    "canaries",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("token", String(32), primary_key=True),  # hexadecimal digits: a random number, in the mail's Message-ID
    Column("fingerprint", FINGERPRINT, nullable=False),  # of the dead address
    Column("sent_at", Moment, nullable=False),  # when we began to send it
    Column("due_at", Moment),  # when its report must have come; null: no mail server has taken it, as far as we know
    Column("missed_at", Moment),  # when it was found that it had not come, and the operator was told; null: not
    Column("came_at", Moment),  # when the report was recorded; null: not yet
    Column("mail_id", Number),  # the report
    address_known(),
    ForeignKeyConstraint(["mail_id"], ["mails.id"]),
    Index(None, "tenant", "sent_at"),
    Index(
        "ix_canaries_awaited",
        "tenant",
        "due_at",
        sqlite_where=text("came_at IS NULL AND missed_at IS NULL"),
        postgresql_where=text("came_at IS NULL AND missed_at IS NULL"),
    ),
)
