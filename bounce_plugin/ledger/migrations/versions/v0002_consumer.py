"""What a reader of mailboxes must remember: how often a mail was tried, who has the mailbox, how far its UIDs went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make three tables; nothing that is there changes."""
    op.create_table(
        "attempts",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("uidvalidity", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "mailbox", "uidvalidity", "uid", name="pk_attempts"),
    )
    op.create_table(
        "folders",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("uidvalidity", sa.String(), nullable=False),
        sa.Column("uidnext", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "mailbox", "folder", "uidvalidity", name="pk_folders"),
    )
    op.create_table(
        "leases",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "mailbox", name="pk_leases"),
    )
