"""The tables of a host, and what its operator writes about them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Final

from bounce_plugin_sqlalchemy import SqlAlchemyHooks

OpenHooks = Callable[..., SqlAlchemyHooks]

SCHEMA: Final = """
CREATE TABLE contacts (
    id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, email VARCHAR(254), second_email VARCHAR(254), deleted_at TIMESTAMP
);
CREATE INDEX contacts_email ON contacts (lower(email));
CREATE TABLE memberships (
    contact_id INTEGER NOT NULL, list_id VARCHAR(20) NOT NULL, status VARCHAR(20), removed_at TIMESTAMP, kind INTEGER,
    PRIMARY KEY (contact_id, list_id)
);
INSERT INTO contacts (id, tenant, email, second_email, deleted_at) VALUES
    (1, 7, 'Joe@Example.org', NULL, NULL),
    (2, 7, 'ann@example.org', 'family@example.org', NULL),
    (3, 7, 'family@example.org', 'FAMILY@example.org', NULL),
    (4, 8, 'joe@example.org', NULL, NULL),
    (5, 7, 'joe@example.org', NULL, '2026-01-01 00:00:00'),
    (6, 7, 'jörg@bücher.example', NULL, NULL),
    (7, 7, '', NULL, NULL);
INSERT INTO memberships (contact_id, list_id, status, removed_at, kind) VALUES
    (1, 'news', 'active', NULL, 1), (1, 'members', 'active', NULL, 1), (1, 'board', 'active', NULL, 2),
    (2, 'news', 'active', NULL, 1), (3, 'news', 'active', NULL, 1), (4, 'news', 'active', NULL, 1);
"""

OPTIONS: Final = """
table = "contacts"
id = "id"
address = ["email", "second_email"]
where = { tenant = 7 }
where_null = ["deleted_at"]
[lists]
table = "memberships"
contact = "contact_id"
list = "list_id"
where = { kind = 1 }
on_threshold = "delete"
"""


def read_options() -> dict[str, dict[str, object]]:
    """The options, without the URL."""
    return tomllib.loads(OPTIONS)
