"""What a change of the key must remember: whose fingerprint is still that of a former one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make one table; there is nothing to put into it yet."""
    op.create_table(
        "former_fingerprints",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("check_value", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "fingerprint", name="pk_former_fingerprints"),
        sqlite_with_rowid=False,
    )
