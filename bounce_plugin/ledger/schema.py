"""What does the ledger hold? Every table, and the walls that keep it true.

Each unique key begins with the tenant. A person's address stands in `addresses` and nowhere else; every other table
refers to its fingerprint, and texts hold placeholders, so that forgetting a person touches no history. `events` and
`acts` are only ever appended to; `suppressions` follows from `acts` and can be rebuilt.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bounce_plugin.ledger.columns import Moment, Number, Wording
from bounce_plugin.ledger.naming import FINGERPRINT, address_known, metadata
from bounce_plugin.ledger.schema_breaker import causes, trips, volumes
from bounce_plugin.ledger.schema_keys import former_fingerprints, keys
from bounce_plugin.ledger.schema_reading import attempts, canaries, folders, leases, polls

__all__ = [
    "REVISION",
    "acts",
    "addresses",
    "attempts",
    "canaries",
    "causes",
    "deliveries",
    "events",
    "folders",
    "former_fingerprints",
    "incidents",
    "keys",
    "leases",
    "mails",
    "metadata",
    "outbox",
    "polls",
    "review_items",
    "snapshots",
    "suppressions",
    "trips",
    "volumes",
]

REVISION = "0009"  # the newest migration, by which a database shows its age

#: The only place where an address is written. `address` is null once the person was forgotten.
addresses = Table(
    "addresses",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", FINGERPRINT, primary_key=True),
    Column("address", Wording),
    Column("same_as", FINGERPRINT, nullable=False),  # fingerprint of its normal spelling: its own, for that one
    Column("passing", Boolean),  # true: nothing but deliveries ever named it, and it goes with the last of them
    Index(None, "tenant", "same_as"),
    sqlite_with_rowid=False,
)

#: Every mail that was looked at: where it was found, what became of it, where it is and where it must go.
mails = Table(
    "mails",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("mailbox", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("uidvalidity", String, nullable=False),
    Column("uid", String, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("size", Number, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("kind", String, nullable=False),
    Column("handling", String, nullable=False),
    Column("why", Wording, nullable=False),
    Column("place_folder", String, nullable=False),  # where it is now; empty: nobody knows
    Column("place_uidvalidity", String, nullable=False),
    Column("place_uid", String, nullable=False),  # empty: the server did not tell
    Column("target", String, nullable=False),  # the folder that it must still be moved to; empty: none
    Column("filed_at", Moment),  # when we put it where it is; null: we did not, or it is no longer there
    Column("deleted_at", Moment),  # when we deleted it from where we had put it; null: we did not
    Column("raw", LargeBinary),  # kept while a person may want to look, or to have it read again
    Column("raw_since", Moment),  # when we began to keep it
    UniqueConstraint("tenant", "mailbox", "folder", "uidvalidity", "uid"),
    Index(None, "tenant", "content_sha256"),
    Index(None, "tenant", "mailbox", "place_folder", "place_uidvalidity"),
    Index(
        "ix_mails_unfiled",
        "tenant",
        "mailbox",
        sqlite_where=text("target <> ''"),
        postgresql_where=text("target <> ''"),
    ),
    Index(
        "ix_mails_filed",
        "tenant",
        "mailbox",
        "filed_at",
        sqlite_where=text("filed_at IS NOT NULL"),
        postgresql_where=text("filed_at IS NOT NULL"),
    ),
    Index(
        "ix_mails_raw",
        "tenant",
        "raw_since",
        sqlite_where=text("raw_since IS NOT NULL"),
        postgresql_where=text("raw_since IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # people and hooks know mails by number: one is never given twice
)

#: What happened to one recipient of one message. At most one counting event for each message and address; one that
#: does not count never stands in the way of one that does.
events = Table(
    "events",
    metadata,
    Column("number", Number, primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("id", String(32), nullable=False),
    Column("mail_id", Number),
    Column("fingerprint", FINGERPRINT, nullable=False),
    Column("message_key", Wording, nullable=False),
    Column("aliases", Text),  # JSON, other keys of the message; null: none
    Column("kind", String, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("weight", Float, nullable=False),
    Column("reason", String),
    Column("type", String),
    Column("fault", String),
    Column("confidence", Float, nullable=False),
    Column("status", String, nullable=False),
    Column("reply_code", String, nullable=False),
    Column("diagnostic_code", Wording, nullable=False),
    Column("remote_mta", Wording, nullable=False),
    Column("detector", String, nullable=False),
    Column("trust", String, nullable=False),
    Column("caveat", String),
    Column("delivery_ref", Wording, nullable=False),
    Column("message", Wording, nullable=False),
    Column("document", Wording),
    Column("category", Wording, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("contacts", Text, nullable=False),  # JSON, addresses hidden
    Column("evidence", Text, nullable=False),  # JSON, addresses hidden
    address_known(),
    ForeignKeyConstraint(["mail_id"], ["mails.id"]),
    UniqueConstraint("tenant", "id"),
    UniqueConstraint("tenant", "message_key", "fingerprint", "kind", "counts"),
    Index(None, "tenant", "fingerprint", "received_at"),
    Index(None, "tenant", "received_at"),
    Index(None, "mail_id"),
)

#: What was done to an address, by a rule or a person.
acts = Table(
    "acts",
    metadata,
    Column("number", Number, primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("fingerprint", FINGERPRINT, nullable=False),
    Column("verb", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment),
    Column("rule", Wording, nullable=False),
    Column("because", Wording, nullable=False),
    Column("actor", Wording, nullable=False),
    Column("events", Text, nullable=False),  # JSON, ids of events
    address_known(),
    Index(None, "tenant", "fingerprint", "number"),
)

#: Who is stopped: what follows from `acts`, kept for a quick answer.
suppressions = Table(
    "suppressions",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", FINGERPRINT, primary_key=True),
    Column("exempt_too", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Column("rule", Wording, nullable=False),
    address_known(),
    sqlite_with_rowid=False,
)

#: The files that were made of `suppressions` for a quick answer to many questions: each as old as the act that it names.
#: One that is not here is another ledger's, or was made after the backup that this one was restored from.
snapshots = Table(
    "snapshots",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("mark", String(32), primary_key=True),  # hexadecimal digits: a random number, which the file has as well
    Column("act", Number, nullable=False),  # everything that was done up to this act is in it, and perhaps more
    Column("made_at", Moment, nullable=False),
)

#: What the host sent, so that a bounce finds its message.
deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Number, primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("ref", Wording, nullable=False),
    Column("fingerprint", FINGERPRINT, nullable=False),
    Column("contact", Wording, nullable=False),
    Column("message", Wording, nullable=False),
    Column("document", Wording),
    Column("category", Wording, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("message_id", Wording, nullable=False),
    Column("envelope_id", Wording, nullable=False),
    Column("needed", Boolean),  # true: it was due to be removed, and something rests on it; null: it was not looked at
    address_known(),
    UniqueConstraint("tenant", "ref"),
    Index(None, "tenant", "message_id"),
    Index(None, "tenant", "envelope_id"),
    Index(None, "tenant", "fingerprint", "sent_at"),
    Index(
        "ix_deliveries_removable",
        "tenant",
        "sent_at",
        sqlite_where=text("needed IS NULL"),
        postgresql_where=text("needed IS NULL"),
    ),
)

#: Who must still be told what: one row for each announcement and plugin.
outbox = Table(
    "outbox",
    metadata,
    Column("number", Number, primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("announcement", Wording, nullable=False),
    Column("plugin", String, nullable=False),
    Column("hook", String, nullable=False),
    Column("fingerprint", FINGERPRINT),  # null: in no order with others
    Column("payload", Text, nullable=False),  # JSON, addresses hidden
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("announced_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),  # when it is tried; when it was tried last, once it waits no more
    Column("error", Wording, nullable=False),
    UniqueConstraint("tenant", "announcement", "plugin"),
    Index(None, "tenant", "state", "plugin", "fingerprint", "number"),
)

#: What waits, or waited, for a person. At most one open item for each mail.
review_items = Table(
    "review_items",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("mail_id", Number),
    Column("kind", String),
    Column("addresses", Text, nullable=False),  # JSON, addresses hidden
    Column("why", Wording, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("actor", Wording, nullable=False),
    Column("resolution", Wording, nullable=False),
    ForeignKeyConstraint(["mail_id"], ["mails.id"]),
    Index(None, "tenant", "closed_at"),
    Index(
        "uq_review_items_open",
        "tenant",
        "mail_id",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

#: Trouble that concerns the operator; one row for each key.
incidents = Table(
    "incidents",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("key", Wording, primary_key=True),
    Column("title", Wording, nullable=False),
    Column("detail", Wording, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("announced_at", Moment, nullable=False),
)
