"""Do the example's hooks keep the promises that every host's must? The contract tests, as a host runs them."""

from pathlib import Path

import pytest

from bounce_plugin import SettingsError
from bounce_plugin.testing.contract import HostContract
from example_host.crm import Crm
from example_host.hooks import CrmHooks


class TestCrmHooks(HostContract):
    known_address = "dahl@dogwood.example"

    @pytest.fixture
    def plugin(self, tmp_path: Path) -> CrmHooks:
        Crm.create(tmp_path / "crm.sqlite3")
        return CrmHooks({"database": str(tmp_path / "crm.sqlite3")})

    def state(self, plugin: object) -> object:
        assert isinstance(plugin, CrmHooks)
        queries = "SELECT * FROM address ORDER BY email, contact", "SELECT * FROM membership ORDER BY list, contact"
        return [tuple(row) for query in queries for row in plugin.crm.rows(query)]


def test_without_its_database_it_says_which_key_is_missing() -> None:
    with pytest.raises(SettingsError, match=r"plugin\.crm\.database"):
        CrmHooks({})
