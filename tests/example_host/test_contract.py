"""Do the example's hooks keep the promises that every host's must? The contract tests, as a host runs them."""

from pathlib import Path

import pytest

from bounce_plugin import SettingsError
from bounce_plugin.testing.contract import HostContract
from example_host.crm import Crm
from example_host.hooks import CrmHooks


class TestCrmHooks(HostContract):
    known_address = "dahl@dogwood.example"
    fallback = "post"

    @pytest.fixture
    def plugin(self, tmp_path: Path) -> CrmHooks:
        Crm.create(tmp_path / "crm.sqlite3")
        return CrmHooks({"database": str(tmp_path / "crm.sqlite3")})

    def state(self, plugin: object) -> object:
        assert isinstance(plugin, CrmHooks)
        queries = "SELECT * FROM address ORDER BY email, contact", "SELECT * FROM membership ORDER BY list, contact"
        return [tuple(row) for query in queries for row in plugin.crm.rows(query)]

    def fallback_state(self, plugin: object) -> object:
        assert isinstance(plugin, CrmHooks)
        return [tuple(row) for row in plugin.crm.rows("SELECT document, contact FROM to_post ORDER BY document")]


class TestCrmHooksWithoutFallback(TestCrmHooks):
    """Where bounce.toml names no way, the office has to decide."""

    fallback = ""

    def fallback_state(self, plugin: object) -> object:
        assert isinstance(plugin, CrmHooks)
        assert plugin.crm.rows("SELECT * FROM to_post") == []
        return [tuple(row) for row in plugin.crm.rows("SELECT id, line FROM task ORDER BY id")]


def test_without_its_database_it_says_which_key_is_missing() -> None:
    with pytest.raises(SettingsError, match=r"plugin\.crm\.database"):
        CrmHooks({})
