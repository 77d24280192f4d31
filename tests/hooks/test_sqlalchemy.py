"""A host with a plain contacts table needs configuration alone, on SQLite and on PostgreSQL."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine, event, text

from bounce_plugin import Contact, PolicyAction
from bounce_plugin.announce import load_plugins
from bounce_plugin.testing import sample_decision, sample_event
from bounce_plugin.testing.contract import HostContract
from bounce_plugin_sqlalchemy import SqlAlchemyHooks
from tests.hooks.host import OpenHooks, read_options

DECISION: Final = sample_decision(actions=(PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST))


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
    options = read_options()
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
def test_an_index_on_lower_is_used(open_hooks: OpenHooks, database: Engine) -> None:
    asked: list[tuple[str, object]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        open_hooks(address="email").find_contact(address="ann@example.org")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    ((statement, parameters),) = [one for one in asked if "lower(" in one[0]]
    with database.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]  # as SQLAlchemy gave them
    assert "contacts_email" in str(plan)


# on_threshold_reached


def reach(hooks: SqlAlchemyHooks, address: str, *ids: str, at: datetime | None = None) -> None:
    failure = sample_event(address=address, contacts=tuple(Contact(id=one) for one in ids))
    hooks.on_threshold_reached(event=replace(failure, received_at=at) if at else failure, decision=DECISION)


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
    failure = sample_event(address="joe@example.org", contacts=(Contact(id="1"),))
    open_hooks().on_threshold_reached(event=failure, decision=sample_decision(actions=(action,)))
    assert on_lists(database) == before


def test_without_lists_nothing_is_removed(url: str, database: Engine) -> None:
    before = on_lists(database)
    options = read_options()
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
    options = {"sqlalchemy": {"url": url, **read_options()}}
    plugins = load_plugins({"sqlalchemy": SqlAlchemyHooks}, options=options, entry_points=False)
    assert plugins.hooks_of("sqlalchemy") == ("find_contact", "on_threshold_reached")
    plugins.close()
