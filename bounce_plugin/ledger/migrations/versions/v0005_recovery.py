"""What recovery must remember: what is to be said against a report that bears our own mark."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a column; of what is there, nothing is known to be said against it."""
    op.add_column("events", sa.Column("caveat", sa.String(), nullable=True))
