"""Which deliveries are due to be removed, and which addresses go with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make two columns; of an address that is there nobody knows whether a text names it, so it stays."""
    op.add_column("addresses", sa.Column("passing", sa.Boolean(), nullable=True))
    op.add_column("deliveries", sa.Column("needed", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_deliveries_removable",
        "deliveries",
        ["tenant", "sent_at"],
        sqlite_where=sa.text("needed IS NULL"),
        postgresql_where=sa.text("needed IS NULL"),
    )
