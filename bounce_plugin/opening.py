"""How is the ledger of bounce.toml opened?"""

from __future__ import annotations

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.settings import LedgerSettings


def open_ledger(settings: LedgerSettings, *, migrate: bool = True) -> Ledger:
    """The ledger that the settings describe. Raises SettingsError for a key that cannot be had; see `Ledger.open`."""
    key, previous = settings.read_key(), settings.read_previous_keys()
    return Ledger.open(settings.url, key=key, previous_keys=previous, tenant=settings.tenant, migrate=migrate)
