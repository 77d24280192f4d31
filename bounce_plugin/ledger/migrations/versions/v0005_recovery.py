"""What is to be said against a report that bears our own mark, and which document it was that was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make three columns; of what is there, nothing of the kind is known."""
    op.add_column("events", sa.Column("caveat", sa.String(), nullable=True))
    for table in ("events", "deliveries"):
        op.add_column(table, sa.Column("document", sa.Text(), nullable=True))
