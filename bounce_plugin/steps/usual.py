"""How many addresses did a cause stop before? What explains as many as there are now is found once, and remembered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from bounce_plugin.ledger import counting
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.ledger.trips import stamp_of
from bounce_plugin.policy.breaker import Cause, most
from bounce_plugin.policy.limits import Limits

_MANY: Final = 1000  # causes and days that are remembered
#: Acts that are looked at again: a batch that was taken back gave numbers that others have now.
_BACK: Final = 1000


class Usual:
    """What causes did before a day: found once, until a trip is there or settled, or failures are undone or come to light late."""

    def __init__(self) -> None:
        self._found: dict[tuple[Cause, date], tuple[int, datetime]] = {}  # the most, of what was looked at back to then
        self._stamp: object = None
        self._seen = self._forgiven = 0  # the numbers of the acts that were recorded last

    def of(self, tx: Transaction, cause: Cause, day: date, limits: Limits, number: int) -> int:
        """The most addresses that a cause stopped in one window; or fewer, if so many explain as many as `number`.

        The newest failures are looked at first, for a usual day is explained by the days just before it.
        """
        stamp = stamp_of(tx)
        self._seen, forgiven = counting.forgiven_since(tx, max(self._seen - _BACK, 0))
        if forgiven > self._forgiven or stamp != self._stamp or len(self._found) >= _MANY:
            self._forgiven = max(forgiven, self._forgiven)
            self._found, self._stamp = {}, stamp
        after, ends, day_ends = limits.history_of(day)
        usual, back_to = self._found.get((cause, day), (0, day_ends))
        while back_to > after and not limits.is_usual(number, usual):
            begin = max(after, back_to - max(2 * limits.window, day_ends - back_to))
            since = max(after, begin - limits.window)
            found = counting.history_of(tx, cause, since, back_to, ends=ends, day_ends=day_ends)
            usual, back_to = max(usual, most(found, cause.dimension, limits.window)), begin
        self._found[cause, day] = usual, back_to
        return usual

    def forget_cause(self, cause: Cause) -> None:
        """Failures of a cause are held, or no more: they are history to it and to wider ones, or no more."""
        concerned = {cause.dimension, *cause.dimension.wider}
        for one, day in [key for key in self._found if key[0].dimension in concerned]:
            del self._found[one, day]

    def forget(self, at: datetime, limits: Limits) -> None:
        """A failure was recorded that was received then: it is history to some days."""
        for cause, day in [key for key in self._found if at <= limits.history_of(key[1])[1]]:
            del self._found[cause, day]
