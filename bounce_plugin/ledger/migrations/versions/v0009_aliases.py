"""By which other names the message of an event is known, so that no failure counts twice under two of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; of an event that is there only the key is known."""
    op.add_column("events", sa.Column("aliases", sa.Text(), nullable=True))
