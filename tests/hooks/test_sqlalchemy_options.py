"""What an operator writes wrong is named at start, with its value and the nearest right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin import SettingsError
from bounce_plugin_sqlalchemy import SqlAlchemyHooks
from tests.hooks.host import OpenHooks, read_options

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
            {"url": "sqlite:////no/such/folder/x.db"}, r"url: cannot be used: there is no file /no/such", id="no-file"
        ),
        pytest.param({"url": "postgresql://a:b@host:port/x"}, r"url: cannot be used: its port must", id="port"),
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
    hooks = SqlAlchemyHooks({"url_env": "CRM_DATABASE_URL", **read_options()})
    assert hooks.find_contact(address="joe@example.org")
    hooks.close()


def test_a_password_in_the_url_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as failure:
        SqlAlchemyHooks({"url": "postgresql+psycopg://crm:very-secret@localhost:1/crm", **read_options()})
    assert "very-secret" not in str(failure.value)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file"):
        SqlAlchemyHooks({"url": f"sqlite:///{tmp_path}/crm.db", "table": "contacts", "id": "id", "address": "email"})
    assert list(tmp_path.iterdir()) == []
