"""Which delivery is a bounce about? Most are about none that the host recorded: that is found out for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any, Final

from sqlalchemy import Select, bindparam, select

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Delivery
from bounce_plugin.ledger.deliveries import find, is_known, names_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import deliveries
from bounce_plugin.ledger.transaction import Transaction

_CHUNK: Final = 500  # SQLite allows 999 variables in old builds

#: Those of some Message-IDs, or ENVIDs, under which anything was sent.
KNOWN_MESSAGE_IDS: Final = select(deliveries.c.message_id).where(
    deliveries.c.tenant == bindparam("tenant"), deliveries.c.message_id.in_(bindparam("names", expanding=True))
)
KNOWN_ENVELOPE_IDS: Final = select(deliveries.c.envelope_id).where(
    deliveries.c.tenant == bindparam("tenant"), deliveries.c.envelope_id.in_(bindparam("names", expanding=True))
)


class SentLog:
    """Our own answer to `find_delivery`, from the deliveries in the ledger. May be used by several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ahead = local()  # which names of the bounces in hand are known, by thread

    @contextmanager
    def ahead(self, bounces: Sequence[Clues]) -> Iterator[None]:
        """Look up what these bounces name with two questions; inside, who asks for one of them has his answer."""
        named = [names_of(clues) for clues in bounces]
        with self._ledger.reading() as tx:
            self._ahead.known = _known(tx, KNOWN_ENVELOPE_IDS, (envelope_id for envelope_id, _ in named))
            self._ahead.known |= _known(tx, KNOWN_MESSAGE_IDS, (name for _, names in named for name in names))
        self._ahead.looked_up = frozenset(named)
        try:
            yield
        finally:
            del self._ahead.known, self._ahead.looked_up

    def find(self, clues: Clues, address: str) -> Delivery | None:
        """The delivery to this address that a bounce is about."""
        envelope_id, message_ids = named = names_of(clues)
        if named in getattr(self._ahead, "looked_up", ()):
            if self._ahead.known.isdisjoint((envelope_id, *message_ids)):
                return None
        elif not is_known(self._ledger, clues):
            return None
        with self._ledger.reading() as tx:
            return find(tx, clues, address)


def _known(tx: Transaction, question: Select[*tuple[Any, ...]], names: Iterable[str]) -> set[str]:
    wanted, known = [name for name in dict.fromkeys(names) if name], set[str]()
    for start in range(0, len(wanted), _CHUNK):
        chunk = {"tenant": tx.tenant, "names": wanted[start : start + _CHUNK]}
        known.update(tx.connection.scalars(question, chunk))
    return known
