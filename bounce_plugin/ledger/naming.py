"""How are tables, keys and indexes named, and how does a table refer to an address?"""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FINGERPRINT = String(32)  # hexadecimal digits: 128 bits of HMAC-SHA256


def address_known() -> ForeignKeyConstraint:
    """A fingerprint is that of an address that is written down."""
    return ForeignKeyConstraint(["tenant", "fingerprint"], ["addresses.tenant", "addresses.fingerprint"])
