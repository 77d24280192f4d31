"""What the breaker must remember: why failures happened, how much was sent where, and when it tripped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make three tables. What happened before is no history to the breaker until `rebuild`: it learns as failures come."""
    op.create_table(
        "causes",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("restricts", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("trip", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "event", name="pk_causes"),
        sa.ForeignKeyConstraint(
            ["tenant", "fingerprint"],
            ["addresses.tenant", "addresses.fingerprint"],
            name="fk_causes_tenant_fingerprint",
        ),
        sa.ForeignKeyConstraint(["tenant", "event"], ["events.tenant", "events.id"], name="fk_causes_tenant_event"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_causes_tenant_provider_at", "causes", ["tenant", "provider", "at"])
    op.create_index("ix_causes_tenant_phrase_at", "causes", ["tenant", "phrase", "at"])
    op.create_index("ix_causes_tenant_reason_at", "causes", ["tenant", "reason", "at"])
    op.create_index("ix_causes_tenant_trip_fingerprint", "causes", ["tenant", "trip", "fingerprint"])
    op.create_index("ix_causes_tenant_fingerprint", "causes", ["tenant", "fingerprint"])
    op.create_table(
        "volumes",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "provider", "day", name="pk_volumes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trips",
        sa.Column("tenant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("tripped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_trips"),
    )
    op.create_index("ix_trips_tenant_dimension_name_until", "trips", ["tenant", "dimension", "name", "until"])
