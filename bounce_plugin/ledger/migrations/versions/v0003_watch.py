"""What watches over the reading must remember: since when a mail is kept, when a mailbox was read, canaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: A mail has been kept at least since a person was asked to look at it.
KEPT_SINCE = """
    UPDATE mails SET raw_since = COALESCE(
        (SELECT MAX(opened_at) FROM review_items WHERE review_items.mail_id = mails.id), mails.received_at
    )
    WHERE raw IS NOT NULL
"""


def upgrade() -> None:
    """Make two tables and a column; of what is there, mails that are kept learn since when."""
    op.add_column("mails", sa.Column("raw_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_mails_raw",
        "mails",
        ["tenant", "raw_since"],
        sqlite_where=sa.text("raw_since IS NOT NULL"),
        postgresql_where=sa.text("raw_since IS NOT NULL"),
    )
    op.execute(KEPT_SINCE)
    op.create_table(
        "polls",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lag_seconds", sa.Float(), nullable=True),
        sa.Column("stuck", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "mailbox", name="pk_polls"),
    )
    op.create_table(
        "canaries",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_id", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "token", name="pk_canaries"),
        sa.ForeignKeyConstraint(
            ["tenant", "fingerprint"],
            ["addresses.tenant", "addresses.fingerprint"],
            name="fk_canaries_tenant_fingerprint",
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name="fk_canaries_mail_id"),
    )
    op.create_index("ix_canaries_tenant_sent_at", "canaries", ["tenant", "sent_at"])
    op.create_index(
        "ix_canaries_awaited",
        "canaries",
        ["tenant", "due_at"],
        sqlite_where=sa.text("came_at IS NULL AND missed_at IS NULL"),
        postgresql_where=sa.text("came_at IS NULL AND missed_at IS NULL"),
    )
