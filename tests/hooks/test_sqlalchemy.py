"""A host with a plain contacts table needs configuration alone, on SQLite and on PostgreSQL."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine, create_engine, text

from bounce_plugin import Contact, PolicyAction, SettingsError
from bounce_plugin.announce import load_plugins
from bounce_plugin.testing import sample_decision, sample_event
from bounce_plugin.testing.contract import HostContract
from bounce_plugin_sqlalchemy import SqlAlchemyHooks

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

DECISION: Final = sample_decision(actions=(PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the host's tables."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path / 'crm.db'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        made = server.url(server.new_database()).replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(made)
    with engine.begin() as connection:
        for statement in SCHEMA.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    engine.dispose()
    return made


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


OpenHooks = Callable[..., SqlAlchemyHooks]


@pytest.fixture
def open_hooks(url: str) -> Iterator[OpenHooks]:
    opened: list[SqlAlchemyHooks] = []

    def open_(of_lists: Mapping[str, object] | None = None, **changes: object) -> SqlAlchemyHooks:
        """Options as above with changes; a change to None leaves the key out."""
        options: dict[str, object] = {"url": url, **tomllib.loads(OPTIONS), **changes}
        if of_lists is not None:
            options["lists"] = {**tomllib.loads(OPTIONS)["lists"], **of_lists}
        opened.append(SqlAlchemyHooks({key: value for key, value in options.items() if value is not None}))
        return opened[-1]

    yield open_
    for hooks in opened:
        hooks.close()


def memberships(engine: Engine) -> list[tuple[object, ...]]:
    query = "SELECT contact_id, list_id, status, removed_at FROM memberships ORDER BY contact_id, list_id"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def on_lists(engine: Engine) -> list[str]:
    return [f"{contact}:{name}" for contact, name, *_ in memberships(engine)]


# find_contact


@pytest.mark.parametrize(
    ("address", "contacts"),
    [
        pytest.param(
            "joe@example.org",
            (Contact(id="1", address="Joe@Example.org", lists=("members", "news")),),
            id="any-case-and-only-living-rows-of-the-tenant",
        ),
        pytest.param(
            "family@example.org",
            (
                Contact(id="2", address="family@example.org", lists=("news",)),
                Contact(id="3", address="family@example.org", lists=("news",)),
            ),
            id="a-family-in-two-columns",
        ),
        pytest.param(
            "jörg@xn--bcher-kva.example",
            (Contact(id="6", address="jörg@bücher.example"),),
            id="an-international-domain-as-people-write-it",
        ),
        pytest.param("nobody@example.org", None, id="nobody"),
        pytest.param("", None, id="no-address"),
        pytest.param("%@example.org", None, id="no-pattern"),
        pytest.param("' OR 1=1 --@example.org", None, id="t-21-no-sql"),
    ],
)
def test_find_contact(open_hooks: OpenHooks, address: str, contacts: tuple[Contact, ...] | None) -> None:
    assert open_hooks().find_contact(address=address) == contacts


def test_without_lists_a_contact_is_on_none(open_hooks: OpenHooks) -> None:
    options = tomllib.loads(OPTIONS)
    del options["lists"]
    hooks = open_hooks()
    assert hooks.find_contact(address="ann@example.org") == (
        Contact(id="2", address="ann@example.org", lists=("news",)),
    )
    del options["where"]
    plain = SqlAlchemyHooks({"url": hooks._engine.url.render_as_string(hide_password=False), **options})
    assert plain.find_contact(address="ann@example.org") == (Contact(id="2", address="ann@example.org"),)
    plain.close()


def test_addresses_stored_in_lower_case_need_no_index_on_lower(open_hooks: OpenHooks) -> None:
    hooks = open_hooks(stored_lower=True)
    assert hooks.find_contact(address="Ann@Example.org") is not None
    assert hooks.find_contact(address="joe@example.org") is None  # stored as Joe@…, against what the operator said


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL would read a table of seven rows whole
def test_an_index_on_lower_is_used(database: Engine) -> None:
    with database.connect() as connection:
        plan = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT id FROM contacts WHERE lower(email) IN ('a@b.example', 'c@d.example')")
        ).all()
    assert "contacts_email" in str(plan)


# on_threshold_reached


def reach(hooks: SqlAlchemyHooks, address: str, *ids: str, at: datetime | None = None) -> None:
    event = sample_event(address=address, contacts=tuple(Contact(id=one) for one in ids))
    hooks.on_threshold_reached(event=replace(event, received_at=at) if at else event, decision=DECISION)


def test_on_threshold_reached_deletes_the_memberships_it_is_told_of(open_hooks: OpenHooks, database: Engine) -> None:
    reach(open_hooks(), "joe@example.org", "1")
    assert on_lists(database) == ["1:board", "2:news", "3:news", "4:news"]


def test_everybody_of_a_shared_address_is_removed(open_hooks: OpenHooks, database: Engine) -> None:
    reach(open_hooks(), "family@example.org", "2", "3")
    assert on_lists(database) == ["1:board", "1:members", "1:news", "4:news"]


def test_who_has_a_new_address_meanwhile_stays(open_hooks: OpenHooks, database: Engine) -> None:
    before = on_lists(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE contacts SET email = 'joe@new.example' WHERE id = 1"))
    reach(open_hooks(), "joe@example.org", "1")
    assert on_lists(database) == before


def test_who_got_the_address_after_it_failed_stays(open_hooks: OpenHooks, database: Engine) -> None:
    before = on_lists(database)
    reach(open_hooks(), "joe@example.org", "99")
    assert on_lists(database) == before


@pytest.mark.parametrize("action", [PolicyAction.SUPPRESS, PolicyAction.PAUSE, PolicyAction.NOTIFY])
def test_other_actions_remove_nobody(open_hooks: OpenHooks, database: Engine, action: PolicyAction) -> None:
    before = on_lists(database)
    event = sample_event(address="joe@example.org", contacts=(Contact(id="1"),))
    open_hooks().on_threshold_reached(event=event, decision=sample_decision(actions=(action,)))
    assert on_lists(database) == before


def test_without_lists_nothing_is_removed(url: str, database: Engine) -> None:
    before = on_lists(database)
    options = tomllib.loads(OPTIONS)
    del options["lists"]
    hooks = SqlAlchemyHooks({"url": url, **options})
    reach(hooks, "joe@example.org", "1")
    hooks.close()
    assert on_lists(database) == before


def test_a_status_and_a_time_can_be_set_instead(open_hooks: OpenHooks, database: Engine) -> None:
    hooks = open_hooks({"on_threshold": "set", "set": {"status": "bounced"}, "stamp": ["removed_at"]})
    reach(hooks, "joe@example.org", "1")
    once = memberships(database)
    assert [row[:3] for row in once[:3]] == [(1, "board", "active"), (1, "members", "bounced"), (1, "news", "bounced")]
    assert [str(row[3]).startswith("2026-11-23 12:00:00") for row in once] == [False, True, True, False, False, False]
    reach(hooks, "joe@example.org", "1", at=sample_event().received_at.replace(year=2027))
    assert memberships(database) == once


def test_a_flag_in_the_contacts_table_itself(open_hooks: OpenHooks, database: Engine) -> None:
    lists = {"table": "contacts", "contact": "id", "on_threshold": "set", "stamp": ["deleted_at"]}
    hooks = open_hooks(lists=lists)
    reach(hooks, "ann@example.org", "2")
    assert hooks.find_contact(address="ann@example.org") is None
    assert hooks.find_contact(address="joe@example.org") is not None


def test_an_erased_person_is_nobody(open_hooks: OpenHooks, database: Engine) -> None:
    before = on_lists(database)
    open_hooks().on_threshold_reached(event=sample_event(address="", contacts=()), decision=DECISION)
    assert on_lists(database) == before


# What the operator wrote wrong


on_sqlite_alone = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@on_sqlite_alone
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"table": "contact"}, r"plugin\.sqlalchemy\.table = 'contact': .*mean 'contacts'", id="table"),
        pytest.param({"id": "nr"}, r"plugin\.sqlalchemy\.id = 'nr': the table 'contacts' has no such column", id="id"),
        pytest.param({"id": None}, r"plugin\.sqlalchemy\.id: is missing", id="missing"),
        pytest.param({"address": ["emial"]}, r"address = 'emial': .*did you mean 'email'", id="address"),
        pytest.param({"address": []}, r"address = \[\]: must be", id="no-address"),
        pytest.param({"address": [1]}, r"address = \[1\]: must be", id="address-of-numbers"),
        pytest.param({"where": {"tenent": 7}}, r"where = 'tenent': .*did you mean 'tenant'", id="where"),
        pytest.param({"where": "tenant"}, r"where = 'tenant': must be a table", id="where-is-no-table"),
        pytest.param({"where_null": "x"}, r"where_null = 'x': the table", id="where-null"),
        pytest.param({"stored_lower": "yes"}, r"stored_lower = 'yes': must be true or false", id="flag"),
        pytest.param({"tabel": "x"}, r"plugin\.sqlalchemy\.tabel = 'x': .*did you mean 'table'", id="unknown-key"),
        pytest.param({"url": 7}, r"plugin\.sqlalchemy\.url = 7: must be a text", id="url-number"),
        pytest.param({"url": "nonsense"}, r"plugin\.sqlalchemy\.url: cannot be used", id="url"),
        pytest.param({"url": "oracle://x"}, r"plugin\.sqlalchemy\.url: cannot be used", id="driver"),
        pytest.param(
            {"url": "sqlite:////no/such/folder/x.db"}, r"url: sqlite:////no/.* cannot be read", id="no-database"
        ),
        pytest.param({"url_env": "X"}, r"url_env = 'X': only one of url and url_env", id="two-urls"),
        pytest.param({"url": None, "url_env": "NO_SUCH_VARIABLE"}, r"url_env = .* not set", id="no-environment"),
        pytest.param({"lists": "memberships"}, r"lists = 'memberships': must be a table", id="lists"),
        pytest.param({"lists": {}}, r"lists\.on_threshold: is missing", id="lists-empty"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(open_hooks: OpenHooks, changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        open_hooks(**changes)


@on_sqlite_alone
@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({"table": "membership"}, r"plugin\.sqlalchemy\.lists\.table = 'membership': .*mean 'memberships'"),
        ({"contact": "contact"}, r"lists\.contact = 'contact': .*mean 'contact_id'"),
        ({"list": "lst"}, r"lists\.list = 'lst': the table 'memberships' has no such column"),
        ({"on_threshold": "forget"}, r"lists\.on_threshold = 'forget': allowed"),
        ({"on_threshold": "set"}, r"lists\.on_threshold = 'set': says nothing"),
        ({"set": {"status": "x"}}, r"lists\.on_threshold = 'delete': a row that is deleted"),
        ({"on_threshold": "set", "set": {"state": 1}}, r"lists\.set = 'state': .*mean 'status'"),
        ({"on_threshold": "set", "stamp": ["gone"]}, r"lists\.stamp = 'gone'"),
        ({"wher": {}}, r"lists\.wher = \{\}: .*mean 'where'"),
    ],
)
def test_a_wrong_option_of_the_lists_is_named_with_its_value(
    open_hooks: OpenHooks, lists: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        open_hooks(lists)


def test_the_url_may_come_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_DATABASE_URL", url)
    hooks = SqlAlchemyHooks({"url_env": "CRM_DATABASE_URL", **tomllib.loads(OPTIONS)})
    assert hooks.find_contact(address="joe@example.org")
    hooks.close()


def test_a_password_in_the_url_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as failure:
        SqlAlchemyHooks({"url": "postgresql+psycopg://crm:very-secret@localhost:1/crm", **tomllib.loads(OPTIONS)})
    assert "very-secret" not in str(failure.value)


# The promises that every host's hooks make


class TestContract(HostContract):
    known_address = "joe@example.org"

    @pytest.fixture
    def plugin(self, open_hooks: OpenHooks, database: Engine) -> object:
        self.database = database
        return open_hooks()

    def state(self, plugin: object) -> object:
        return memberships(self.database)


def test_the_entry_point_of_the_distribution_is_this_class(url: str) -> None:
    project = tomllib.loads(Path("hooks/sqlalchemy/pyproject.toml").read_text())
    assert project["project"]["entry-points"]["bounce_plugin"] == {
        "sqlalchemy": "bounce_plugin_sqlalchemy:SqlAlchemyHooks"
    }
    options = {"sqlalchemy": {"url": url, **tomllib.loads(OPTIONS)}}
    plugins = load_plugins({"sqlalchemy": SqlAlchemyHooks}, options=options, entry_points=False)
    assert plugins.hooks_of("sqlalchemy") == ("find_contact", "on_threshold_reached")
    plugins.close()
