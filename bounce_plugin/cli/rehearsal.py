"""Which ledger may a command look at that must change nothing?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bounce_plugin.ledger.open import Ledger
from bounce_plugin.opening import open_ledger
from bounce_plugin.settings import Settings

_SQLITE: Final = "sqlite:///"


def ledger_to_look_at(settings: Settings) -> Ledger:
    """The ledger as it is, its tables not updated; one in memory where none has been made yet."""
    url, tenant = settings.ledger.url, settings.ledger.tenant
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        return Ledger.in_memory(tenant=tenant)
    return open_ledger(settings.ledger, migrate=False)
