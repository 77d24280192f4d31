"""With which keys were the fingerprints made?"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, String, Table

from bounce_plugin.ledger.naming import FINGERPRINT, metadata

#: By which key the fingerprints were made. A ledger opened with another one would find nobody suppressed.
keys = Table(
    "keys",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("check_value", String(64), nullable=False),
    CheckConstraint("number = 1", name="one_row"),
)

#: Whose fingerprint is still that of a former key: of people who were forgotten before it was changed, for nobody can
#: make them another one. Without that key they would be found suppressed no more.
former_fingerprints = Table(
    "former_fingerprints",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", FINGERPRINT, primary_key=True),
    Column("check_value", String(64), nullable=False),  # of that key
    sqlite_with_rowid=False,
)
