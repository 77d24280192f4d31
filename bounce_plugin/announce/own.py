"""What do we answer ourselves when no host does? A plugin like any other, asked last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Delivery
from bounce_plugin.hookspecs import hookimpl


class OwnAnswers:
    """Our answers from the ledger: what the host recorded as sent, and who is suppressed."""

    def __init__(
        self,
        *,
        find_delivery: Callable[[Clues, str], Delivery | None],
        should_suppress: Callable[[str, str], bool],
        should_suppress_many: Callable[[Sequence[str], str], Iterable[str]],
    ) -> None:
        self._find_delivery = find_delivery
        self._should_suppress = should_suppress
        self._should_suppress_many = should_suppress_many

    @hookimpl(trylast=True)
    def find_delivery(self, clues: Clues, address: str) -> Delivery | None:
        """See `hookspecs.find_delivery`."""
        return self._find_delivery(clues, address)

    @hookimpl(trylast=True)
    def should_suppress(self, address: str, category: str) -> bool:
        """See `hookspecs.should_suppress`."""
        return self._should_suppress(address, category)

    @hookimpl(trylast=True)
    def should_suppress_many(self, addresses: Sequence[str], category: str) -> Iterable[str]:
        """See `hookspecs.should_suppress_many`."""
        return self._should_suppress_many(addresses, category)
