"""What is remembered of a change of the key, and of mails that are to be deleted some day: when they were filed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a table and two columns. When a mail was filed until now nobody knows: it is never deleted."""
    op.create_table(
        "former_fingerprints",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("check_value", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "fingerprint", name="pk_former_fingerprints"),
        sqlite_with_rowid=False,
    )
    op.add_column("mails", sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mails", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_mails_filed",
        "mails",
        ["tenant", "mailbox", "filed_at"],
        sqlite_where=sa.text("filed_at IS NOT NULL"),
        postgresql_where=sa.text("filed_at IS NOT NULL"),
    )
