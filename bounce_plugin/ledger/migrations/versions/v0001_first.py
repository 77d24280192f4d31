"""The first tables: tenants, fingerprints, distinct messages and deliveries stand from the beginning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FINGERPRINT = sa.String(length=32)


def upgrade() -> None:
    """Make them."""
    _people()
    _mails()
    _events()
    _announcements()


def _people() -> None:
    op.create_table(
        "addresses",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", _FINGERPRINT, nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("same_as", _FINGERPRINT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "fingerprint", name="pk_addresses"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_addresses_tenant_same_as", "addresses", ["tenant", "same_as"])
    op.create_table(
        "keys",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check_value", sa.String(length=64), nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("ck_keys_one_row")),
        sa.PrimaryKeyConstraint("number", name="pk_keys"),
    )
    op.create_table(
        "acts",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("fingerprint", _FINGERPRINT, nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "fingerprint"], ["addresses.tenant", "addresses.fingerprint"], name="fk_acts_tenant_fingerprint"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_acts"),
    )
    op.create_index("ix_acts_tenant_fingerprint_number", "acts", ["tenant", "fingerprint", "number"])
    op.create_table(
        "suppressions",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", _FINGERPRINT, nullable=False),
        sa.Column("exempt_too", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "fingerprint"],
            ["addresses.tenant", "addresses.fingerprint"],
            name="fk_suppressions_tenant_fingerprint",
        ),
        sa.PrimaryKeyConstraint("tenant", "fingerprint", name="pk_suppressions"),
        sqlite_with_rowid=False,
    )


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("uidvalidity", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("handling", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("place_folder", sa.String(), nullable=False),
        sa.Column("place_uidvalidity", sa.String(), nullable=False),
        sa.Column("place_uid", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint(
            "tenant", "mailbox", "folder", "uidvalidity", "uid", name="uq_mails_tenant_mailbox_folder_uidvalidity_uid"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mails_tenant_content_sha256", "mails", ["tenant", "content_sha256"])
    op.create_index(
        "ix_mails_tenant_mailbox_place_folder_place_uidvalidity",
        "mails",
        ["tenant", "mailbox", "place_folder", "place_uidvalidity"],
    )
    op.create_index(
        "ix_mails_unfiled",
        "mails",
        ["tenant", "mailbox"],
        sqlite_where=sa.text("target <> ''"),
        postgresql_where=sa.text("target <> ''"),
    )
    op.create_table(
        "review_items",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("mail_id", _NUMBER, nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name="fk_review_items_mail_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_items_tenant_closed_at", "review_items", ["tenant", "closed_at"])
    op.create_index(
        "uq_review_items_open",
        "review_items",
        ["tenant", "mail_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("id", _FINGERPRINT, nullable=False),
        sa.Column("mail_id", _NUMBER, nullable=True),
        sa.Column("fingerprint", _FINGERPRINT, nullable=False),
        sa.Column("message_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reply_code", sa.String(), nullable=False),
        sa.Column("diagnostic_code", sa.Text(), nullable=False),
        sa.Column("remote_mta", sa.Text(), nullable=False),
        sa.Column("detector", sa.String(), nullable=False),
        sa.Column("trust", sa.String(), nullable=False),
        sa.Column("delivery_ref", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contacts", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name="fk_events_mail_id"),
        sa.ForeignKeyConstraint(
            ["tenant", "fingerprint"],
            ["addresses.tenant", "addresses.fingerprint"],
            name="fk_events_tenant_fingerprint",
        ),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("tenant", "id", name="uq_events_tenant_id"),
        sa.UniqueConstraint(
            "tenant",
            "message_key",
            "fingerprint",
            "kind",
            "counts",
            name="uq_events_tenant_message_key_fingerprint_kind_counts",
        ),
    )
    op.create_index("ix_events_mail_id", "events", ["mail_id"])
    op.create_index("ix_events_tenant_fingerprint_received_at", "events", ["tenant", "fingerprint", "received_at"])
    op.create_index("ix_events_tenant_received_at", "events", ["tenant", "received_at"])
    op.create_table(
        "deliveries",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("fingerprint", _FINGERPRINT, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "fingerprint"],
            ["addresses.tenant", "addresses.fingerprint"],
            name="fk_deliveries_tenant_fingerprint",
        ),
        sa.PrimaryKeyConstraint("number", name="pk_deliveries"),
        sa.UniqueConstraint("tenant", "ref", name="uq_deliveries_tenant_ref"),
    )
    op.create_index("ix_deliveries_tenant_envelope_id", "deliveries", ["tenant", "envelope_id"])
    op.create_index("ix_deliveries_tenant_fingerprint_sent_at", "deliveries", ["tenant", "fingerprint", "sent_at"])
    op.create_index("ix_deliveries_tenant_message_id", "deliveries", ["tenant", "message_id"])


def _announcements() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("announcement", sa.Text(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("hook", sa.String(), nullable=False),
        sa.Column("fingerprint", _FINGERPRINT, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_outbox"),
        sa.UniqueConstraint("tenant", "announcement", "plugin", name="uq_outbox_tenant_announcement_plugin"),
    )
    op.create_index(
        "ix_outbox_tenant_state_plugin_fingerprint_number",
        "outbox",
        ["tenant", "state", "plugin", "fingerprint", "number"],
    )
    op.create_table(
        "incidents",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name="pk_incidents"),
    )
