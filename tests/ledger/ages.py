"""What did each version add to the ledger? By taking it away a ledger becomes one of an earlier version."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from bounce_plugin.ledger.transaction import Transaction

ADDED: Final = {
    "0002": ("DROP TABLE attempts", "DROP TABLE leases", "DROP TABLE folders"),
    "0003": (
        "DROP TABLE polls",
        "DROP TABLE canaries",
        "DROP INDEX ix_mails_raw",
        "ALTER TABLE mails DROP COLUMN raw_since",
    ),
    "0004": ("DROP TABLE causes", "DROP TABLE volumes", "DROP TABLE trips"),
    "0005": (
        "ALTER TABLE events DROP COLUMN caveat",
        "ALTER TABLE events DROP COLUMN document",
        "ALTER TABLE deliveries DROP COLUMN document",
    ),
    "0006": (
        "DROP TABLE former_fingerprints",
        "DROP INDEX ix_mails_filed",
        "ALTER TABLE mails DROP COLUMN filed_at",
        "ALTER TABLE mails DROP COLUMN deleted_at",
    ),
    "0007": ("DROP TABLE snapshots",),
    "0008": (
        "DROP INDEX ix_deliveries_removable",
        "ALTER TABLE deliveries DROP COLUMN needed",
        "ALTER TABLE addresses DROP COLUMN passing",
    ),
    "0009": ("ALTER TABLE events DROP COLUMN aliases",),
}


def make_older(tx: Transaction, version: str) -> None:
    """Make the ledger one of that version."""
    for revision, statements in sorted(ADDED.items(), reverse=True):
        if revision > version:
            for statement in statements:
                tx.connection.execute(text(statement))
    tx.connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
