"""Which plugins are told by another process? Those that this ledger told before, and that are not loaded in this one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bounce_plugin.announce.plugins import Plugins
from bounce_plugin.ledger.absent import GivenUp, absent, give_up_absent
from bounce_plugin.ledger.transaction import Transaction

#: How long it is believed what was found: another process may load a plugin for the first time, or one for the last.
BELIEVED: Final = timedelta(hours=1)

_NOTICES: Final = "notices"  # ours: every process has it that has the settings, unless they want none


class Absent:
    """The plugins that are waited for. A host gives its own in code, so that a command on its ledger has none of them."""

    def __init__(self, plugins: Plugins) -> None:
        self._loaded = frozenset(plugins.names)
        self._unwanted = self._loaded | plugins.left_out | {_NOTICES}
        self._found: tuple[datetime, tuple[str, ...]] | None = None

    def names(self, tx: Transaction, now: datetime) -> tuple[str, ...]:
        """Their names, sorted; looked up once an hour."""
        found = self._found
        if found is None or not found[0] <= now < found[0] + BELIEVED:  # a clock may go back
            found = self._found = now, absent(tx, now, without=self._unwanted)
        return found[1]

    def give_up(self, tx: Transaction, now: datetime) -> Sequence[GivenUp]:
        """Wait no more for those for which something has waited too long."""
        given_up = give_up_absent(tx, now, without=self._unwanted)
        self._found = None
        return given_up
